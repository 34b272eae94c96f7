"""One number that remembers where it came from.

`Value` is micrograd's idea with micrograd's spelling: an expression of Values is a graph, and
`backward()` gives every Value in it the derivative of the result with respect to itself.

    >>> from engine import Value
    >>> a = Value(2.0, label="a")
    >>> b = a * a + 3 * a
    >>> b.backward()
    >>> a.grad
    7.0

A Value holds a Python float and is its own vertex of the graph (`engine.core.graph`). It has no
formula of its own: operators look up the operation in `engine.ops`, compute, and note what was
computed from what. It frees nothing after `backward()`, so a lesson may draw and explain it then.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from numbers import Real
from sys import _getframe
from types import CodeType
from typing import Any

from engine.core.graph import Extra, Hook, describe, next_serial, sweep, through
from engine.core.modes import enable_grad, is_anomaly_enabled, is_grad_enabled, special
from engine.core.op import Elementwise, Nary, Op
from engine.core.plan import LEAF_PLAN, MANY, PLAIN, VERTEX, plan_for
from engine.ops import elementwise as ops
from engine.scalar.handmade import HandmadePlan, by_hand


def number(data: Any, what: str = "a Value") -> float:
    """A plain float from what a user gave.

    Raises:
        TypeError: for anything that is not one real number.
    """
    if isinstance(data, Real):
        try:
            return float(data)
        except OverflowError:
            raise OverflowError(
                f"{what} holds a float, up to about 1.8e308, and {data!r:.20}... is larger"
            ) from None
    if isinstance(data, Value):
        raise TypeError(
            f"{what} holds a number, and this already is a Value; use it as it is, or .data"
        )
    hint = ""
    if isinstance(data, str):
        hint = f"; write float({data!r}) if the text is a number"
    elif isinstance(data, complex):
        hint = "; complex numbers have no gradient here, use their .real or .imag"
    elif getattr(data, "ndim", None) == 0:
        hint = "; take the number out of it with .item()"
    elif hasattr(data, "__len__"):
        hint = "; make one Value for each element"
    raise TypeError(f"{what} holds one real number, not {type(data).__name__} {data!r:.60}{hint}")


def record_node(plan: Any, x: Any, y: Any, data: float, depth: int = 2) -> Value:
    """A new vertex: `plan` computed `data` from x and y. `depth` leads to the user's line."""
    if special.count and not is_grad_enabled():
        return Value(data)
    node = _new(Value)
    node._data = data
    node._grad = None
    node.plan = plan
    node.x = x
    node.y = y
    node.serial = next_serial()
    node.extra = None
    frame = _getframe(depth)
    if frame.f_code is through.code:
        frame = frame.f_back
    node.code = frame.f_code
    node.position = frame.f_lasti
    if special.count and data != data and is_anomaly_enabled():
        _warn_of_nan(node, depth + 1)
    return node


def _warn_of_nan(node: Value, depth: int) -> None:
    """Warns if this operation made the NaN; one that was only handed on has been reported."""
    inputs = [getattr(v, "data", v) for v in (*node._prev, node.x, node.y)]
    if all(v == v for v in inputs):
        message = f"{describe(node)} made a NaN: {node.plan.show_inputs(node)}"
        warnings.warn(message, RuntimeWarning, stacklevel=depth + 1)


def _binary(op: Op) -> tuple[Callable, Callable]:
    """The operator `self op other` and its reflection `other op self`."""
    both, left, right = plan_for(op, "11"), plan_for(op, "10"), plan_for(op, "01")
    forward = op.forward

    def operator(self: Value, other: Any) -> Value:
        kind = type(other)
        if kind is not Value:
            if kind is not float and isinstance(other, Real):
                other, kind = number(other), float
            if kind is float:
                return record_node(left, self, other, forward(self._data, other))
            if not isinstance(other, Value):
                return NotImplemented
        return record_node(both, self, other, forward(self._data, other._data))

    def reflected(self: Value, other: Any) -> Value:
        if type(other) is not float:
            if not isinstance(other, Real):
                return NotImplemented
            other = number(other)
        return record_node(right, other, self, forward(other, self._data))

    for function, name in ((operator, op.name), (reflected, f"{op.name} (reflected)")):
        function.__name__ = name
        function.__doc__ = op.summary
    return operator, reflected


def _unary(op: Op) -> Callable:
    """The method `self.op()`."""
    plan = plan_for(op, "1")
    forward = op.forward

    def method(self: Value) -> Value:
        return record_node(plan, self, None, forward(self._data))

    method.__name__ = op.name
    method.__doc__ = op.summary
    return method


