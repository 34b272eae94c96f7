"""Every elementwise operation in place says what the same one out of place says, and what PyTorch
says: the numbers, the gradients, the memory, and the refusals.

Random programs of views and writes are in `test_in_place_programs.py`.
"""

import numpy as np
import pytest
from both_sides import both
from elementwise_forms import close, difference, outcome, pair

import engine

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

UNARY = """abs absolute acos asin asinh arcsinh atan arctan atanh ceil cos cosh deg2rad digamma erf
    erfc erfinv exp exp2 expm1 fix floor frac i0 lgamma log log10 log1p log2 logit nan_to_num neg
    negative rad2deg reciprocal relu round rsqrt sigmoid sign sgn sin sinc sinh sqrt square tan tanh
    trunc""".split()
BINARY = """add sub subtract mul multiply div divide true_divide pow remainder fmod
    clamp_min clamp_max atan2 arctan2 copysign heaviside hypot ldexp xlogy eq ne lt le gt ge less
    less_equal greater greater_equal not_equal logical_and logical_or logical_xor""".split()
MORE = {
    "clamp_": lambda x, y: x.clamp_(0.2, 0.5),
    "clip_": lambda x, y: x.clip_(max=0.5),
    "clamp_ between tensors": lambda x, y: x.clamp_(y - 0.3, y),
    "add_ with alpha": lambda x, y: x.add_(y, alpha=2),
    "add_ with a real alpha": lambda x, y: x.add_(y, alpha=-0.5),
    "sub_ with alpha": lambda x, y: x.sub_(y, alpha=0.5),
    "div_ rounded": lambda x, y: x.div_(y, rounding_mode="floor"),
    "round_ to decimals": lambda x, y: x.round_(decimals=1),
    "addcmul_": lambda x, y: x.addcmul_(y, y, value=0.5),
    "addcdiv_": lambda x, y: x.addcdiv_(y, y + 1),
    "lerp_": lambda x, y: x.lerp_(y, 0.3),
    "float_power_": lambda x, y: x.float_power_(1.5),
    "polygamma_": lambda x, y: x.polygamma_(1),
    "with numbers": lambda x, y: x.add_(1).mul_(2).sub_(0.5).div_(3).pow_(2),
}
OPERATORS = """x += y; x -= 0.25; x *= y; x /= 2; x **= 2; x %= 0.3""".split("; ")


# Of these PyTorch has no gradient in place; and of logic it keeps the old history, as if nothing
# had been written. They are compared with themselves out of place.
LACKS = set(
    """asinh arcsinh acosh atanh heaviside logical_and logical_or logical_xor
    logical_not""".split()
)


def run(library, change, x, y, in_place=True):
    """(result, gradients of both) of changing a computed Tensor that has another use as well."""
    start = x * 1
    before = start + 0
    changed = change(start, y)
    if in_place:
        assert changed is start
    out = changed * 3 + before
    g = library.tensor(np.linspace(0.5, 2.0, 3), dtype=library.float64)
    return out, library.autograd.grad(out, (x, y), g, allow_unused=True)


def check(change, alone=None):
    """In place is as PyTorch; `alone` is compared with the engine itself, out of place."""
    sides = pair([0.3, 0.6, 0.9], "float64", True), pair([0.5, 0.4, 0.7], "float64", True)
    ours, theirs = zip(*sides, strict=True)
    out, gradients = run(engine, change, *ours)
    if alone is None:
        other, wanted = run(torch, change, *theirs)
    else:
        other, wanted = run(engine, alone, *ours, in_place=False)
    assert not difference(out, other, 1e7)  # a relative error of 2e-9
    for g, w in zip(gradients, wanted, strict=True):
        assert close(g, w, 1e-8)


@pytest.mark.parametrize("name", UNARY)
def test_of_one(name):
    alone = (lambda x, y: getattr(x, name)()) if name in LACKS else None
    check(lambda x, y: getattr(x, f"{name}_")(), alone)


