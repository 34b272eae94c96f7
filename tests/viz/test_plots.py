"""Plots: what is on them, that they are files of the kind asked for, and that pyplot rests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from viz import plots

pytest.importorskip("matplotlib")

COUNTS = [[16, 0, 0], [0, 15, 1], [0, 2, 14]]
NAMES = ["setosa", "versicolor", "virginica"]
POINTS = [(0.0, 0.0), (1.0, 0.2), (2.0, 1.0), (3.0, 2.0)]
CLASSES = [0, 0, 1, 1]


def texts(figure: object) -> list[str]:
    """Every text of a figure, in the order in which it is drawn."""
    import matplotlib.text

    return [t.get_text() for t in figure.findobj(matplotlib.text.Text) if t.get_text()]


def regions(classify: object, **options: object) -> object:
    return plots.decision_regions(
        classify, POINTS, CLASSES, ["left", "right"], resolution=20, **options
    )


def all_figures() -> list:
    return [
        plots.loss_curve([3.0, 2.0, 1.0]),
        plots.confusion_matrix(COUNTS, NAMES),
        regions(lambda x, y: int(x > 1.5)),
    ]


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_saved_as_the_kind_that_the_name_says(suffix: str, tmp_path: Path) -> None:
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix]
    for i, figure in enumerate(all_figures()):
        file = plots.save(figure, tmp_path / "new" / f"{i}.{suffix}")
        assert file.read_bytes().startswith(start)


def test_the_same_figure_gives_the_same_file(tmp_path: Path) -> None:
    first = plots.save(plots.loss_curve([2.0, 1.0]), tmp_path / "1.pdf").read_bytes()
    assert first == plots.save(plots.loss_curve([2.0, 1.0]), tmp_path / "2.pdf").read_bytes()


def test_an_unknown_kind_and_a_folder_that_is_none(tmp_path: Path) -> None:
    figure = plots.loss_curve([1.0])
    with pytest.raises(ValueError, match=r"\.png, \.svg or \.pdf, not as 'loss\.gif'"):
        plots.save(figure, tmp_path / "loss.gif")
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="cannot write"):
        plots.save(figure, tmp_path / "file" / "loss.png")


def test_loss_curve_shows_every_epoch_from_1() -> None:
    figure = plots.loss_curve([3.0, 2.0, 1.25], title="How it fell", y_label="loss (nats)")
    (axes,) = figure.axes
    (line,) = axes.lines
    assert list(line.get_xdata()) == [1, 2, 3]
    assert list(line.get_ydata()) == [3.0, 2.0, 1.25]
    assert (axes.get_title(loc="left"), axes.get_xlabel()) == ("How it fell", "epoch")
    assert axes.get_ylabel() == "loss (nats)"
    assert axes.get_ylim()[0] == 0
    assert "1.25" in texts(figure)
    assert axes.get_legend() is None


def test_several_curves_differ_in_more_than_colour() -> None:
    figure = plots.loss_curve({"training": [2.0, 1.0, 0.5], "test": [2.0, 1.5, -0.5]})
    training, test = figure.axes[0].lines
    assert training.get_color() != test.get_color()
    assert training.get_linestyle() != test.get_linestyle()
    assert {"training", "test"} <= set(texts(figure))
    assert figure.axes[0].get_ylim()[0] < -0.5


@pytest.mark.parametrize("losses", [[], {}, {"test": []}])
def test_no_loss_is_no_curve(losses: object) -> None:
    with pytest.raises(ValueError, match="at least one loss"):
        plots.loss_curve(losses)


def test_confusion_matrix_has_true_classes_in_rows() -> None:
    figure = plots.confusion_matrix(COUNTS, NAMES)
    (axes,) = figure.axes
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("true class", "predicted class")
    placed = {t.get_position(): t.get_text() for t in axes.texts}
    counts = {(round(x), round(y)): text for (x, y), text in placed.items() if "%" not in text}
    assert {where: int(count) for where, count in counts.items()} == {
        (predicted, true): COUNTS[true][predicted] for true in range(3) for predicted in range(3)
    }
    shares = [text for text in placed.values() if "%" in text]
    assert shares == ["100%", "0%", "0%", "0%", "94%", "6%", "0%", "12%", "88%"]
    assert [t.get_text() for t in axes.get_yticklabels()] == NAMES


def test_a_class_without_samples_has_shares_of_0() -> None:
    plots.confusion_matrix([[0, 0], [1, 1]], ["none", "some"])


@pytest.mark.parametrize("counts", [[], [[1, 2]], [[1, 2], [3]]])
def test_a_confusion_matrix_is_square(counts: list) -> None:
    with pytest.raises(ValueError, match="2 classes need a table of 2 rows and 2 columns"):
        plots.confusion_matrix(counts, ["a", "b"])


def face_colors(figure: object) -> set[tuple[float, ...]]:
    """The colours of the filled regions."""
    from matplotlib.contour import ContourSet

    sets = [c for c in figure.axes[0].collections if isinstance(c, ContourSet) and c.filled]
    return {tuple(round(float(x), 3) for x in c.get_facecolor()[0][:3]) for c in sets}


@pytest.mark.parametrize("classify", [lambda x, y: int(x > 1.5), lambda x, y: [1.5 - x, x - 1.5]])
def test_regions_from_classes_and_from_scores(classify: object) -> None:
    figure = regions(classify, x_label="length (cm)", y_label="width (cm)")
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("length (cm)", "width (cm)")
    assert len(face_colors(figure)) == 2
    assert "wrong" not in texts(figure)
    for x, y in POINTS:  # all points are on the plot
        assert axes.get_xlim()[0] < x < axes.get_xlim()[1]
        assert axes.get_ylim()[0] < y < axes.get_ylim()[1]


def test_wrong_points_have_a_cross() -> None:
    from matplotlib.collections import PathCollection

    figure = regions(lambda x, y: [2.5 - x, x - 2.5])  # takes (2, 1) for the left class
    assert "wrong" in texts(figure)
    scatters = [c for c in figure.axes[0].collections if isinstance(c, PathCollection)]
    (crosses,) = [c for c in scatters if c.get_label() == "wrong"]
    assert crosses.get_offsets().tolist() == [[2.0, 1.0]]


def test_marked_points_are_in_the_legend_and_have_a_dark_edge() -> None:
    from matplotlib.collections import PathCollection
    from matplotlib.colors import to_rgba

    figure = regions(lambda x, y: int(x > 1.5), marked=[1, 3], marked_as="unseen")
    assert "unseen" in texts(figure)
    dark = [
        offset
        for c in figure.axes[0].collections
        if isinstance(c, PathCollection) and tuple(c.get_edgecolor()[0]) == to_rgba(plots.INK)
        for offset in c.get_offsets().tolist()
    ]
    assert sorted(dark) == [[1.0, 0.2], [3.0, 2.0]]


def test_classes_differ_in_more_than_colour() -> None:
    assert len(set(plots.MARKERS)) == len(plots.MARKERS) == len(plots.COLORS)
    assert len(set(plots.COLORS)) == len(plots.COLORS)


def test_one_region_alone(tmp_path: Path) -> None:
    figure = regions(lambda x, y: 0)
    plots.save(figure, tmp_path / "one.png")
    assert "wrong" in texts(figure)


def test_all_points_in_one_place(tmp_path: Path) -> None:
    figure = plots.decision_regions(lambda x, y: 0, [(1.0, 1.0)], [0], ["only"], resolution=5)
    plots.save(figure, tmp_path / "point.png")


@pytest.mark.parametrize(
    ("points", "classes", "message"),
    [
        ([], [], "0 points"),
        ([(0, 0)], [0, 1], "1 points and 2 classes"),
        ([(0, 0)], [2], "from 0 to 1"),
    ],
)
def test_points_that_do_not_fit(points: list, classes: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plots.decision_regions(lambda x, y: 0, points, classes, ["a", "b"])


def test_without_matplotlib_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'pip install "engine-autograd\[lessons\]"'):
        plots.loss_curve([1.0])


def test_neither_pyplot_nor_a_display_is_touched(tmp_path: Path) -> None:
    code = (
        "import sys; from viz import plots; assert 'matplotlib' not in sys.modules; "
        "import matplotlib as m; before = {k: m.rcParams._get(k) for k in m.rcParams}; "
        "plots.save(plots.loss_curve([1.0]), 'loss.png'); "
        "changed = {k for k in before if m.rcParams._get(k) != before[k]}; "
        "assert not changed, changed; assert 'matplotlib.pyplot' not in sys.modules"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "DISPLAY": ""}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
