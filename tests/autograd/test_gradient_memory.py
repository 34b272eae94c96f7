"""Whose memory a gradient is, what a graph holds and for how long, and threads."""

import gc
import subprocess
import sys
import threading
import weakref
from time import sleep

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from engine.tensor.sweeping import ownership

pytestmark = pytest.mark.filterwarnings("ignore:Using backward:UserWarning")


def leaf(*shape, seed=0):
    data = np.random.default_rng(seed).uniform(-1, 1, shape)
    return engine.tensor(data.tolist(), dtype=engine.float64, requires_grad=True)


def array(tensor):
    return tensor.detach().numpy()


# --- no gradient shares memory with anything ---

STEPS = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "first": lambda x, y: x * 1,
    "twice": lambda x, y: x + x,
    "minus": lambda x, y: -x,
    "transposed": lambda x, y: x.t() @ y,
    "turned": lambda x, y: x.t() + y,
    "row": lambda x, y: x[1] + y,
    "reshaped": lambda x, y: x.reshape(9).reshape(3, 3),
    "summed": lambda x, y: x.sum(0) + y.sum(1, keepdim=True),
    "function": lambda x, y: Passes.apply(x, y),
    "narrow": lambda x, y: x.to(engine.float32).to(engine.float64) + y,
}


class Passes(engine.autograd.Function):
    """x + y, whose backward hands the same Tensor to both."""

    @staticmethod
    def forward(ctx, x, y):
        return x + y

    @staticmethod
    def backward(ctx, g):
        return g, g


@given(st.data())
def test_every_gradient_has_memory_of_its_own(data):
    leaves = [leaf(3, 3, seed=k) for k in range(3)]
    made = list(leaves)
    kept = []
    for _ in range(data.draw(st.integers(1, 6))):
        step = STEPS[data.draw(st.sampled_from(sorted(STEPS)))]
        x, y = (made[data.draw(st.integers(0, len(made) - 1))] for _ in range(2))
        result = step(x, y)
        if data.draw(st.booleans()):
            result.register_hook(kept.append)
        if data.draw(st.booleans()):
            result.retain_grad()
        made.append(result)
    roots = made[len(leaves) :]
    seed = engine.tensor(np.random.default_rng(9).uniform(-1, 1, (3, 3)).tolist())
    seed = seed.to(engine.float64)
    roots = [y for y in roots if tuple(y.shape) == (3, 3)]
    create_graph = data.draw(st.booleans())
    how = data.draw(st.sampled_from(["backward", "twice", "grad"]))
    if how == "grad":
        found = engine.autograd.grad(
            roots, leaves, [seed] * len(roots), allow_unused=True, retain_graph=True
        )
    else:
        engine.autograd.backward(
            roots, [seed] * len(roots), retain_graph=True, create_graph=create_graph
        )
        if how == "twice":
            engine.autograd.backward(roots, [seed] * len(roots))
        found = [x.grad for x in leaves]
    tensors = [x for x in found if x is not None]
    everything = [*tensors, *made, seed, *kept, *(y.grad for y in roots if y.retains_grad)]
    everything = [x for x in everything if x is not None]
    for x in tensors:
        for other in everything:
            assert other is x or not np.shares_memory(array(x), array(other))
        assert array(x).flags.writeable
        assert x.dtype == engine.float64
    for x, g in zip(leaves, found, strict=True):
        assert g is None or g.shape == x.shape