@pytest.mark.parametrize("name", BINARY)
def test_of_two(name):
    alone = (lambda x, y: getattr(x, name)(y).double()) if name in LACKS else None
    check(lambda x, y: getattr(x, f"{name}_")(y), alone)


def test_of_one_from_1_up():
    check(lambda x, y: x.add_(1).acosh_(), lambda x, y: (x + 1).acosh())


def test_not_in_place():
    check(lambda x, y: x.logical_not_(), lambda x, y: x.logical_not().double())


@pytest.mark.parametrize("name", MORE)
def test_with_parameters(name):
    check(MORE[name])


@pytest.mark.parametrize("statement", OPERATORS)
def test_operators(statement):
    def change(x, y):
        room = {"x": x, "y": y}
        exec(statement, room)  # a text of this file
        return room["x"]

    check(change)


@pytest.mark.parametrize("name", "and or xor lshift rshift floordiv".split())
def test_operators_of_whole_numbers(name):
    for library in (engine, torch):
        x = library.tensor([6, 5, 12])
        y = getattr(x, f"__i{name}__")(library.tensor([3, 1, 2]))
        assert y is x
    ours, theirs = pair([6, 5, 12], "int64")
    getattr(ours, f"__i{name}__")(2)
    getattr(theirs, f"__i{name}__")(2)
    assert not difference(ours, theirs)


def functions_in_place():
    names = [n for n in dir(engine) if n.endswith("_") and not n.startswith("_")]
    return [n for n in names if hasattr(torch, n)]


@pytest.mark.parametrize("name", functions_in_place())
def test_functions_write_into_their_argument(name):
    found = []
    for library, x in zip((engine, torch), pair([0.3, 0.6, 0.9], "float64"), strict=True):
        arguments = {"clamp_": (0.4, 0.7), "clip_": (0.4, 0.7), "ldexp_": (library.ones(3),),
                     "xlogy_": (2.0,), "clamp_min_": (0.4,), "clamp_max_": (0.4,), "fill_": (2.0,),
                     "gcd_": (x.long(),), "lcm_": (x.long(),)}  # fmt: skip
        if name in ("gcd_", "lcm_"):
            x = x.long()
        y = getattr(library, name)(x, *arguments.get(name, ()))
        assert y is x
        found.append(x)
    assert not difference(*found, 1e6)


def test_every_in_place_method_of_pytorch_is_there_but_these():
    """What is left out has no use in lessons, or belongs to what the engine has not."""
    absent = """as_strided_ conj_physical_ igamma_ igammac_ index_reduce_ map2_ mvlgamma_ nextafter_
        resize_as_sparse_ sparse_resize_ sparse_resize_and_clear_""".split()
    theirs = {n for n in dir(torch.Tensor) if n.endswith("_") and not n.startswith("_")}
    assert {n for n in theirs if not hasattr(engine.Tensor, n)} <= set(absent)


# --- the quick way, where nothing is recorded -----------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_a_step_of_descent_writes_into_the_same_memory(dtype):
    for x in pair([1.0, 2.0, 4.0], dtype):
        library = engine if isinstance(x, engine.Tensor) else torch
        if dtype != "int64":
            x.requires_grad_()
        seen = x.detach()
        with library.no_grad():
            x += x
            x -= library.ones_like(x)
            x *= 3
            if dtype != "int64":
                x /= 2.0
                x.add_(library.ones_like(x), alpha=-0.5)
            x.sub_(library.ones(1, dtype=x.dtype))
        assert seen.tolist() == x.tolist()
        assert x.is_leaf
    ours, theirs = pair([1.0, 2.0, 4.0], dtype)
    assert not difference(ours, theirs)


def test_the_quick_way_is_noticed_by_the_graph():
    for library in (engine, torch):
        w = library.tensor([1.0, 2.0], requires_grad=True)
        out = w * w
        with library.no_grad():
            w -= 0.5
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            out.backward(library.ones(2))
        v = library.tensor([1.0, 2.0], requires_grad=True)
        out = v * v
        v.data -= 0.5  # and this is not
        out.backward(library.ones(2))
        assert v.grad.tolist() == [1.0, 3.0]


