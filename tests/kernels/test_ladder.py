"""The ladder: every rung computes the same product, on every instruction set; names, refusals."""

import numpy as np
import pytest
from matmul_forms import close, instruction_sets

from engine import kernels
from engine.kernels.ladder import RUNGS, multiply_add_peak
from engine.kernels.loading import compiled

SHAPES = [(1, 1, 1), (3, 5, 2), (14, 32, 9), (15, 33, 65), (70, 300, 130), (6, 0, 4), (0, 3, 3)]


@pytest.mark.parametrize("isa", instruction_sets())
@pytest.mark.parametrize("rung", RUNGS)
def test_every_rung_is_the_product(rung: str, isa: str) -> None:
    random = np.random.default_rng(0)
    try:
        if isa != "none":
            kernels.limit_instruction_set(isa)
        for m, n, k in SHAPES:
            a = random.standard_normal((m, k), np.float32)
            b = random.standard_normal((k, n), np.float32)
            close(kernels.ladder(rung, a, b), a, b)
            close(kernels.ladder(rung, a.T.copy().T, b[::-1][::-1]), a, b)
    finally:
        kernels.limit_instruction_set("avx512")
    assert np.array_equal(kernels.ladder(rung, np.ones((2, 0)), np.ones((0, 3))), np.zeros((2, 3)))


def test_what_is_no_rung_and_what_does_not_fit() -> None:
    square = np.ones((2, 2))
    with pytest.raises(ValueError, match="no rung 'stairs'; the rungs are definition, order"):
        kernels.ladder("stairs", square, square)
    for wrong in (np.ones((3, 2)), np.ones(2)):
        with pytest.raises(
            ValueError, match=r"expected shapes \(M, K\) and \(K, N\), got \(2, 2\)"
        ):
            kernels.ladder("tile", square, wrong)


@pytest.mark.skipif(compiled is None, reason="the compiled kernels are not live")
def test_the_compiled_ladder() -> None:
    assert tuple(compiled.ladder_names()) == RUNGS
    good = np.ones((2, 2), np.float32)
    for rung, a, b, out in (
        (len(RUNGS), good, good, good.copy()),
        (-1, good, good, good.copy()),
        (0, good, good, np.ones((2, 3), np.float32)),
        (0, good, good, np.ones((2, 2))),
        (0, good, np.ones((3, 2), np.float32), good.copy()),
        (0, good[:, ::-1], good, good.copy()),
    ):
        with pytest.raises(ValueError):
            compiled.ladder_run(rung, a, b, out)
    assert multiply_add_peak(np.float32, 0.001) > 0
    assert multiply_add_peak(np.float64, 0.001) > 0