def _general(op: Op) -> Callable:
    """The method `self.op(*others, **parameters)`."""

    def method(self: Value, *others: Any, **params: Any) -> Any:
        inputs, params = op.by_place((self, *others), params)
        return Value.record(op, inputs, op.complete(params))

    method.__name__ = op.name
    method.__doc__ = op.summary
    return method


def _comparison(op: Op) -> Callable:
    """The operator `self op other`: a plain True or False."""
    forward = op.forward

    def operator(self: Value, other: Any) -> bool:
        if isinstance(other, Value):
            return forward(self._data, other._data)
        return forward(self._data, float(other)) if isinstance(other, Real) else NotImplemented

    operator.__name__ = op.name
    operator.__doc__ = op.summary
    return operator


class Value:
    """One number, its gradient, and where it came from.

    Args:
        data: the number.
        _children: the Values that it was computed from, for an operation written by hand.
        _op: how: the name ('tanh') or sign ('*') of a known operation, or any name together with
            a `_backward` function set afterwards, as in micrograd.
        label: a name to show in explanations and pictures.

    Attributes:
        data: the number; may be assigned (`p.data -= 0.1 * p.grad`).
        grad: the derivative of whatever `backward()` was called on with respect to this Value,
            summed over all calls; 0.0 before the first. `is_grad_known` tells 0 from "not yet".
        label: a name to show.

    Raises:
        TypeError: where data is not one real number.

    >>> x = Value(-1.0)
    >>> (x.exp() + 1).log().data
    0.31326168751822286
    """

    __slots__ = ("_data", "_grad", "code", "extra", "plan", "position", "serial", "x", "y")

    plan: Any
    serial: int
    extra: Extra | None
    code: CodeType | None
    position: int

    def __init__(
        self, data: Any, _children: tuple[Value, ...] = (), _op: str = "", label: str = ""
    ) -> None:
        self._data = number(data)
        self._grad = None
        self.plan = LEAF_PLAN
        self.x = self.y = None
        self.serial = next_serial()
        self.extra = None
        self.code = None
        self.position = 0
        if _children:
            frame = _getframe(1)
            self.code, self.position = frame.f_code, frame.f_lasti
            for child in _children:
                if not isinstance(child, Value):
                    shown = f"{type(child).__name__} {child!r:.60}"
                    raise TypeError(f"_children are Values, not {shown}")
            self.plan, self.x, self.y = by_hand(_op, tuple(_children))
        if label:
            self.label = label

    # --- the graph ---

    @property
    def data(self) -> float:
        """The number; what is assigned must be one: `p.data -= 0.1 * p.grad`."""
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        self._data = number(data, "data")

    @property
    def grad(self) -> Any:
        """The gradient; 0.0 where no `backward()` has reached this Value yet."""
        return 0.0 if self._grad is None else self._grad

    @grad.setter
    def grad(self, gradient: Any) -> None:
        # None takes the gradient away, as in PyTorch: afterwards it is not known.
        self._grad = (
            gradient if gradient is None or isinstance(gradient, Value) else float(gradient)
        )

    @property
    def is_grad_known(self) -> bool:
        """False before a gradient has arrived here: not yet computed is not the same as 0."""
        return self._grad is not None

    @property
    def is_leaf(self) -> bool:
        """True where this Value was not computed from others."""
        return self.plan is LEAF_PLAN

    @property
    def label(self) -> str:
        """A name to show, '' where there is none."""
        return self.extra.label if self.extra is not None else ""

    @label.setter
    def label(self, label: str) -> None:
        if label or self.extra is not None:
            self._own_extra().label = str(label)

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the operation that made this Value."""
        return self.extra.params if self.extra is not None else {}

    @property
    def _prev(self) -> tuple[Value, ...]:
        """The Values that this one was computed from, in order: twice the same in `a + a`."""
        return tuple(self.plan.sources(self))

    @property
    def _op(self) -> str:
        """The operation as micrograd writes it: '+', 'tanh', '**2', '' for a leaf."""
        op = self.plan.op
        if op is None:
            return ""
        if op is ops.pow_ and self.plan.mask == VERTEX + PLAIN:
            return f"**{self.y:g}"
        return op.symbol or op.name

    @property
    def _backward(self) -> Callable[[], None]:
        """A function that passes this Value's gradient one step on, as micrograd's does."""

        def step() -> None:
            for source, share in zip(self._prev, self.plan.pull(self, self.grad), strict=True):
                source._grad = source.grad + share

        return step

    @_backward.setter
    def _backward(self, step: Callable[[], None]) -> None:
        self._own_extra().backward = step
        # A leaf has nothing to pass on to: micrograd gives it an empty function.
        if not self.is_leaf and not isinstance(self.plan, HandmadePlan):
            sources, name = self._prev, self._op
            self.plan, self.x = HandmadePlan(name), sources

    def _own_extra(self) -> Extra:
        if self.extra is None:
            self.extra = Extra()
        return self.extra

    def backward(
        self, gradient: float = 1.0, retain_graph: bool = True, create_graph: bool = False
    ) -> None:
        """Adds to every Value that this one was computed from its gradient.

        A second call adds the same once more. Where anything goes wrong on the way, no gradient
        has been changed.

        Args:
            gradient: what arrives here; the derivative of this Value by itself is 1.
            retain_graph: taken for PyTorch's sake; a graph of Values is never freed.
            create_graph: record the gradients, so that `x.grad` is a Value with a graph.
        """
        if create_graph:
            seed = gradient if isinstance(gradient, Value) else Value(gradient)
            with enable_grad():
                steps = sweep([(self, seed)], create_graph=True)
                # A slope of 0 gives a plain 0.0.
                self._accumulate(
                    (v, g if isinstance(g, Value) else Value(g), s) for v, g, s in steps
                )
        else:
            self._accumulate(sweep([(self, number(gradient, "a gradient"))]))

    @staticmethod
    def _accumulate(steps: Iterator[tuple[Value, Any, tuple]]) -> None:
        """Adds what a sweep brings to the gradients; takes it all back if the sweep fails."""
        first, again = [], []
        try:
            for vertex, g, _ in steps:
                before = vertex._grad
                if before is None:
                    vertex._grad = g
                    first.append(vertex)
                else:
                    vertex._grad = before + g
                    again.append((vertex, before))
        except BaseException:
            for vertex in first:
                vertex._grad = None
            for vertex, before in again:
                vertex._grad = before
            raise

    def zero_grad(self) -> None:
        """Takes the gradient away: it reads as 0.0 and is not known until the next `backward()`."""
        self._grad = None

    def register_hook(self, hook: Callable[[Any], Any]) -> Hook:
        """Calls `hook(gradient)` whenever a sweep brings this Value its gradient.

        What the hook returns, if it is not None, replaces the gradient from here on.
        Returns a handle whose `remove()` takes the hook off.
        """
        if not callable(hook):
            raise TypeError(f"a hook is a function of the gradient, not {type(hook).__name__}")

        def checked(g: Any) -> Any:
            replaced = hook(g)
            if replaced is None or (isinstance(g, Value) and isinstance(replaced, Value)):
                return replaced
            replaced = number(replaced, "what a hook returns")
            return Value(replaced) if isinstance(g, Value) else replaced

        return Hook(self._own_extra().hooks, checked)

    def detach(self) -> Value:
        """The same number without history."""
        return Value(self._data)

    def item(self) -> float:
        """The number."""
        return self.data

    # --- the reader of operations (see engine.core.op.find_reader) ---

    @classmethod
    def record(cls, op: Op, inputs: tuple, params: dict[str, Any], depth: int = 3) -> Any:
        """Computes an operation on Values and numbers, and records it.

        Raises:
            TypeError: for the wrong number of inputs, or an input that is no number.
        """
        if len(inputs) != len(op.inputs):
            raise TypeError(f"{op.name}() takes {op.counted()}, not {len(inputs)}")
        if not isinstance(op, Elementwise | Nary):
            raise TypeError(f"{op.name}() works on tensors; a Value is one number")
        for name, value in params.items():
            if isinstance(value, Value):
                raise TypeError(
                    f"{op.name}()'s parameter {name!r} is a plain number, and a Value came: no "
                    f"gradient would reach it. Give its .data, or build it from operations"
                )
        stored, numbers, mask = [], [], ""
        for name, x in zip(op.inputs, inputs, strict=True):
            if name in op.groups:
                x, data, kind = group(x, f"{op.name}()")
            elif name in op.constant:
                x = data = x._data if isinstance(x, Value) else x
                kind = PLAIN
            else:
                x, data, kind = single(x, f"{op.name}()")
            stored.append(x)
            numbers.append(data)
            mask += kind
        out = op.forward(*numbers, **params)
        if VERTEX not in mask:
            return out
        plan = plan_for(op, mask)
        if plan.kind == MANY:
            node = record_node(plan, tuple(stored), None, out, depth)
        else:
            node = record_node(plan, *(stored if len(stored) == 2 else (*stored, None)), out, depth)
        if params and not node.is_leaf:
            node._own_extra().params = params
        return node

    # --- operators and functions: the operations of engine.ops by their usual names ---

    __add__, __radd__ = _binary(ops.add)
    __sub__, __rsub__ = _binary(ops.sub)
    __mul__, __rmul__ = _binary(ops.mul)
    __truediv__, __rtruediv__ = _binary(ops.div)
    __pow__, __rpow__ = _binary(ops.pow_)
    __neg__ = neg = _unary(ops.neg)

    def __pos__(self) -> Value:
        return self

    def __round__(self, ndigits: None = None) -> Value:
        if ndigits is not None:
            raise TypeError("a Value is rounded to a whole number only: round(v)")
        return self.round()

    __abs__ = abs = _unary(ops.abs_)

    __lt__ = _comparison(ops.lt)
    __le__ = _comparison(ops.le)
    __gt__ = _comparison(ops.gt)
    __ge__ = _comparison(ops.ge)
    __eq__ = _comparison(ops.eq)
    __ne__ = _comparison(ops.ne)
    # subtle: equality compares numbers, yet two vertices with equal numbers stay two.
    __hash__ = object.__hash__

    exp = _unary(ops.exp)
    expm1 = _unary(ops.expm1)
    log = _unary(ops.log)
    log1p = _unary(ops.log1p)
    log2 = _unary(ops.log2)
    log10 = _unary(ops.log10)
    sqrt = _unary(ops.sqrt)
    rsqrt = _unary(ops.rsqrt)
    square = _unary(ops.square)
    reciprocal = _unary(ops.reciprocal)
    sin = _unary(ops.sin)
    cos = _unary(ops.cos)
    tan = _unary(ops.tan)
    asin = arcsin = _unary(ops.asin)
    acos = arccos = _unary(ops.acos)
    atan = arctan = _unary(ops.atan)
    sinh = _unary(ops.sinh)
    cosh = _unary(ops.cosh)
    tanh = _unary(ops.tanh)
    asinh = arcsinh = _unary(ops.asinh)
    acosh = arccosh = _unary(ops.acosh)
    atanh = arctanh = _unary(ops.atanh)
    erf = _unary(ops.erf)
    sigmoid = _unary(ops.sigmoid)
    relu = _unary(ops.relu)
    silu = _unary(ops.silu)
    sign = _unary(ops.sign)
    floor = __floor__ = _unary(ops.floor)
    ceil = __ceil__ = _unary(ops.ceil)
    round = _unary(ops.round_)
    softplus = _general(ops.softplus)
    leaky_relu = _general(ops.leaky_relu)
    elu = _general(ops.elu)
    gelu = _general(ops.gelu)
    clip = clamp = _general(ops.clip)
    atan2 = arctan2 = _general(ops.atan2)
    hypot = _general(ops.hypot)
    maximum = _general(ops.maximum)
    minimum = _general(ops.minimum)
    pow = _general(ops.pow_)

    # --- showing ---

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        gradient = self.grad.data if isinstance(self.grad, Value) else self.grad
        return f"Value(data={self.data!r}, grad={gradient!r}{label})"

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else str(self)

    def __bool__(self) -> bool:
        return self.data != 0

    def __reduce__(self) -> tuple:
        if not self.is_leaf:
            raise TypeError(
                f"{describe(self)} is part of a graph and is not copied or pickled with it; "
                f"take .detach() for a new leaf with the same number"
            )
        return _restore, (self._data, self._grad, self.label)


def _restore(data: float, grad: float | None, label: str) -> Value:
    value = Value(data, label=label)
    value._grad = grad
    return value


_new = Value.__new__


def single(x: Any, what: str) -> tuple[Any, float, str]:
    """One input as (what the vertex keeps, its number, its mask)."""
    if isinstance(x, Value):
        return x, x._data, VERTEX
    x = number(x, what)
    return x, x, PLAIN


def group(values: Sequence[Any], what: str) -> tuple[tuple, Sequence[float], str]:
    """A group input as (what the vertex keeps, its numbers, its mask)."""
    values = tuple(values)
    kinds = set(map(type, values))
    if kinds == _ONLY_VALUES:
        return values, [v._data for v in values], VERTEX
    if kinds <= _ONLY_FLOATS:
        return values, values, PLAIN
    if any(isinstance(v, Value) for v in values):
        # Numbers among Values become leaves: a group is all of one kind.
        values = tuple(v if isinstance(v, Value) else Value(number(v, what)) for v in values)
        return values, [v._data for v in values], VERTEX
    values = tuple(number(v, what) for v in values)
    return values, values, PLAIN


_ONLY_VALUES, _ONLY_FLOATS = {Value}, {float}
