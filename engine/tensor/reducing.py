"""Tensor's methods that reduce dimensions: sums, means, lengths, truths; and softmax.

They make what PyTorch accepts canonical (one dimension, several, or none for all; `axis` for `dim`
and `keepdims` for `keepdim`) and call the operations of `engine.ops`. Which element is greatest is
in `engine.tensor.choosing`, order in `engine.tensor.sorting`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.core.modes import told
from engine.dtypes import as_dtype, dtype_of, get_default_dtype
from engine.ops import norms, softmax
from engine.ops import reduce as ops
from engine.ops.cumulative import prod
from engine.tensor.promotion import not_implemented
from engine.tensor.shaping import one_dim, some_dims
from engine.tensor.warned import warn

_ALL: dict[str, Any] = {"dims": None, "keepdim": False}


# --- what a user may write, made canonical --------------------------------------------------------


def reduction(x: Any, dim: Any, keepdim: Any, axis: Any = None, keepdims: Any = None) -> dict:
    """The parameters `dims` and `keepdim` of a reduction of x.

    Raises:
        TypeError: for dimensions that are no whole numbers, and a keepdim that is no truth.
        IndexError: for a dimension that is not there.
        RuntimeError: for one that is named twice.
    """
    if keepdims is not None:
        keepdim = keepdims
    if keepdim is not True and keepdim is not False:
        kind = type(keepdim).__name__
        raise TypeError(f"argument 'keepdim' must be bool, not {kind}: several dimensions are "
                        f"given as a tuple, dim=(0, 1)")  # fmt: skip
    if axis is not None:
        dim = axis
    if dim is None:
        return {"dims": None, "keepdim": keepdim} if keepdim else _ALL
    if type(dim) is int and 0 <= dim < x._data.ndim:
        return {"dims": (dim,), "keepdim": keepdim}
    return {"dims": some_dims(dim, x._data.ndim), "keepdim": keepdim}


def given_none(dim: Any, axis: Any) -> bool:
    """True where no dimension is named: None, or an empty sequence."""
    dim = dim if axis is None else axis
    return dim is None or (isinstance(dim, tuple | list) and not dim)


def along(x: Any, dim: Any, axis: Any, name: str) -> int:
    """The one dimension that an operation goes along.

    Raises:
        TypeError: where none is given, or no whole number.
        IndexError: for one that is not there.
    """
    if dim is None:
        if axis is None:
            raise TypeError(f'{name}() missing 1 required positional arguments: "dim"; the last '
                            f"dimension is dim=-1")  # fmt: skip
        dim = axis
    if isinstance(dim, tuple | list | bool | float):
        raise TypeError(f"{name}(): argument 'dim' must be int, not {type(dim).__name__}")
    return one_dim(dim, x._data.ndim)


def type_name(x: Any) -> str:
    """What PyTorch calls a Tensor's type in its messages: 'Long'."""
    return dtype_of(x._data.dtype).tensor_type.removeprefix("torch.").removesuffix("Tensor")


def is_floating(x: Any) -> bool:
    """True for a Tensor of floating-point numbers (bfloat16 is of NumPy's kind V)."""
    return x._data.dtype.kind in "fV"


def as_floating(x: Any) -> Any:
    """A Tensor as floating-point numbers: itself, or converted to the default type."""
    return x if is_floating(x) else x.to(get_default_dtype())


def refuse_empty(x: Any, dims: tuple[int, ...] | None, name: str) -> None:
    """Raises where something that has no value for no elements would be asked for one.

    Raises:
        RuntimeError: where everything is reduced and there is nothing.
        IndexError: where one of the dimensions is empty.
    """
    data = x._data
    if data.size:
        return
    if dims is None:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
            f"reduction dim with the 'dim' argument."
        )
    for dim in dims:
        if data.ndim and not data.shape[dim]:
            raise IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")


