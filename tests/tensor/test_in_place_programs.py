"""Random programs of views, writes in place and uses, run three ways.

By this engine, by PyTorch, and by a reference that never writes: there, memory is a vector, a view
is an array of places in it, and a write makes a new vector. What must hold:

* where PyTorch gives gradients, so do we, and they and all values are the same;
* where PyTorch refuses, we refuse too, or give the gradients of the reference.

So no program whatever gets a wrong gradient without a word.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from both_sides import both
from hypothesis import given, settings
from hypothesis import strategies as st

import engine

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:Use of index_put_ on expanded:UserWarning"),
    pytest.mark.filterwarnings("ignore:Use of masked_fill_ on expanded:UserWarning"),
]

START = np.random.default_rng(0).uniform(0.5, 1.5, (3, 4))
WEIGHT = np.random.default_rng(1).uniform(0.5, 1.5, (4,))
MASK = np.random.default_rng(2).uniform(size=(3, 4)) > 0.5

# --- views: a name, and how it is taken of a tensor (None where its shape does not allow it) ------

VIEWS: dict[str, Any] = {
    "x[0]": lambda x: x[0] if x.ndim and len(x) else None,
    "x[-1]": lambda x: x[-1] if x.ndim and len(x) else None,
    "x[1:]": lambda x: x[1:] if x.ndim else None,
    "x[:2]": lambda x: x[:2] if x.ndim else None,
    "x[::2]": lambda x: x[::2] if x.ndim else None,
    "x[:, 1]": lambda x: x[:, 1] if x.ndim > 1 and x.shape[1] > 1 else None,
    "x[..., 0]": lambda x: x[..., 0] if x.ndim and x.shape[-1] else None,
    "x[None]": lambda x: x[None],
    "x[:]": lambda x: x[:] if x.ndim else None,
    "transpose": lambda x: x.transpose(0, -1) if x.ndim else None,
    "permute": lambda x: x.permute(*range(x.ndim)[::-1]) if x.ndim else None,
    "unsqueeze": lambda x: x.unsqueeze(-1),
    "squeeze": lambda x: x.squeeze(),
    "narrow": lambda x: x.narrow(0, 0, len(x) - 1) if x.ndim and len(x) else None,
    "view": lambda x: x.view(-1) if x.is_contiguous() else None,
    "diagonal": lambda x: x.diagonal() if x.ndim > 1 else None,
    "expand": lambda x: x.expand(2, *x.shape),
    "unbind": lambda x: x.unbind()[0] if x.ndim and len(x) else None,
    "split": lambda x: x.split(1)[-1] if x.ndim and len(x) else None,
    "chunk": lambda x: x.chunk(2)[0] if x.ndim and len(x) else None,
    "unfold": lambda x: x.unfold(0, 2, 1) if x.ndim and len(x) > 1 else None,
    "detach": lambda x: x.detach(),
}

OVERLAPPING = {"unfold"}  # what a write to it means is not defined

# --- the two ways to run --------------------------------------------------------------------------


class Plain:
    """The program as a user writes it."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self.start = library.tensor(START, requires_grad=True)
        self.weight = library.tensor(WEIGHT, requires_grad=True)
        self.mask = library.tensor(MASK)

    def copy(self, x: Any) -> Any:
        return x * 1

    def view(self, x: Any, name: str) -> Any:
        return VIEWS[name](x)

    def value(self, x: Any) -> Any:
        return x

    def make(self, value: Any) -> Any:
        return value

    def put(self, x: Any, kind: str, value: Any) -> Any:
        if kind == "+=":
            x += value
        elif kind == "*=":
            x *= value
        elif kind == "-=":
            x -= value
        elif kind == "copy_":
            x.fill_(value) if isinstance(value, float) else x.copy_(value)
        elif kind == "x[...]":
            x[...] = value
        elif kind == "x[0]":
            x[0] = value
        elif kind == "x[1:]":
            x[1:] = value
        elif kind == "x[[0]]":
            x[self.library.tensor([0])] += value
        elif kind == "x[mask]":
            x[self.mask] = value
        elif kind == "masked_fill_":
            x.masked_fill_(self.mask, value)
        elif kind == "zero_":
            x.zero_()
        elif kind == "index_add_":
            x.index_add_(0, self.library.tensor([0, 0]), x.detach()[:1].repeat(
                2, *[1] * (x.ndim - 1)) * value)  # fmt: skip

    def put_unseen(self, x: Any, kind: str, value: Any) -> None:
        with self.library.no_grad():
            self.put(x, kind, value)


class Seen:
    """A tensor of the reference: places in a memory, and one of the memory's histories.

    The histories of a memory agree in every number; what is detached begins a new one.
    """

    def __init__(self, histories: list, places: Any, mine: int = 0) -> None:
        self.histories, self.places, self.mine = histories, places, mine

    @property
    def shape(self) -> Any:
        return self.places.shape

    @property
    def ndim(self) -> int:
        return self.places.ndim

    def value(self) -> Any:
        return self.histories[self.mine][self.places]


