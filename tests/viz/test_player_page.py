"""The page that plays a graph, used as a learner uses it, in a real browser and from a file."""

import math
import re

import pytest
from player_pages import (
    card,
    is_close,
    neuron,
    said,
    state,
    twice_twice,
)

import engine
from engine import Value, tanh
from viz.reading import read
from viz.wrong_order import recursive_sweep

# --- playing -------------------------------------------------------------------------------------


@pytest.mark.browser
def test_what_is_not_computed_yet_is_blank(show):
    tab = show(neuron())
    y, w = card(tab, "y"), card(tab, "w")
    assert y.locator(".data").text_content() == ""
    assert y.locator(".grad").text_content() == ""
    tab.evaluate("player.go(1)")
    assert w.locator(".data").text_content() == "2"
    assert y.locator(".data").text_content() == ""
    tab.evaluate("player.go(6)")
    assert y.locator(".data").text_content() == "-0.90515"
    assert y.locator(".grad").text_content() == ""
    assert tab.locator(".slope.is-shown").count() == 0
    tab.evaluate("player.go(7)")
    assert y.locator(".grad").text_content() == "1"
    assert w.locator(".grad").text_content() == ""
    assert tab.locator(".slope.is-shown").all_text_contents() == ["0.1807"]
    tab.evaluate("player.go(12)")
    assert w.locator(".grad").text_content() == "-0.18071"
    assert tab.locator(".slope.is-shown").count() == 5


