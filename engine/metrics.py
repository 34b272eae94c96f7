"""How good a classifier is: confusion matrix, accuracy, precision, recall, F1, area under the ROC.

The one idea: all but the last are read off the confusion matrix. Results are plain NumPy arrays and
Python numbers, which carry no gradient: these figures jump, and are looked at, not trained on.
The matrix has a row for each true class and a column for each predicted one; of two classes the
positive one, 1, comes first, so that it reads [[TP, FN], [FP, TN]].
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.tensor.tensor import Tensor

__all__ = [
    "accuracy",
    "confusion_matrix",
    "f1",
    "precision",
    "recall",
    "roc_auc",
    "show_confusion",
]


# --- the matrix -----------------------------------------------------------------------------------


def confusion_matrix(actual: Any, predicted: Any, labels: Sequence[Any] | None = None) -> Any:
    """How often each class was taken for which.

    Args:
        actual: true classes, of shape (N,): a Tensor, an array or a list; numbers or texts.
        predicted: predicted classes, of shape (N,).
        labels: the classes in the order of the rows; others are left out. If left out: 1 and 0
            where there are no others, in this order; otherwise all that occur, sorted.

    Returns:
        An int64 array of shape (classes, classes): rows true, columns predicted.

    Raises:
        ValueError: for different lengths, for what has more than one dimension, and for fractions.

    >>> confusion_matrix([1, 1, 1, 0, 0], [1, 1, 0, 0, 1]).tolist()  # [[TP, FN], [FP, TN]]
    [[2, 1], [1, 1]]
    """
    true, guess = _classes(actual, predicted)
    if labels is None:
        order = _found(true, guess)
        if set(order.tolist()) <= {0, 1} and order.dtype.kind in "biu":
            order = np.array([1, 0])
    else:
        order = _array(labels)
        if len(np.unique(order)) != order.size:
            raise ValueError(f"labels name a class more than once: {order.tolist()}")
    return _counts(true, guess, order)


def _counts(true: np.ndarray, guess: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The matrix of these classes, in this order."""
    count = order.size
    sorting = np.argsort(order)
    known = np.isin(true, order) & np.isin(guess, order)
    rows, columns = (
        sorting[np.searchsorted(order, each[known], sorter=sorting)] for each in (true, guess)
    )
    return np.bincount(rows * count + columns, minlength=count * count).reshape(count, count)


def _array(values: Any) -> np.ndarray:
    return np.asarray(values.detach().numpy() if isinstance(values, Tensor) else values)


def _classes(actual: Any, predicted: Any) -> tuple[np.ndarray, np.ndarray]:
    true, guess = _array(actual), _array(predicted)
    for name, each in (("actual", true), ("predicted", guess)):
        if each.ndim != 1:
            raise ValueError(
                f"{name} must have one dimension, a class for each example, but has shape "
                f"{list(each.shape)}; of scores take .argmax(1)"
            )
        if each.dtype.kind == "f" and not (each == np.floor(each)).all():
            raise ValueError(
                f"{name} holds fractions, and classes are whole numbers or texts; of "
                f"probabilities take p > 0.5 or .argmax(1)"
            )
    if true.size != guess.size:
        raise ValueError(
            f"actual has {true.size} classes and predicted {guess.size}: one of each example "
            f"is needed"
        )
    true, guess = (e.astype(np.int64) if e.dtype.kind in "fb" else e for e in (true, guess))
    if true.size and (true.dtype.kind in "US") != (guess.dtype.kind in "US"):
        raise ValueError("one of actual and predicted holds texts, the other numbers")
    return true, guess


def _found(true: np.ndarray, guess: np.ndarray) -> np.ndarray:
    return np.unique(np.concatenate([true, guess]))


# --- figures of it --------------------------------------------------------------------------------


def accuracy(actual: Any, predicted: Any) -> float:
    """The share of examples whose class was found; NaN where there are none.

    >>> accuracy([1, 1, 0, 0], [1, 0, 0, 0])
    0.75
    """
    true, guess = _classes(actual, predicted)
    return float(np.mean(true == guess)) if true.size else float("nan")


