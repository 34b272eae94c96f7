"""The piece of source that made a Value, to the line and the column."""

from pathlib import Path

import engine
from engine import Value
from engine.core.graph import location
from engine.core.op import REGISTRY


def test_every_way_to_make_a_value_knows_the_line():
    """Every public method and function, not the engine's own code behind it."""
    x = Value(0.5)
    made = {name: getattr(x, name)() for name in vars(Value) if name in REGISTRY and "2" not in name
            and len(REGISTRY[name].inputs) == 1}  # fmt: skip
    made |= {f"engine.{name}": getattr(engine, name)(x) for name in made}
    made |= {
        "maximum": x.maximum(1.0),
        "atan2": x.atan2(x),
        "pow": x.pow(2),
        "reflected": 1 / x,
        "where": engine.where(True, x, 1.0),
        "dot": engine.dot([x], [x]),
        "sum": engine.sum([x]),
        "binary": x * x,
        "engine.hypot": engine.hypot(x, 1.0),
        "engine.clamp": engine.clamp(x, 0, 1),
    }
    elsewhere = {name: str(location(v)) for name, v in made.items() if location(v).file != __file__}
    assert not elsewhere
    assert len(made) > 70


def test_the_line_that_made_a_value_is_known_to_the_column():
    x = Value(2.0)
    y = x * x + 1
    z = engine.dot([x], [x])
    place, line = location(y), Path(__file__).read_text("utf-8").splitlines()
    assert place.file == __file__
    assert line[place.line - 1][place.column : place.end_column] == "x * x + 1"
    assert line[location(z).line - 1][location(z).column :].startswith("engine.dot")
    assert location(engine.tanh(x)).file == __file__
    assert location(x) is None
