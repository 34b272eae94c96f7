"""The only door to the compiled kernels of csrc/: checks, dtypes, strides, and the NumPy fallback.

One idea: every function here exists twice, compiled and in plain NumPy, with one contract, and the
callers cannot tell which they got except by the clock (and by the last bit or two of a float).
Which one is live is settled once, at import, and `backend()` says it. Two environment variables:

    ENGINE_PURE=1          use NumPy even where the compiled kernels are there
    ENGINE_REQUIRE_EXT=1   refuse to import without them

It is *not* a place for mathematics or for derivatives (those are in engine/ops), and it knows
nothing of Tensor. It imports NumPy and nothing else of engine.
"""

from engine.kernels.elementwise import erf, erf_reference
from engine.kernels.loading import backend, backend_reason, instruction_set

__all__ = ["backend", "backend_reason", "erf", "erf_reference", "instruction_set"]