def deviation(
    name: str, x: Any, dim: Any, unbiased: Any, keepdim: Any, correction: Any, axis: Any,
    keepdims: Any,
) -> dict[str, Any]:  # fmt: skip
    """The parameters of the variance and its kin: `var(unbiased)`, `var(dim, unbiased, keepdim)`
    or `var(dim, correction=..., keepdim=...)`.

    Raises:
        TypeError: where both `unbiased` and `correction` are given.
        RuntimeError: for whole numbers.
    """
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None:
        if correction is not None:
            raise TypeError("give one of unbiased and correction: unbiased=False is correction=0")
        correction = 1 if unbiased else 0
    if not is_floating(x):
        raise RuntimeError(
            f"std and var only support floating point and complex dtypes, not {x.dtype}; convert "
            f"with .float() first"
        )
    params = reduction(x, dim, keepdim, axis, keepdims)
    correction = 1 if correction is None else correction
    if ops.count(x._data.shape, params["dims"]) <= correction:
        warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the "
            f"reduction factor (input numel divided by output numel): the result is NaN or "
            f"infinite. Of one element there is no deviation; unbiased=False gives 0."
        )
    return {**params, "correction": correction}


def of_type(dtype: Any, x: Any, op: Any, params: dict[str, Any]) -> Any:
    """An operation on x as another type, with a result of that type; None for whatever comes."""
    if dtype is None:
        return x.record(op, (x,), params)
    dtype = as_dtype(dtype)
    x = x.to(dtype)
    return x.record(op, (x,), params).to(dtype)


def shares(
    op: Any, x: Any, dim: Any, dtype: Any, axis: Any, name: str
) -> Any:  # fmt: skip
    """softmax or log_softmax of x along a dimension."""
    dim = along(x, dim, axis, name)
    if dtype is not None:
        x = x.to(as_dtype(dtype))
    if not is_floating(x):
        raise NotImplementedError(
            f"\"{name}_lastdim_kernel_impl\" not implemented for '{type_name(x)}': convert with "
            f".float() first, or give dtype=torch.float32"
        )
    return x.record(op, (x,), {"dim": dim})


# --- the methods ----------------------------------------------------------------------------------


