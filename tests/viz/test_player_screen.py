"""What somebody sees and hears of the page at the moments that are easily overlooked."""

import pytest
from player_pages import card, neuron, said, state, twice_twice

import engine
from engine import Value
from examples.back_propagation import Network
from viz.reading import read


@pytest.mark.browser
def test_a_graph_that_can_be_read_as_a_whole_is_shown_as_a_whole(show):
    tab = show(Network().E, viewport={"width": 1300, "height": 850})
    canvas = tab.locator("#canvas").bounding_box()
    cards = [node.bounding_box() for node in tab.locator(".node").all()]
    assert min(box["y"] for box in cards) >= canvas["y"]
    assert max(box["y"] + box["height"] for box in cards) <= canvas["y"] + canvas["height"]
    assert min(box["width"] for box in cards) >= 0.55 * tab.evaluate("graph.card[0]")


@pytest.mark.browser
def test_a_graph_too_long_to_be_read_as_a_whole_begins_at_its_beginning(show):
    v = Value(1.0, label="x")
    for _ in range(40):
        v = v.tanh()
    tab = show(v)
    assert tab.evaluate("view.shift.scale") == 0.72
    first, canvas = card(tab, "x").bounding_box(), tab.locator("#canvas").bounding_box()
    assert first["x"] >= canvas["x"] and first["y"] >= canvas["y"]


@pytest.mark.browser
@pytest.mark.parametrize(("language", "width"), [("en", 1100), ("ko", 1300), ("en", 390)])
def test_no_line_of_what_is_told_is_cut(show, language, width):
    tab = show(Network().E, language=language, viewport={"width": width, "height": 850})
    tab.locator("#wrong").click()
    cut = tab.evaluate("""() => {
        const found = [], narration = document.querySelector(".narration");
        for (let position = 0; position <= player.state.end; position++) {
            player.go(position);
            if (narration.scrollHeight > narration.clientHeight) found.push(position);
        }
        return found;
    }""")
    assert cut == []


@pytest.mark.browser
@pytest.mark.parametrize(
    ("language", "words"), [("en", "not a finite number"), ("ko", "유한한 수")]
)
@pytest.mark.parametrize("typed", ["", "1e400"])
def test_what_is_no_number_is_objected_to_aloud(show, language, words, typed):
    tab = show(neuron(), language=language)
    field = tab.locator("#leaves input[type=number]").first
    field.fill("-1")
    assert words not in said(tab)
    field.fill(typed)
    assert words in said(tab) and "-1" in said(tab)
    assert field.get_attribute("aria-invalid") == "true"
    assert state(tab)["data"][0] == -1.0
    field.fill("3")
    assert words not in said(tab) and field.get_attribute("aria-invalid") == "false"


@pytest.mark.browser
def test_a_lone_leaf_has_no_wrong_order_and_it_says_why(show):
    button = show(Value(2.0, label="x")).locator("#wrong")
    assert button.is_disabled() and "nothing was computed" in button.get_attribute("title")
    button = show(neuron()).locator("#wrong")
    assert button.is_enabled() and button.get_attribute("title") == ""


@pytest.mark.browser
def test_leaving_the_wrong_order_leads_to_the_same_node_in_the_right_one(show):
    v = twice_twice()
    tab = show(v)
    names = [node.name for node in read(v)]
    for step, name in [(1, "c"), (2, "b"), (3, "b")]:
        tab.locator("#wrong").click()
        tab.evaluate("p => player.go(p)", 2 * len(names) + step)
        assert tab.locator("#step .big").text_content() == name
        tab.locator("#wrong").click()
        assert tab.locator("#phase").get_attribute("data-phase") == "backward"
        assert tab.locator("#step .big").text_content() == name
    tab.locator("#wrong").click()
    tab.evaluate("player.go(2)")
    tab.locator("#wrong").click()
    assert state(tab)["position"] == 2, "before the wrong order begins nothing has to move"


@pytest.mark.browser
def test_formulas_are_written_as_in_the_explanation(show):
    a, b = Value(-3.0, label="a+b"), Value(2.0, label="-c")
    tab = show(a * b + a.exp())
    tab.evaluate("player.go(3)")
    assert said(tab) == "v1 = (a+b) * (-c) = -3 * 2 = -6."
    tab.evaluate("player.go(4)")
    assert said(tab).startswith("v2 = exp(a+b) = exp(-3)")
    tab = show(engine.relu(engine.where(1, Value(2.0, label="x"), 5)))
    tab.evaluate("player.go(4)")
    assert "(v2 != 0) = (2 != 0) = 1" in tab.locator("#step").text_content()
    tab.evaluate("player.go(2)")
    assert "where(True, x, 5)" in said(tab)
