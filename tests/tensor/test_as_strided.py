"""as_strided beside PyTorch: views of memory, overlapping ones, their gradients, and writes."""

import numpy as np
import pytest
from both_sides import both
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

BASES = {
    "in order": lambda x: x.reshape(3, 4),
    "transposed": lambda x: x.reshape(4, 3).t(),
    "a part": lambda x: x.reshape(4, 3)[1:, :2],
    "with steps": lambda x: x[1::2],
    "stretched": lambda x: x.reshape(12, 1).expand(12, 2),
    "a number": lambda x: x[5],
}


@st.composite
def strided(draw):
    """Sizes, strides and an offset that stay inside of twelve elements."""
    ndim = draw(st.integers(0, 3))
    room, size, stride = 11, [], []
    for _ in range(ndim):
        step = draw(st.integers(0, 5))
        most = 4 if step == 0 else min(4, room // step + 1)
        size.append(draw(st.integers(1, most)))
        stride.append(step)
        room -= max(size[-1] - 1, 0) * step
    return size, stride, draw(st.integers(0, room))


@settings(max_examples=60, deadline=None)
@given(form=strided(), base=st.sampled_from(sorted(BASES)), seed=st.integers(0, 99))
def test_values_gradients_and_second_order(form, base, seed):
    size, stride, offset = form
    random = np.random.default_rng(seed)
    cotangent = random.uniform(-1, 1, size)

    def program(torch):
        memory = torch.tensor(np.random.default_rng(seed).uniform(0.5, 2, 12))
        x = BASES[base](memory).detach().requires_grad_()
        y = torch.as_strided(x, size, stride, offset)
        g = torch.tensor(cotangent, requires_grad=True)
        (first,) = torch.autograd.grad((y * y), x, g, create_graph=True)
        second = torch.autograd.grad(first.sum(), (x, g))
        return y, first, *second

    both(program, 1e-9, 1e-9)


@pytest.mark.parametrize("base", ["in order", "a part", "with steps"])
def test_it_shares_memory_and_a_write_through_it_is_recorded(base):
    def program(torch):
        leaf = torch.arange(12.0, requires_grad=True)
        x = BASES[base](leaf * 1)
        part = x.as_strided((2, 2), (2, 1))
        part.mul_(torch.tensor([[2.0, 3.0], [4.0, 5.0]]))
        x[0] = 7
        (x * torch.arange(float(x.numel())).view(x.shape)).sum().backward()
        return x, part, leaf.grad

    both(program)


def test_a_write_to_the_base_is_seen():
    def program(torch):
        x = torch.arange(12.0, requires_grad=True) * 1
        window = x.as_strided((10, 3), (1, 1))
        x[5] = 100
        (grad,) = torch.autograd.grad(window.square().sum(), x)
        return window, grad

    both(program)


def test_moving_windows_of_integers():
    both(lambda torch: torch.arange(6).as_strided((4, 3), (1, 1)))
    both(lambda torch: repr(torch.ones(6, requires_grad=True).as_strided((2,), (3,))))


@pytest.mark.parametrize(
    "arguments", [((3,), (-1,)), ((3, 2), (1,)), ((7,), (1,)), ((2,), (1,), 5), ((2,), (1,), -1)]
)
def test_what_is_outside_of_the_memory_is_refused(arguments):
    both(lambda torch: torch.arange(6.0).as_strided(*arguments))


def test_of_nothing():
    both(lambda torch: torch.arange(6.0).as_strided((0, 2), (1, 1)))
