"""Module beside PyTorch's: what is assigned, gone through, called, moved, saved and loaded."""

import copy

import pytest
from both_sides import both

import engine

pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def network(torch):
    """Parameters, buffers (one not kept), a child that is there twice, and one that is None."""

    class Block(torch.nn.Module):
        def __init__(self, features):
            super().__init__()
            self.register_buffer("seen", torch.zeros(2))
            self.scale = torch.nn.Parameter(torch.ones(1))
            self.linear = torch.nn.Linear(features, features)

        def forward(self, x):
            return self.linear(x) * self.scale

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = Block(2)
            self.again = self.first
            self.nothing = None
            self.register_module("none", None)
            self.norm = torch.nn.BatchNorm1d(2)
            self.shift = torch.nn.Parameter(torch.tensor([0.5, -0.5]))
            self.register_parameter("absent", None)
            self.register_buffer("passing", torch.ones(3), persistent=False)
            self.register_buffer("empty", None)
            self.tail = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())

        def forward(self, x):
            return self.tail(self.norm(self.first(x))) + self.shift.sum()

    torch.manual_seed(3)
    return Network()


@pytest.mark.parametrize(
    "program",
    [
        lambda m: [name for name, _ in m.named_modules()],
        lambda m: [name for name, _ in m.named_modules(remove_duplicate=False)],
        lambda m: [name for name, _ in m.named_modules(prefix="net")],
        lambda m: len(list(m.modules())),
        lambda m: [name for name, _ in m.named_children()],
        lambda m: len(list(m.children())),
        lambda m: [name for name, _ in m.named_parameters()],
        lambda m: [name for name, _ in m.named_parameters("p", recurse=False)],
        lambda m: [name for name, _ in m.named_parameters(remove_duplicate=False)],
        lambda m: [tuple(p.shape) for p in m.parameters()],
        lambda m: [name for name, _ in m.named_buffers()],
        lambda m: [tuple(b.shape) for b in m.buffers(recurse=False)],
        lambda m: {name: x.detach() for name, x in m.state_dict().items()},
        lambda m: list(m.state_dict(prefix="a.")),
        lambda m: [x.requires_grad for x in m.state_dict(keep_vars=True).values()],
        lambda m: {name: dict(d) for name, d in m.state_dict()._metadata.items()},
        repr,
        lambda m: repr(m.eval().train()),
        lambda m: [x.training for x in m.eval().modules()],
        lambda m: m.get_submodule("tail.0").out_features,
        lambda m: m.get_submodule("") is m,
        lambda m: m.get_parameter("tail.0.bias").detach(),
        lambda m: m.get_buffer("first.seen"),
        lambda m: m.get_submodule("tail.7"),
        lambda m: m.get_submodule("shift"),
        lambda m: m.get_parameter("passing"),
        lambda m: m.get_buffer("shift"),
        lambda m: m.get_parameter("tail.0.weights"),
        lambda m: m.nothing_of_the_kind,
        lambda m: "shift" in dir(m) and "tail" in dir(m),
        lambda m: m.absent is None and m.none is None and m.empty is None,
        lambda m: m.train("yes"),
        lambda m: m.float().shift.dtype == m.shift.dtype,
        lambda m: [str(x.dtype) for x in m.double().state_dict().values()],
        lambda m: [str(x.dtype) for x in m.half().state_dict().values()],
        lambda m: [str(x.dtype) for x in m.to("cpu").state_dict().values()],
        lambda m: [p.requires_grad for p in m.requires_grad_(False).parameters()],
        lambda m: [tuple(x.shape) for x in m.to_empty(device="cpu").parameters()],
        lambda m: m._get_name(),
        lambda m: m.forward(),
        lambda m: m.zero_grad(),
    ],
)
def test_what_is_inside(program):
    both(lambda torch: program(network(torch)))


def test_apply_visits_the_inner_ones_first():
    def program(torch):
        seen = []
        network(torch).apply(lambda m: seen.append(type(m).__name__))
        return seen

    both(program)


def assigned(torch, value, name="tail"):
    module = network(torch)
    setattr(module, name, value(torch))
    return module