def test_the_quick_way_refuses_what_the_long_one_refuses():
    for library in (engine, torch):
        with library.no_grad():
            x = library.ones(1).expand(3)
            with pytest.raises(RuntimeError, match="single memory location"):
                x += 1.0
            with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
                y = library.ones(2)
                y += library.ones(3, 2)
            z = library.ones(4)
            with pytest.raises(RuntimeError, match="memory"):
                z[1:].add_(z[:-1])
    with pytest.raises(TypeError, match="NumPy"), engine.no_grad():
        x = engine.ones(3)
        x += np.ones(3, np.float32)


@pytest.mark.torch
@pytest.mark.parametrize("dims", [(3,), (4, 3), (2, 4, 3), (0, 4, 3)])
@pytest.mark.parametrize("wanted", ["x", "weight", "bias", "weight and bias"])
@pytest.mark.parametrize("changed", ["x", "weight", "bias"])
def test_a_layer_holds_what_its_wanted_gradients_need_and_no_more(dims, wanted, changed):
    """What no rule in use names may change before backward(): the weights of a first layer."""

    def program(torch):
        named = {"x": torch.ones(dims), "weight": torch.ones(5, 3), "bias": torch.zeros(5)}
        for name in wanted.split(" and "):
            named[name].requires_grad_()
        out = torch.nn.functional.linear(named["x"], named["weight"], named["bias"])
        with torch.no_grad():
            named[changed].mul_(3)
        out.sum().backward()
        return [each.grad for each in named.values()]

    both(program)


def test_a_leaf_is_refused_where_recording_is_on():
    for library in (engine, torch):
        x = library.ones(3, requires_grad=True)
        for change in (lambda a: a.add_(1), lambda a: a.relu_(), lambda a: a.clamp_(0, 1)):
            with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
                change(x)


def test_results_that_do_not_fit_into_the_type_are_refused():
    ours, theirs = pair([1.0, 2.0], "int64")
    calls = {"add_": (0.5,), "div_": (2,), "exp_": (), "clamp_": (0.5,), "sigmoid_": ()}
    calls |= {"float_power_": (2,), "mul_": (2.5,)}
    for name, arguments in calls.items():
        found = outcome(getattr(ours, name), *arguments)
        assert not difference(found, outcome(getattr(theirs, name), *arguments))
        assert found is RuntimeError


MANY_VIEWS = {
    "split": lambda x: x.split(2),
    "split by sizes": lambda x: x.split([1, 3]),
    "chunk": lambda x: x.chunk(2),
    "unbind": lambda x: x.unbind(),
    "unpacked": lambda x: tuple(x),
    "a view of one": lambda x: tuple(part[:1] for part in x.split(2)),
    "one by one": lambda x: x.tensor_split(2),
}
WRITES = {
    "mul_": lambda x, w: x.mul_(2),
    "zero_": lambda x, w: x.zero_(),
    "copy_": lambda x, w: x.copy_(w),
    "x[...] = number": lambda x, w: x.__setitem__(..., 1.0),
    "+= w": lambda x, w: x.__iadd__(w),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("views", MANY_VIEWS)
@pytest.mark.parametrize("graph", ["of the base", "of what is written", "none", "not recorded"])
def test_one_of_several_views_is_not_written_where_that_is_recorded(views, write, graph):
    def program(library):
        base = library.arange(4.0)
        if graph in ("of the base", "not recorded"):
            base = base.requires_grad_() * 2
        w = library.ones(1, requires_grad=graph == "of what is written")
        part = MANY_VIEWS[views](base)[0]
        with library.set_grad_enabled(graph != "not recorded"):
            WRITES[write](part, w[0] if part.ndim == 0 else w)
        return base

    both(program)
