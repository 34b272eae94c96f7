"""Three kinds of iris, told apart by a multilayer perceptron made of Values.

Every weight is one number, every training step one graph of a few hundred of them: the gradients
come from the same rules that `viz.explain` shows. The parts are those of any training: data,
split, standardised features, mini-batches, a loss, gradient descent, and a look at what came out
on flowers that the network never saw.

This is the second half of `python -m examples.demo`. It is not the fast way to train (arrays are).
"""

from __future__ import annotations

import csv
import random
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import engine
from engine.scalar.nn import MLP, cross_entropy
from examples.lesson import padded
from viz import plots
from viz.telling import width

DATA = Path(__file__).parent / "data" / "iris.csv"

# Chosen by looking at several seeds and several splits, not at the one result that is printed.
HIDDEN = 8
EPOCHS = 60
BATCH = 16
LEARNING_RATE = 0.05
MOMENTUM = 0.9
WEIGHT_DECAY = 0.01

WANTED = 0.93
"""The share of unseen flowers that the network must get right."""


@dataclass(frozen=True)
class Flowers:
    """Samples (a row of features each) and their classes."""

    features: list[list[float]]
    classes: list[int]
    feature_names: list[str]
    class_names: list[str]

    def __len__(self) -> int:
        return len(self.classes)

    def only(self, columns: Sequence[int]) -> Flowers:
        """The same flowers with some of the features."""
        return Flowers(
            [[row[c] for c in columns] for row in self.features],
            self.classes,
            [self.feature_names[c] for c in columns],
            self.class_names,
        )


def load(path: Path = DATA) -> Flowers:
    """Reads the table; the classes are numbered in the order of appearance."""
    with open(path, newline="", encoding="utf-8") as file:
        names, *rows = list(csv.reader(file))
    class_names = list(dict.fromkeys(row[-1] for row in rows))
    return Flowers(
        [[float(number) for number in row[:-1]] for row in rows],
        [class_names.index(row[-1]) for row in rows],
        names[:-1],
        class_names,
    )


def split(flowers: Flowers, fold: int = 2, folds: int = 3) -> tuple[list[int], list[int]]:
    """Row numbers for training and for the test.

    Of each class, every third flower is for the test: as many of each class (stratified), the same
    on every machine, and no luck of the draw. The three folds test each flower exactly once.
    """
    seen = [0] * len(flowers.class_names)
    training, test = [], []
    for row, c in enumerate(flowers.classes):
        (test if seen[c] % folds == fold else training).append(row)
        seen[c] += 1
    return training, test


class Scaler:
    """Brings each feature to mean 0 and standard deviation 1, as they are in the training rows.

    The test rows have no say in it: their mean is not known before they are seen.
    """

    def __init__(self, rows: Sequence[Sequence[float]]) -> None:
        columns = list(zip(*rows, strict=True))
        self.means = [sum(column) / len(column) for column in columns]
        self.deviations = [
            (sum((x - mean) ** 2 for x in column) / len(column)) ** 0.5
            for column, mean in zip(columns, self.means, strict=True)
        ]

    def __call__(self, row: Sequence[float]) -> list[float]:
        facts = zip(row, self.means, self.deviations, strict=True)
        return [(x - mean) / deviation for x, mean, deviation in facts]


@dataclass
class Classifier:
    """A trained network, with what brings features to its scale."""

    model: MLP
    scaler: Scaler
    losses: list[float]

    def scores(self, row: Sequence[float]) -> list[float]:
        """One for each class; nothing is recorded for a gradient."""
        with engine.no_grad():
            return [score.data for score in self.model(self.scaler(row))]

    def __call__(self, row: Sequence[float]) -> int:
        """The class with the largest score."""
        scores = self.scores(row)
        return scores.index(max(scores))