class Reference:
    """The same program without a single write: memory is replaced, never changed."""

    def __init__(self) -> None:
        self.start = torch.tensor(START, requires_grad=True)
        self.weight = torch.tensor(WEIGHT, requires_grad=True)

    def make(self, value: Any) -> Seen:
        places = torch.arange(value.numel()).reshape(value.shape)
        return Seen([value.reshape(-1)], places)

    def copy(self, x: Any) -> Seen:
        return self.make(x * 1)

    def view(self, x: Seen, name: str) -> Seen | None:
        if name == "detach":
            x.histories.append(x.histories[x.mine].detach())
            return Seen(x.histories, x.places, len(x.histories) - 1)
        places = VIEWS[name](x.places)
        return None if places is None else Seen(x.histories, places, x.mine)

    def value(self, x: Seen) -> Any:
        return x.value()

    def put(self, x: Seen, kind: str, value: Any, seen: bool = True) -> None:
        parts = {"x[0]": 0, "x[1:]": slice(1, None), "x[[0]]": slice(0, 1)}
        parts |= {"index_add_": slice(0, 1)}
        if kind in parts:
            x = Seen(x.histories, x.places[parts[kind]], x.mine)
        elif kind in ("x[mask]", "masked_fill_"):
            x = Seen(x.histories, x.places[torch.tensor(MASK)], x.mine)
        before = x.value()
        if kind in ("+=", "x[[0]]"):
            new = before + value
        elif kind == "-=":
            new = before - value
        elif kind == "*=":
            new = before * value
        elif kind == "index_add_":
            new = before + 2 * before.detach() * value
        else:
            value = 0.0 if kind == "zero_" else value
            new = torch.as_tensor(value, dtype=before.dtype).expand(before.shape)
        self.replace(x, new, seen)

    def replace(self, x: Seen, new: Any, seen: bool) -> None:
        for number, old in enumerate(x.histories):
            if seen and number == x.mine:
                x.histories[number] = old.index_put((x.places,), new)
            else:  # unseen by this history: the numbers change, the gradients do not
                changed = old.detach().index_put((x.places,), new.detach())
                x.histories[number] = old + (changed - old).detach()

    def put_unseen(self, x: Seen, kind: str, value: Any) -> None:
        self.put(x, kind, value, seen=False)


# --- programs -------------------------------------------------------------------------------------

WRITES = [
    "+=", "*=", "-=", "copy_", "x[...]", "x[0]", "x[1:]", "x[[0]]", "x[mask]", "masked_fill_",
    "zero_", "index_add_",
]  # fmt: skip
VALUES = ["number", "weight", "handle", "product"]
NUMBERS_ONLY = {"masked_fill_", "index_add_", "zero_", "x[mask]"}

which = st.integers(0, 5)
steps = st.one_of(
    st.tuples(st.just("view"), which, st.sampled_from(sorted(VIEWS))),
    st.tuples(st.just("use"), which, which),
    st.tuples(st.just("write"), which, st.sampled_from(WRITES), st.sampled_from(VALUES), which),
    st.tuples(st.just("write"), which, st.sampled_from(WRITES), st.sampled_from(VALUES), which),
    st.tuples(st.just("unseen"), which, st.sampled_from(WRITES), st.just("number"), which),
)
programs = st.lists(steps, min_size=2, max_size=9)


class UndefinedError(Exception):
    """What this program means is not defined: left out."""


def run(side: Any, program: list) -> tuple[list, list]:
    """(values of all tensors, gradients of both leaves)."""
    start = side.make(side.copy(side.start)) if isinstance(side, Plain) else side.copy(side.start)
    tensors, overlapping = [start], set()
    for number, step in enumerate(program):
        place = step[1] % len(tensors)
        x = tensors[place]
        if step[0] == "view":
            seen = side.view(x, step[2])
            if seen is not None:
                if step[2] in OVERLAPPING or place in overlapping:
                    overlapping.add(len(tensors))
                tensors.append(seen)
        elif step[0] == "use":
            y = tensors[step[2] % len(tensors)]
            if tuple(x.shape) == tuple(y.shape):
                tensors.append(side.make(side.value(x) * side.value(y) + number))
        else:
            if place in overlapping:
                raise UndefinedError
            kind, chosen = step[2], step[3]
            by_rows = kind in ("x[0]", "x[1:]", "x[[0]]", "index_add_")
            if by_rows and (x.ndim == 0 or x.shape[0] < 1):
                continue
            if kind in ("x[mask]", "masked_fill_") and tuple(x.shape) != (3, 4):
                continue
            value: Any = 1.5 + number
            if kind not in NUMBERS_ONLY and chosen != "number":
                if chosen == "weight":
                    value = side.weight
                else:
                    y = tensors[step[4] % len(tensors)]
                    value = side.value(y)
                    if chosen == "product":
                        value = value * side.weight[0]
                target = tuple(x.shape)
                if kind in ("x[0]", "x[[0]]"):
                    target = target[1:]
                elif kind == "x[1:]":
                    target = (target[0] - 1, *target[1:])
                shape = tuple(value.shape)
                if shape != target[len(target) - len(shape) :] or len(shape) > len(target):
                    value = value.sum()
            side.put_unseen(x, kind, value) if step[0] == "unseen" else side.put(x, kind, value)
    values = [side.value(x) for x in tensors]
    loss = side.start.sum() * 0 + side.weight.sum() * 0
    for number, value in enumerate(values):
        if value.numel():
            loss = loss + (value * (value * 0.1 + number + 1)).mean()
    loss.backward()
    gradients = [side.start.grad, side.weight.grad]
    return [v.detach().numpy() for v in values], [g.detach().numpy() for g in gradients]


