"""The plan: what is fetched and held is what the rules in use name, and a debugger can see it."""

import linecache
import traceback

from engine import Value
from engine.core.op import Elementwise
from engine.core.plan import plan_for
from engine.ops import REGISTRY
from engine.ops.nary import dot


def text(function):
    return "".join(linecache.getlines(function.__code__.co_filename))


def test_only_what_the_rules_in_use_name_is_fetched():
    mul = REGISTRY["mul"]
    assert text(plan_for(mul, "11").pull) == (
        "def pull_number(vertex, g):\n"
        "    try:\n"
        "        x = vertex.x._data\n"
        "        y = vertex.y._data\n"
        "        return (g * y, g * x,)\n"
        "    except ArithmeticError:\n"
        "        return again(vertex, g)\n"
    )
    assert "        y = vertex.y\n        return (g * y,)\n" in text(plan_for(mul, "10").pull)
    assert "vertex." not in text(plan_for(REGISTRY["add"], "11").pull)
    assert "        return (g, g,)\n" in text(plan_for(REGISTRY["add"], "11").pull)


def test_a_group_is_all_of_one_kind():
    plan = plan_for(dot, "101")
    vertex = Value.record(dot, ([Value(1.0), Value(2.0)], [3.0, 4.0], Value(0.0)), {})
    assert vertex.plan is plan
    assert plan.pull(vertex, 2.0) == (6.0, 8.0, 2.0)
    assert len(plan.sources(vertex)) == 3


def test_a_traceback_shows_the_generated_line_and_the_rule():
    class Failing(Elementwise):
        def forward(self, x):
            return x

        def slope_x(self, x):
            raise LookupError("in the rule")

    vertex = Value.record(Failing(), (Value(1.0),), {})
    try:
        vertex.backward()
    except LookupError as error:
        shown = "".join(traceback.format_exception(error))
    assert "return (g * slope_x(x),)" in shown
    assert 'raise LookupError("in the rule")' in shown


def test_plans_are_made_once():
    assert plan_for(REGISTRY["mul"], "11") is plan_for(REGISTRY["mul"], "11")
    plan = plan_for(REGISTRY["mul"], "11")
    assert plan.pull is plan.pull


def test_a_rule_that_was_edited_on_disk_is_not_read_from_there(tmp_path, monkeypatch):
    """A notebook's kernel goes on with the code that it imported."""
    file = tmp_path / "edited_rules.py"
    text = """
from engine.core.op import Elementwise, at
class Doubled(Elementwise):
    def forward(self, x):
        return x * 2
    def slope_x(self, x):
        return x * 0 + 2
    samples = (at(1.0),)
"""
    file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    module = __import__("edited_rules")
    file.write_text(text.replace("+ 2", "+ 777"))
    linecache.checkcache()
    x = Value(3.0)
    Value.record(module.Doubled(), (x,), {}).backward()
    assert x.grad == 2.0