def precision(
    actual: Any, predicted: Any, *, average: str | None = "binary", labels: Any = None,
    pos_label: Any = 1, zero_division: float | str = "warn",
) -> Any:  # fmt: skip
    """TP / (TP + FP): of what was called positive, how much is.

    Args:
        actual, predicted: classes, as in `confusion_matrix`.
        average: "binary" for the figure of the class `pos_label`; of several classes "macro" for
            the mean of the classes' figures, "weighted" for that mean by how often each class is
            true, "micro" for the figure of all examples together, None for each class's own.
        labels: which classes, if not all that occur.
        pos_label: the positive class of "binary".
        zero_division: what 0 / 0 counts as: "warn" (0, and says so), 0, 1 or NaN (left out of
            means).

    Returns:
        A number; for None an array with one for each class.

    Raises:
        ValueError: for "binary" with more than two classes, or without the class pos_label.

    >>> precision([1, 1, 1, 0, 0], [1, 1, 0, 0, 1])
    0.6666666666666666
    """
    tp, predicted_count, _, weights = _tallies(actual, predicted, average, labels, pos_label)
    return _averaged("Precision", tp, predicted_count, weights, average, zero_division)


def recall(
    actual: Any, predicted: Any, *, average: str | None = "binary", labels: Any = None,
    pos_label: Any = 1, zero_division: float | str = "warn",
) -> Any:  # fmt: skip
    """TP / (TP + FN): of what is positive, how much was found. Arguments as in `precision`.

    >>> recall([1, 1, 1, 1, 0], [1, 1, 1, 0, 1])
    0.75
    """
    tp, _, true_count, weights = _tallies(actual, predicted, average, labels, pos_label)
    return _averaged("Recall", tp, true_count, weights, average, zero_division)


def f1(
    actual: Any, predicted: Any, *, average: str | None = "binary", labels: Any = None,
    pos_label: Any = 1, zero_division: float | str = "warn",
) -> Any:  # fmt: skip
    """2 TP / (2 TP + FP + FN): the harmonic mean of precision and recall. Arguments as there.

    >>> f1([1, 1, 1, 0, 0], [1, 1, 0, 0, 1])
    0.6666666666666666
    """
    tp, predicted_count, true_count, weights = _tallies(
        actual, predicted, average, labels, pos_label
    )
    both = predicted_count + true_count
    return _averaged("F1", 2 * tp, both, weights, average, zero_division)


