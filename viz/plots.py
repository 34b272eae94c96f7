"""Plots of training: the loss curve, the confusion matrix, the decision regions.

Each function gives a Matplotlib `Figure` of its own, which shows itself in a notebook and which
`save` writes to a file. No window is opened and no global state of pyplot is touched, so they work
the same in a script, on a server and in a test. The colours are those of Okabe and Ito, which
people who see fewer colours can tell apart, and nothing is told by colour alone.

Graphs of computations are not drawn here: `viz.draw` does that.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viz import files

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# https://jfly.uni-koeln.de/color/
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":")
INK, FAINT = "#222222", "#d9d9d9"

STYLE = {
    "font.size": 11,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "path",  # the same letters everywhere, whatever fonts there are
}


def loss_curve(
    losses: Sequence[float] | Mapping[str, Sequence[float]],
    *,
    title: str = "Loss during training",
    x_label: str = "epoch",
    y_label: str = "loss",
) -> Figure:
    """The loss after each epoch, as a line from the first epoch (1) to the last.

    Args:
        losses: one number an epoch; or several curves by name, {"training": [...], "test": [...]}.
        title: above the plot.
        x_label: what is counted along the bottom.
        y_label: what is measured, with its unit.

    Raises:
        ValueError: where there is nothing to plot.
        ImportError: where Matplotlib is missing.
    """
    curves = losses if isinstance(losses, Mapping) else {"": losses}
    curves = {name: [float(loss) for loss in curve] for name, curve in curves.items()}
    if not curves or not all(curves.values()):
        raise ValueError("a loss curve needs at least one loss")
    figure, axes = _figure((7.2, 4.4))
    with _style():
        for i, (name, curve) in enumerate(curves.items()):
            epochs = range(1, len(curve) + 1)
            marker = "o" if len(curve) < 3 else None  # a line of one point is not seen
            axes.plot(
                epochs, curve, color=COLORS[i % len(COLORS)], linestyle=DASHES[i % len(DASHES)],
                linewidth=2, marker=marker, label=name,
            )  # fmt: skip
            axes.annotate(
                f"{curve[-1]:.3g}", (len(curve), curve[-1]), xytext=(6, 0),
                textcoords="offset points", va="center", color=COLORS[i % len(COLORS)],
            )  # fmt: skip
        axes.set(title=title, xlabel=x_label, ylabel=y_label)
        if all(loss >= 0 for curve in curves.values() for loss in curve):
            axes.set_ylim(bottom=0)
        axes.margins(x=0.02)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(color=FAINT, linewidth=0.7)
        axes.set_axisbelow(True)
        if any(curves):
            axes.legend(frameon=False)
    return figure


def confusion_matrix(
    counts: Sequence[Sequence[int]],
    names: Sequence[str],
    *,
    title: str = "Confusion matrix",
) -> Figure:
    """What was taken for what: a row for each true class, a column for each predicted one.

    Each field has the count and its share of the row; the diagonal is what was right.

    Args:
        counts: `counts[true][predicted]`.
        names: of the classes, in that order.
        title: above the plot.

    Raises:
        ValueError: where `counts` is not a square table with a row for each name.
        ImportError: where Matplotlib is missing.
    """
    size = len(names)
    if not size or len(counts) != size or any(len(row) != size for row in counts):
        raise ValueError(
            f"{size} classes need a table of {size} rows and {size} columns, not "
            f"{len(counts)} rows of {sorted({len(row) for row in counts})}"
        )
    figure, axes = _figure((1.9 + 1.25 * size, 1.2 + 1.25 * size))
    shares = [[count / (sum(row) or 1) for count in row] for row in counts]
    with _style():
        axes.imshow(shares, cmap=_blues(), vmin=0, vmax=1)
        for true, row in enumerate(counts):
            for predicted, count in enumerate(row):
                share = shares[true][predicted]
                color = "white" if share > 0.5 else INK
                where = {"ha": "center", "color": color}
                axes.text(predicted, true - 0.02, f"{count}", va="bottom", fontsize=16, **where)
                axes.text(predicted, true + 0.08, f"{share:.0%}", va="top", fontsize=10, **where)
        axes.set(title=title, xlabel="predicted class", ylabel="true class")
        ticks = range(size)
        axes.set_xticks(ticks, names)
        axes.set_yticks(ticks, names)
        axes.tick_params(length=0)
        axes.set_xticks([i - 0.5 for i in range(1, size)], minor=True)
        axes.set_yticks([i - 0.5 for i in range(1, size)], minor=True)
        axes.grid(which="minor", color="white", linewidth=3)
        axes.tick_params(which="minor", length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
    return figure


def decision_regions(
    classify: Callable[[float, float], int | Sequence[float]],
    points: Sequence[Sequence[float]],
    classes: Sequence[int],
    names: Sequence[str],
    *,
    marked: Sequence[int] = (),
    marked_as: str = "test",
    title: str = "Decision regions",
    x_label: str = "x",
    y_label: str = "y",
    resolution: int = 80,
) -> Figure:
    """Which class a function of two numbers answers where, and the points it should get right.

    A wrong point lies in a region of another colour than its own, and has a cross over it.

    Args:
        classify: gives for a point (x, y) a score for each class, of which the largest wins, or the
            number of the class, from 0. Scores give smooth borders, numbers give steps. It is asked
            resolution * resolution times, and once for each point.
        points: pairs (x, y).
        classes: the true class of each point.
        names: of the classes.
        marked: places in `points` to draw with a dark edge, such as those of the test.
        marked_as: what the dark edge means, for the legend.
        title: above the plot.
        x_label: what x is, with its unit.
        y_label: what y is, with its unit.
        resolution: of the grid, in fields a side.

    Raises:
        ValueError: where points and classes do not match, or a class has no name.
        ImportError: where Matplotlib is missing.
    """
    if len(points) != len(classes) or not len(points):
        raise ValueError(f"there are {len(points)} points and {len(classes)} classes for them")
    if not all(0 <= c < len(names) <= len(COLORS) for c in classes):
        raise ValueError(f"the classes go from 0 to {len(names) - 1}, and at most {len(COLORS)}")
    figure, axes = _figure((7.2, 5.4))
    xs, ys = _axis([p[0] for p in points], resolution), _axis([p[1] for p in points], resolution)

    def scores(x: float, y: float) -> Sequence[float]:
        answer = classify(x, y)
        if isinstance(answer, Sequence):
            return answer
        return [float(c == answer) for c in range(len(names))]

    def winner(answer: Sequence[float]) -> int:
        return max(range(len(names)), key=lambda c: answer[c])

    field = [[scores(x, y) for x in xs] for y in ys]
    wrong = [p for p, c in zip(points, classes, strict=True) if winner(scores(p[0], p[1])) != c]
    with _style():
        _fill(axes, xs, ys, field, [[winner(answer) for answer in row] for row in field])
        for c, name in enumerate(names):
            look = {"color": COLORS[c], "marker": MARKERS[c], "s": 44}
            _scatter(axes, points, [i for i in _of(c, classes) if i not in marked], 2,
                     edgecolor="white", linewidth=0.6, label=name, **look)  # fmt: skip
            _scatter(axes, points, [i for i in _of(c, classes) if i in marked], 3,
                     edgecolor=INK, linewidth=1.1, **look)  # fmt: skip
        if len(marked):
            _scatter(axes, points, [], 3, color="white", edgecolor=INK, linewidth=1.1, s=44,
                     label=marked_as)  # fmt: skip
        if wrong:
            _scatter(axes, wrong, range(len(wrong)), 4, color=INK, marker="x", linewidth=1.6, s=90,
                     label="wrong")  # fmt: skip
        axes.set(
            title=title, xlabel=x_label, ylabel=y_label,
            xlim=(xs[0], xs[-1]), ylim=(ys[0], ys[-1]),
        )  # fmt: skip
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    return figure


def _of(c: int, classes: Sequence[int]) -> list[int]:
    return [i for i, each in enumerate(classes) if each == c]


def _scatter(
    axes: Any, points: Sequence[Sequence[float]], chosen: Sequence[int], layer: int, **look: Any
) -> None:
    xs, ys = [points[i][0] for i in chosen], [points[i][1] for i in chosen]
    axes.scatter(xs, ys, zorder=layer, **look)


def _fill(axes: Any, xs: list, ys: list, field: list, winners: list) -> None:
    """Colours each region, and draws its border where its score overtakes all others."""
    there = sorted({c for row in winners for c in row})
    for c in there:
        pale = _mixed(COLORS[c], 0.25)
        if len(there) == 1:
            axes.set_facecolor(pale)
            continue
        lead = [
            [answer[c] - max(a for i, a in enumerate(answer) if i != c) for answer in row]
            for row in field
        ]
        most = max(max(row) for row in lead) + 1
        axes.contourf(xs, ys, lead, levels=[0, most], colors=[pale])
        axes.contour(xs, ys, lead, levels=[0], colors=[INK], linewidths=0.8)


def save(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Writes a figure to a .png, .svg or .pdf file, whole or not at all.

    Raises:
        ValueError: for another ending.
        OSError: where the file cannot be written; the message says why.
    """
    suffix = Path(path).suffix[1:].lower()
    if suffix not in ("png", "svg", "pdf"):
        raise ValueError(f"a plot is written as .png, .svg or .pdf, not as {Path(path).name!r}")
    stream = io.BytesIO()
    # Without a date in it, the same figure gives the same file.
    metadata = {"png": None, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[suffix]
    with _style():
        figure.savefig(stream, format=suffix, dpi=150, facecolor="white", metadata=metadata)
    return files.write(path, stream.getvalue())


def _matplotlib() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError(
            'plots need Matplotlib, which is not installed; pip install "engine-autograd[lessons]"'
        ) from error
    return matplotlib


def _style() -> Any:
    return _matplotlib().rc_context(STYLE)


def _figure(size: tuple[float, float]) -> tuple[Any, Any]:
    """A figure of so many inches with one pair of axes, apart from pyplot."""
    with _style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=size, layout="constrained")
        return figure, figure.add_subplot()


def _axis(values: Sequence[float], fields: int) -> list[float]:
    """Evenly from a little below the smallest to a little above the largest."""
    low, high = min(values), max(values)
    margin = 0.08 * (high - low) or 1.0
    low, high = low - margin, high + margin
    return [low + (high - low) * i / (fields - 1) for i in range(fields)]


def _mixed(color: str, strength: float) -> tuple[float, ...]:
    """A colour on white, as if it were so strong only."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return tuple(1 - strength * (1 - channel) for channel in channels)


def _blues() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("share", ["#f4f6f8", COLORS[0]])