@pytest.mark.browser
def test_keys_step_play_and_jump(show):
    tab = show(neuron())
    here = lambda: tab.evaluate("player.state.position")  # noqa: E731
    for key, wanted in [("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 12)]:
        tab.keyboard.press(key)
        assert here() == wanted
    tab.keyboard.press("ArrowRight")
    assert here() == 12
    tab.keyboard.press("Home")
    assert here() == 0
    tab.keyboard.press(" ")
    assert tab.evaluate("player.state.isPlaying")
    tab.keyboard.press(" ")
    assert not tab.evaluate("player.state.isPlaying")


@pytest.mark.browser
def test_buttons_and_the_scrubber(show):
    tab = show(neuron())
    here = lambda: tab.evaluate("player.state.position")  # noqa: E731
    for name, wanted in [
        ("Next step", 1),
        ("Last step", 12),
        ("Previous step", 11),
        ("First step", 0),
    ]:
        tab.get_by_role("button", name=name, exact=True).click()
        assert here() == wanted
    tab.locator("#scrubber").fill("10")
    assert here() == 10
    tab.select_option("#speed", "4")
    tab.get_by_role("button", name="Play").click()
    tab.locator("#counter", has_text="12 / 12").wait_for()
    assert not tab.evaluate("player.state.isPlaying")


@pytest.mark.browser
def test_each_step_is_told_in_words(show):
    tab = show(neuron())
    assert tab.locator("#live").get_attribute("aria-live") == "polite"
    seen = []
    for position in range(13):
        tab.evaluate("p => player.go(p)", position)
        seen.append(said(tab))
    assert len(set(seen)) == 13
    assert seen[4] == "v1 = w * x = 2 * (-1) = -2."
    assert "to v1: 0.180707 × 1 = 0.180707" in seen[8]


@pytest.mark.browser
def test_paths_are_summed_one_by_one(show):
    a = Value(3.0, label="a")
    v = a * a
    v.label = "v"
    tab = show(v)
    tab.evaluate("player.go(3)")
    shares = tab.locator("#step .share").all_text_contents()
    assert len(shares) == 2
    assert "path 1 of 2" in shares[0] and "1 × 3 = 3" in shares[0]
    assert "path 2 of 2" in shares[1] and "3 + 3 = 6" in shares[1]
    assert tab.locator(".arrow").count() == 2, "a * a has two arrows"
    card(tab, "a").click()
    assert tab.locator("#node .paths li").count() == 2
    assert "3 + 3 = 6" in tab.locator("#node").text_content()


@pytest.mark.browser
def test_a_partial_sum_is_marked_as_partial(show):
    a = Value(3.0, label="a")
    b = a.exp()
    v = b * a
    tab = show(v)
    tab.evaluate("player.go(4)")
    assert "is-partial" in card(tab, "a").get_attribute("class")
    assert "1/2" in card(tab, "a").text_content()
    tab.evaluate("player.go(5)")
    assert "is-partial" not in card(tab, "a").get_attribute("class")


@pytest.mark.browser
def test_a_node_shows_formula_numbers_and_the_line_that_made_it(show):
    v = neuron()
    tab = show(v)
    tab.keyboard.press("End")
    card(tab, "y").focus()
    tab.keyboard.press("Enter")
    text = tab.locator("#node").text_content()
    assert "tanh(v2)" in text and "tanh(-1.5)" in text and "-0.905148" in text
    assert re.search(r"player_pages\.py:\d+", text)
    assert tab.locator("#node mark").text_content() == "tanh(w * x + b)"


# --- editing and checking ------------------------------------------------------------------------


@pytest.mark.browser
def test_typing_a_number_recomputes_everything(show):
    tab = show(neuron())
    tab.get_by_role("spinbutton", name="w data").fill("0.25")
    wanted = math.tanh(0.25 * -1 + 0.5)
    found = state(tab)
    assert is_close(found["data"][-1], wanted)
    assert is_close(found["gradients"][0], (1 - wanted * wanted) * -1)
    assert "0.25" in said(tab)
    card(tab, "v1").click()
    assert "0.25 * (-1)" in tab.locator("#node").text_content()
    # What is not a number changes nothing, and says so.
    tab.get_by_role("spinbutton", name="w data").fill("")
    assert tab.get_by_role("spinbutton", name="w data").get_attribute("aria-invalid") == "true"
    assert state(tab)["data"] == found["data"]
    tab.get_by_role("button", name="Reset: w").click()
    assert is_close(state(tab)["data"][-1], math.tanh(-1.5))


@pytest.mark.browser
@pytest.mark.parametrize("name", ["w", "v2", "y"])
def test_finite_differences_agree_with_the_rules(show, name):
    tab = show(neuron())
    card(tab, name).click()
    tab.get_by_role("button", name="Check with finite differences").click()
    check = tab.evaluate("player.state.check")
    assert check["word"] == "agrees"
    assert abs(check["slope"] - check["gradient"]) < 1e-8
    assert "agrees" in tab.locator("#node .result").text_content()


@pytest.mark.browser
def test_finite_differences_find_a_wrong_rule_and_a_corner(show):
    tab = show(Value(0.5, label="x").exp())
    tab.evaluate("operations.exp.flows[0] = (x, out, g) => g * out * 1.0001")
    tab.evaluate("player.edit({x: 0.6})")
    tab.locator("#check").click()
    assert tab.evaluate("player.state.check.word") == "differs"
    card(tab, "x").click()
    tab.locator("#check").click()
    assert "✗ differs" in tab.locator("#node .result").text_content()

    tab = show(Value(0.0, label="x").relu())
    card(tab, "x").click()
    tab.locator("#check").click()
    check = tab.evaluate("player.state.check")
    assert (check["word"], check["left"], check["right"]) == ("corner", 0, 1)


# --- the wrong order -----------------------------------------------------------------------------


def wrong_gradients(v: Value) -> list[float]:
    sums = {v: 1.0}
    for vertex, _, shares in recursive_sweep(v):
        for source, share in zip(vertex.plan.sources(vertex), shares, strict=True):
            sums[source] = sums.get(source, 0.0) + share
    return [sums[n.vertex] for n in read(v)]


@pytest.mark.browser
def test_the_wrong_order_counts_twice_and_says_where(show):
    v = twice_twice()
    tab = show(v)
    tab.locator("#wrong").click()
    assert "is-wrong" not in card(tab, "a").get_attribute("class"), "nothing is doubled yet"
    tab.keyboard.press("End")
    found = state(tab)
    assert found["wrong"] == wrong_gradients(v) == [8.0, 2.0, 1.0]
    assert found["gradients"] == [4.0, 2.0, 1.0]
    assert "is-wrong" in card(tab, "a").get_attribute("class")
    assert "✗" in card(tab, "a").text_content()
    assert "is-right" in card(tab, "b").get_attribute("class")
    assert "✗ counted again" in tab.locator("#compare tr.wrong").text_content()
    assert "although it had passed on 2 before: that is counted once more" in said(tab)
    tab.locator("#wrong").click()
    assert tab.locator("#compare").is_hidden()


@pytest.mark.browser
def test_the_wrong_order_agrees_with_python_on_a_network(show):
    a, b = Value(0.5, label="a"), Value(-0.3, label="b")
    h = [tanh(a * w + b) for w in (0.3, -0.8)]
    v = (h[0] * h[1] + a) * h[0] + b * h[1]
    tab = show(v)
    assert all(map(is_close, state(tab)["wrong"], wrong_gradients(v)))


@pytest.mark.browser
def test_the_wrong_order_is_cut_where_it_explodes(show):
    v = Value(1.0, label="x")
    for _ in range(40):
        v = v + v
    tab = show(v)
    found = state(tab)
    assert found["isCut"] and found["wrongSteps"] == 500
    tab.locator("#wrong").click()
    assert "500" in tab.locator("#compare .cut").text_content()


# --- languages, labels, safety -------------------------------------------------------------------


@pytest.mark.browser
def test_both_languages_say_everything(show):
    tab = show(neuron(), language="ko")
    assert tab.evaluate("document.documentElement.lang") == "ko"
    for position in range(13):
        tab.evaluate("p => player.go(p)", position)
        assert re.search("[가-힣]", said(tab)) or "=" in said(tab)
    korean = tab.locator("body").inner_text()
    assert "역전파" in korean and "국소 미분" in korean and "undefined" not in korean
    tab.get_by_role("button", name="English").click()
    assert tab.evaluate("document.documentElement.lang") == "en"
    tab.locator("#wrong").click()
    english = tab.locator("main").inner_text()
    assert "Local derivative" in english and "undefined" not in english
    assert not re.search("[가-힣]", english)
    keys = tab.evaluate("[Object.keys(texts.en), Object.keys(texts.ko)]")
    assert keys[0] == keys[1]


@pytest.mark.browser
def test_hostile_labels_stay_text(show):
    labels = [
        "</script><script>document.title='broken'</script>",
        "<img src=x onerror=alert(1)>",
        "&amp;\"'`\\ {{script}}",
        "line\nbreak\ttab\u2028\u2029",
        "half \ud800 surrogate",
        "\x00\x07 bell",
        "가중치",
        "__proto__",
    ]
    leaves = [Value(i + 1.0, label=text) for i, text in enumerate(labels)]
    v = engine.sum(leaves)
    tab = show(v, title="</title><b>&")
    assert tab.title() == "</title><b>&"
    assert tab.evaluate("player.state.names.slice(0, 8)").__len__() == 8
    for text in (labels[0], labels[1], labels[2], labels[6]):
        assert tab.evaluate("t => player.state.names.includes(t)", text)
    assert tab.evaluate("player.state.names[4].charCodeAt(5)") == 0xD800
    tab.keyboard.press("End")
    assert tab.locator("img").count() == 0 and tab.locator("script").count() == 2
    assert (
        labels[1] in tab.locator("#leaves").text_content()
        or tab.locator(".leaf-name").nth(1).get_attribute("title") == labels[1]
    )


@pytest.mark.browser
def test_the_policy_forbids_what_the_page_does_not_need(show):
    tab = show(neuron())
    policy = tab.locator("meta[http-equiv]").get_attribute("content")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy and "http" not in policy


@pytest.mark.browser
def test_a_narrow_window_shows_one_column_without_scrolling_aside(show):
    tab = show(neuron(), viewport={"width": 390, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    stage, aside = tab.locator(".stage").bounding_box(), tab.locator("aside").bounding_box()
    assert aside["y"] >= stage["y"] + stage["height"]


# --- what a page cannot compute ------------------------------------------------------------------


@pytest.mark.browser
def test_an_operation_written_by_hand_shows_its_numbers_and_is_not_edited(show):
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    out = Value(a.data * b.data, (a, b), "times")

    def step():
        a.grad += b.data * out.grad
        b.grad += a.data * out.grad

    out._backward = step
    v = out + a
    tab = show(v)
    tab.keyboard.press("End")
    found = state(tab)
    assert dict(zip(found["names"], found["gradients"], strict=True))["a"] == 4.0
    assert tab.get_by_role("spinbutton", name="a data").is_disabled()
    assert "by hand" in tab.locator("#notice").text_content()
    assert tab.locator("#check").count() == 0


@pytest.mark.browser
def test_numbers_changed_after_the_graph_was_made_are_computed_anew_and_it_says_so(show):
    w = Value(2.0, label="w")
    v = w * w
    w.data = 5.0
    tab = show(v)
    assert state(tab)["data"] == [5.0, 25.0]
    assert "anew" in tab.locator("#notice").text_content()


@pytest.mark.browser
def test_a_very_long_formula_is_not_read_aloud_in_full(show):
    tab = show(engine.sum([Value(float(i), label=f"term {i}") for i in range(60)]))
    tab.evaluate("player.go(61)")
    assert said(tab).endswith("= 1770.") and len(said(tab)) < 300
    assert "term 33" in tab.locator("#step").text_content()


@pytest.mark.browser
def test_a_hook_is_not_passed_over_in_silence(show):
    x = Value(2.0, label="x")
    x.register_hook(lambda g: 2 * g)
    tab = show(x * 3)
    assert "Hooks" in tab.locator("#notice").text_content()