def test_a_fresh_gradient_is_not_copied():
    if not ownership.references:
        pytest.skip("a debugger or a tracer is watching: everything is copied")
    seen = []

    class Noting(engine.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            share = g * 3
            seen.append(share._data.ctypes.data)
            return share

    x = leaf(100)
    Noting.apply(x).sum().backward()
    (found,) = engine.grad(Noting.apply(x).sum(), x)
    assert [array(x.grad).ctypes.data, array(found).ctypes.data] == seen


PROGRAM = """
import sys
kept = []
def watch(frame, event, argument):
    kept.append(dict(frame.f_locals)) if frame.f_code.co_name in ("take", "sweep") else None
    return watch
sys.settrace(watch)
import engine
sys.settrace(None)
kept.clear()
from engine.tensor.sweeping import ownership
assert ownership.references == 0, "measured while somebody was watching"
x, y = (engine.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
(x + y).backward(engine.tensor([3.0, 4.0]))
x.grad.mul_(0) if hasattr(x.grad, "mul_") else x.grad.zero_()
assert y.grad.tolist() == [3.0, 4.0]
"""


def test_imported_under_a_debugger_everything_is_copied():
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_a_debugger_that_comes_later_only_costs_copies():
    seen = []

    def watch(frame, event, argument):
        if frame.f_code.co_name in ("take", "sweep", "backward", "_receive"):
            seen.append(dict(frame.f_locals))
        return watch

    x, y = leaf(3), leaf(3, seed=1)
    before = sys.gettrace()
    sys.settrace(watch)
    try:
        (x + y * 1).backward(leaf(3, seed=2).detach())
    finally:
        sys.settrace(before)
    assert seen
    assert not np.shares_memory(array(x.grad), array(y.grad))


# --- what a graph holds ---


def test_backward_frees_what_operations_hold_as_it_goes():
    x = leaf(50)
    y = x
    held = []
    for _ in range(4):
        y = (y * 1.5).tanh()
        held.append(weakref.ref(y._data))
    y = y.sum()
    alive = []
    x.register_hook(lambda g: alive.extend(each() is not None for each in held))
    assert all(each() is not None for each in held)
    y.backward()
    assert alive == [False] * 4, "freed before the sweep has come to the leaf"
    y = (x * x).tanh()
    inner = weakref.ref(y.grad_fn.vertex.held[0])
    y = y.sum()
    y.backward(retain_graph=True)
    assert inner() is not None
    y.backward()
    assert inner() is None


def test_a_dropped_graph_is_gone_at_once():
    x, w = leaf(4), leaf(4, seed=1)

    def graph():
        h = x * w
        h += w.exp()
        h[1:3] = h[1:3] * 2
        parts = (h * x).reshape(2, 2)
        return (parts @ parts.t() + parts.sum(0)).tanh().sum()

    graph().backward(create_graph=True)
    x.grad = w.grad = None
    gc.collect()
    gc.disable()
    try:
        for use in (
            lambda y: None,
            lambda y: y.backward(),
            lambda y: engine.grad(y, x),
            lambda y: engine.grad(y, x, create_graph=True),
        ):
            y = graph()
            vertex = weakref.ref(y.grad_fn.vertex)
            use(y)
            del y
            assert vertex() is None
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found = [o for o in gc.garbage if type(o).__module__.startswith("engine")]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert not found


@pytest.mark.parametrize("kind", ["chain", "pairs", "function"])
def test_a_very_deep_graph(kind):
    x = engine.tensor([1.0], requires_grad=True)
    y, depth = x, 100_000 if kind == "chain" else 30_000
    for _ in range(depth):
        if kind == "chain":
            y = y + 1.0
        elif kind == "pairs":
            y = y * 0.5 + y * 0.5
        else:
            y = Passes.apply(y * 0.5, y * 0.5)
    y.backward()
    assert x.grad.item() == pytest.approx(1.0, abs=1e-3)
    first = weakref.ref(y.grad_fn.vertex)
    gc.disable()
    try:
        del y
        assert first() is None
    finally:
        gc.enable()


def test_a_deep_graph_that_was_never_gone_through():
    x = engine.tensor([1.0], requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y.tanh()
    first = weakref.ref(y.grad_fn.vertex)
    del y
    assert first() is None


# --- threads ---


def together(*functions):
    """Runs functions at once, each in a thread of its own, and raises what one of them raises."""
    errors = []

    def guarded(function):
        try:
            function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(f,)) for f in functions]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    if errors:
        raise errors[0]


def test_two_threads_with_graphs_of_their_own():
    found = {}

    def work(name):
        def run():
            x = leaf(3, 3, seed=name)
            for _ in range(100):
                y = ((x @ x).tanh() * x).sum()
                (first,) = engine.grad(y, x, create_graph=True)
                first.sum().backward()
            found[name] = array(x.grad)

        return run

    together(*(work(name) for name in range(4)))
    for name in range(4):
        together_found = found[name]
        work(name)()
        np.testing.assert_array_equal(found[name], together_found)


def test_two_threads_with_a_leaf_in_common():
    x = engine.tensor(np.zeros(1000), requires_grad=True)

    def run():
        for _ in range(200):
            (x * 2).sum().backward()

    together(run, run, run)
    np.testing.assert_array_equal(array(x.grad), 1200.0)


def test_two_threads_with_a_graph_in_common():
    class Slow(engine.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            sleep(0.001)
            return 2 * g * ctx.saved_tensors[0] + 0 * x

    x = engine.tensor(np.arange(3.0), requires_grad=True)
    y = Slow.apply(x.tanh()).sum()

    def run():
        for _ in range(10):
            y.backward(retain_graph=True)

    together(run, run)
    t = np.tanh(np.arange(3.0))
    np.testing.assert_allclose(array(x.grad), 20 * 2 * t * (1 - t * t), rtol=1e-12)
