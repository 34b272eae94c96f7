"""Wrong parameters: a clear sentence, nothing drawn, and the class of error that PyTorch raises."""

import math

import numpy as np
import pytest

import engine.random
from engine.random import Generator

NAN, INFINITE = math.nan, math.inf
P = np.array

# Sampler, arguments, dtype, the class, and a part of the sentence.
WRONG = [
    ("uniform_", (1, 0), "float32", RuntimeError, r"\[from, to\) range, but found from=1 > to=0"),
    ("uniform_", (NAN, 0), "float32", RuntimeError, "from is out of bounds for float32: nan"),
    ("uniform_", (0, INFINITE), "float32", RuntimeError, "to is out of bounds for float32: inf"),
    ("uniform_", (0, 1e39), "float32", RuntimeError, "to is out of bounds for float32"),
    ("uniform_", (0, 1e6), "float16", RuntimeError, "to is out of bounds for float16"),
    ("uniform_", (-3e38, 3e38), "float32", RuntimeError, "to-from to exceed the limit"),
    ("uniform_", (-6e4, 6e4), "float16", RuntimeError, "to-from to exceed the limit"),
    ("uniform_", (0, 1), "int32", NotImplementedError, "uniform_ gives real numbers.*not int32"),
    ("uniform_", (0, 1), "bool", NotImplementedError, "not bool"),
    ("normal_", (0, -1), "float32", RuntimeError, "normal expects std >= 0.0, but found std -1"),
    ("normal_", (0, NAN), "float32", RuntimeError, "found std nan"),
    ("normal_", (0, 1), "int64", NotImplementedError, "normal_ gives real numbers"),
    ("log_normal_", (0, 0), "float32", RuntimeError, "expects std > 0.0, but found std=0"),
    ("log_normal_", (0, 1), "int64", NotImplementedError, "not int64"),
    ("exponential_", (0,), "float32", RuntimeError, "lambda > 0.0, but found lambda=0"),
    ("exponential_", (NAN,), "float64", RuntimeError, "found lambda=nan"),
    ("exponential_", (1,), "int64", RuntimeError, "must be a floating point one, not int64"),
    ("geometric_", (0,), "float32", RuntimeError, r"p to be in \(0, 1\), but got p=0"),
    ("geometric_", (1,), "int64", RuntimeError, "but got p=1"),
    ("geometric_", (NAN,), "int64", RuntimeError, "but got p=nan"),
    ("geometric_", (0.5,), "bool", NotImplementedError, "bool"),
    ("cauchy_", (0, 0), "float32", RuntimeError, "sigma > 0.0, but found sigma=0"),
    ("cauchy_", (0, 1), "int64", RuntimeError, "must be a floating point one"),
    ("bernoulli_", (1.5,), "float32", RuntimeError, r"p to be in \[0, 1\], but got p=1.5"),
    ("bernoulli_", (-0.5,), "bool", RuntimeError, "but got p=-0.5"),
    ("bernoulli_", (NAN,), "int64", RuntimeError, "but got p=nan"),
    ("bernoulli_", (P([0.1, 0.2, 1.3]),), "bool", RuntimeError, r"from 0\.1 to 1\.3"),
    ("bernoulli_", (P([0.1, NAN, 1.0]),), "bool", RuntimeError, "in .0, 1., but they are"),
    ("bernoulli_", (P([0.1, 0.2]),), "float32", RuntimeError, r"shape \(2,\) cannot be expanded"),
    ("bernoulli_", (P([[0.1, 0.2, 0.3]]),), "bool", RuntimeError, r"to the shape \(3,\)"),
    ("bernoulli_", (P([0, 1, 0]),), "float32", NotImplementedError, "not int64"),
    ("random_", (5, 5), "int64", RuntimeError, "but got from=5 >= to=5"),
    ("random_", (0, -5), "int64", RuntimeError, "but got from=0 >= to=-5"),
    ("random_", (0, 129), "int8", RuntimeError, "to - 1 is out of bounds for int8: 128"),
    ("random_", (-1, 3), "uint8", RuntimeError, "from is out of bounds for uint8: -1"),
    ("random_", (0, 3), "bool", RuntimeError, "to - 1 is out of bounds for bool"),
    ("random_", (0, 70000), "float16", RuntimeError, "to - 1 is out of bounds for float16"),
    ("random_", (0, 2**63), "int64", ValueError, "Overflow when unpacking long long"),
    ("random_", (-(2**63) - 1, 0), "int64", ValueError, "Overflow when unpacking long long"),
    ("random_", (1.5, 3), "float32", TypeError, "'from' to be an integer, not 1.5.*uniform_"),
    ("random_", (-2049, -2048), "float16", RuntimeError, "casted to dtype.*no whole number"),
    ("random_", (), "uint32", NotImplementedError, "uint32"),
]


