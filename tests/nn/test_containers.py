"""Containers beside PyTorch's: as sequences and dictionaries, as text, as state."""

from collections import OrderedDict

import pytest
from both_sides import both

pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def row(torch, kind="Sequential", count=3):
    torch.manual_seed(1)
    layers = [torch.nn.Linear(2, 2) for _ in range(count)]
    return torch.nn.Sequential(*layers) if kind == "Sequential" else torch.nn.ModuleList(layers)


def shown(container):
    return repr(container), list(container.state_dict()), len(container)


BOTH_ROWS = [
    lambda c, nn: shown(c),
    lambda c, nn: repr(c[0]) + repr(c[-1]),
    lambda c, nn: shown(c[1:]),
    lambda c, nn: shown(c[:0]),
    lambda c, nn: type(c[::2]).__name__,
    lambda c, nn: c[3],
    lambda c, nn: c[-4],
    lambda c, nn: c["0"],
    lambda c, nn: [type(m).__name__ for m in c],
    lambda c, nn: c.__setitem__(1, nn.ReLU()) or shown(c),
    lambda c, nn: c.__setitem__(-1, nn.ReLU()) or shown(c),
    lambda c, nn: c.__setitem__(5, nn.ReLU()) or shown(c),
    lambda c, nn: c.__delitem__(0) or shown(c),
    lambda c, nn: c.__delitem__(slice(0, 2)) or shown(c),
    lambda c, nn: c.__delitem__(7) or shown(c),
    lambda c, nn: shown(c.append(nn.Tanh())),
    lambda c, nn: shown(c.extend([nn.Tanh(), nn.ReLU()])),
    lambda c, nn: (c.insert(1, nn.Tanh()), shown(c))[1],
    lambda c, nn: (c.insert(2, nn.Tanh()), shown(c))[1],
    lambda c, nn: (repr(c.pop(1)), shown(c)),
    lambda c, nn: (repr(c.pop(2)), shown(c)),
    lambda c, nn: shown(c + type(c)(*([nn.ReLU()] if type(c) is nn.Sequential else [[nn.ReLU()]]))),
    lambda c, nn: c.append(3),
    lambda c, nn: c[0] in list(c),
]


@pytest.mark.parametrize("kind", ["Sequential", "ModuleList"])
@pytest.mark.parametrize("program", BOTH_ROWS)
def test_rows(program, kind):
    both(lambda torch: program(row(torch, kind), torch.nn))


def test_sequential_of_names_and_what_it_computes():
    def program(torch):
        torch.manual_seed(4)
        nn = torch.nn
        named = nn.Sequential(OrderedDict([("hidden", nn.Linear(2, 3)), ("act", nn.ReLU())]))
        named.add_module("out", nn.Linear(3, 1))
        part = named[:2]
        x = torch.tensor([[0.5, -1.0]])
        return shown(named), shown(part), named(x), part(x), named.hidden.in_features

    both(program)


def test_runs_of_equal_modules_in_a_list_are_shown_once():
    def program(torch):
        nn = torch.nn
        block = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        two = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        inside = nn.ModuleList([block, two, nn.ReLU(), nn.ReLU(), nn.Linear(2, 3)])
        return repr(inside), repr(nn.ModuleList()), repr(nn.Sequential(inside, nn.Sequential()))

    both(program)


def test_a_list_of_modules_is_no_function():
    both(lambda torch: row(torch, "ModuleList")(torch.ones(2)))


DICTIONARY = [
    lambda d, nn: shown(d),
    lambda d, nn: list(d),
    lambda d, nn: list(d.keys()),
    lambda d, nn: [repr(v) for v in d.values()],
    lambda d, nn: [(k, repr(v)) for k, v in d.items()],
    lambda d, nn: "act" in d and "none" not in d,
    lambda d, nn: repr(d["act"]),
    lambda d, nn: d["none"],
    lambda d, nn: d.__setitem__("new", nn.ReLU()) or shown(d),
    lambda d, nn: d.__setitem__("new", 3),
    lambda d, nn: d.__delitem__("act") or shown(d),
    lambda d, nn: (repr(d.pop("act")), shown(d)),
    lambda d, nn: d.pop("none"),
    lambda d, nn: d.update({"z": nn.ReLU(), "a": nn.Tanh()}) or shown(d),
    lambda d, nn: d.update([["z", nn.ReLU()]]) or shown(d),
    lambda d, nn: d.update(nn.ModuleDict({"q": nn.ReLU()})) or shown(d),
    lambda d, nn: d.update(3),
    lambda d, nn: d.clear() or shown(d),
]


@pytest.mark.parametrize("program", DICTIONARY)
def test_dictionary_of_modules(program):
    def run(torch):
        nn = torch.nn
        return program(nn.ModuleDict({"lin": nn.Linear(2, 2), "act": nn.ReLU()}), nn)

    both(run)


LIST = [
    lambda p, t: shown(p),
    lambda p, t: p[0],
    lambda p, t: p[-1],
    lambda p, t: p[5],
    lambda p, t: shown(p[:1]),
    lambda p, t: [tuple(x.shape) for x in p],
    lambda p, t: [type(x).__name__ for x in p.append(t.zeros(2, 3))],
    lambda p, t: shown(p.extend([t.nn.Parameter(t.zeros(1))])),
    lambda p, t: p.__setitem__(0, t.nn.Parameter(t.zeros(7))) or shown(p),
    lambda p, t: p.__iadd__([t.zeros(1)]) is p,
    lambda p, t: repr(t.nn.Sequential(t.nn.ReLU(), p)),
]


@pytest.mark.parametrize("program", LIST)
def test_list_of_parameters(program):
    def run(torch):
        made = [torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2, 3).double())]
        return program(torch.nn.ParameterList(made), torch)

    both(run)


BY_NAME = [
    lambda p, t: shown(p),
    lambda p, t: p["a"],
    lambda p, t: "c" in p,
    lambda p, t: list(p.keys()),
    lambda p, t: [tuple(x.shape) for x in p.values()],
    lambda p, t: [k for k, _ in p.items()],
    lambda p, t: "a" in p,
    lambda p, t: p.__setitem__("c", t.zeros(1)) or type(p["c"]).__name__,
    lambda p, t: p.update({"d": t.nn.Parameter(t.zeros(1))}) or shown(p),
    lambda p, t: p.__delitem__("a") or shown(p),
    lambda p, t: (p.pop("a"), shown(p))[1],
    lambda p, t: p.clear() or len(p),
    lambda p, t: tuple(p.get("a").shape),
    lambda p, t: p.get("nothing", 3),
    lambda p, t: repr(t.nn.Sequential(t.nn.ReLU(), p)),
]


@pytest.mark.parametrize("program", BY_NAME)
def test_parameters_by_name(program):
    def run(torch):
        made = {"a": torch.nn.Parameter(torch.ones(2)), "b": torch.nn.Parameter(torch.ones(2, 3))}
        return program(torch.nn.ParameterDict(made), torch)

    both(run)
