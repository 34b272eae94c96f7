"""The lessons run alone and hold what they claim; the demo's numbers are what a hand computes."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import engine
from examples import back_propagation, demo, iris, lesson
from examples.lesson_01_autograd_from_nothing import Number
from viz.telling import width

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "examples").glob("lesson_[0-9]*.py"))


def run_apart(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A program in a folder of its own, where a warning is an error."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=cwd, env=environment, capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip


# --- lessons -------------------------------------------------------------------------------------


def test_there_are_lessons_and_the_index_names_them() -> None:
    index = (ROOT / "examples" / "README.md").read_text("utf-8")
    assert len(LESSONS) >= 3
    for number, file in enumerate(LESSONS, start=1):
        assert file.name.startswith(f"lesson_{number:02}_")
        assert f"({file.name})" in index


@pytest.mark.parametrize("file", LESSONS, ids=lambda file: file.stem)
def test_a_lesson_runs_as_a_file_in_any_folder(file: Path, tmp_path: Path) -> None:
    done = run_apart(str(file), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Lesson ")
    assert any("가" <= letter <= "힣" for letter in lines[2])
    assert sum(line.startswith("  ok ") for line in lines) >= 5
    assert not any(line.startswith("  NO ") for line in lines)
    # What it says it wrote is there, and nothing else is left lying about.
    told = {line.strip() for line in lines if line.startswith("  out/")}
    assert told == {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    # Its own lines fit; an explanation's may be as long as its formulas.
    assert max(len(line) for line in lines if "local derivative" not in line) <= 90


@pytest.mark.parametrize("file", LESSONS, ids=lambda file: file.stem)
def test_a_lesson_runs_as_a_module(file: Path, tmp_path: Path) -> None:
    done = run_apart("-m", f"examples.{file.stem}", "--out", str(tmp_path), cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_lesson_says_where_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("not a folder")
    done = run_apart(str(LESSONS[2]), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot write") and len(done.stderr.splitlines()) == 1


def test_a_claim_that_does_not_hold_stops_the_lesson(capsys: pytest.CaptureFixture) -> None:
    lesson.check("right", 0.1 + 0.2, 0.3)
    lesson.check("right", "a", "a")
    for found, expected in ((1.001, 1.0), (3, 4), (True, False), (math.nan, 1.0)):
        with pytest.raises(SystemExit) as stop:
            lesson.check("wrong", found, expected)
        assert stop.value.code == 1
    printed = capsys.readouterr().out.splitlines()
    assert [line[:6] for line in printed] == ["  ok  "] * 2 + ["  NO  "] * 4


def test_the_differentiator_from_nothing_agrees_with_engine() -> None:
    def compute(kind: type) -> list:
        x, y, z = kind(0.5), kind(-1.5), kind(2.0)
        t = (x * y + z).tanh()
        u = t * x + t * t
        (u * u + x).backward()
        return [x, y, z, t, u]

    pairs = zip(compute(Number), compute(engine.Value), strict=True)
    for ours, theirs in pairs:
        assert ours.grad == pytest.approx(theirs.grad, rel=1e-12)


def test_the_wrong_order_of_the_lesson_is_that_of_the_explanation() -> None:
    import viz

    a = Number(3.0)
    b = a + a
    c = b + b
    c.grad = 1.0
    c.backward_at_once()
    v = engine.Value(3.0, label="a")
    w = v + v
    explained = viz.explain(w + w, order="recursive").to_dict()
    assert a.grad == 8.0
    assert [r["gradient"] for r in explained["results"] if r["name"] == "a"] == [a.grad]


# --- the demo, part 1: the chain rule by hand ----------------------------------------------------


def by_hand() -> tuple[float, list[float]]:
    """The error and its gradient by w1 .. w8, written out for this network alone."""

    def s(z: float) -> float:
        return 1 / (1 + math.exp(-z))

    x1, x2, t1, t2 = 0.1, 0.2, 0.4, 0.6
    w1, w2, w3, w4, w5, w6, w7, w8 = 0.3, 0.25, 0.4, 0.35, 0.45, 0.4, 0.7, 0.6
    h1, h2 = s(w1 * x1 + w2 * x2), s(w3 * x1 + w4 * x2)
    o1, o2 = s(w5 * h1 + w6 * h2), s(w7 * h1 + w8 * h2)
    d1, d2 = (o1 - t1) * o1 * (1 - o1), (o2 - t2) * o2 * (1 - o2)
    k1 = (d1 * w5 + d2 * w7) * h1 * (1 - h1)
    k2 = (d1 * w6 + d2 * w8) * h2 * (1 - h2)
    error = ((t1 - o1) ** 2 + (t2 - o2) ** 2) / 2
    return error, [k1 * x1, k1 * x2, k2 * x1, k2 * x2, d1 * h1, d1 * h2, d2 * h1, d2 * h2]


def test_back_propagation_by_hand() -> None:
    network = back_propagation.Network()
    network.E.backward()
    error, gradients = by_hand()
    assert network.E.data == pytest.approx(error, rel=1e-14)
    assert [w.grad for w in network.weights] == pytest.approx(gradients, rel=1e-12)
    # The figures that the course notes' network is known for.
    assert (round(network.o1.data, 8), round(network.o2.data, 8)) == (0.609446, 0.66384491)
    assert round(network.E.data, 8) == 0.0239719
    updated = network.update()
    assert round(updated[4], 8) == 0.43703857
    assert round(updated[0], 8) == 0.29959556
    assert back_propagation.Network(updated).E.data == pytest.approx(0.02323634, abs=1e-8)


def test_the_chains_that_are_printed_end_at_the_gradient() -> None:
    network = back_propagation.Network()
    _, gradients = by_hand()
    for chain, weight in (
        (back_propagation.chain_of_output_weight, 4),
        (back_propagation.chain_of_hidden_weight, 0),
    ):
        text, product = chain(network)
        assert product == pytest.approx(gradients[weight], rel=1e-12)
        assert text.endswith(f"{gradients[weight]:.6f}")


def test_part_1_writes_and_tells(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    said: list[str] = []
    paths = back_propagation.run(tmp_path, lambda english, korean: said.append(english))
    assert [path.name for path in paths] == [
        "backprop.txt", "backprop.svg", "backprop.png", "backprop.html"
    ]  # fmt: skip
    assert all(path.stat().st_size > 0 for path in paths)
    assert "The error falls from 0.023972 to 0.023236." in said
    out = capsys.readouterr().out
    assert "0.209446 * 0.238022 * 0.519989" in out
    explained = paths[0].read_text("utf-8")
    assert "sigmoid(z1)" in explained and "0.0259229" in explained


# --- the demo, part 2: iris ----------------------------------------------------------------------


def test_the_data_are_fishers() -> None:
    flowers = iris.load()
    assert len(flowers) == 150
    assert flowers.class_names == ["setosa", "versicolor", "virginica"]
    assert [flowers.classes.count(c) for c in range(3)] == [50, 50, 50]
    assert all(name.endswith("(cm)") for name in flowers.feature_names)
    # Sums over 150 flowers, of the table in Fisher's paper.
    sums = [round(sum(column), 1) for column in zip(*flowers.features, strict=True)]
    assert sums == [876.5, 458.6, 563.7, 179.9]
    assert flowers.features[34] == [4.9, 3.1, 1.5, 0.2]  # wrong in the file at UCI
    assert flowers.features[37] == [4.9, 3.6, 1.4, 0.1]  # likewise


def test_the_data_are_those_of_scikit_learn() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    theirs = datasets.load_iris()
    flowers = iris.load()
    assert flowers.features == theirs.data.tolist()
    assert flowers.classes == theirs.target.tolist()


def test_the_split_is_stratified_and_tests_each_flower_once() -> None:
    flowers = iris.load()
    tested = []
    for fold in range(3):
        training, test = iris.split(flowers, fold)
        assert sorted([*training, *test]) == list(range(150))
        per_class = [sum(flowers.classes[row] == c for row in test) for c in range(3)]
        assert len(set(per_class)) == 1
        tested += test
    assert sorted(tested) == list(range(150))


def test_the_scaler_knows_only_what_it_was_given() -> None:
    scaler = iris.Scaler([[1.0, 10.0], [3.0, 30.0]])
    assert scaler([1.0, 10.0]) == [-1.0, -1.0]
    assert scaler([4.0, 20.0]) == [2.0, 0.0]


def test_precision_and_recall_as_the_notes_define_them() -> None:
    counts = [[8, 2], [1, 9]]  # class 0: TP 8, FN 2, FP 1
    assert iris.precision(counts, 0) == 8 / (8 + 1)
    assert iris.recall(counts, 0) == 8 / (8 + 2)
    assert iris.accuracy(counts) == 17 / 20
    assert math.isnan(iris.precision([[0, 1], [0, 1]], 0))
    assert math.isnan(iris.recall([[0, 0], [0, 1]], 0))


def test_the_confusion_matrix_has_true_classes_in_rows() -> None:
    flowers = iris.load()
    counts = iris.confusion(lambda row: 2, flowers, range(60))
    assert counts == [[0, 0, 50], [0, 0, 10], [0, 0, 0]]
    table = iris.confusion_table([[1, 2], [3, 4]], ["a", "b"]).splitlines()
    assert table[0].split() == ["true", "\\", "predicted", "a", "b"]
    assert [line.split() for line in table[2:]] == [["a", "1", "2"], ["b", "3", "4"]]


def test_training_lowers_the_loss_and_is_repeatable() -> None:
    flowers = iris.load()
    rows = iris.split(flowers)[0][::3]
    heard: list[float] = []
    first = iris.train(flowers, rows, seed=3, epochs=6, each_epoch=heard.append)
    again = iris.train(flowers, rows, seed=3, epochs=6)
    other = iris.train(flowers, rows, seed=4, epochs=6)
    assert first.losses == heard == again.losses != other.losses
    assert first.losses[-1] < 0.6 * first.losses[0]


def test_progress_without_a_terminal_is_a_few_lines(capsys: pytest.CaptureFixture) -> None:
    progress = iris.Progress(60)
    for epoch in range(60):
        progress(1 / (1 + epoch))
    printed = capsys.readouterr()
    assert printed.err == ""
    assert [line.split()[2] for line in printed.out.splitlines()] == [
        "1/60", "15/60", "30/60", "45/60", "60/60"
    ]  # fmt: skip


@pytest.mark.parametrize("has_tqdm", [True, False])
def test_progress_on_a_terminal(
    has_tqdm: bool, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    if has_tqdm:
        pytest.importorskip("tqdm")
    else:
        monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = iris.Progress(3)
    for _ in range(3):
        progress(0.5)
    printed = capsys.readouterr()
    if has_tqdm:
        assert "epoch 3/3, loss 0.5000" in printed.err
        assert printed.out == ""
    else:
        assert "3/3" in printed.out


# --- the demo as a whole -------------------------------------------------------------------------


def test_the_demo(tmp_path: Path) -> None:
    done = run_apart("-m", "examples.demo", "--out", str(tmp_path / "new"), cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in (tmp_path / "new").iterdir()} == set(demo.WHAT)
    for name in demo.WHAT:
        assert str(tmp_path / "new" / name) in done.stdout
        assert (tmp_path / "new" / name).stat().st_size > 0
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("Test accuracy: ")]
    assert float(line.split()[2].rstrip("%")) >= 93


def test_a_demo_that_learned_too_little_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    status = demo.main(["--out", str(tmp_path), "--epochs", "1", "--language", "ko"])
    printed = capsys.readouterr()
    assert status == 1
    assert printed.err.startswith("error: the test accuracy is")
    assert "열어 볼 파일" in printed.out


def test_the_demo_in_korean_speaks_korean(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    demo.main(["--out", str(tmp_path), "--epochs", "1", "--language", "ko"])
    out = capsys.readouterr().out
    english = [w for words in (back_propagation.WORDS, iris.WORDS) for w in words["en"]]
    assert [w for w in english if re.search(rf"\b{re.escape(w)}\b", out)] == []
    assert "엔진의 답 0.025923" in out and "훈련  에포크   1/1  손실" in out
    # Columns stand below each other although a letter of Hangul is two wide.
    head, first = (
        line for line in out.splitlines() if line.lstrip().startswith(("가중치 ", "w1 "))
    )
    assert width(head[: head.index("갱신 전")]) == first.index("0.3000")
    for words in (back_propagation.WORDS, iris.WORDS):
        assert len(words["en"]) == len(words["ko"])


def test_a_folder_that_cannot_be_written_is_found_out_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "file").write_text("not a folder")
    status = demo.main(["--out", str(tmp_path / "file" / "out")])
    printed = capsys.readouterr()
    assert (status, printed.out) == (2, "")
    assert printed.err.startswith("error: cannot write") and len(printed.err.splitlines()) == 1