@pytest.mark.parametrize(("sampler", "arguments", "dtype", "error", "sentence"), WRONG)
def test_what_is_said(
    sampler: str, arguments: tuple, dtype: str, error: type, sentence: str
) -> None:
    generator = Generator().manual_seed(1)
    before = generator.state_bytes()
    array = np.zeros(3, dtype)
    with pytest.raises(error, match=sentence) as caught:
        getattr(engine.random, sampler)(array, *arguments, generator=generator)
    assert caught.type is error
    assert generator.state_bytes() == before and not array.any()


@pytest.mark.torch
@pytest.mark.parametrize(("sampler", "arguments", "dtype", "error", "sentence"), WRONG)
def test_torch_raises_the_same_class(
    sampler: str, arguments: tuple, dtype: str, error: type, sentence: str
) -> None:
    import torch

    tensor = torch.zeros(3, dtype=getattr(torch, dtype))
    arguments = tuple(torch.from_numpy(x) if isinstance(x, np.ndarray) else x for x in arguments)
    with pytest.raises(Exception) as caught:
        getattr(tensor, sampler)(*arguments)
    assert caught.type is error


def test_ranges_in_which_a_float_skips_whole_numbers() -> None:
    with pytest.warns(
        UserWarning, match=r"to - 1 is out of bounds \[-\(2\^11\), 2\^11\]"
    ) as caught:
        engine.random.random_(np.empty(3, np.float16), 0, 3000)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=r"from is out of bounds \[-\(2\^24\)"):
        engine.random.random_(np.empty(3, np.float32), -(2**30), 5)


EXTREME = [
    ("normal_", (INFINITE, 1.0), "float32"),
    ("normal_", (0.0, 1e39), "float32"),
    ("normal_", (1e39, 1e39), "float16"),
    ("normal_", (1.0, 1e308), "float64"),
    ("log_normal_", (500.0, 1.0), "float32"),
    ("log_normal_", (1000.0, 1.0), "float64"),
    ("exponential_", (INFINITE,), "float32"),
    ("exponential_", (1e-310,), "float64"),
    ("cauchy_", (1e300, 1e300), "float32"),
    ("geometric_", (1e-12,), "int32"),
    ("geometric_", (1e-25,), "int64"),
    ("geometric_", (1e-6,), "uint8"),
    ("geometric_", (1e-6,), "float16"),
]


@pytest.mark.torch
@pytest.mark.parametrize("count", [3, 16, 500])
@pytest.mark.parametrize(("sampler", "arguments", "dtype"), EXTREME)
def test_extreme_parameters_pass_without_a_warning(
    sampler: str, arguments: tuple, dtype: str, count: int
) -> None:
    import torch

    theirs = torch.empty(count, dtype=getattr(torch, dtype))
    getattr(theirs, sampler)(*arguments, generator=torch.Generator().manual_seed(1))
    ours = np.empty(count, dtype)
    getattr(engine.random, sampler)(ours, *arguments, generator=Generator().manual_seed(1))
    np.testing.assert_array_equal(ours, theirs.numpy())