@pytest.mark.parametrize(
    "program",
    [
        lambda t: list(assigned(t, lambda t: t.nn.ReLU()).state_dict()),
        lambda t: list(assigned(t, lambda t: None).state_dict()),
        lambda t: list(assigned(t, lambda t: t.nn.Parameter(t.ones(1))).state_dict()),
        lambda t: assigned(t, lambda t: 3),
        lambda t: assigned(t, lambda t: t.ones(1)),
        lambda t: list(assigned(t, lambda t: t.ones(1), "passing").state_dict()),
        lambda t: assigned(t, lambda t: "text", "passing"),
        lambda t: assigned(t, lambda t: t.ones(2), "shift"),
        lambda t: list(assigned(t, lambda t: t.nn.Parameter(t.ones(7)), "absent").state_dict()),
        lambda t: list(assigned(t, lambda t: t.ones(7), "new").state_dict()),
        lambda t: list(assigned(t, lambda t: t.nn.Buffer(t.ones(7)), "new").state_dict()),
        lambda t: network(t).register_buffer("a.b", t.ones(1)),
        lambda t: network(t).register_buffer("", t.ones(1)),
        lambda t: network(t).register_buffer(3, t.ones(1)),
        lambda t: network(t).register_buffer("forward", t.ones(1)),
        lambda t: network(t).register_buffer("new", 3),
        lambda t: network(t).register_parameter("new", t.ones(1)),
        lambda t: network(t).register_parameter("training", t.nn.Parameter(t.ones(1))),
        lambda t: network(t).add_module("new", 3),
        lambda t: network(t).add_module("shift", t.nn.ReLU()),
        lambda t: network(t).add_module("a.b", t.nn.ReLU()),
        lambda t: list(network(t).__delattr__("tail") or network(t).state_dict()),
        lambda t: t.nn.Module()(3),
    ],
)
def test_assigning(program):
    both(program)


def test_deleting():
    def program(torch):
        module = network(torch)
        del module.tail, module.shift, module.passing
        return list(module.state_dict()), hasattr(module, "shift"), repr(module)

    both(program)


@pytest.mark.parametrize("what", ["Parameter", "Linear", "Buffer"])
def test_assigning_before_init(what):
    def program(torch):
        class Wrong(torch.nn.Module):
            def __init__(self):
                given = {"Linear": (1, 1)}.get(what, (torch.ones(1),))
                self.x = getattr(torch.nn, what)(*given)

        Wrong()

    assert isinstance(both(program), AttributeError)


def test_state_shares_memory_and_loading_copies():
    module, other = network(engine), network(engine)
    state = module.state_dict()
    state["shift"].zero_()
    assert module.shift.tolist() == [0, 0]
    before = other.shift
    assert repr(other.load_state_dict(state)) == "<All keys matched successfully>"
    assert other.shift is before
    assert other.shift.tolist() == [0, 0]
    state["shift"].fill_(3)
    assert other.shift.tolist() == [0, 0]


def test_loading_counts_as_a_write():
    module = engine.nn.Linear(2, 1)
    loss = (module(engine.ones(1, 2)) * module.weight).sum()
    module.load_state_dict(module.state_dict())
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def loaded(torch, change, **settings):
    module = network(torch)
    state = module.state_dict()
    change(torch, state)
    found = module.load_state_dict(state, **settings)
    return list(found.missing_keys), list(found.unexpected_keys), repr(found)


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        lambda t, s: None,
        lambda t, s: s.pop("shift"),
        lambda t, s: s.update(extra=t.ones(1)),
        lambda t, s: s.update({"tail.0.weight": t.ones(1)}),
        lambda t, s: s.update({"tail.0.weight": 3}),
        lambda t, s: (s.pop("tail.0.bias"), s.update(foo=t.ones(1))),
        lambda t, s: s.update(shift=s["shift"].double()),
    ],
)
def test_loading(change, strict):
    both(lambda torch: loaded(torch, change, strict=strict))


def test_a_failed_loading_changes_nothing():
    module = network(engine)
    state = {name: x + 1 for name, x in module.state_dict().items()}
    del state["tail.0.bias"]
    before = {name: x.tolist() for name, x in module.state_dict().items()}
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "tail.0.bias"'):
        module.load_state_dict(state)
    assert {name: x.tolist() for name, x in module.state_dict().items()} == before


def test_loading_what_is_no_dictionary():
    both(lambda torch: network(torch).load_state_dict([1, 2]))


def test_extra_state():
    def program(torch):
        class Counting(torch.nn.Module):
            def __init__(self, count):
                super().__init__()
                self.count = count

            def get_extra_state(self):
                return {"count": self.count}

            def set_extra_state(self, state):
                self.count = state["count"]

        first = torch.nn.Sequential(Counting(3), torch.nn.ReLU())
        second = torch.nn.Sequential(Counting(0), torch.nn.ReLU())
        second.load_state_dict(first.state_dict())
        alone = Counting(0)
        alone.load_state_dict(Counting(4).state_dict())
        return dict(first.state_dict()), second[0].count, alone.count

    both(program)


def test_deep_copies_are_independent():
    def program(torch):
        module = network(torch)
        twin = copy.deepcopy(module)
        with torch.no_grad():
            twin.shift.zero_()
        same = twin.first is twin.again
        twin(torch.ones(3, 2)).sum().backward()
        return module.shift.detach(), same, repr(twin), module.shift.grad is None

    both(program)


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad(set_to_none):
    def program(torch):
        module = network(torch)
        module(torch.ones(3, 2)).sum().backward()
        module.zero_grad(set_to_none)
        return [p.grad for p in module.parameters()]

    both(program)


