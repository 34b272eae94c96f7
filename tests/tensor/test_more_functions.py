"""Properties of functions that a course meets now and then: windows, exponentials of matrices,
parts replaced. One call of each beside PyTorch is in test_named_functions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


@given(
    st.floats(-3, 3), st.integers(1, 4), st.booleans(),
    st.sampled_from(["float32", "float64"]),
)  # fmt: skip
def test_matrix_exp_of_any_size(log_scale, n, batched, dtype):
    array = np.random.default_rng(n).standard_normal((2, n, n) if batched else (n, n))
    array = (array * math.exp(log_scale)).astype(dtype)
    ours = engine.matrix_exp(engine.tensor(array)).numpy()
    exact = torch.matrix_exp(torch.tensor(array.astype(np.float64))).numpy()
    scale = np.abs(exact).max()
    assert ours.dtype == array.dtype
    # The condition of the exponential grows with the norm of the matrix.
    rounding = np.finfo(dtype).eps * (1 + np.abs(array).sum(-2).max())
    np.testing.assert_allclose(ours, exact, rtol=0, atol=40 * rounding * scale)


@pytest.mark.parametrize("name", ["hann", "hamming", "blackman", "bartlett"])
@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("length", [0, 1, 2, 7])
def test_windows(name, periodic, length):
    ours, theirs = (
        getattr(library, f"{name}_window")(length, periodic, dtype=library.float64)
        for library in (engine, torch)
    )
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-15)
    assert getattr(engine, f"{name}_window")(length).dtype is engine.float32


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (5, 2), (7, 2), (2, 2, 2)])
@pytest.mark.parametrize("wrap", [False, True])
def test_fill_diagonal(shape, wrap):
    ours, theirs = (library.zeros(shape).fill_diagonal_(1.5, wrap) for library in (engine, torch))
    assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize("arguments", [(), (2,), (0,), (1,), (4, True), (None, True)])
def test_vander(arguments):
    """PyTorch's own gradient fails here for more than three powers, so ours is held against finite
    differences."""
    numbers = [1.5, -2.0, 0.5]
    ours, theirs = (library.vander(library.tensor(numbers), *arguments).numpy()
                    for library in (engine, torch))  # fmt: skip
    assert ours.shape == theirs.shape and ours.tolist() == theirs.tolist()
    x = engine.tensor(numbers, dtype=engine.float64, requires_grad=True)
    if ours.size:
        assert engine.autograd.gradcheck(lambda x: engine.vander(x, *arguments), (x,))


def test_unravel_index():
    for shape in ((2, 3), (4,), 6, (1, 2, 3)):
        places = np.arange(4).reshape(2, 2)
        ours, theirs = (
            [found.tolist() for found in library.unravel_index(library.tensor(places), shape)]
            for library in (engine, torch)
        )
        assert ours == theirs


def test_questions_about_one_tensor():
    for library in (engine, torch):
        assert library.is_floating_point(library.ones(1))
        assert not library.is_complex(library.ones(1))
        assert library.is_nonzero(library.tensor(2)) and not library.is_nonzero(library.zeros(1))
        assert library.is_signed(library.ones(1))
        x = library.ones(2, requires_grad=True)
        assert not library.detach(x).requires_grad


MISTAKES = [
    lambda t: t.zeros(2, 2).select_scatter(t.ones(3), 0, 1),
    lambda t: t.zeros(2, 2).slice_scatter(t.ones(3, 2), 0, 1),
    lambda t: t.zeros(2, 2).diagonal_scatter(t.ones(3)),
    lambda t: t.zeros(2).fill_diagonal_(1),
    lambda t: t.zeros(2, 2, 3).fill_diagonal_(1),
    lambda t: t.zeros(2, 3).sum_to_size(3, 3),
    lambda t: t.zeros(2, 3).sum_to_size(2, 2, 3),
    lambda t: t.hann_window(-1),
    lambda t: t.bartlett_window(-1),
    lambda t: t.hann_window(4, dtype=t.long),
    lambda t: t.vander(t.zeros(2, 2)),
    lambda t: t.vander(t.zeros(2), -1),
    lambda t: t.is_nonzero(t.zeros(2)),
    lambda t: t.matrix_exp(t.ones(2, 3)),
    lambda t: t.unravel_index(t.tensor([1]), (-2, 3)),
    lambda t: t.conv2d(t.ones(1, 2, 3, 3), t.ones(1, 3, 1, 1)),
    lambda t: t.no_such_function,
]


@pytest.mark.parametrize("place", range(len(MISTAKES)))
def test_mistakes_raise_what_pytorch_raises(place):
    with pytest.raises(Exception) as theirs:  # whichever class it is, it must be ours
        MISTAKES[place](torch)
    with pytest.raises(theirs.type):
        MISTAKES[place](engine)
