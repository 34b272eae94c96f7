"""Sizes: tuples that stay Sizes, and print as PyTorch prints them."""

import copy
import pickle
from operator import add, mul

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tensor.size import Size, shape_size

LENGTHS = st.lists(st.integers(0, 9), max_size=5)
SLICES = st.slices(5)


@given(LENGTHS)
def test_a_size_is_its_tuple(lengths):
    size = Size(lengths)
    assert size == tuple(lengths)
    assert hash(size) == hash(tuple(lengths))
    assert {size: 1}[tuple(lengths)] == 1
    assert size.numel() == int(np.prod(lengths, dtype=np.int64))
    assert shape_size(tuple(lengths)) == size
    for twin in (copy.copy(size), copy.deepcopy(size), pickle.loads(pickle.dumps(size))):
        assert type(twin) is Size
        assert twin == size


@pytest.mark.torch
@given(LENGTHS, LENGTHS, SLICES, st.integers(-1, 3))
def test_what_comes_of_a_size_is_what_pytorch_gives(lengths, others, cut, times):
    import torch

    def look(kind):
        size = kind(lengths)
        return [
            *(size, str(size), f"{size}", size[cut], size[1:], size[::-1], list(size)),
            *(size + kind(others), size + tuple(others), tuple(others) + size),
            *(size * times, times * size, size.numel(), sum([size, size], ())),
        ]

    ours, theirs = look(Size), look(torch.Size)
    assert list(map(repr, ours)) == list(map(repr, theirs))
    assert ours == theirs
    names = [type(each).__name__ for each in ours]
    assert names == [type(each).__name__ for each in theirs]


def test_text():
    assert repr(Size([2, 3])) == str(Size((2, 3))) == "torch.Size([2, 3])"
    assert repr(Size()) == "torch.Size([])"
    assert repr(Size([np.int64(3), True])) == "torch.Size([3, 1])"


def test_items_are_ints():
    assert [type(each) for each in Size([np.int64(3), True, 2])] == [int, int, int]
    assert Size([4, 5])[0] == 4
    assert Size([4, 5])[-1] == 5


@pytest.mark.parametrize("wrong", [[2.0], [2, "a"], "ab", [None], [[2]]], ids=repr)
def test_only_whole_numbers(wrong):
    with pytest.raises(TypeError, match="takes an iterable of 'int'"):
        Size(wrong)


def test_the_item_is_named():
    with pytest.raises(TypeError, match=r"item 1 is 'float': 2\.5"):
        Size([2, 2.5])
    with pytest.raises(TypeError, match="not iterable"):
        Size(3)


@pytest.mark.parametrize(
    ("operator", "left", "right"),
    [
        (add, Size([2]), [3]),
        (add, [3], Size([2])),
        (add, Size([2]), 3),
        (add, Size([2]), (1.5,)),
        (mul, Size([2]), 1.5),
    ],
)
def test_only_with_tuples_and_whole_numbers(operator, left, right):
    with pytest.raises(TypeError):
        operator(left, right)
