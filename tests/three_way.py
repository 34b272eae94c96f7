"""The three-way check: what the sweep pulls, what the symbols say, and what the printed text says.

Text and symbols could agree on a formula that the engine does not use, so all three are compared.
This is a check for tests, not a test itself.
"""

from __future__ import annotations

import math
from typing import Any

from engine.core.op import NAMED, REGISTRY, Op, Sample
from engine.testing.operations import positions, pulled
from viz.symbols import Symbol, rule

SPACE: dict[str, Any] = {**REGISTRY, **NAMED, "inf": math.inf, "nan": math.nan}


def evaluate(text: str, names: dict[str, float]) -> float:
    """A formula's text as a number. Its operations are the registry's; it has no other names."""
    return float(eval(text, {"__builtins__": {}}, {**SPACE, **names}))


def check_text(op: Op, sample: Sample, rules: Any = rule) -> list[str]:
    """Compares the three for every input of a sample; returns the texts.

    Raises:
        AssertionError: where two of the three differ.
    """
    names: dict[str, float] = {}
    known: dict[str, Any] = {}
    for name, x in zip(op.inputs, sample.inputs, strict=True):
        members = x if isinstance(x, tuple) else (x,)
        symbols = []
        for k, number in enumerate(members):
            member = f"{name}{k}" if isinstance(x, tuple) else name
            names[member] = number
            symbols.append(Symbol.name(member, number))
        known[name] = tuple(symbols) if isinstance(x, tuple) else symbols[0]
    params = op.complete(sample.params)
    names["out"] = op.forward(*sample.inputs, **params)
    known["out"] = Symbol.name("out", names["out"])

    texts = []
    for (k, member), share in pulled(op, sample, 1.0).items():
        read = rules(op, op.inputs[k], known, params)
        slope = read[member] if isinstance(read, list | tuple) else read
        number = float(slope.value if isinstance(slope, Symbol) else slope)
        text = slope.text if isinstance(slope, Symbol) else repr(slope)
        shown = slope.numbers(repr) if isinstance(slope, Symbol) else repr(slope)
        where = f"{op.name}, {op.inputs[k]} at {sample.inputs} {sample.params}"
        for what, other in (
            ("the symbols say", number),
            (f"the text {text!r} says", evaluate(text, names)),
            (f"the text with numbers {shown!r} says", evaluate(shown, {})),
        ):
            if not (other == share or math.isclose(other, share, rel_tol=1e-15)):
                raise AssertionError(f"{where}: the sweep pulls {share!r}, {what} {other!r}")
        texts.append(text)
    assert len(texts) == len(list(positions(op, sample)))
    return texts
