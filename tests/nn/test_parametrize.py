"""Parametrized weights, against PyTorch: the same keys, texts, weights, steps and refusals."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest
from both_sides import both

import engine

pytestmark = pytest.mark.torch


def trained(torch, layer, x, steps=3):
    """What a layer is and does while it is trained, and when it is not."""
    found = [repr(layer), list(layer.state_dict())]
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(steps):
        out = layer(x)
        g = torch.linspace(-1, 1, out.numel()).reshape(out.shape)
        optimizer.zero_grad()
        out.backward(g)
        found.append([p.grad for p in layer.parameters()])
        optimizer.step()
        found.append(out)
    layer.eval()
    return [*found, layer(x), dict(layer.state_dict()), layer.weight]


LAYERS = {
    "linear": (lambda torch: torch.nn.Linear(4, 3), (2, 4)),
    "square": (lambda torch: torch.nn.Linear(3, 3), (2, 3)),
    "wide": (lambda torch: torch.nn.Linear(2, 5), (2, 2)),
    "conv": (lambda torch: torch.nn.Conv2d(2, 3, 3), (2, 2, 4, 4)),
    "transposed": (lambda torch: torch.nn.ConvTranspose1d(2, 3, 2), (2, 2, 4)),
}
NORMS = {
    "spectral hook": lambda u, m: u.spectral_norm(m),
    "spectral hook, more": lambda u, m: u.spectral_norm(m, n_power_iterations=3, eps=1e-6, dim=1),
    "spectral": lambda u, m: u.parametrizations.spectral_norm(m),
    "spectral, more": lambda u, m: u.parametrizations.spectral_norm(m, n_power_iterations=2, dim=1),
    "weight": lambda u, m: u.parametrizations.weight_norm(m),
    "weight, whole": lambda u, m: u.parametrizations.weight_norm(m, dim=None),
    "weight, dim 1": lambda u, m: u.parametrizations.weight_norm(m, "weight", 1),
}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("norm", NORMS)
def test_norms_of_weights(norm, layer):
    make, shape = LAYERS[layer]

    def program(torch):
        torch.manual_seed(2)
        module = NORMS[norm](torch.nn.utils, make(torch))
        return trained(torch, module, torch.randn(*shape))

    both(program, 2e-5, 2e-6)


MAPS = [None, "matrix_exp", "cayley", "householder"]


@pytest.mark.parametrize("trivial", [True, False])
@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("layer", ["linear", "square", "wide"])
def test_orthogonal_weights(kind, layer, trivial):
    make, shape = LAYERS[layer]

    def program(torch):
        torch.manual_seed(4)
        torch.set_default_dtype(torch.float64)
        try:
            module = make(torch)
            torch.nn.utils.parametrizations.orthogonal(
                module, "weight", kind, use_trivialization=trivial
            )
            found = trained(torch, module, torch.randn(*shape))
        finally:
            torch.set_default_dtype(torch.float32)
        return found

    found = both(program, 1e-8, 1e-9)
    weight = found[-1].detach().numpy()
    short = weight @ weight.T if len(weight) <= weight.shape[1] else weight.T @ weight
    np.testing.assert_allclose(short, np.eye(len(short)), atol=1e-12)


def test_a_weight_is_assigned():
    def program(torch, kind, trivial=True):
        torch.manual_seed(5)
        module = torch.nn.Linear(3, 3)
        orthogonal = torch.nn.utils.parametrizations.orthogonal
        orthogonal(module, orthogonal_map=kind, use_trivialization=trivial)
        module.weight = torch.nn.init.orthogonal_(torch.empty(3, 3))
        return module.weight

    for kind in MAPS:
        both(lambda torch, kind=kind: program(torch, kind), 1e-5, 1e-6)
    both(lambda torch: program(torch, "householder", False), 1e-5, 1e-6)
    error = both(lambda torch: program(torch, "cayley", False))
    assert isinstance(error, NotImplementedError)


def parts(torch):
    nn = torch.nn

    class Symmetric(nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).transpose(-1, -2)

        def right_inverse(self, a):
            return a.triu()

    class Doubled(nn.Module):
        def forward(self, x):
            return 2 * x

    class LowRank(nn.Module):
        def __init__(self, rank):
            super().__init__()
            self.rank = rank

        def forward(self, left, right):
            return left @ right

        def right_inverse(self, a):
            return a[:, : self.rank].contiguous(), a[: self.rank].contiguous()

    return nn.utils.parametrize, Symmetric(), Doubled(), LowRank(2)


def test_own_parametrizations():
    def program(torch):
        parametrize, symmetric, doubled, _ = parts(torch)
        torch.manual_seed(6)
        module = torch.nn.Linear(3, 3)
        given = parametrize.register_parametrization(module, "weight", symmetric)
        assert given is module
        parametrize.register_parametrization(module, "weight", doubled)
        parametrize.register_parametrization(module, "bias", torch.nn.Tanh())
        found = [
            repr(module), type(module).__name__, isinstance(module, torch.nn.Linear),
            list(module.state_dict()), dict(module.named_parameters()).keys() == {},
            parametrize.is_parametrized(module), parametrize.is_parametrized(module, "weight"),
            parametrize.is_parametrized(module, "other"), len(module.parametrizations.weight),
            parametrize.type_before_parametrizations(module).__name__,
        ]  # fmt: skip
        found += trained(torch, module, torch.randn(2, 3))
        with parametrize.cached():
            found.append(module.weight is module.weight)
        found.append(module.weight is module.weight)
        twin = copy.deepcopy(module)
        with torch.no_grad():
            twin.parametrizations.weight.original.zero_()
        found += [twin.weight, module.weight, type(twin) is type(module)]
        module.parametrizations.weight[0].train()
        parametrize.remove_parametrizations(module, "weight")
        parametrize.remove_parametrizations(module, "bias", leave_parametrized=False)
        return [*found, repr(module), type(module).__name__, dict(module.state_dict())]

    both(program, 1e-5, 1e-6)


def test_of_several_originals():
    def program(torch):
        parametrize, _, _, low = parts(torch)
        torch.manual_seed(6)
        module = torch.nn.Linear(3, 3)
        parametrize.register_parametrization(module, "weight", low)
        found = trained(torch, module, torch.randn(2, 3))
        module.weight = torch.eye(3)
        found.append(module.weight)
        parametrize.remove_parametrizations(module, "weight")
        return [*found, dict(module.state_dict()), module.weight.requires_grad]

    both(program, 1e-5, 1e-6)


def _registered(name="weight", unsafe=False, times=1):
    def program(torch, make):
        module = torch.nn.Linear(3, 3)
        parametrize = torch.nn.utils.parametrize
        for _ in range(times):
            parametrize.register_parametrization(module, name, make(torch), unsafe=unsafe)
        return tuple(module.weight.shape), str(module.weight.dtype)

    return program


def _module(torch, forward, right_inverse=None):
    body = {"forward": lambda self, x: forward(x)}
    if right_inverse is not None:
        body["right_inverse"] = lambda self, x: right_inverse(x)
    return type("Made", (torch.nn.Module,), body)()


REFUSED = {
    "no such parameter": lambda torch: _registered("other")(torch, lambda t: t.nn.Tanh()),
    "another shape": lambda torch: _registered()(torch, lambda t: _module(t, lambda x: x[0])),
    "another type": lambda torch: _registered()(torch, lambda t: _module(t, lambda x: x.double())),
    "no tensor": lambda torch: _registered()(torch, lambda t: _module(t, lambda x: 3)),
    "a way back to nothing": lambda torch: _registered()(
        torch, lambda t: _module(t, lambda x: x, lambda x: 3)
    ),
    "a way back to another type": lambda torch: _registered(unsafe=True)(
        torch, lambda t: _module(t, lambda x: x, lambda x: x.double())
    ),
    "a way back to numbers": lambda torch: _registered()(
        torch, lambda t: _module(t, lambda x: x, lambda x: (3, 4))
    ),
    "second of another shape": lambda torch: _registered(times=2)(
        torch, lambda t: _module(t, lambda x: x[0])
    ),
    "no way back": lambda torch: setattr(
        torch.nn.utils.parametrize.register_parametrization(
            torch.nn.Linear(2, 2), "weight", torch.nn.Tanh()
        ),
        "weight", torch.eye(2),
    ),
    "remove what is not": lambda torch: torch.nn.utils.parametrize.remove_parametrizations(
        torch.nn.Linear(2, 2), "weight"
    ),
    "remove one of two": lambda torch: torch.nn.utils.parametrize.remove_parametrizations(
        torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 2)), "weight", False
    ),
    "spectral twice": lambda torch: torch.nn.utils.spectral_norm(
        torch.nn.utils.spectral_norm(torch.nn.Linear(2, 2))
    ),
    "no iterations": lambda torch: torch.nn.utils.spectral_norm(torch.nn.Linear(2, 2), "weight", 0),
    "no iterations either": lambda torch: torch.nn.utils.parametrizations.spectral_norm(
        torch.nn.Linear(2, 2), "weight", 0
    ),
    "no weight": lambda torch: torch.nn.utils.spectral_norm(torch.nn.ReLU()),
    "no bias": lambda torch: torch.nn.utils.spectral_norm(
        torch.nn.Linear(2, 2, bias=False), "bias"
    ),
    "no dimension": lambda torch: torch.nn.utils.parametrizations.spectral_norm(
        torch.nn.Linear(2, 2), dim=2
    ),
    "no spectral norm": lambda torch: torch.nn.utils.remove_spectral_norm(torch.nn.Linear(2, 2)),
    "lazy": lambda torch: torch.nn.utils.spectral_norm(torch.nn.LazyLinear(2)),
    "a vector": lambda torch: torch.nn.utils.parametrizations.orthogonal(
        torch.nn.Linear(2, 2), "bias"
    ),
    "no such map": lambda torch: torch.nn.utils.parametrizations.orthogonal(
        torch.nn.Linear(2, 2), orthogonal_map="qr"
    ),
    "pickled": lambda torch: pickle.dumps(
        torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 2))
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    assert isinstance(both(REFUSED[name]), Exception)


def test_unsafe_shapes_are_allowed():
    both(lambda torch: _registered(unsafe=True)(torch, lambda t: _module(t, lambda x: x[0])))


def test_taking_a_spectral_norm_off():
    def program(torch):
        torch.manual_seed(1)
        module = torch.nn.utils.spectral_norm(torch.nn.Linear(3, 2))
        module(torch.randn(1, 3))
        torch.nn.utils.remove_spectral_norm(module)
        return repr(module), dict(module.state_dict()), module.weight.requires_grad

    both(program, 1e-5, 1e-6)


def test_a_state_of_the_old_weight_norm_is_taken():
    def program(torch):
        torch.manual_seed(1)
        old, new = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.nn.utils.weight_norm(old)
        new = torch.nn.Sequential(torch.nn.utils.parametrizations.weight_norm(new))
        state = {f"0.{key}": value for key, value in old.state_dict().items()}
        text = repr(new.load_state_dict(state))
        return text, new[0].weight, list(state)

    both(program, 1e-6)


def test_hooks_around_a_state():
    def program(torch):
        seen = []
        net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
        for name, module in net.named_modules():
            module.register_state_dict_pre_hook(
                lambda m, prefix, keep, name=name: seen.append(("pre", name, prefix, keep))
            )
            module.register_state_dict_post_hook(
                lambda m, state, prefix, meta, name=name: seen.append(
                    ("post", name, prefix, list(state), meta)
                )
            )
        state = net.state_dict()

        def renamed(module, state, prefix, meta, strict, missing, unexpected, errors):
            seen.append(("load", prefix, meta, strict, missing, unexpected, errors))
            state[prefix + "weight"] = state.pop(prefix + "w")

        def forgiven(module, keys):
            seen.append(type(module).__name__)
            keys.missing_keys.clear()

        state["0.w"] = state.pop("0.weight") * 2
        handle = net[0].register_load_state_dict_pre_hook(renamed)
        net.load_state_dict(state)
        handle.remove()
        seen.append(net[0].weight == state["0.w"])
        for module in net.modules():
            module.register_load_state_dict_post_hook(forgiven)
        del state["0.w"], state["1.bias"]
        seen.append(repr(net.load_state_dict(state)))
        return seen

    both(program)
    both(lambda torch: _strict(torch, {"weight": torch.zeros(1, 1), "more": torch.zeros(1)}))
    both(lambda torch: _strict(torch, {"weight": torch.zeros(2, 1), "bias": torch.zeros(1)}))


def _strict(torch, state):
    layer = torch.nn.Linear(1, 1)
    layer.register_load_state_dict_post_hook(lambda module, keys: None)
    layer.load_state_dict(state)


def test_matrix_functions():
    def program(torch):
        torch.manual_seed(0)
        found = []
        for size in (1, 3, 6):
            for scale in (0.0, 0.1, 1.0, 7.0):
                a = (torch.randn(2, size, size, dtype=torch.float64) * scale).requires_grad_()
                out = torch.linalg.matrix_exp(a)
                found += [out, torch.autograd.grad(out, a, torch.ones_like(out) + a.detach())]
        x = torch.randn(2, 5, 3, dtype=torch.float64, requires_grad=True)
        tau = torch.rand(2, 3, dtype=torch.float64, requires_grad=True)
        out = torch.linalg.householder_product(x, tau)
        g = torch.randn(2, 5, 3, dtype=torch.float64)
        return [*found, out, torch.autograd.grad(out, (x, tau), g)]

    both(program, 1e-9, 1e-11)
    for wrong in (
        lambda torch: torch.linalg.matrix_exp(torch.zeros(2, 3)),
        lambda torch: torch.linalg.householder_product(torch.zeros(2, 3), torch.zeros(2)),
        lambda torch: torch.linalg.householder_product(torch.zeros(3, 2), torch.zeros(3)),
        lambda torch: torch.linalg.householder_product(torch.zeros(3, 2), torch.zeros(2).double()),
        lambda torch: torch.linalg.householder_product(torch.zeros(3), torch.zeros(2)),
    ):
        assert isinstance(both(wrong), RuntimeError)


def test_a_batch_of_matrices_takes_the_scale_of_the_largest():
    small = engine.eye(2) * 1e-3
    large = engine.eye(2) * 40
    out = engine.linalg.matrix_exp(engine.stack([small, large]))
    np.testing.assert_allclose(out[0].numpy(), np.exp(1e-3) * np.eye(2), rtol=1e-5)
