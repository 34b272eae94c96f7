"""Making Tensors: from numbers, of a shape, from NumPy.

Nothing here records: what is made is a leaf.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.dtypes import as_dtype, get_default_dtype
from engine.tensor.tensor import Tensor


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """A new Tensor with a copy of the data."""
    array = np.array(getattr(data, "_data", data))
    if dtype is not None:
        array = array.astype(as_dtype(dtype).numpy)
    elif array.dtype == np.float64 and not isinstance(data, np.ndarray):
        array = array.astype(get_default_dtype().numpy)
    made = Tensor.at(array, None)
    return made.requires_grad_() if requires_grad else made
