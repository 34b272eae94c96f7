"""Functions that only put others together, beside PyTorch: values, gradients and refusals."""

import numpy as np
import pytest
from both_sides import both

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

# x is a 3x3 matrix of float64, y another, v a vector of 3; all require a gradient.
CALLS = """
torch.select_scatter(x, v, 1, 2)
torch.slice_scatter(x, y[:2], 0, 1, 3)
torch.slice_scatter(x, y[:, :2], 1, 0, 3, 2)
torch.diagonal_scatter(x, v[:2], 1)
(x * 1).fill_diagonal_(2.5)
torch.cat([x, y, v[None]]).fill_diagonal_(7.0, wrap=True)
torch.diagflat(x[:2])
torch.diagflat(v, -1)
torch.renorm(x, 2, 0, 1.0)
torch.renorm(x, 1, 1, 1.5)
(x * 1).renorm_(2, 1, 0.5)
(x * 1).cumsum_(0)
(x * 1).cumprod_(1)
(x * 1).addmm_(x, y, beta=0.5, alpha=2)
(v * 1).addmv_(x, v)
(x * 1).addr_(v, v)
x.sum_to_size(1, 3)
x.sum_to_size(3)
x.norm("nuc")
x.norm("nuc", (0, 1), keepdim=True)
torch.norm(torch.stack([x, y]), "nuc", dim=(1, 2))
torch.linalg.vander(v, N=4)
torch.linalg.vecdot(x, y, dim=0)
torch.linalg.solve_triangular(x + 3 * torch.eye(3).double(), y, upper=True)
torch.linalg.solve_triangular(x + 3 * torch.eye(3).double(), y, upper=False, left=False)
torch.linalg.solve_triangular(x, y, upper=True, unitriangular=True)
torch.linalg.tensorinv((x + 3 * torch.eye(3).double()).reshape(3, 3, 1), 1)
torch.linalg.tensorsolve((x + 3 * torch.eye(3).double()).reshape(3, 1, 3), v[:, None])
torch.linalg.matrix_exp(x)
torch.linalg.matrix_exp(torch.stack([x, -9 * y]))
torch.matrix_exp(x)
torch.cumulative_trapezoid(x)
torch.cumulative_trapezoid(x, dx=0.5, dim=0)
torch.cumulative_trapezoid(x, v)
torch.special.expit(x)
torch.special.ndtr(x)
torch.special.ndtri(torch.sigmoid(x))
torch.special.entr(torch.sigmoid(x))
torch.special.xlog1py(x, y * y)
torch.special.psi(v * v + 1)
torch.special.gammaln(v * v + 1)
torch.layer_norm(x, (3,), v, v)
torch.group_norm(x, 3, v)
torch.conv1d(x[None], y[:, :, None])
torch.max_pool1d(x[None], 2)
torch.cosine_similarity(x, y)
torch.prelu(x, v[:1])
torch.dropout(x, 0.5, False)
torch.pairwise_distance(x, y)
""".split("\n")[1:-1]


@pytest.mark.parametrize("call", CALLS)
def test_value_and_gradients(call):
    def program(torch):
        random = np.random.default_rng(3)
        given = [torch.tensor(random.uniform(-1, 1, s)) for s in ((3, 3), (3, 3), (3,))]
        x, y, v = (each.requires_grad_() for each in given)
        found = eval(call, {"torch": torch, "x": x, "y": y, "v": v})
        cotangent = torch.tensor(np.random.default_rng(4).uniform(-1, 1, tuple(found.shape)))
        grads = torch.autograd.grad(found, [x, y, v], cotangent, allow_unused=True)
        return found, *grads

    both(program, 1e-8, 1e-9)


@pytest.mark.parametrize(
    "call",
    [
        "torch.hann_window(7)",
        "torch.hann_window(1)",
        "torch.hamming_window(6, periodic=False)",
        "torch.hamming_window(6, True, 0.5, 0.4, dtype=torch.float64)",
        "torch.blackman_window(8)",
        "torch.unravel_index(torch.tensor([5, 23]), (2, 3, 4))",
        "torch.scalar_tensor(3), torch.scalar_tensor(2, dtype=torch.int64)",
        "str(torch.result_type(torch.ones(2, dtype=torch.int32), 1.5))",
        "str(torch.result_type(torch.ones(2, dtype=torch.float16), torch.tensor(1.0)))",
        "torch.is_floating_point(torch.ones(1)), torch.is_complex(torch.ones(1))",
        "torch.is_nonzero(torch.tensor([2])), torch.ones(2).is_nonzero()",
        "torch.ones(2).is_same_size(torch.ones(1, 2)), torch.ones(2).is_cpu",
        "torch.ones(2, 3).apply_(lambda x: x + 0.5)",
        "torch.arange(4).map_(torch.arange(4), lambda x, y: x * y)",
        "torch.ones(2, requires_grad=True).apply_(lambda x: x)",
        "torch.zeros(3).fill_diagonal_(1)",
        "torch.zeros(2, 2, 3).fill_diagonal_(1)",
        "torch.zeros(2, 2, 2).fill_diagonal_(1)",
        "torch.select_scatter(torch.zeros(2, 2), torch.ones(3), 0, 0)",
        "torch.renorm(torch.ones(2), 2, 0, 1)",
        "torch.ones(2, 3).sum_to_size(2, 2)",
        "torch.ones(2, 3).norm('nuc', dim=0)",
        "torch.linalg.tensorinv(torch.ones(2, 3))",
        "torch.linalg.matrix_exp(torch.ones(2, 3))",
        "torch.vander(torch.ones(2, 2))",
        "torch.vander(torch.tensor([1, 2, 3]))",
        "torch.vander(torch.tensor([1.5, -2.0]), 4, True)",
        "torch.vander(torch.tensor([1.5, -2.0]), N=1)",
        "torch.arange(6.0).resize_as_(torch.ones(2, 2))",
    ],
)
def test_without_gradient(call):
    both(lambda torch: eval(call, {"torch": torch}), 1e-5, 1e-7)
