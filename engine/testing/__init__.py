"""Checks for operations: `check_op` tries a rule against finite differences in one line."""

from engine.testing.arrays import check_array_op
from engine.testing.closeness import assert_close
from engine.testing.operations import (
    check_arrays,
    check_hard_points,
    check_op,
    check_second_order,
    check_slopes,
)

__all__ = [
    "assert_close",
    "check_array_op",
    "check_arrays",
    "check_hard_points",
    "check_op",
    "check_second_order",
    "check_slopes",
]
