"""Linear algebra: equations, determinants, factorizations and norms of matrices.

    >>> import engine as torch
    >>> torch.linalg.solve(torch.tensor([[2.0, 0.0], [0.0, 4.0]]), torch.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])

Each function takes a matrix or a stack of them (the last two dimensions), of float32 or float64.
The functions are those behind Tensor's methods (`engine.tensor.factoring`); norms and what is made
of them are in `engine.linalg.norms`, products of reflections in `engine.linalg.reflections`.
"""

from engine.linalg.norms import (
    cond,
    lstsq,
    matrix_norm,
    matrix_rank,
    norm,
    vector_norm,
)
from engine.linalg.reflections import householder_product
from engine.linalg.solving import (
    matrix_exp,
    tensorinv,
    tensorsolve,
    vander,
    vecdot,
)
from engine.ops.linalg import LinAlgError
from engine.tensor.factoring import (
    cholesky,
    cross,
    det,
    eigh,
    eigvalsh,
    inv,
    matrix_power,
    pinv,
    qr,
    slogdet,
    solve,
    svd,
    svdvals,
)
from engine.tensor.functions import diagonal, matmul
from engine.tensor.products import multi_dot
from engine.tensor.triangles import (
    cholesky_ex,
    inv_ex,
    lu,
    lu_factor,
    lu_factor_ex,
    lu_solve,
    solve_ex,
    solve_triangular,
)

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]