# --- hooks ---


def noted(torch, register):
    """What a network's hooks are told, and what comes of the computation."""
    seen = []
    torch.manual_seed(2)
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    handle = register(torch, module, seen)
    x = torch.tensor([[0.5, -1.0], [1.0, 2.0]], requires_grad=True)
    for _ in range(2):
        out = module(x)
        (out * out).sum().backward()
        handle.remove()
        seen.append("removed")
    return seen, out, x.grad, [p.grad for p in module.parameters()]


def kept(seen, result=None):
    def hook(module, *told):
        seen.append((type(module).__name__, *told))
        return result(*told) if result else None

    return hook


@pytest.mark.parametrize(
    "register",
    [
        lambda t, m, s: m[0].register_forward_hook(kept(s)),
        lambda t, m, s: m.register_forward_hook(kept(s, lambda x, y: y * 2)),
        lambda t, m, s: m[1].register_forward_pre_hook(kept(s)),
        lambda t, m, s: m[1].register_forward_pre_hook(kept(s, lambda x: x[0] * 2)),
        lambda t, m, s: m[1].register_forward_pre_hook(kept(s, lambda x: (x[0] * 2,))),
        lambda t, m, s: m[1].register_forward_hook(kept(s), with_kwargs=True),
        lambda t, m, s: m[1].register_forward_pre_hook(
            kept(s, lambda x, k: ((x[0] * 2,), k)), with_kwargs=True
        ),
        lambda t, m, s: m[1].register_forward_pre_hook(kept(s, lambda x, k: 3), with_kwargs=True),
        lambda t, m, s: m[0].register_full_backward_hook(kept(s)),
        lambda t, m, s: m[1].register_full_backward_hook(kept(s)),
        lambda t, m, s: m.register_full_backward_hook(kept(s)),
        lambda t, m, s: m[2].register_full_backward_hook(kept(s, lambda i, o: (i[0] * 3,))),
        lambda t, m, s: m[2].register_full_backward_hook(kept(s, lambda i, o: i + i)),
        lambda t, m, s: m[1].register_full_backward_pre_hook(kept(s)),
        lambda t, m, s: m[1].register_full_backward_pre_hook(kept(s, lambda o: (o[0] * 2,))),
    ],
)
def test_hooks(register):
    both(lambda torch: noted(torch, register))


def test_backward_hook_where_no_input_needs_a_gradient():
    def program(torch):
        seen = []
        module = torch.nn.Linear(2, 1)
        module.register_full_backward_hook(lambda m, i, o: seen.append((i, o)))
        module(torch.ones(1, 2)).sum().backward()
        return seen

    both(program)


def test_backward_hook_of_several_inputs_and_results():
    def program(torch):
        class Two(torch.nn.Module):
            def forward(self, x, number, y):
                return x * y * number, y + 1

        seen = []
        module = Two()
        module.register_full_backward_hook(lambda m, i, o: seen.append((i, o)))
        x, y = torch.ones(2, requires_grad=True), torch.full((2,), 3.0, requires_grad=True)
        module(x, 2, y)[0].sum().backward()
        return seen, x.grad, y.grad

    both(program)


def test_order_and_always_call():
    def program(torch):
        seen = []

        class Failing(torch.nn.Module):
            def forward(self, x):
                raise KeyError("on purpose")

        module = torch.nn.Sequential(torch.nn.ReLU())
        module.register_forward_hook(lambda *_: seen.append("second"))
        module.register_forward_hook(lambda *_: seen.append("first"), prepend=True)
        with module.register_forward_hook(lambda *_: seen.append("in a with")):
            module(torch.ones(1))
        module(torch.ones(1))
        failing = Failing()
        failing.register_forward_hook(lambda m, i, o: seen.append(o), always_call=True)
        failing.register_forward_hook(lambda m, i, o: seen.append("never"))
        try:
            failing(torch.ones(1))
        except KeyError:
            seen.append("raised")
        return seen

    both(program)


# --- wrappers for many devices ---


def test_data_parallel():
    def program(torch):
        torch.manual_seed(0)
        model = torch.nn.DataParallel(torch.nn.Linear(2, 1))
        x = torch.ones(3, 2)
        return repr(model), dict(model.state_dict()), model(x), model.module.in_features

    both(program)


def test_distributed_data_parallel_hands_on():
    wrapped = engine.nn.parallel.DistributedDataParallel(engine.nn.Linear(2, 1), device_ids=[0])
    with wrapped.no_sync():
        wrapped(engine.ones(3, 2)).sum().backward()
    assert list(wrapped.state_dict()) == ["module.weight", "module.bias"]
    assert wrapped.module.weight.grad.tolist() == [[3, 3]]
    with pytest.raises(RuntimeError, match="not needed"):
        engine.nn.parallel.DistributedDataParallel(engine.nn.ReLU())
