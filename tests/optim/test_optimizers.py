"""Every optimizer against PyTorch's: a hundred steps, all settings, groups, saved states, texts and
errors."""

import copy

import numpy as np
import pytest

import engine

RNG = np.random.default_rng(7)
WEIGHT, BIAS = RNG.normal(size=(4, 3)), RNG.normal(size=4)
X, Y = RNG.normal(size=(8, 3)), RNG.normal(size=(8, 4))

SETTINGS = [
    ("SGD", {}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("SGD", {"lr": 1e-3, "momentum": 0.5, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.01, "amsgrad": True}),
    ("Adam", {"lr": 1e-3, "maximize": True}),
    ("Adam", {"lr": 1e-2, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.02, "weight_decay": 0.2, "amsgrad": True}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.5}),
    ("Adagrad", {"weight_decay": 0.1, "maximize": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.8, "weight_decay": 0.05}),
    ("RMSprop", {}),
    ("RMSprop", {"centered": True, "momentum": 0.5}),
    ("RMSprop", {"alpha": 0.9, "eps": 1e-2, "weight_decay": 0.05}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.02, "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"weight_decay": 0.1, "momentum_decay": 0.01}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {}),
    ("RAdam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"betas": (0.5, 0.9), "maximize": True}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.05, "etas": (0.4, 1.5), "step_sizes": (1e-4, 1.0)}),
    ("LBFGS", {"max_iter": 4}),
    ("LBFGS", {"line_search_fn": "strong_wolfe"}),
    ("LBFGS", {"line_search_fn": "strong_wolfe", "max_iter": 5, "history_size": 3, "lr": 0.5}),
    ("LBFGS", {"line_search_fn": "strong_wolfe", "max_eval": 3}),
]


def named(case):
    name, settings = case
    return name + "".join(f"-{key}={value}" for key, value in settings.items())


class Problem:
    """Least squares through a tanh, small enough that its minimum is not at infinity."""

    def __init__(self, library, name, settings, dtype="float64", groups=False):
        self.library = library
        kind = getattr(library, dtype)
        self.w = library.tensor(WEIGHT, dtype=kind, requires_grad=True)
        self.b = library.tensor(BIAS, dtype=kind, requires_grad=True)
        self.x, self.y = library.tensor(X, dtype=kind), library.tensor(Y, dtype=kind)
        params = [self.w, self.b]
        if groups:
            params = [{"params": [self.w]}, {"params": [self.b], "lr": 0.003}]
        self.optimizer = getattr(library.optim, name)(params, **settings)
        self.losses = []

    def loss(self):
        self.optimizer.zero_grad()
        out = self.library.tanh(self.x @ self.w.t() + self.b)
        loss = ((out - self.y) ** 2).mean() + 0.01 * (self.w * self.w).sum()
        loss.backward()
        return loss

    def train(self, steps):
        for _ in range(steps):
            self.losses.append(self.optimizer.step(self.loss).item())
        return self

    @property
    def values(self):
        return np.concatenate([self.w.detach().numpy().ravel(), self.b.detach().numpy()])


def steps_of(name):
    return 12 if name == "LBFGS" else 100


@pytest.mark.torch
@pytest.mark.parametrize("case", SETTINGS, ids=named)
def test_a_hundred_steps_in_double_precision(case):
    torch = pytest.importorskip("torch")
    name, settings = case
    ours = Problem(engine, name, settings).train(steps_of(name))
    theirs = Problem(torch, name, settings).train(steps_of(name))
    # A line search chooses by comparing: what rounding leaves there grows with every step.
    rtol = 1e-6 if name == "LBFGS" else 1e-10
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol)
    np.testing.assert_allclose(ours.values, theirs.values, rtol, 1e-3 * rtol)
    assert repr(ours.optimizer) == repr(theirs.optimizer)


@pytest.mark.torch
@pytest.mark.parametrize(
    "case", [c for c in SETTINGS if c[0] != "LBFGS"], ids=named
)  # fmt: skip
def test_a_hundred_steps_in_single_precision(case):
    torch = pytest.importorskip("torch")
    ours = Problem(engine, *case, dtype="float32").train(100)
    theirs = Problem(torch, *case, dtype="float32").train(100)
    np.testing.assert_allclose(ours.values, theirs.values, rtol=1e-4, atol=1e-5)
    assert ours.w.dtype is engine.float32


@pytest.mark.torch
def test_lbfgs_calls_its_closure_as_often():
    torch = pytest.importorskip("torch")
    for settings in (c[1] for c in SETTINGS if c[0] == "LBFGS"):
        counts = []
        for library in (engine, torch):
            problem = Problem(library, "LBFGS", settings).train(6)
            counts.append(problem.optimizer.state[problem.w]["func_evals"])
        assert counts[0] == counts[1]


def test_lbfgs_finds_the_bottom_of_rosenbrocks_valley():
    w = engine.tensor([-1.2, 1.0], dtype=engine.float64, requires_grad=True)
    optimizer = engine.optim.LBFGS([w], line_search_fn="strong_wolfe", max_iter=100)

    def closure():
        optimizer.zero_grad()
        loss = 100 * (w[1] - w[0] ** 2) ** 2 + (1 - w[0]) ** 2
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_allclose(w.detach().numpy(), [1, 1], atol=1e-4)


@pytest.mark.torch
@pytest.mark.parametrize("name", sorted({c[0] for c in SETTINGS} - {"LBFGS"}))
def test_groups_have_settings_of_their_own(name):
    torch = pytest.importorskip("torch")
    ours, theirs = (Problem(m, name, {}, groups=True) for m in (engine, torch))
    for each in (ours, theirs):
        each.train(10)
        each.optimizer.param_groups[0]["lr"] = 0.02
        each.train(10)
    np.testing.assert_allclose(ours.values, theirs.values, rtol=1e-10)
    assert repr(ours.optimizer) == repr(theirs.optimizer)


@pytest.mark.torch
def test_a_group_added_later():
    torch = pytest.importorskip("torch")
    found = []
    for library in (engine, torch):
        problem = Problem(library, "Adam", {"lr": 0.1})
        extra = library.ones(2, dtype=library.float64, requires_grad=True)
        problem.optimizer.add_param_group({"params": extra, "lr": 0.5})
        for _ in range(5):
            problem.loss()
            (extra * extra).sum().backward()
            problem.optimizer.step()
        found.append((problem.values, extra.detach().numpy()))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-12)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-12)


