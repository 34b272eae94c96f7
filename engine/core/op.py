"""What an operation is: it knows how to compute, and how a gradient reaches each of its inputs.

An operation is one class, written once, that many readers read:

    @operation
    class mul(Elementwise):
        '''x * y. Each factor receives the gradient times the other factor.'''

        symbol = "*"

        def forward(self, x, y):
            return x * y

        def slope_x(self, y):
            return y

        def slope_y(self, x):
            return x

        samples = (at(1.5, -0.7),)

The names of a rule's parameters are its declaration: `slope_y(self, x)` says that the gradient of
`y` needs `x` and nothing else. `@operation` looks at those names once, at import, refuses what
nobody has, and turns the class into the one object of that operation.

A rule is either a slope (`slope_x`, the local derivative; it may be a plain number) or a flow
(`to_x(self, g, ...)`, how the gradient `g` that arrived goes on). Both are written with operators
and with other operations only. How they are read is `engine.core.plan`; nothing here holds a graph.

What a rule may ask for by name, besides `g` and the inputs:

| name          | what it is                                                                       |
|---------------|----------------------------------------------------------------------------------|
| `out`         | the result; with several results (`outs`), each by its name, and `g_<name>`      |
| `gs`          | the gradients of all results, where there may be any number (`many_outs`)        |
| `x_shape`     | the shape of the input x alone (of a group: the shapes), so that x is not held   |
| a kept name   | what `forward` returned behind the result, as `keeps = (...)` lists              |
| `position`    | in the flow of a group: which of its members the gradient goes to                |
| a parameter   | keyword-only, as in `forward`                                                    |

Something kept that depends on the inputs and is not an integer has a second source,
`keep_<name>(self, x, ...)`, written with operations. What is kept is a shortcut for arrays; readers
that record or print ask the second source, or second derivatives would be silently wrong.

Where a kernel does the work of all rules in one go, `quick(self, g, ...)` calls it: it returns a
share for each input that has a rule, in order. It is a shortcut for arrays too, held against the
rules by the tests; everybody else reads the rules. If it asks for `wants` it is told which of the
shares are wanted, and may leave the others None; the inputs that it then can do without, where no
wanted rule names them, it lists in `quick_spares`, gets None for, and they are not held. What only
`quick` names needs no second source.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import wraps
from typing import Any

import numpy as np

REGISTRY: dict[str, Op] = {}
"""Every operation, by the name that users see ('abs', not 'abs_')."""

_RESERVED = {
    *"g gs out wants shares quick position".split(),
    *"vertex each ieee fit zero again self held handle check".split(),
}
"""Names that the generated text of a plan uses (`engine.core.plan`)."""

NAMED: dict[str, Callable] = {}
"""The helpers that a formula's text calls by name (see `named`)."""

PLAIN = {float, int, bool, np.ndarray, np.bool_, np.float64, np.float32, np.int64}
"""Types that no reader stands behind: `forward` takes them as they are."""


@dataclass(frozen=True)
class Sample:
    """Inputs at which an operation is tried, with its parameters.

    At a hard point (where the function has a kink or a pole) `gradient` says what each input
    receives for `g = 1`, in the order of the inputs; a smooth sample leaves it None.
    """

    inputs: tuple
    params: dict[str, Any] = field(default_factory=dict)
    gradient: tuple[float, ...] | None = None


def at(*inputs: Any, gradient: float | tuple[float, ...] | None = None, **params: Any) -> Sample:
    """A sample: `at(0.5)`, `at(2.0, negative_slope=0.1)`, a hard point `at(0.0, gradient=0.0)`."""
    if gradient is not None and not isinstance(gradient, tuple):
        gradient = (gradient,)
    return Sample(inputs, params, gradient)


class Numbers:
    """Numbers for samples, all different and always the same: no two calls give the same ones.

    NumPy's random module would do, but reading it in takes as long as a tenth of NumPy.
    """

    def __init__(self) -> None:
        self.drawn = 0

    def __call__(self, low: float, high: float, shape: int | tuple[int, ...]) -> np.ndarray:
        """As many as `shape` has places, between low and high."""
        count = int(np.prod(shape))
        places = np.arange(self.drawn + 1, self.drawn + count + 1)
        self.drawn += count
        # Multiples of an irrational number fill an interval evenly.
        shares = places * 0.6180339887498949 % 1
        return (low + (high - low) * shares).reshape(shape)


