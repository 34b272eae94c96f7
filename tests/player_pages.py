"""Graphs for the tests of `viz.play`, and what a page says of itself.

`tab` is a page of Playwright in which the page of a graph is open.
"""

import math

import engine
from engine import Value, tanh
from engine.core.graph import sweep
from engine.core.op import REGISTRY, Elementwise, Nary
from engine.scalar.functions import where
from viz.reading import read


def neuron() -> Value:
    w, x, b = Value(2.0, label="w"), Value(-1.0, label="x"), Value(0.5, label="b")
    y = tanh(w * x + b)
    y.label = "y"
    return y


def twice_twice() -> Value:
    a = Value(1.0, label="a")
    b = a + a
    c = b + b
    b.label, c.label = "b", "c"
    return c


def samples() -> list:
    """(operation, sample) for everything of which a Value can be made."""
    pairs = [(op, s) for op in dict.fromkeys(REGISTRY.values()) for s in op.samples]
    return [(op, s) for op, s in pairs if op.rules and isinstance(op, Elementwise | Nary)]


def every_operation(changed: dict[str, float] | None = None) -> Value:
    """One graph with every operation at every sample; leaves are called 'tanh 0 x' and so on."""
    changed = changed or {}
    ends = []
    for number, (op, sample) in enumerate(samples()):

        def leaf(value, name):
            label = f"{op.name} {number} {name}"  # noqa: B023
            return Value(changed.get(label, value), label=label)

        inputs = []
        for name, value in zip(op.inputs, sample.inputs, strict=True):
            if name in op.constant:
                inputs.append(value)
            elif name in op.groups:
                inputs.append(tuple(leaf(v, f"{name}{i}") for i, v in enumerate(value)))
            else:
                inputs.append(leaf(value, name))
        # Called with a plain condition, `where` of the rules takes the branch itself: no node.
        out = (where if op.name == "where" else op)(*inputs, **sample.params)
        if isinstance(out, Value):
            # Not a plain sum: the gradient that arrives shall be another for each.
            ends.append(out * (0.3 + 0.1 * (number % 7)))
    return engine.sum(ends)


def numbers(v: Value) -> tuple[list[float], list[float]]:
    """Data and gradients of all nodes, in the order of the page."""
    gradients = {vertex: g for vertex, g, _ in sweep([(v, 1.0)])}
    nodes = read(v)
    return [n.data for n in nodes], [gradients[n.vertex] for n in nodes]


def is_close(one: float, other: float) -> bool:
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return one == other or abs(one - other) <= 1e-12 * max(1.0, abs(other))


def state(tab) -> dict:
    """The numbers of the page; JSON has no NaN, so they come as text."""
    read_numbers = """() => {
        const s = player.state;
        const text = (list) => list.map((x) => (x === null ? null : String(x)));
        return {...s, data: text(s.data), gradients: text(s.gradients), wrong: text(s.wrong)};
    }"""
    found = tab.evaluate(read_numbers)
    for name in ("data", "gradients", "wrong"):
        found[name] = [x if x is None else float(x.replace("Infinity", "inf")) for x in found[name]]
    return found


def card(tab, name: str):
    index = tab.evaluate("name => player.state.names.indexOf(name)", name)
    return tab.locator(f'[data-node="{index}"]')


def said(tab) -> str:
    return tab.locator("#live").text_content()