def converted(value, library):
    """A state dictionary with the Tensors of the other library."""
    if isinstance(value, dict):
        return {key: converted(each, library) for key, each in value.items()}
    if isinstance(value, list):
        return [converted(each, library) for each in value]
    if hasattr(value, "detach"):
        return library.tensor(value.detach().numpy().copy())
    return value


def shape_of(value):
    if isinstance(value, dict):
        return {key: shape_of(each) for key, each in value.items()}
    if hasattr(value, "detach"):
        return str(value.dtype), tuple(value.shape)
    return type(value).__name__ if not isinstance(value, list) else [type(v) for v in value]


@pytest.mark.torch
@pytest.mark.parametrize("case", SETTINGS, ids=named)
def test_a_state_goes_to_pytorch_and_back(case):
    torch = pytest.importorskip("torch")
    name = case[0]
    ours, theirs = Problem(engine, *case).train(5), Problem(torch, *case).train(5)
    mine, other = ours.optimizer.state_dict(), theirs.optimizer.state_dict()
    if name != "LBFGS":
        assert {k: shape_of(v) for k, v in mine["state"].items()} == {
            k: shape_of(v) for k, v in other["state"].items()
        }
        assert [list(g) for g in mine["param_groups"]] == [list(g) for g in other["param_groups"]]
    if name == "LBFGS":
        return  # its state is one library's arrays in the other's loop
    for source, target, state in ((theirs, Problem(engine, *case), other),
                                  (ours, Problem(torch, *case), mine)):  # fmt: skip
        library = target.library
        with library.no_grad():
            target.w.copy_(library.tensor(source.w.detach().numpy().copy()))
            target.b.copy_(library.tensor(source.b.detach().numpy().copy()))
        target.optimizer.load_state_dict(converted(copy.deepcopy(state), library))
        target.train(5)
    straight = Problem(engine, *case).train(10)
    np.testing.assert_allclose(target.values, straight.values, rtol=1e-9)


@pytest.mark.parametrize("case", SETTINGS, ids=named)
def test_a_state_taken_up_goes_on_as_if_never_left(case):
    # In single precision, since a loaded state is taken in the parameter's type, as PyTorch does.
    straight = Problem(engine, *case, dtype="float32").train(4)
    first, second = (Problem(engine, *case, dtype="float32") for _ in range(2))
    first.train(2)
    with engine.no_grad():
        second.w.copy_(first.w)
        second.b.copy_(first.b)
    second.optimizer.load_state_dict(copy.deepcopy(first.optimizer.state_dict()))
    second.train(2)
    np.testing.assert_array_equal(second.values, straight.values)


def test_a_loaded_state_is_a_copy():
    source, target = (Problem(engine, "Adam", {}).train(1) for _ in range(2))
    target.optimizer.load_state_dict(source.optimizer.state_dict())
    before = source.optimizer.state[source.w]["exp_avg"].clone()
    target.train(3)
    assert engine.equal(source.optimizer.state[source.w]["exp_avg"], before)


@pytest.mark.torch
def test_a_rate_may_be_a_tensor():
    torch = pytest.importorskip("torch")
    found = [Problem(m, "SGD", {"lr": m.tensor(0.1)}).train(3).values for m in (engine, torch)]
    np.testing.assert_allclose(*found, rtol=1e-6)


def test_what_has_no_gradient_stays():
    w, unused = (engine.ones(2, requires_grad=True) for _ in range(2))
    optimizer = engine.optim.Adam([w, unused], weight_decay=0.1)
    w.sum().backward()
    optimizer.step()
    assert unused.tolist() == [1, 1]
    assert unused not in optimizer.state


