"""Named results: tuples with PyTorch's names and text."""

import copy
import pickle

import pytest

from engine.tensor import return_types

KINDS = sorted(
    name
    for name, kind in vars(return_types).items()
    if isinstance(kind, type) and issubclass(kind, tuple) and not name.startswith("_")
)


def test_there_are_some():
    assert {"max", "min", "sort", "topk", "aminmax", "frexp", "linalg_svd"} <= set(KINDS)


@pytest.mark.torch
@pytest.mark.parametrize("name", KINDS)
def test_names_and_text_are_pytorchs(name):
    import torch

    ours, theirs = getattr(return_types, name), getattr(torch.return_types, name)
    assert ours.__match_args__ == theirs.__match_args__
    items = [f"item {place}" for place in range(len(theirs.__match_args__))]
    mine, other = ours(items), theirs(items)
    assert repr(mine) == repr(other)
    assert mine == other
    for field in ours.__match_args__:
        assert getattr(mine, field) == getattr(other, field), field


@pytest.mark.parametrize("name", KINDS)
def test_a_copy_is_of_the_same_kind(name):
    kind = getattr(return_types, name)
    made = kind(range(len(kind.__match_args__)))
    for twin in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert type(twin) is kind
        assert twin == made


def test_a_result_is_a_tuple():
    found = return_types.max([[1.0, 3.0], [1, 1]])
    values, indices = found
    assert (values, indices) == (found.values, found.indices) == (found[0], found[1])
    assert found == (values, indices)
    assert found + found == (values, indices, values, indices)
    assert type(found[0:1]) is tuple
    assert repr(found) == "torch.return_types.max(\nvalues=[1.0, 3.0],\nindices=[1, 1])"
    with pytest.raises(AttributeError):
        found.values = 3


@pytest.mark.parametrize("wrong", [(), (1,), (1, 2, 3)], ids=str)
def test_the_number_of_items_is_checked(wrong):
    with pytest.raises(TypeError, match=rf"takes a 2-sequence \({len(wrong)}-sequence given\)"):
        return_types.max(wrong)
    with pytest.raises(TypeError):
        return_types.max(1, 2)