class Reducing:
    """Tensor's methods that reduce.

    `dim` (or `axis`) is one dimension, several in a tuple, or None for all; with `keepdim` (or
    `keepdims`) they stay as dimensions of size 1.
    """

    # --- sums, means, products ---

    def sum(
        self, dim: Any = None, keepdim: bool = False, *,
        dtype: Any = None, axis: Any = None, keepdims: Any = None,
    ) -> Any:  # fmt: skip
        """The sum of all elements, or over some dimensions; of whole numbers and truths int64.

        >>> torch.tensor([[1, 2], [3, 4]]).sum(0)
        tensor([4, 6])
        """
        if dtype is None and dim is None and axis is None and keepdim is False and keepdims is None:
            return self.record(ops.total, (self,), _ALL)
        params = reduction(self, dim, keepdim, axis, keepdims)
        return of_type(dtype, self, ops.total, params)

    def nansum(
        self, dim: Any = None, keepdim: bool = False, *,
        dtype: Any = None, axis: Any = None, keepdims: Any = None,
    ) -> Any:  # fmt: skip
        """The sum of all elements that are numbers, or over some dimensions; NaN counts as 0."""
        params = reduction(self, dim, keepdim, axis, keepdims)
        return of_type(dtype, self, ops.nansum if is_floating(self) else ops.total, params)

    def mean(
        self, dim: Any = None, keepdim: bool = False, *,
        dtype: Any = None, axis: Any = None, keepdims: Any = None,
    ) -> Any:  # fmt: skip
        """The average of all elements, or over some dimensions; of no elements it is NaN.

        Raises:
            RuntimeError: for whole numbers, whose mean is not one.
        """
        if dtype is not None:
            self = self.to(as_dtype(dtype))
        if self._data.dtype.kind not in "fV":
            which = "Input" if dtype is None else "Optional"
            raise RuntimeError(
                f"mean(): could not infer output dtype. {which} dtype must be either a floating "
                f"point or complex dtype. Got: {type_name(self)}. Convert first, x.float().mean(), "
                f"or give dtype=torch.float32"
            )
        if dim is None and axis is None and keepdim is False and keepdims is None:
            return self.record(ops.mean, (self,), _ALL)
        params = reduction(self, dim, keepdim, axis, keepdims)
        return self.record(ops.mean, (self,), params)

    def nanmean(
        self, dim: Any = None, keepdim: bool = False, *,
        dtype: Any = None, axis: Any = None, keepdims: Any = None,
    ) -> Any:  # fmt: skip
        """The average of all elements that are numbers, or over some dimensions."""
        if not is_floating(self):
            raise RuntimeError(
                f"nanmean(): expected input to have floating point or complex dtype but got "
                f"{type_name(self)}; convert with .float() first"
            )
        params = reduction(self, dim, keepdim, axis, keepdims)
        numbers = self.at(ops.total.forward(~np.isnan(self._data), **params), None)
        return self.nansum(dtype=dtype, **_given(params)) / numbers

    def prod(
        self, dim: Any = None, keepdim: bool = False, *,
        dtype: Any = None, axis: Any = None, keepdims: Any = None,
    ) -> Any:  # fmt: skip
        """The product of all elements, or over a dimension; of whole numbers and truths int64."""
        if dim is not None or axis is not None:
            dim = (along(self, dim, axis, "prod"),)
        return of_type(dtype, self, prod, reduction(self, dim, keepdim, None, keepdims))

    def trace(self) -> Any:
        """The sum of the diagonal of a matrix."""
        if self._data.ndim != 2:
            raise RuntimeError(
                f"trace: expected a matrix, but got tensor with dim {self._data.ndim}"
            )
        if self._data.dtype.kind == "b":
            raise not_implemented("trace", self.dtype)
        return self.record(ops.trace, (self,), {})

    # --- truths ---

    def all(
        self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: Any = None
    ) -> Any:
        """Whether all elements are true (not 0), or over some dimensions. Of none, True."""
        return self._truth(np.logical_and, dim, keepdim, axis, keepdims)

    def any(
        self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: Any = None
    ) -> Any:
        """Whether some element is true (not 0), or over some dimensions. Of none, False."""
        return self._truth(np.logical_or, dim, keepdim, axis, keepdims)

    def _truth(self, function: Any, dim: Any, keepdim: Any, axis: Any, keepdims: Any) -> Any:
        params = reduction(self, dim, keepdim, axis, keepdims)
        # subtle: of an empty sequence PyTorch makes no dimension here, and all elsewhere.
        dims = params["dims"] if dim is axis is None or not given_none(dim, axis) else ()
        found = function.reduce(self._data, axis=dims, keepdims=params["keepdim"], dtype=bool)
        # subtle: PyTorch's bytes were its truths once, and stay bytes.
        kind = np.uint8 if self._data.dtype == np.uint8 else bool
        name = "all" if function is np.logical_and else "any"
        params = {"dims": dims, "keepdim": params["keepdim"]}
        return told(name, (self,), params, self.at(np.asarray(found, kind), None))

    def count_nonzero(self, dim: Any = None, *, axis: Any = None) -> Any:
        """How many elements are not 0, in all or over some dimensions. NaN is not 0."""
        dims = reduction(self, dim, False, axis)["dims"]
        return self.at(np.asarray(np.count_nonzero(self._data, axis=dims), np.int64), None)

    # --- how far apart ---

    def var(
        self, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *,
        correction: Any = None, axis: Any = None, keepdims: Any = None,
    ) -> Any:  # fmt: skip
        """The variance: the average squared distance from the mean, over `count - correction`.

        `unbiased=True` (the default) is a correction of 1, `unbiased=False` one of 0.
        """
        params = deviation("var", self, dim, unbiased, keepdim, correction, axis, keepdims)
        return self.record(ops.var, (self,), params)

    def std(
        self, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *,
        correction: Any = None, axis: Any = None, keepdims: Any = None,
    ) -> Any:  # fmt: skip
        """The standard deviation, the square root of `var`."""
        params = deviation("std", self, dim, unbiased, keepdim, correction, axis, keepdims)
        return self.record(ops.std, (self,), params)

    # --- lengths and exponentials ---

    def norm(
        self, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None, *,
        axis: Any = None, keepdims: Any = None,
    ) -> Any:  # fmt: skip
        """The p-norm of all elements, or over some dimensions: the p-th root of sum(|x|**p).

        Args:
            p: 2 or "fro" for the Euclidean length, 1, any number; 0 counts what is not 0, infinity
                gives the greatest |x| and minus infinity the smallest; "nuc" sums the singular
                values of a matrix.

        Raises:
            RuntimeError: for whole numbers, and another word for p.
        """
        if dtype is not None:
            self = self.to(as_dtype(dtype))
        if not is_floating(self):
            raise RuntimeError(
                f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
                f"{type_name(self)}. Convert with .float() first"
            )
        if p == "nuc":
            return self._nuclear_norm(dim if axis is None else axis, keepdim or bool(keepdims))
        return self.record(norms.norm, (self,), self._norm(p, dim, keepdim, axis, keepdims))

    def _nuclear_norm(self, dim: Any, keepdim: bool) -> Any:
        """The sum of the singular values of a matrix, or of those along two dimensions."""
        dims = (-2, -1) if dim is None else dim
        if not isinstance(dims, tuple | list) or len(dims) != 2:
            raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim}")
        first, second = sorted(self._own_dim(d) for d in dims)
        found = self.movedim((first, second), (-2, -1)).svd().S.sum(-1)
        return found.unsqueeze(first).unsqueeze(second) if keepdim else found

    def _norm(self, p: Any, dim: Any, keepdim: Any, axis: Any = None, keepdims: Any = None) -> dict:
        if isinstance(p, str) and p != "fro":
            raise RuntimeError(f"linalg.matrix_norm: Order {p} not supported.")
        p = 2.0 if p is None or p == "fro" else float(p)
        params = reduction(self, dim, keepdim, axis, keepdims)
        if not self._data.size and (p < 0 or p == math.inf):
            shape, dims = self._data.shape, params["dims"]
            if not ops.count(shape, dims):
                raise RuntimeError(
                    f"linalg.vector_norm cannot compute the {p:g} norm on an empty tensor because "
                    f"the operation does not have an identity"
                )
        return {**params, "p": p}

    def dist(self, other: Any, p: float = 2) -> Any:
        """The p-norm of the difference to another Tensor."""
        if not hasattr(other, "at"):
            kind = type(other).__name__
            raise TypeError(f"dist(): argument 'other' (position 1) must be Tensor, not {kind}")
        apart = as_floating(self - other)
        return apart.record(
            norms.norm, (apart,), {**apart._norm(p, None, False), "spelling": "Dist"}
        )

    def logsumexp(
        self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: Any = None
    ) -> Any:
        """log(sum(exp(x))) over some dimensions, without overflow."""
        if dim is None and axis is None:
            raise TypeError(
                'logsumexp() missing 1 required positional arguments: "dim"; all of a matrix is '
                "dim=(0, 1)"
            )
        x = as_floating(self)
        return x.record(norms.logsumexp, (x,), reduction(x, dim, keepdim, axis, keepdims))

    def softmax(self, dim: Any = None, dtype: Any = None, *, axis: Any = None) -> Any:
        """exp(x) over its sum along a dimension: positive numbers that sum to 1.

        >>> torch.tensor([0.0, 0.0]).softmax(0)
        tensor([0.5000, 0.5000])
        """
        return shares(softmax.softmax, self, dim, dtype, axis, "softmax")

    def log_softmax(self, dim: Any = None, dtype: Any = None, *, axis: Any = None) -> Any:
        """The logarithm of `softmax`, with all its digits."""
        return shares(softmax.log_softmax, self, dim, dtype, axis, "log_softmax")


def _given(params: dict[str, Any]) -> dict[str, Any]:
    """Canonical parameters as arguments of a method."""
    return {"dim": params["dims"] or None, "keepdim": params["keepdim"]}