def named(helper: Callable) -> Callable:
    """A helper of rules whose call the text of a formula shows by name.

    `normal_cdf(x) + x * normal_pdf(x)` reads better than two lines of constants. Everybody but the
    symbol reader just runs the body.
    """
    NAMED[helper.__name__] = helper

    @wraps(helper)
    def call(*inputs: Any) -> Any:
        for x in inputs:
            reader = getattr(type(x), "read_named", None)
            if reader is not None:
                return reader(helper, *inputs)
        return helper(*inputs)

    return call


@dataclass(frozen=True)
class Rule:
    """One input's rule: what it needs, and either a number, a slope or a flow."""

    function: Callable | None
    number: float | None
    is_flow: bool
    needs: tuple[str, ...]
    params: tuple[str, ...]


class Op:
    """Base of all operations. Subclasses are written as in the example of this file's docstring.

    Class attributes that a subclass may set: `symbol` (how the operation is written between its
    operands), `constant` (inputs that carry no gradient), `groups` (inputs that are sequences, for
    operations over any number of inputs), `keeps` and `outs` (names of what `forward` returns, see
    above), `many_outs` (`forward` returns a tuple of any number of results), `is_view` (the result
    may share the memory of the first input), `keeps_integers` (whole numbers in, whole numbers out;
    otherwise they become floating-point numbers first), `broadcasts` (arrays are brought to one
    type and stretched to fit), `refuses` (types that it does not take: "b" truths, "i" whole
    numbers), `in_float32` (numbers of 16 bits are computed with as float32, for its loops know none
    of theirs), `torch_name` (PyTorch's name for it in a printed `grad_fn`; see `torch_name_of`),
    `torch_names` (other names of it, by the plan's mask: `x ** 2` is not called as `x ** y` is),
    `samples` and `hard_points`.
    """

    symbol: str | None = None
    aliases: tuple[str, ...] = ()
    constant: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    outs: tuple[str, ...] = ()
    quick: Callable | None = None
    quick_spares: tuple[str, ...] = ()
    many_outs: bool = False
    is_view: bool = False
    keeps_integers: bool = False
    broadcasts: bool = False
    refuses: str = ""
    in_float32: bool = False
    torch_name: str | None = None
    torch_names: dict[str, str] = {}
    samples: tuple[Sample, ...] = ()
    hard_points: tuple[Sample, ...] = ()

    name: str
    inputs: tuple[str, ...]
    defaults: dict[str, Any]
    rules: dict[str, Rule]

    def forward(self, *inputs: Any, **params: Any) -> Any:
        raise NotImplementedError(f"the operation {type(self).__name__} has no forward")

    def __init__(self) -> None:
        self.name = type(self).__name__.rstrip("_")
        self.inputs, self.defaults = _parameters(self.forward)
        self.params = tuple(self.defaults)
        empty = inspect.Parameter.empty
        self.required = frozenset(p for p, value in self.defaults.items() if value is empty)
        for name in (*self.inputs, *self.params, *self.keeps, *self.outs):
            if name in _RESERVED or name.startswith(("slope_", "to_", "keep_")):
                raise TypeError(
                    f"{self.name}: an input or parameter cannot be called {name!r}, which has a "
                    f"meaning of its own in rules; call it x, y or what it stands for"
                )
        names = (*self.inputs, *self.params, *self.keeps, *self.outs)
        if len(set(names)) != len(names):
            raise TypeError(f"{self.name}: two of {', '.join(names)} have the same name")
        self.keepers = {k: _parameters(f) for k in self.keeps if (f := self._keeper(k))}
        self.plans: dict[Any, Any] = {}
        self.recorder: Callable | None = None  # how Tensors record it, once they have
        # One array comes out, and nothing else is to be thought of.
        self.is_simple = not (self.groups or self.outs or self.many_outs or self.broadcasts)
        self.rules = {x: self._rule(x) for x in self.inputs if x not in self.constant}
        self.wants = sum(1 << k for k, x in enumerate(self.inputs) if x in self.rules)
        self.quick_needs, self.quick_params = ((), ())
        if self.quick is not None:
            self.quick_needs, self.quick_params = self._asked(self.quick, {"g", "wants"}, "quick")

    def _rule(self, x: str) -> Rule:
        slope, flow = getattr(self, f"slope_{x}", None), getattr(self, f"to_{x}", None)
        if (slope is None) == (flow is None):
            found = "no rule" if slope is None else "both slope_ and to_"
            raise TypeError(
                f"{self.name}: the input {x!r} has {found}; write slope_{x}(self, ...) or "
                f"to_{x}(self, g, ...), or list it in `constant` if no gradient goes there"
            )
        if isinstance(slope, int | float):
            return Rule(None, slope, False, (), ())
        rule = slope if flow is None else flow
        more: set[str] = set()
        if flow is not None:
            more |= {f"g_{y}" for y in self.outs} or {"gs" if self.many_outs else "g"}
            more |= {"position"} if x in self.groups else set()
        needs, params = self._asked(rule, more, f"the rule for {x!r}")
        return Rule(rule, None, flow is not None, needs, params)

    def _asked(self, rule: Callable, more: set[str], what: str) -> tuple[tuple, tuple]:
        """The names that a rule asks for: those of values, those of parameters.

        Raises:
            TypeError: for a name that nobody has.
        """
        needs, params = _parameters(rule)
        known = {*self.inputs, *(f"{y}_shape" for y in self.inputs), *self.keeps, *more}
        known |= set() if self.many_outs else set(self.outs) or {"out"}
        for asked, where in [(n, known) for n in needs] + [(p, set(self.params)) for p in params]:
            if asked not in where:
                hint = "; a slope does not see g, a flow (to_) does" if asked == "g" else ""
                raise TypeError(
                    f"{self.name}: {what} asks for {asked!r}, which nobody has "
                    f"(there is: {', '.join(sorted(where))}){hint}"
                )
        return needs, tuple(params)

    def _keeper(self, name: str) -> Callable | None:
        """The second source of something kept, if it has one."""
        return getattr(self, f"keep_{name}", None)

    def torch_name_of(self, params: dict[str, Any]) -> str | None:
        """PyTorch's name for the vertex, which may depend on the parameters.

        What PyTorch has several names for takes a parameter `spelling`, which wins.
        """
        return params.get("spelling") or self.torch_name

    def view_of_part(self, place: int, params: dict[str, Any]) -> tuple[Op, dict[str, Any]]:
        """The operation, with parameters, that looks at one of many results (`many_outs`) alone.

        Where the results are views, this is how a later write to the base reaches each.
        """
        raise NotImplementedError(f"{self.name} does not say how one of its results is seen alone")

    @property
    def summary(self) -> str:
        """The docstring's first paragraph on one line: formula, and the sentence about it."""
        return " ".join((type(self).__doc__ or "").split("\n\n")[0].split())

    def complete(self, params: dict[str, Any]) -> dict[str, Any]:
        """The parameters with defaults filled in.

        Raises:
            TypeError: for a parameter that the operation does not have, or one that is missing.
        """
        if params.keys() <= self.defaults.keys():
            missing = self.required - params.keys()
            if missing:
                raise TypeError(f"{self.name}() misses its parameter {min(missing)!r}")
            return {**self.defaults, **params}
        unknown = sorted(params.keys() - self.defaults.keys())
        have = ", ".join(self.params) or "none"
        raise TypeError(f"{self.name}() has no parameter {unknown[0]!r} (it has: {have})")

    def by_place(self, inputs: tuple, params: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
        """Inputs and parameters apart, where parameters were given by place: `clip(x, 0, 1)`.

        Raises:
            TypeError: for more than there is, or a parameter given twice.
        """
        count = len(self.inputs)
        given = dict(zip(self.params, inputs[count:], strict=False))
        twice = sorted(given.keys() & params.keys())
        if twice:
            raise TypeError(f"{self.name}() got its parameter {twice[0]!r} twice")
        if len(inputs) > count + len(self.params):
            raise TypeError(f"{self.name}() takes {self.counted()}, not {len(inputs)}")
        return inputs[:count], given | params

    def counted(self) -> str:
        """What this operation takes, for messages: `1 input (x) and min, max`."""
        plural = "" if len(self.inputs) == 1 else "s"
        shown = f"{len(self.inputs)} input{plural} ({', '.join(self.inputs)})"
        return f"{shown} and {', '.join(self.params)}" if self.params else shown

    def __call__(self, *inputs: Any, **params: Any) -> Any:
        """Computes on plain numbers and arrays; anything else is recorded by its own reader."""
        if len(inputs) != len(self.inputs):
            if len(inputs) < len(self.inputs):
                raise TypeError(f"{self.name}() takes {self.counted()}, not {len(inputs)}")
            inputs, params = self.by_place(inputs, params)
        for x in inputs:
            if type(x) not in PLAIN:
                reader = find_reader(inputs)
                if reader is not None:
                    return reader.record(self, inputs, self.complete(params))
                break
        out = self.forward(*inputs, **params)
        return out[0] if self.keeps else out

    def __repr__(self) -> str:
        return f"<operation {self.name}: {self.summary}>"

    def __reduce__(self) -> tuple:
        return find_op, (self.name,)


def recorded_name(op: Op, params: dict[str, Any] | None = None, mask: str = "") -> str:
    """What PyTorch calls the vertex of this operation: `MulBackward0`."""
    params = params or {}
    name = params.get("called") or (mask and op.torch_names.get(mask)) or op.torch_name_of(params)
    name = name or "".join(part.title() for part in op.name.split("_"))
    plain = "Backward" in name or name in ("CopySlices", "NotImplemented")
    return name if plain else f"{name}Backward0"


class Elementwise(Op):
    """An operation on numbers, applied to each element of arrays, which are stretched to fit.

    Numbers, symbols and pages compute it too. What only arrays do element by element is a plain
    `Op` that says `broadcasts = True`.
    """

    broadcasts = True


class Nary(Op):
    """An operation over groups of numbers of any length, in one node of the graph."""


def find_reader(inputs: Sequence[Any]) -> Any:
    """The type that records an operation on these inputs, or None if all are plain.

    A reader is a class with a `record(op, inputs, params)`: Value, Symbol, later Tensor.
    """
    kinds: set[type] = set()
    for x in inputs:
        if isinstance(x, tuple | list):
            kinds.update(map(type, x))
        else:
            kinds.add(type(x))
    readers = {kind for kind in kinds - PLAIN if hasattr(kind, "record")}
    if len(readers) < 2:
        return readers.pop() if readers else None
    for reader in readers:  # A subclass reads for its base.
        if all(issubclass(reader, other) for other in readers):
            return reader
    names = " and a ".join(sorted(reader.__name__ for reader in readers))
    raise TypeError(f"one operation cannot take a {names} together; convert one of them first")


def operation(cls: type[Op]) -> Op:
    """Makes the one object of an operation's class, checks its rules and registers it.

    Raises:
        TypeError: where a rule is missing, or asks for a name that nobody has.
        ValueError: where the name is taken.
    """
    op = cls()
    names = (op.name, *op.aliases)
    for name in names:
        if name in REGISTRY and not _is_same(REGISTRY[name], cls):
            raise ValueError(f"there already is an operation called {name!r}")
    for name in names:
        REGISTRY[name] = op
    return op


def _is_same(op: Op, cls: type[Op]) -> bool:
    """True for an operation that is being defined once more, as by a notebook's cell run again."""
    before = type(op)
    return (before.__module__, before.__qualname__) == (cls.__module__, cls.__qualname__)


def find_op(name: str) -> Op:
    """The operation with this name ('tanh') or this symbol ('*').

    Raises:
        ValueError: where there is none; the message names the nearest ones.
    """
    if name in REGISTRY:
        return REGISTRY[name]
    for op in REGISTRY.values():
        if op.symbol == name and op.symbol is not None and len(op.inputs) == 2:
            return op
    near = get_close_matches(name.lower(), REGISTRY, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise ValueError(f"there is no operation called {name!r}{hint}")


def _parameters(function: Callable) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Names of the positional parameters, and the keyword-only ones with their defaults."""
    positional, keywords = [], {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY:
            keywords[parameter.name] = parameter.default
        else:
            positional.append(parameter.name)
    return tuple(positional), keywords
