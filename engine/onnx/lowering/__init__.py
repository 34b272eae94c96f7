"""How each operation is written in ONNX: short functions in a table, by family."""

from engine.onnx.lowering import (
    arithmetic,
    functions,
    layers,
    losses,
    packing,
    parts,
    reductions,
    sequences,
    shapes,
)
from engine.onnx.lowering.table import LOWERINGS, lowers

__all__ = [
    "LOWERINGS", "arithmetic", "functions", "layers", "losses", "lowers", "packing", "parts",
    "reductions", "sequences", "shapes",
]  # fmt: skip
