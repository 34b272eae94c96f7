"""Tensor's methods that count what is in it: `bincount` and histograms. They have no gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.core.modes import told
from engine.tensor import return_types
from engine.tensor.reducing import is_floating, type_name


def bounds(data: np.ndarray, low: float, high: float, name: str) -> tuple[float, float]:
    """The range of a histogram: the given one, or that of the data where both ends are equal.

    Raises:
        RuntimeError: for a range that is not finite, or upside down.
    """
    if low == high and data.size:
        low, high = data.min().item(), data.max().item()
    if low == high:
        low, high = low - 0.5, high + 0.5
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"{name}: range of [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(f"{name}: max must be larger than min")
    return low, high


def refuse_bins(bins: int) -> None:
    """Raises RuntimeError for a histogram without bins."""
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")


class Counting:
    """Tensor's methods that count."""

    def bincount(self, weights: Any = None, minlength: int = 0) -> Any:
        """How often each of 0, 1, 2, ... is in a 1-d Tensor of whole numbers.

        Args:
            weights: what each element counts, instead of 1.
            minlength: of the result, at least.
        """
        data = self._data
        if data.dtype.kind not in "iu":
            raise NotImplementedError(
                f"\"bincount_cpu\" not implemented for '{type_name(self)}': convert with .long()"
            )
        if data.ndim != 1 or (data.size and data.min() < 0):
            raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
        if weights is None:
            return self.at(np.bincount(data, minlength=minlength), None)
        heavy = weights._data
        if heavy.shape != data.shape:
            raise RuntimeError("weights should be 1-d and have the same length as input")
        if not data.size:
            return self.at(np.zeros(minlength, np.int64), None)
        kind = np.float32 if heavy.dtype == np.float32 else np.float64
        return self.at(np.bincount(data, heavy, minlength).astype(kind, copy=False), None)

    def histc(self, bins: int = 100, min: float = 0, max: float = 0) -> Any:
        """How many elements are in each of `bins` equal parts of the range from `min` to `max`.

        The range is that of the elements where both are equal; what is outside is not counted.
        """
        data = self._data.reshape(-1)
        if not is_floating(self):
            raise NotImplementedError(
                f"\"histogram_cpu\" not implemented for '{type_name(self)}': convert with .float()"
            )
        refuse_bins(bins)
        low, high = bounds(data, min, max, "torch.histc")
        data = data[(data >= low) & (data <= high)]
        place = ((data - low) * bins / (high - low)).astype(np.int64)
        counts = np.bincount(np.minimum(place, bins - 1), minlength=bins)
        found = self.at(counts.astype(self._data.dtype), None)
        return told("histc", (self,), {}, found)

    def histogram(
        self, bins: Any, *, range: Any = None, weight: Any = None, density: bool = False
    ) -> Any:
        """How many elements are in each bin, and the edges of the bins.

        Args:
            bins: how many equal ones, or a 1-d Tensor of edges.
            range: (lowest, highest) edge, else those of the elements.
            weight: what each element counts, instead of 1.
            density: divide so that the area below is 1.
        """
        data = self._data.reshape(-1)
        if not is_floating(self):
            raise NotImplementedError(
                f"\"histogramdd\" not implemented for '{type_name(self)}': convert with .float()"
            )
        if hasattr(bins, "at"):
            edges = bins._data
        else:
            refuse_bins(bins)
            low, high = bounds(data, *(range or (0.0, 0.0)), "torch.histogram")
            edges = np.linspace(low, high, bins + 1, dtype=data.dtype)
        heavy = None if weight is None else weight._data.reshape(-1)
        inside = (data >= edges[0]) & (data <= edges[-1])
        place = np.searchsorted(edges, data[inside], "right") - 1
        heavy = None if heavy is None else heavy[inside]
        found = np.bincount(np.minimum(place, len(edges) - 2), heavy, len(edges) - 1)
        if density:
            found = found / (found.sum() * np.diff(edges))
        counts = self.at(found.astype(data.dtype), None)
        told("histogram", (self,), {}, counts)
        return return_types.histogram((counts, self.at(np.array(edges), None)))
