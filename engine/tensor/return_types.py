"""What operations with several outputs return: tuples whose items have names.

    >>> top = topk(([3.0, 2.0], [0, 4]))
    >>> top.values, top[1]
    ([3.0, 2.0], [0, 4])

The one idea: each is a tuple and nothing more, so `values, indices = x.max(1)` unpacks it, with a
property per item and PyTorch's text. They are not made with `namedtuple`, whose constructor takes
the items one by one and whose text is another; PyTorch's take one sequence.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any


class _NamedItems(tuple):
    """The base of all of them; `_names` are the names of the items in order."""

    __slots__ = ()
    _names: tuple[str, ...] = ()

    def __new__(cls, items: Iterable[Any]) -> _NamedItems:
        items = tuple(items)
        if len(items) != len(cls._names):
            raise TypeError(
                f"torch.return_types.{cls.__name__}() takes a {len(cls._names)}-sequence "
                f"({len(items)}-sequence given): {', '.join(cls._names)}"
            )
        return tuple.__new__(cls, items)

    def __repr__(self) -> str:
        items = (f"{name}={item!r}" for name, item in zip(self._names, self, strict=True))
        return f"torch.return_types.{type(self).__name__}(\n" + ",\n".join(items) + ")"


def _named_items(name: str, names: str) -> type[_NamedItems]:
    fields = tuple(names.split())
    body: dict[str, Any] = {
        "__doc__": f"({', '.join(fields)}), each also by its name.",
        "__module__": __name__,
        "__slots__": (),
        "__match_args__": fields,
        "_names": fields,
    }
    for position, field in enumerate(fields):
        body[field] = property(itemgetter(position))
    return type(name, (_NamedItems,), body)


max = _named_items("max", "values indices")
min = _named_items("min", "values indices")
median = _named_items("median", "values indices")
nanmedian = _named_items("nanmedian", "values indices")
mode = _named_items("mode", "values indices")
kthvalue = _named_items("kthvalue", "values indices")
sort = _named_items("sort", "values indices")
topk = _named_items("topk", "values indices")
cummax = _named_items("cummax", "values indices")
cummin = _named_items("cummin", "values indices")
aminmax = _named_items("aminmax", "min max")
frexp = _named_items("frexp", "mantissa exponent")
histogram = _named_items("histogram", "hist bin_edges")
qr = _named_items("qr", "Q R")
svd = _named_items("svd", "U S V")
slogdet = _named_items("slogdet", "sign logabsdet")
lu_unpack = _named_items("lu_unpack", "P L U")
triangular_solve = _named_items("triangular_solve", "solution cloned_coefficient")
linalg_qr = _named_items("linalg_qr", "Q R")
linalg_svd = _named_items("linalg_svd", "U S Vh")
linalg_eigh = _named_items("linalg_eigh", "eigenvalues eigenvectors")
linalg_slogdet = _named_items("linalg_slogdet", "sign logabsdet")
linalg_lstsq = _named_items("linalg_lstsq", "solution residuals rank singular_values")
linalg_lu = _named_items("linalg_lu", "P L U")
linalg_lu_factor = _named_items("linalg_lu_factor", "LU pivots")
linalg_lu_factor_ex = _named_items("linalg_lu_factor_ex", "LU pivots info")
linalg_cholesky_ex = _named_items("linalg_cholesky_ex", "L info")
linalg_inv_ex = _named_items("linalg_inv_ex", "inverse info")
linalg_solve_ex = _named_items("linalg_solve_ex", "result info")
