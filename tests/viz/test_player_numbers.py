"""The numbers of the page: every operation, computed in a real browser, against Python."""

import math

import pytest
from player_pages import every_operation, is_close, numbers, samples, state

import engine
from engine import Value
from engine.core.graph import reach
from engine.core.op import REGISTRY, Elementwise, Nary
from engine.scalar.functions import where
from viz.player import play
from viz.reading import read


@pytest.fixture(scope="module")
def everything(browser, tmp_path_factory):
    """The page with every operation, opened once."""
    v = every_operation()
    path = play(v, tmp_path_factory.mktemp("page") / "all.html", max_nodes=1000)
    tab = browser.new_page()
    tab.goto(path.as_uri())
    yield tab, v
    tab.close()


@pytest.mark.browser
def test_the_page_computes_what_python_computed(everything):
    tab, v = everything
    found, (data, gradients) = state(tab), numbers(v)
    assert len(found["data"]) == len(data)
    for name, *pair in zip(found["names"], found["data"], data, strict=True):
        assert is_close(*pair), (name, pair)
    for name, *pair in zip(found["names"], found["gradients"], gradients, strict=True):
        assert is_close(*pair), (name, pair)


NAMES = sorted({op.name for op, _ in samples()})


@pytest.mark.browser
@pytest.mark.parametrize("name", NAMES)
def test_an_edited_leaf_gives_what_python_gives_there(everything, name):
    tab, v = everything
    leaves = [n for n in read(v) if n.is_leaf and n.label.startswith(f"{name} ")]
    # To another smooth place nearby, each leaf by another amount.
    changed = {n.label: n.data * 1.03 + 0.004 * (i + 1) for i, n in enumerate(leaves)}
    assert changed
    # What the test before this one changed goes back in the same breath.
    given = {n.label: n.data for n in read(v) if n.is_leaf and n.label}
    tab.evaluate("changes => player.edit(changes)", given | changed)
    data, gradients = numbers(every_operation(changed))
    found = state(tab)
    assert any(a != n.data for a, n in zip(found["data"], read(v), strict=True))
    for who, *pair in zip(found["names"], found["data"], data, strict=True):
        assert is_close(*pair), (who, pair)
    for who, *pair in zip(found["names"], found["gradients"], gradients, strict=True):
        assert is_close(*pair), (who, pair)


@pytest.mark.browser
def test_every_operation_of_the_calculus_table_is_on_that_page(everything):
    _, v = everything
    there = {vertex.plan.op.name for vertex in reach([v]) if vertex.plan.op is not None}
    of_numbers = [op for op in REGISTRY.values() if isinstance(op, Elementwise | Nary)]
    assert there == {op.name for op in of_numbers if op.rules}


@pytest.mark.browser
def test_hard_points_agree_too(show):
    ends = []
    for op in dict.fromkeys(REGISTRY.values()):
        for sample in op.hard_points:
            ends.append(op(*[Value(x) for x in sample.inputs], **sample.params))
    v = engine.sum(ends)
    tab = show(v, max_nodes=1000)
    found, (data, gradients) = state(tab), numbers(v)
    assert all(map(is_close, found["data"], data))
    assert all(map(is_close, found["gradients"], gradients))
    assert any(map(math.isnan, gradients)), "some of these are meant to be NaN"


@pytest.mark.browser
def test_the_runtime_of_elementary_functions_answers_as_python_does(everything):
    from engine.core import maths

    tab, _ = everything
    specials = [0.0, -0.0, 0.5, 1.0, -1.0, 1.5, -1.5, 2.5, -2.5, 3.7, -0.3, 1e-9, 7.0]
    specials += [1e16, -1e16, math.inf, -math.inf, math.nan, 4503599627370497.5]
    ask = """([name, rows]) => rows.map((row) => {
        const out = maths[name](...row.map(Number));
        return Object.is(out, -0) ? "-0.0" : String(out);
    })"""
    two = {"atan2", "hypot", "power", "divide", "maximum", "minimum"}
    two |= {"floor_divide", "remainder", "fmod"}
    for name, function in maths.FUNCTIONS.items():
        rows: list[tuple] = [(x,) for x in specials]
        if name in two:
            rows = [(x, y) for x in specials for y in specials]
        if name == "where":
            rows = [(True, 2.0, 3.0), (False, 2.0, 3.0)]
        asked = [[str(float(x)).replace("inf", "Infinity") for x in row] for row in rows]
        answers = tab.evaluate(ask, [name, asked])
        for row, answer in zip(rows, answers, strict=True):
            mine, wanted = float(answer.replace("Infinity", "inf")), float(function(*row))
            if abs(row[0]) > 1e15 and name in ("sin", "cos", "tan"):
                continue  # Both reduce such an angle in their own way.
            assert is_close(mine, wanted), (name, row, mine, wanted)
            if wanted == 0:
                assert math.copysign(1, mine) == math.copysign(1, wanted), (name, row)


@pytest.mark.browser
def test_the_error_function_is_good_to_the_last_digit(everything):
    tab, _ = everything
    xs = [i / 50 + 0.0013 for i in range(-330, 331)]
    for x, y in zip(xs, tab.evaluate("xs => xs.map(maths.erf)", xs), strict=True):
        assert abs(y - math.erf(x)) <= 2 * math.ulp(math.erf(x)), x


@pytest.mark.browser
def test_nothing_goes_to_the_branch_not_taken_not_even_of_infinity(show):
    a, x, y = Value(0.0, label="a"), Value(0.0, label="x"), Value(3.0, label="y")
    v = (where(True, x, y) + a).sqrt()
    found = state(show(v))
    assert dict(zip(found["names"], found["gradients"], strict=True))["y"] == 0.0
    assert dict(zip(found["names"], found["gradients"], strict=True))["x"] == math.inf


@pytest.mark.browser
def test_finite_differences_agree_with_every_rule_at_smooth_points(everything):
    tab, _ = everything
    words = tab.evaluate("""() => {
        const leaves = graph.nodes.map((node) => node.data);
        const data = forward(leaves), { gradients } = backward(data);
        const check = (i) => finiteDifference(leaves, data, i, gradients[i]).word;
        return graph.nodes.map((node) => [node.name, check(node.index)]);
    }""")
    assert [pair for pair in words if pair[1] != "agrees"] == []