def _tallies(
    actual: Any, predicted: Any, average: str | None, labels: Any, pos_label: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(TP, TP + FP, TP + FN, how often it is true) of each class, or of all together."""
    if average not in ("binary", "macro", "micro", "weighted", None):
        raise ValueError(
            f"average must be 'binary', 'macro', 'micro', 'weighted' or None, but is {average!r}"
        )
    true, guess = _classes(actual, predicted)
    found = _found(true, guess)
    if average == "binary":
        if len(found) > 2:
            raise ValueError(
                f"there are {len(found)} classes, and average='binary' is for two; choose "
                f"'macro', 'micro', 'weighted' or None"
            )
        if len(found) == 2 and pos_label not in found.tolist():
            raise ValueError(f"pos_label={pos_label!r} is no class of {found.tolist()}")
        wanted = np.array([pos_label])
    else:
        wanted = found if labels is None else _array(labels)
    order = np.concatenate([wanted, np.setdiff1d(found, wanted)])
    matrix, count = _counts(true, guess, order), wanted.size
    tp, columns, rows = np.diag(matrix)[:count], matrix.sum(0)[:count], matrix.sum(1)[:count]
    if average == "micro":
        tp, columns, rows = (each.sum(keepdims=True) for each in (tp, columns, rows))
    return tp, columns, rows, rows


def _averaged(
    name: str, over: np.ndarray, under: np.ndarray, weights: np.ndarray, average: str | None,
    zero_division: float | str,
) -> Any:  # fmt: skip
    value = 0.0 if zero_division == "warn" else float(zero_division)
    missing = under == 0
    if missing.any() and zero_division == "warn":
        warnings.warn(
            f"{name} is 0 / 0 for a class that does not occur, and counts as 0; set "
            f"zero_division to 0, 1 or NaN to choose",
            UserWarning,
            stacklevel=3,
        )
    figures = np.where(missing, value, over / np.where(missing, 1, under))
    if average is None:
        return figures
    if average in ("binary", "micro"):
        return float(figures[0])
    kept = ~np.isnan(figures)
    if not kept.any():
        return value
    # Where none of the classes that are left is ever true, they weigh the same.
    if average == "macro" or not weights[kept].any():
        return float(figures[kept].mean())
    return float(np.average(figures[kept], weights=weights[kept]))


# --- the area under the ROC curve -----------------------------------------------------------------


def roc_auc(actual: Any, scores: Any, *, average: str | None = "macro") -> Any:
    """The chance that a positive example has a higher score than a negative one (ties count half).

    Args:
        actual: true classes, of shape (N,).
        scores: for two classes the score of the higher class, of shape (N,) (or (N, 2): of both);
            for C classes, sorted, of shape (N, C): each is held against all the others.
        average: of several classes "macro" for the mean, None for each class's own.

    Returns:
        A number; for None of several classes an array.

    Raises:
        ValueError: where only one class occurs (there are no pairs to compare), or shapes differ.

    Source: Hanley and McNeil, The Meaning and Use of the Area under a ROC Curve, 1982.

    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    true, given = _array(actual), _array(scores).astype(np.float64)
    if average not in ("macro", None):
        raise ValueError(f"average must be 'macro' or None, but is {average!r}")
    if true.ndim != 1 or given.ndim not in (1, 2) or len(given) != len(true):
        raise ValueError(
            f"actual must have shape (N,) and scores (N,) or (N, C), but they have "
            f"{list(true.shape)} and {list(given.shape)}"
        )
    if np.isnan(given).any():
        raise ValueError("scores hold NaN, which is neither higher nor lower than anything")
    classes = np.unique(true)
    if len(classes) < 2:
        raise ValueError(
            f"only the class {classes.tolist()} occurs; the area compares examples of two"
        )
    if given.ndim == 2 and given.shape[1] == 2:
        given = given[:, 1]
    if given.ndim == 1:
        if len(classes) > 2:
            raise ValueError(
                f"there are {len(classes)} classes: scores must have a column for each"
            )
        return _area(true == classes[1], given)
    if given.shape[1] != len(classes):
        raise ValueError(
            f"scores have {given.shape[1]} columns, but {len(classes)} classes occur: "
            f"{classes.tolist()}"
        )
    areas = np.array([_area(true == c, given[:, k]) for k, c in enumerate(classes)])
    return areas if average is None else float(areas.mean())


def _area(positive: np.ndarray, scores: np.ndarray) -> float:
    """By ranks: the positive examples' ranks, less those that they have among themselves."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks = (last - (count - 1) / 2)[place]  # equal scores share the mean of their ranks
    ours, others = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - ours * (ours + 1) / 2) / (ours * others))


# --- the picture ----------------------------------------------------------------------------------


def show_confusion(matrix: Any, labels: Sequence[Any] | None = None, axes: Any = None) -> Any:
    """Draws a confusion matrix: darker is more, each cell with its number and its share of the row.

    Args:
        matrix: of shape (C, C), as `confusion_matrix` gives it.
        labels: the classes' names in the matrix's order; for two, 1 and 0 if left out.
        axes: Matplotlib axes to draw on; new ones if left out.

    Returns:
        The Matplotlib axes; `axes.figure.savefig(path)` writes the picture.

    Raises:
        ImportError: without Matplotlib.
        ValueError: for a matrix that is not square, or another number of labels.
    """
    counts = _array(matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"a confusion matrix is square, but this has shape {list(counts.shape)}")
    size = len(counts)
    if labels is None:
        labels = [1, 0] if size == 2 else list(range(size))
    if len(labels) != size:
        raise ValueError(f"the matrix has {size} classes, but there are {len(labels)} labels")
    if axes is None:
        axes = _new_axes(size)
    rows = counts.sum(1, keepdims=True)
    shares = counts / np.where(rows == 0, 1, rows)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(size, size):
        text = f"{counts[row, column]:g}"
        if size <= 10:
            text += f"\n{shares[row, column]:.0%}"
        # White on dark, black on light: both can be read.
        color = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, text, ha="center", va="center", color=color)
    names = [str(label) for label in labels]
    axes.set_xticks(range(size), names, rotation=45 if max(map(len, names)) > 5 else 0)
    axes.set_yticks(range(size), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    return axes


def _new_axes(size: int) -> Any:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError(
            "show_confusion() draws with Matplotlib: pip install engine-autograd[lessons]"
        ) from None
    side = max(3.5, 0.75 * size + 1.5)
    return pyplot.subplots(figsize=(side, side), layout="constrained")[1]
