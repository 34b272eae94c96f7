"""The figures of a classifier against scikit-learn's, and by hand as the definitions have them."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import engine
from engine import metrics

# scikit-learn checks its arguments for long.
few = settings(max_examples=12)

AVERAGES = ["macro", "micro", "weighted", None]


def pairs(highest):
    """True and predicted classes of some examples."""
    one = st.integers(0, highest)
    return st.lists(st.tuples(one, one), min_size=1, max_size=40).map(
        lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True))
    )


@pytest.fixture(scope="module")
def theirs():
    return pytest.importorskip("sklearn.metrics")


def same(ours, expected):
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-15)


# --- the matrix -----------------------------------------------------------------------------------


def test_the_matrix_of_two_classes_has_the_positive_first():
    actual = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    predicted = [1, 1, 1, 0, 1, 1, 0, 0, 0, 0]
    assert metrics.confusion_matrix(actual, predicted).tolist() == [[3, 1], [2, 4]]
    assert metrics.accuracy(actual, predicted) == 0.7
    assert metrics.precision(actual, predicted) == 3 / 5
    assert metrics.recall(actual, predicted) == 3 / 4
    assert metrics.f1(actual, predicted) == pytest.approx(2 / (5 / 3 + 4 / 3))


@few
@given(pairs(1))
def test_two_classes(theirs, data):
    expected = theirs.confusion_matrix(*data, labels=[1, 0])
    assert metrics.confusion_matrix(*data).tolist() == expected.tolist()


@few
@given(pairs(4), st.permutations(range(6)), st.integers(1, 6))
def test_more_classes(theirs, data, order, count):
    found = {*data[0].tolist(), *data[1].tolist()}
    if max(found) > 1 and len(found) > 1:  # of one alone scikit-learn warns
        expected = theirs.confusion_matrix(*data)
        assert metrics.confusion_matrix(*data).tolist() == expected.tolist()
    labels = order[:count]
    assume(np.isin(data[0], labels).any())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = theirs.confusion_matrix(*data, labels=labels)
    assert metrics.confusion_matrix(*data, labels=labels).tolist() == expected.tolist()


def test_texts_truths_and_whole_fractions_are_classes():
    assert metrics.confusion_matrix(["b", "a", "b"], ["b", "b", "b"]).tolist() == [[0, 1], [0, 2]]
    assert metrics.confusion_matrix([True, False], [True, True]).tolist() == [[1, 0], [1, 0]]
    assert metrics.confusion_matrix([1.0, 0.0], [1, 1]).tolist() == [[1, 0], [1, 0]]


def test_tensors_arrays_and_lists_give_the_same():
    actual, predicted = [0, 1, 2, 2, 1], [0, 2, 2, 1, 1]
    wanted = metrics.confusion_matrix(actual, predicted).tolist()
    for kind in (np.array, engine.tensor, tuple):
        assert metrics.confusion_matrix(kind(actual), kind(predicted)).tolist() == wanted
    scores = engine.eye(5, 3).requires_grad_()
    assert metrics.accuracy(engine.tensor(actual), scores.argmax(1)) == 0.6
    assert 0 <= metrics.roc_auc(engine.tensor(actual), scores) <= 1


@pytest.mark.parametrize(
    "actual, predicted, word",
    [
        ([1, 0], [1], "2 classes and predicted 1"), ([[1], [0]], [1, 0], "one dimension"),
        ([1, 0], [[0.2, 0.8], [0.1, 0.9]], "argmax"), ([1, 0], [0.7, 0.2], "fractions"),
        (["a"], [1], "texts"),
    ],
)  # fmt: skip
def test_what_are_no_classes(actual, predicted, word):
    for figure in (metrics.confusion_matrix, metrics.accuracy, metrics.precision, metrics.f1):
        with pytest.raises(ValueError, match=word):
            figure(actual, predicted)


def test_a_label_twice():
    with pytest.raises(ValueError, match="more than once"):
        metrics.confusion_matrix([1], [1], labels=[1, 1])


# --- its figures ----------------------------------------------------------------------------------

FIGURES = [("precision", "precision_score"), ("recall", "recall_score"), ("f1", "f1_score")]


@pytest.mark.parametrize("name, other", FIGURES)
@few
@given(data=pairs(1), zero=st.sampled_from([0.0, 1.0, math.nan]), positive=st.integers(0, 1))
def test_figures_of_two_classes(theirs, name, other, data, zero, positive):
    assume(positive in data[0] or positive in data[1] or len({*data[0], *data[1]}) == 1)
    assume({*data[0], *data[1]} != {1 - positive})  # a class that never occurs is a mistake there
    ours = getattr(metrics, name)(*data, pos_label=positive, zero_division=zero)
    expected = getattr(theirs, other)(*data, pos_label=positive, zero_division=zero)
    same(ours, expected)


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("name, other", FIGURES)
@few
@given(data=pairs(4), zero=st.sampled_from([0.0, 1.0, math.nan]))
def test_figures_of_more_classes(theirs, name, other, average, data, zero):
    ours = getattr(metrics, name)(*data, average=average, zero_division=zero)
    expected = getattr(theirs, other)(*data, average=average, zero_division=zero)
    same(ours, expected)


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("name, other", FIGURES)
@few
@given(data=pairs(4), labels=st.lists(st.integers(0, 5), min_size=1, max_size=5, unique=True))
def test_figures_of_some_classes(theirs, name, other, average, data, labels):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = getattr(metrics, name)(*data, average=average, labels=labels, zero_division=0)
        expected = getattr(theirs, other)(*data, average=average, labels=labels, zero_division=0)
    same(ours, expected)


@few
@given(pairs(4))
def test_accuracy(theirs, data):
    same(metrics.accuracy(*data), theirs.accuracy_score(*data))


def test_nothing_divided_by_nothing_is_said_aloud():
    with pytest.warns(UserWarning, match="Precision is 0 / 0"):
        assert metrics.precision([1, 1], [0, 0]) == 0
    assert math.isnan(metrics.accuracy([], []))


def test_two_classes_are_not_three():
    with pytest.raises(ValueError, match="3 classes"):
        metrics.f1([0, 1, 2], [0, 1, 2])
    with pytest.raises(ValueError, match="pos_label=1"):
        metrics.f1([2, 3], [2, 3])
    with pytest.raises(ValueError, match="average"):
        metrics.f1([0, 1], [0, 1], average="mean")


# --- the area -------------------------------------------------------------------------------------


@few
@given(
    st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=2, max_size=40)
)  # few scores: many ties
def test_the_area_of_two_classes(theirs, rows):
    actual, scores = (np.array(column) for column in zip(*rows, strict=True))
    assume(len(set(actual.tolist())) == 2)
    same(metrics.roc_auc(actual, scores), theirs.roc_auc_score(actual, scores))
    chances = np.stack([-scores, scores], 1)
    same(metrics.roc_auc(actual, chances), theirs.roc_auc_score(actual, scores))


@few
@given(st.integers(0, 10**6), st.integers(3, 5))
def test_the_area_of_more_classes(theirs, seed, classes):
    rng = np.random.default_rng(seed)
    actual = np.concatenate([np.arange(classes), rng.integers(0, classes, 20)])
    scores = rng.random((len(actual), classes)).round(1) + 0.05
    scores /= scores.sum(1, keepdims=True)
    expected = theirs.roc_auc_score(actual, scores, multi_class="ovr")
    same(metrics.roc_auc(actual, scores), expected)
    same(metrics.roc_auc(actual, scores, average=None).mean(), expected)


@pytest.mark.parametrize(
    "actual, scores, word",
    [
        ([1, 1], [0.1, 0.2], "only the class"), ([0, 1], [0.1], "shape"),
        ([0, 1, 2], [0.1, 0.2, 0.3], "a column for each"), ([0, 1], [0.1, math.nan], "NaN"),
        ([0, 1, 1], np.ones((3, 4)), "4 columns"),
    ],
)  # fmt: skip
def test_an_area_that_is_none(actual, scores, word):
    with pytest.raises(ValueError, match=word):
        metrics.roc_auc(actual, scores)


# --- the picture ----------------------------------------------------------------------------------


def test_the_picture_says_what_the_matrix_says():
    figure = pytest.importorskip("matplotlib.figure").Figure()
    axes = metrics.show_confusion([[3, 1], [2, 4]], axes=figure.subplots())
    assert [text.get_text() for text in axes.texts] == ["3\n75%", "1\n25%", "2\n33%", "4\n67%"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "0"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    assert {text.get_color() for text in axes.texts} == {"white", "black"}
    figure.canvas.draw()


def test_the_picture_makes_axes_of_its_own_and_closes_nothing():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    axes = metrics.show_confusion(engine.eye(3), ["cat", "dog", "elephant"])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog", "elephant"]
    pyplot.close(axes.figure)


def test_pictures_of_what_is_no_confusion_matrix():
    with pytest.raises(ValueError, match="square"):
        metrics.show_confusion([[1, 2]])
    with pytest.raises(ValueError, match="3 labels"):
        metrics.show_confusion([[1, 2], [3, 4]], [1, 2, 3])
