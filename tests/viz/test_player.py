"""The text of the page and what it is told, without a browser."""

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from player_pages import (
    neuron,
)

import engine
from engine import Value
from engine.core.op import Elementwise
from viz import player
from viz.player import MAX_NODES, page, play

FOLDER = Path(player.__file__).parent / "page"


def graph_of(text: str) -> dict:
    return json.loads(re.search(r'id="graph">(.*?)</script>', text, re.DOTALL)[1])


def test_a_graph_too_large_to_follow_is_refused_at_once():
    v = Value(1.0)
    for _ in range(100_000):
        v = v + 1
    with pytest.raises(ValueError, match=rf"100,001 nodes.*{MAX_NODES}.*max_nodes"):
        page(v)


def test_only_values_are_played():
    with pytest.raises(TypeError, match=r"one engine\.Value, not float 1\.5"):
        page(1.5)
    with pytest.raises(ValueError, match="'en', 'ko', not 'fr'"):
        page(neuron(), language="fr")


def test_the_same_graph_gives_the_same_page():
    assert page(neuron()).replace("\r", "") == page(neuron())


def test_formulas_are_pieces_of_text_and_nodes():
    nodes = graph_of(page(neuron()))["nodes"]
    assert nodes[-1]["formula"] == ["tanh(", 4, ")"]
    assert nodes[-1]["inputs"][0]["slope"] == ["1 - ", 5, " * ", 5]


def test_a_constant_is_shown_and_stays_in_the_formula():
    graph = graph_of(page(Value(3.0, label="x") ** 2))
    assert [c["shown"] for c in graph["constants"]] == ["2"]
    assert graph["nodes"][1]["formula"] == [0, " ** 2"]
    assert graph["nodes"][1]["inputs"][0]["slope"] == ["2 * ", 0]


@settings(max_examples=40)
@given(st.text())
def test_any_label_gives_a_page_that_reads_back(label):
    v = Value(1.0, label=label) * 2
    graph = graph_of(page(v))
    assert graph["nodes"][0]["name"] == (label or "v1")


def test_infinite_numbers_survive_the_way_into_the_page():
    nodes = graph_of(page(Value(math.inf) + Value(math.nan)))["nodes"]
    assert [n["data"] for n in nodes] == ["Infinity", "NaN", "NaN"]


class Branching(Elementwise):
    """|x|, written with a Python `if`: fine for a number, and no page can follow it."""

    def forward(self, x):
        return x if x > 0 else -x

    def slope_x(self, x):
        return 1 / (x - 2) if x > 0 else -1


def test_an_operation_that_a_page_cannot_follow_is_asked_once_and_recorded():
    x = Value(-3.0, label="x")
    node = graph_of(page(Value.record(Branching(), (x,), {})))["nodes"][1]
    assert node["operation"] is None and node["formula"] is None
    assert node["data"] == 3.0 and node["inputs"][0]["number"] == -1.0
    # Where Python's floats raise, the answer is that of IEEE 754.
    node = graph_of(page(Value.record(Branching(), (Value(2.0),), {})))["nodes"][1]
    assert node["inputs"][0]["number"] == "Infinity"


class Sine(Elementwise):
    """sin(x), by Python's own functions."""

    def forward(self, x):
        return math.sin(x)

    def slope_x(self, x):
        return math.cos(x)


def test_a_rule_that_only_python_can_compute_is_asked_too():
    node = graph_of(page(Sine()(Value(0.5, label="x"))))["nodes"][1]
    assert node["operation"] is None and node["inputs"][0]["number"] == math.cos(0.5)


def test_a_plain_number_that_python_cannot_divide_by():
    node = graph_of(page(Value(1.0, label="x") / 0.0))["nodes"][1]
    assert node["operation"] == "div" and node["inputs"][0]["slope"] == ["inf"]


def test_options_of_the_wrong_kind():
    with pytest.raises(TypeError, match="title is text, not int 3"):
        page(neuron(), title=3)
    for wrong in ("a", 2.5, True):
        with pytest.raises(TypeError, match="max_nodes is a whole number, not"):
            page(neuron(), max_nodes=wrong)


def test_every_word_of_the_page_is_used_and_both_languages_have_them():
    files = {file.name: file.read_text("utf-8") for file in FOLDER.iterdir()}
    tables = re.findall(r"^  (en|ko): \{\n(.*?)^  \},", files["text.js"], re.MULTILINE | re.DOTALL)
    keys = {}
    for language, table in tables:
        # What stands in quotation marks is no key; a key follows the start or a comma.
        bare = re.sub(r'"[^"\n]*"|`[^`]*`', '""', table)
        keys[language] = re.findall(r"(?:^ {4}|, )(\w+): ", bare, re.MULTILINE)
    assert len(keys["en"]) > 80 and keys["en"] == keys["ko"]
    assert len(set(keys["en"])) == len(keys["en"])
    everything = "\n".join(files.values())
    used = set(re.findall(r"\b(?:t|words\(\))\.(\w+)", everything))
    used |= set(re.findall(r'data-(?:text|label)="(\w+)"', everything))
    used |= set(re.findall(r'word: (?:isClose \? )?"(\w+)"', files["model.js"]))
    used |= set(re.findall(r'isClose \? "\w+" : "(\w+)"', files["model.js"]))
    assert set(keys["en"]) - used == set(), "nobody says these"


def test_a_leaf_alone_is_a_graph_too():
    graph = graph_of(page(Value(3.0)))
    assert len(graph["nodes"]) == 1 and graph["arrows"] == []


def test_an_operation_without_any_rule_is_an_error_that_names_it():
    with pytest.raises(ValueError, match=r"no rule says.*'mystery'"):
        page(Value(1.0, (Value(2.0),), "mystery"))


def test_long_sums_are_read_without_recursion():
    nodes = graph_of(page(engine.sum([Value(1.0) for _ in range(1200)]), max_nodes=2000))["nodes"]
    assert nodes[-1]["operation"] is not None


def test_a_notebook_shows_the_page_itself(tmp_path):
    page = play(Value(2.0, label='"<x>"') * 3, tmp_path / "page.html")
    found = {}
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.update({tag: dict(attributes)})
    parser.feed(page._repr_html_())
    assert list(found) == ["iframe"]
    assert found["iframe"]["srcdoc"] == page.read_text("utf-8")
    assert found["iframe"]["sandbox"] == "allow-scripts"