def train(
    flowers: Flowers,
    rows: Sequence[int],
    *,
    seed: int = 0,
    epochs: int = EPOCHS,
    each_epoch: Callable[[float], None] = lambda loss: None,
) -> Classifier:
    """Trains a network on some rows, by gradient descent with momentum on mini-batches.

    Args:
        flowers: all samples.
        rows: which of them to learn from.
        seed: of the first weights and of the order of the samples.
        epochs: how often each sample is seen.
        each_epoch: is told the mean loss of an epoch at its end.
    """
    scaler = Scaler([flowers.features[row] for row in rows])
    features = {row: scaler(flowers.features[row]) for row in rows}
    random.seed(seed)
    model = MLP(len(flowers.feature_names), [HIDDEN, len(flowers.class_names)], activation="tanh")
    parameters = model.parameters()
    velocities = [0.0] * len(parameters)
    order, losses = list(rows), []
    for epoch in range(epochs):
        # Large steps first, small ones in the end: the loss settles instead of trembling.
        rate = LEARNING_RATE * (1 - epoch / epochs)
        random.shuffle(order)
        total = 0.0
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            loss = engine.sum(
                [cross_entropy(model(features[row]), flowers.classes[row]) for row in batch]
            ) / len(batch)
            model.zero_grad()
            loss.backward()
            total += loss.data * len(batch)
            for i, p in enumerate(parameters):
                # Weight decay pulls every weight a little towards 0: smoother borders.
                pull = p.grad + WEIGHT_DECAY * p.data
                velocities[i] = MOMENTUM * velocities[i] + pull
                p.data -= rate * velocities[i]
        losses.append(total / len(order))
        each_epoch(losses[-1])
    return Classifier(model, scaler, losses)


# --- how good it is ------------------------------------------------------------------------------


def confusion(classify: Callable, flowers: Flowers, rows: Sequence[int]) -> list[list[int]]:
    """`counts[true][predicted]`."""
    size = len(flowers.class_names)
    counts = [[0] * size for _ in range(size)]
    for row in rows:
        counts[flowers.classes[row]][classify(flowers.features[row])] += 1
    return counts


def accuracy(counts: Sequence[Sequence[int]]) -> float:
    """What was right, of all."""
    right = sum(row[i] for i, row in enumerate(counts))
    return right / (sum(map(sum, counts)) or 1)


def precision(counts: Sequence[Sequence[int]], c: int) -> float:
    """TP / (TP + FP): of what was called c, how much is c. NaN where nothing was called c."""
    called = sum(row[c] for row in counts)
    return counts[c][c] / called if called else float("nan")


def recall(counts: Sequence[Sequence[int]], c: int) -> float:
    """TP / (TP + FN): of what is c, how much was called c. NaN where nothing is c."""
    there = sum(counts[c])
    return counts[c][c] / there if there else float("nan")


WORDS = {
    "en": "true \\ predicted|class|precision|recall|flowers|training|epoch|loss".split("|"),
    "ko": "실제 \\ 예측|종|정밀도|재현율|송이|훈련|에포크|손실".split("|"),
}


def confusion_table(
    counts: Sequence[Sequence[int]], names: Sequence[str], language: str = "en"
) -> str:
    """The confusion matrix as text: a row for each true class, a column for each predicted one."""
    room = max(map(len, names)) + 2
    head = WORDS[language][0]
    first = max(width(head), room) + 2
    lines = [padded(head, first) + "".join(name.rjust(room) for name in names)]
    lines.append(f"{'':{first}}" + "".join(f"{'-' * len(name):>{room}}" for name in names))
    for name, row in zip(names, counts, strict=True):
        lines.append(name.ljust(first) + "".join(f"{count:>{room}}" for count in row))
    return "\n".join(lines)


def class_table(counts: Sequence[Sequence[int]], names: Sequence[str], language: str = "en") -> str:
    """Precision and recall of each class as text."""
    room = max(map(len, names)) + 2
    kind, *heads = WORDS[language][1:5]
    columns = zip(heads, (11, 9, 10), strict=True)
    lines = [padded(kind, room) + "".join(" " * (c - width(h)) + h for h, c in columns)]
    for c, name in enumerate(names):
        values = f"{precision(counts, c):10.1%} {recall(counts, c):8.1%} {sum(counts[c]):9}"
        lines.append(f"{name:<{room}} {values}")
    return "\n".join(lines)


