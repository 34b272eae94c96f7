"""Functions that few programs need, behind Tensor's methods as in `engine.tensor.functions`."""

from __future__ import annotations

from typing import Any

from engine.tensor.functions import function

angle = function("angle")
cholesky_inverse = function("cholesky_inverse")
cholesky_solve = function("cholesky_solve")
conj = function("conj")
frexp = function("frexp")
lu = function("lu")
lu_solve = function("lu_solve")
mvlgamma = function("mvlgamma")
narrow_copy = function("narrow_copy")
nextafter = function("nextafter")
resolve_conj = function("resolve_conj")
resolve_neg = function("resolve_neg")
triangular_solve = function("triangular_solve")
unsafe_chunk = function("unsafe_chunk")
unsafe_split = function("unsafe_split")


def real(input: Any) -> Any:
    """The Tensor itself."""
    return input.real


def imag(input: Any) -> Any:
    """Refused: see `Tensor.imag`."""
    return input.imag