def test_zero_grad():
    w = engine.ones(2, requires_grad=True)
    optimizer = engine.optim.SGD([w])
    w.sum().backward()
    optimizer.zero_grad(set_to_none=False)
    assert w.grad.tolist() == [0, 0]
    optimizer.zero_grad()
    assert w.grad is None


def test_hooks_come_before_and_after_every_step_also_one_of_ones_own():
    class Constant(engine.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {})

        def step(self, closure=None):
            called.append("step")

    called = []
    optimizer = Constant([engine.ones(1, requires_grad=True)])
    before = optimizer.register_step_pre_hook(lambda o, a, k: called.append("before"))
    optimizer.register_step_post_hook(lambda o, a, k: called.append("after"))
    optimizer.step()
    before.remove()
    optimizer.step()
    assert called == ["before", "step", "after", "step", "after"]


@pytest.mark.torch
def test_hooks_are_called_as_often_and_in_the_same_order():
    torch = pytest.importorskip("torch")
    found = []
    for library in (engine, torch):
        for name in ("SGD", "LBFGS"):
            called = []
            problem = Problem(library, name, {})
            optimizer = problem.optimizer

            def closure(problem=problem, called=called):
                called.append("closure")
                return problem.loss()

            optimizer.register_step_pre_hook(lambda o, a, k, c=called: c.append(("pre", len(a))))
            optimizer.register_step_post_hook(lambda o, a, k, c=called: c.append(("post", len(a))))
            optimizer.step(closure)
            found.append(called)
    assert found[:2] == found[2:]


MISTAKES = [
    lambda m: m.optim.SGD([m.ones(1, requires_grad=True)], lr=-1),
    lambda m: m.optim.SGD([m.ones(1, requires_grad=True)], momentum=-1),
    lambda m: m.optim.SGD([m.ones(1, requires_grad=True)], weight_decay=-1),
    lambda m: m.optim.SGD([m.ones(1, requires_grad=True)], nesterov=True),
    lambda m: m.optim.SGD([]),
    lambda m: m.optim.SGD(m.ones(1, requires_grad=True)),
    lambda m: m.optim.SGD([1.0]),
    lambda m: m.optim.SGD([m.ones(1, requires_grad=True) * 2]),
    lambda m: m.optim.SGD([{"params": {m.ones(1, requires_grad=True)}}]),
    lambda m: m.optim.SGD([{"params": []}]).add_param_group([1]),
    lambda m: m.optim.Adam([m.ones(1, requires_grad=True)], betas=(1.0, 0.9)),
    lambda m: m.optim.Adam([m.ones(1, requires_grad=True)], betas=(0.9, -0.1)),
    lambda m: m.optim.Adam([m.ones(1, requires_grad=True)], eps=-1),
    lambda m: m.optim.Adadelta([m.ones(1, requires_grad=True)], rho=2),
    lambda m: m.optim.Adagrad([m.ones(1, requires_grad=True)], lr_decay=-1),
    lambda m: m.optim.RMSprop([m.ones(1, requires_grad=True)], alpha=-1),
    lambda m: m.optim.NAdam([m.ones(1, requires_grad=True)], momentum_decay=-1),
    lambda m: m.optim.Rprop([m.ones(1, requires_grad=True)], etas=(2, 3)),
    lambda m: m.optim.LBFGS([{"params": [m.ones(1)]}, {"params": [m.zeros(1)]}]),
]


@pytest.mark.torch
@pytest.mark.parametrize("mistake", MISTAKES)
def test_errors_are_of_pytorchs_classes(mistake):
    torch = pytest.importorskip("torch")
    classes = []
    for library in (engine, torch):
        with pytest.raises(Exception) as caught:
            mistake(library)
        classes.append(caught.type)
    assert classes[0] is classes[1]


def test_a_parameter_twice():
    w = engine.ones(1, requires_grad=True)
    with pytest.raises(ValueError, match="more than one"):
        engine.optim.SGD([{"params": [w]}, {"params": [w]}])


def test_a_state_of_another_model():
    ours = Problem(engine, "SGD", {})
    for state in ({"state": {}, "param_groups": []},
                  {"state": {}, "param_groups": [{"params": [0]}]}):  # fmt: skip
        with pytest.raises(ValueError, match="loaded state dict"):
            ours.optimizer.load_state_dict(state)


def test_a_step_is_seen_by_graphs_that_hold_the_old_values():
    w = engine.ones(2, requires_grad=True)
    loss = (w * w * w).sum()
    loss.backward(retain_graph=True)
    engine.optim.SGD([w], lr=0.1).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_optimizers_are_copied_with_their_state():
    problem = Problem(engine, "Adam", {}).train(2)
    twin = copy.deepcopy(problem.optimizer)
    assert len(twin.state) == 2
    assert next(iter(twin.state)) is twin.param_groups[0]["params"][0]