class Progress:
    """A bar where there is a terminal, a line now and then where there is none."""

    def __init__(self, epochs: int, language: str = "en") -> None:
        self.epochs, self.done = epochs, 0
        self.name, self.epoch, self.loss = WORDS[language][5:]
        self.bar = None
        if sys.stderr.isatty():
            try:
                from tqdm import tqdm
            except ImportError:
                return
            shape = "    {desc} {percentage:3.0f}% |{bar:32}| "
            shape += self.epoch + " {n_fmt}/{total_fmt}{postfix}"
            size = shutil.get_terminal_size()  # 80 x 24 where the terminal does not say
            self.bar = tqdm(
                total=epochs, desc=self.name, bar_format=shape, file=sys.stderr,
                ncols=size.columns, nrows=size.lines,
            )  # fmt: skip

    def __call__(self, loss: float) -> None:
        self.done += 1
        if self.bar is not None:
            self.bar.set_postfix_str(f"{self.loss} {loss:.4f}", refresh=False)
            self.bar.update()
            if self.done == self.epochs:
                self.bar.close()
        elif self.done in (1, self.epochs) or self.done % max(1, self.epochs // 4) == 0:
            done = f"{self.epoch} {self.done:>3}/{self.epochs}"
            print(f"    {self.name}  {done}  {self.loss} {loss:.4f}")


def run(
    out: Path,
    say: Callable[[str, str], None],
    *,
    seed: int = 0,
    epochs: int = EPOCHS,
    language: str = "en",
) -> tuple[float, list[Path]]:
    """Trains, prints what came out, draws it; returns the test accuracy and the paths."""
    flowers = load()
    training, test = split(flowers)
    say(
        f"{len(flowers)} flowers of {len(flowers.class_names)} kinds, "
        f"{len(flowers.feature_names)} measurements each. Every third flower of each kind is kept\n"
        f"for the test: {len(training)} to learn from, {len(test)} never seen in training.",
        f"붓꽃 {len(flowers.class_names)}종 {len(flowers)}송이, 특징은 "
        f"{len(flowers.feature_names)}개. 종마다 세 송이 중 한 송이는 테스트용으로 남긴다:\n"
        f"훈련 {len(training)}송이, 훈련에서 보지 않는 테스트 {len(test)}송이.",
    )
    size = len(MLP(len(flowers.feature_names), [HIDDEN, len(flowers.class_names)]).parameters())
    say(
        f"The network: {len(flowers.feature_names)} inputs, {HIDDEN} tanh neurons, "
        f"{len(flowers.class_names)} scores; {size} parameters, each one Value.\n",
        f"신경망: 입력 {len(flowers.feature_names)}개, tanh 뉴런 {HIDDEN}개, 점수 "
        f"{len(flowers.class_names)}개; 매개변수 {size}개가 모두 Value다.\n",
    )
    classifier = train(
        flowers, training, seed=seed, epochs=epochs, each_epoch=Progress(epochs, language)
    )
    counts = confusion(classifier, flowers, test)
    reached = accuracy(counts)
    right = round(reached * len(test))
    learned = accuracy(confusion(classifier, flowers, training))
    print()
    say(
        f"Test accuracy: {reached:.1%} ({right} of {len(test)}); on the training flowers "
        f"{learned:.1%}.",
        f"테스트 정확도: {reached:.1%} ({len(test)}송이 중 {right}송이); 훈련 데이터에서는 "
        f"{learned:.1%}.",
    )
    print(f"\n{_indented(confusion_table(counts, flowers.class_names, language))}\n")
    say(
        "Precision: of what was called so, how much is so.  "
        "Recall: of what is so, how much was called so.",
        "정밀도 = TP / (TP + FP): 그렇다고 답한 것 중 맞은 비율.  "
        "재현율 = TP / (TP + FN): 실제 그런 것 중 찾아낸 비율.",
    )
    print(f"\n{_indented(class_table(counts, flowers.class_names, language))}\n")

    others = []
    for fold in (0, 1):
        training_rows, test_rows = split(flowers, fold)
        other = train(flowers, training_rows, seed=seed, epochs=epochs)
        others.append(accuracy(confusion(other, flowers, test_rows)))
    say(
        f"{len(test)} flowers are few, so one such figure depends on which they are. Tested on "
        f"either other\nthird instead: {others[0]:.1%} and {others[1]:.1%}.",
        f"{len(test)}송이는 적어서, 어느 꽃을 남기느냐에 따라 수치가 달라진다. 다른 두 조각으로\n"
        f"테스트하면 {others[0]:.1%}, {others[1]:.1%}.",
    )

    petals = flowers.only([2, 3])
    small = train(petals, training, seed=seed, epochs=epochs)
    share = accuracy(confusion(small, petals, test))
    paths = [
        plots.save(
            plots.loss_curve(
                classifier.losses,
                title="Iris: loss during training",
                y_label="mean cross-entropy (nats)",
            ),
            out / "iris_loss.png",
        ),
        plots.save(
            plots.confusion_matrix(
                counts,
                flowers.class_names,
                title=f"Iris: {right} of {len(test)} test flowers right",
            ),
            out / "iris_confusion.png",
        ),
        plots.save(
            plots.decision_regions(
                lambda x, y: small.scores([x, y]),
                petals.features,
                petals.classes,
                petals.class_names,
                marked=test,
                title=f"A network that sees the petals only ({share:.0%} of the test right)",
                x_label=petals.feature_names[0],
                y_label=petals.feature_names[1],
            ),
            out / "iris_regions.png",
        ),
    ]
    return reached, paths


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())