def outcome(side: Any, program: list) -> Any:
    try:
        return run(side, program)
    except RuntimeError as error:
        return error


def check(program: list) -> None:
    try:
        reference = run(Reference(), program)
    except UndefinedError:
        return
    ours, theirs = outcome(Plain(engine), program), outcome(Plain(torch), program)
    if not isinstance(theirs, Exception):
        assert not isinstance(ours, Exception), f"PyTorch gives gradients, and we: {ours}"
        compare(theirs, reference, "PyTorch and the reference")
    if not isinstance(ours, Exception):
        compare(ours, reference, "this engine and the reference")


def compare(first: tuple, second: tuple, who: str) -> None:
    for what, ours, theirs in zip(("values", "gradients"), first, second, strict=True):
        assert len(ours) == len(theirs)
        for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            assert a.shape == b.shape, f"{who}: {what} {number}"
            np.testing.assert_allclose(a, b, 1e-9, 1e-9, err_msg=f"{who}: {what} {number}")


@settings(max_examples=400, deadline=None)
@given(programs)
def test_programs_of_views_and_writes_have_the_right_gradients_or_refuse(program):
    check(program)


@pytest.mark.parametrize(
    "program",
    [
        # A view of what was stretched by NumPy's as_strided is a view still.
        [("view", 0, "diagonal"), ("view", 1, "expand"), ("write", 0, "+=", "weight", 0)],
        # What is copied in keeps its own place in the order of the sweep.
        [("use", 0, 0), ("use", 1, 1), ("view", 0, "x[:]"), ("write", 0, "copy_", "handle", 1)],
        # A factor that is part of what is written.
        [("view", 0, "x[0]"), ("write", 0, "*=", "handle", 1)],
        # A part written without recording, and looked at through a view that is older.
        [("view", 0, "x[1:]"), ("view", 0, "x[0]"), ("unseen", 1, "x[0]", "number", 0),
         ("write", 2, "*=", "weight", 0), ("use", 1, 1)],
        # What was detached writes into a memory that has a history.
        [("view", 0, "detach"), ("write", 1, "+=", "weight", 0), ("use", 0, 1)],
    ],
)  # fmt: skip
def test_a_program_that_was_wrong_once(program):
    check(program)


def test_the_check_can_fail(monkeypatch):
    """A write that the base does not hear of is noticed."""
    program = [("view", 0, "x[0]"), ("write", 1, "*=", "weight", 0)]
    check(program)
    monkeypatch.setattr(engine.Tensor, "_write_base", lambda self, part, serial: None)
    with pytest.raises(AssertionError):
        check(program)


def test_a_view_made_without_recording_has_no_part_in_the_history():
    def program(library: Any, grown: bool) -> Any:
        x = library.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        y = x * 2
        with library.no_grad():
            part = y[0]
        if grown:
            part += x[1]
        else:
            part *= 3
        y.sum().backward()
        return x.grad, part.requires_grad

    both(lambda library: program(library, False))
    both(lambda library: program(library, True))


def test_a_view_looked_at_without_recording_keeps_its_history():
    def program(library: Any) -> Any:
        x = library.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        y = x * 2
        part = y[0]
        y *= 3
        with library.no_grad():
            part.sum()
        (part * part).sum().backward()
        return x.grad

    both(program)


@pytest.mark.parametrize("turn", ["t_", "unsqueeze_", "squeeze_", "transpose_"])
def test_a_tensor_turned_in_place_and_its_older_views(turn):
    arguments = {"unsqueeze_": (0,), "transpose_": (0, 1)}.get(turn, ())

    def program(library: Any) -> Any:
        x = library.tensor(START, requires_grad=True)
        y = x * 2
        old = y[0]
        getattr(y, turn)(*arguments)
        y *= 3
        new = y[..., 0]
        old += 1
        new *= 5
        weights = library.tensor(START).reshape(y.shape)
        ((y * y * weights).sum() + (old * old).sum() + (new * 0.5).sum()).backward()
        return y, old, new, x.grad

    both(program)
