"""Tensors without elements, as a filter that keeps nothing makes them: what every function gives
and sends back is PyTorch's, or its class of error. Few elements are no business of this file.
"""

import pytest
from both_sides import both

SHAPES = [(0,), (0, 3), (3, 0), (0, 0), (2, 0, 3), (2, 3, 0), (0, 2, 3)]
IMAGES = [(0, 3, 6, 6), (2, 0, 6, 6)]


def classes(torch, x):
    return torch.zeros(x.shape[0], dtype=torch.long)


def numbers(torch, x):
    return torch.zeros(x.shape, dtype=torch.long)


METHODS = """
    sum() sum(-1) mean() mean(0) max() max(-1) min() amax(0) aminmax() argmax() argmax(0) argmin(-1)
    prod() prod(-1) std() std(0) var(-1) median() median(-1) nanmean() nansum(-1) norm() norm(dim=0)
    softmax(-1) log_softmax(0) logsumexp(-1) cumsum(-1) cumprod(0) cummax(-1) logcumsumexp(-1)
    sort(-1) sort(0) argsort() topk(1) kthvalue(1) mode() all() any(-1) count_nonzero() nonzero()
    relu() exp() flatten() flatten(1) reshape(-1) reshape(-1,3) reshape(3,-1) view(-1) squeeze()
    unsqueeze(0) flip(0) roll(1) tril() triu() diagonal() mT T split(1) chunk(2) unbind(0) tile(2)
    diff() quantile(0.5) renorm(2,0,1.0) unfold(0,1,1) clamp(0,1) abs() contiguous() clone() neg()
    bool() cov() corrcoef() inner(x) dot(x) mv(x) outer(x) matmul(x) trace()
    tolist() numel() histc(4) bincount() repeat(2,2,2) expand(2,*x.shape) masked_fill(x>0,1.0)
""".split()

FUNCTIONS = [
    lambda torch, F, x: x @ x.mT,
    lambda torch, F, x: x.mT @ x,
    lambda torch, F, x: torch.einsum("...i,...j->...ij", x, x),
    lambda torch, F, x: torch.cdist(x, x),
    lambda torch, F, x: torch.cat([x, x]),
    lambda torch, F, x: torch.cat([x, x], -1),
    lambda torch, F, x: torch.stack([x, x]),
    lambda torch, F, x: torch.where(x > 0, x, -x),
    lambda torch, F, x: torch.kron(x, x),
    lambda torch, F, x: torch.tensordot(x, x, x.dim()),
    lambda torch, F, x: x[x > 0],
    lambda torch, F, x: x.gather(0, numbers(torch, x)),
    lambda torch, F, x: torch.linalg.det(x),
    lambda torch, F, x: F.linear(x, x.new_zeros(4, x.shape[-1]), x.new_zeros(4)),
    lambda torch, F, x: F.linear(x, x.new_zeros(0, x.shape[-1]), x.new_zeros(0)),
    lambda torch, F, x: F.layer_norm(x, x.shape[-1:]),
    lambda torch, F, x: F.rms_norm(x, x.shape[-1:]),
    lambda torch, F, x: F.group_norm(x, 1),
    lambda torch, F, x: F.normalize(x),
    lambda torch, F, x: F.cosine_similarity(x, x, -1),
    lambda torch, F, x: F.mse_loss(x, x.detach()),
    lambda torch, F, x: F.l1_loss(x, x.detach(), reduction="sum"),
    lambda torch, F, x: F.huber_loss(x, x.detach()),
    lambda torch, F, x: F.binary_cross_entropy_with_logits(x, x.detach()),
    lambda torch, F, x: F.kl_div(x, x.detach(), reduction="sum"),
    lambda torch, F, x: F.triplet_margin_loss(x, x, x),
    lambda torch, F, x: F.cross_entropy(x, classes(torch, x)),
    lambda torch, F, x: F.cross_entropy(x, classes(torch, x), reduction="sum"),
    lambda torch, F, x: F.nll_loss(x, classes(torch, x), reduction="sum"),
    lambda torch, F, x: F.glu(torch.cat([x, x], -1)),
    lambda torch, F, x: F.gelu(x),
    lambda torch, F, x: F.pad(x, (1, 1)),
    lambda torch, F, x: F.dropout(x),
    lambda torch, F, x: F.embedding(numbers(torch, x), x.new_zeros(3, 2)),
    lambda torch, F, x: F.embedding(numbers(torch, x)[:0], x),
    lambda torch, F, x: F.one_hot(numbers(torch, x), 3),
    lambda torch, F, x: F.scaled_dot_product_attention(x, x, x),
    lambda torch, F, x: torch.multinomial(x.exp().detach(), 1),
]

OF_IMAGES = [
    lambda torch, F, x: F.max_pool2d(x, 2),
    lambda torch, F, x: F.avg_pool2d(x, 2),
    lambda torch, F, x: F.batch_norm(x, None, None, training=True),
    lambda torch, F, x: F.batch_norm(x, x.new_zeros(x.shape[1]), x.new_ones(x.shape[1])),
    lambda torch, F, x: F.instance_norm(x),
    lambda torch, F, x: F.interpolate(x, scale_factor=2),
    lambda torch, F, x: F.unfold(x, 3),
    lambda torch, F, x: F.pad(x, (1, 1, 1, 1), mode="reflect"),
    lambda torch, F, x: F.local_response_norm(x, 2),
]


def program(function, shape):
    def run(torch):
        x = torch.zeros(shape, requires_grad=True)
        found = function(torch, torch.nn.functional, x)
        many = [*found] if isinstance(found, tuple) else [found]
        for each in many:
            if isinstance(each, torch.Tensor) and each.requires_grad:
                each.sum().backward()
        return many, x.grad

    return run


@pytest.mark.torch
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("call", METHODS)
def test_methods(call, shape):
    both(program(lambda torch, F, x: eval(f"x.{call}"), shape))


@pytest.mark.torch
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions(function, shape):
    both(program(function, shape))


@pytest.mark.torch
@pytest.mark.parametrize("shape", IMAGES, ids=str)
@pytest.mark.parametrize("function", OF_IMAGES)
def test_of_images(function, shape):
    both(program(function, shape))


@pytest.mark.torch
def test_convolution_of_no_images():
    both(program(lambda torch, F, x: F.conv2d(x, x.new_ones(4, 3, 3, 3)), (0, 3, 6, 6)))
