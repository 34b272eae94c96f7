"""Lazy layers beside PyTorch's: before and after the first input."""

import copy

import pytest
from both_sides import both

pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:Lazy modules:UserWarning")]

LAZY = [
    ("LazyLinear(3)", (2, 4)),
    ("LazyLinear(3, bias=False)", (2, 5, 4)),
    ("LazyConv1d(4, 3)", (2, 3, 7)),
    ("LazyConv2d(4, 3, padding=1, stride=2)", (2, 3, 7, 6)),
    ("LazyConv2d(4, 3, bias=False)", (3, 7, 6)),
    ("LazyConv3d(2, 2)", (2, 3, 4, 4, 5)),
    ("LazyConvTranspose1d(4, 3)", (2, 3, 7)),
    ("LazyConvTranspose2d(4, 3, stride=2)", (2, 3, 4, 3)),
    ("LazyConvTranspose3d(2, 2)", (2, 3, 3, 2, 2)),
    ("LazyBatchNorm1d()", (4, 3)),
    ("LazyBatchNorm2d(eps=1e-3, affine=False)", (2, 3, 4, 5)),
    ("LazyBatchNorm3d(track_running_stats=False)", (2, 3, 4, 5, 2)),
    ("LazyInstanceNorm1d(affine=True)", (2, 3, 5)),
    ("LazyInstanceNorm2d()", (2, 3, 4, 5)),
    ("LazyInstanceNorm3d(affine=True, track_running_stats=True)", (2, 3, 4, 5, 2)),
]


def made(torch, layer):
    torch.manual_seed(0)
    return eval(f"nn.{layer}", {"nn": torch.nn})


@pytest.mark.parametrize(("layer", "shape"), LAZY, ids=lambda x: str(x))
def test_before_and_after_the_first_input(layer, shape):
    def program(torch):
        module = made(torch, layer)
        before = repr(module), list(module.state_dict()), len(list(module.parameters()))
        x = torch.linspace(-1, 1, module_size(shape)).reshape(shape)
        out = module(x)
        return before, repr(module), type(module).__name__, out, dict(module.state_dict())

    both(program, 1e-4, 1e-5)


def module_size(shape):
    size = 1
    for n in shape:
        size *= n
    return size


def test_a_network_learns_after_its_first_input():
    def program(torch):
        torch.manual_seed(1)
        nn = torch.nn
        net = nn.Sequential(nn.LazyConv2d(2, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
        x = torch.linspace(-1, 1, 50).reshape(2, 1, 5, 5)
        net(x)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        net(x).sum().backward()
        optimizer.step()
        return repr(net), list(net.parameters())

    both(program, 1e-4, 1e-6)


def test_a_state_tells_the_sizes():
    def program(torch):
        torch.manual_seed(1)
        lazy = torch.nn.LazyLinear(3)
        lazy.load_state_dict(torch.nn.Linear(5, 3).state_dict())
        return lazy.weight, lazy.bias, lazy(torch.ones(1, 5))

    both(program)


def test_a_copy_of_a_lazy_layer_is_lazy():
    def program(torch):
        lazy = torch.nn.LazyLinear(3)
        twin = copy.deepcopy(lazy)
        lazy(torch.ones(1, 2))
        twin(torch.ones(1, 7))
        return repr(lazy), repr(twin), lazy.double().weight.dtype == torch.float64

    both(program)


def test_moved_before_the_first_input():
    def program(torch):
        torch.manual_seed(0)
        lazy = torch.nn.LazyLinear(3).double()
        return lazy(torch.ones(1, 2, dtype=torch.float64)), lazy.weight

    both(program)


def test_with_a_dtype():
    def program(torch):
        torch.manual_seed(0)
        return [
            torch.nn.LazyLinear(3, dtype=torch.float64)(torch.ones(1, 2, dtype=torch.float64)),
            torch.nn.LazyConv1d(3, 2, dtype=torch.float64)(torch.ones(1, 2, 4).double()),
        ]

    both(program)


def test_hooks_run_at_the_first_input():
    def program(torch):
        seen = []
        lazy = torch.nn.LazyLinear(3)
        lazy.register_forward_hook(lambda m, x, y: seen.append(type(m).__name__))
        lazy(torch.ones(1, 2))
        lazy(torch.ones(1, 2))
        return seen

    both(program)
