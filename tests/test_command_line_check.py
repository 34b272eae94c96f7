"""The command line with `--check`, and where arithmetic has no finite answer."""

import pytest
from command_lines import TANH, run

import engine
from engine import __main__ as command_line


def test_check_agrees(capsys: pytest.CaptureFixture) -> None:
    status, out, _ = run("explain", *TANH, "--check", capsys=capsys)
    assert status == 0
    assert [line.split()[0] for line in out.splitlines() if line.endswith(" agree")] == list("wxb")
    assert out.rstrip().endswith("every gradient agrees with finite differences")


def test_check_finds_a_wrong_gradient(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = engine.grad

    def wrong(root: engine.Value, inputs: list, **options: object) -> tuple:
        w, *others = right(root, inputs, **options)
        return (w * 1.000001, *others)

    monkeypatch.setattr(engine, "grad", wrong)
    status, out, _ = run("explain", *TANH, "--check", "--quiet", capsys=capsys)
    assert status == 1
    assert [line.split()[0] for line in out.splitlines() if line.endswith("DIFFER")] == ["w"]
    assert "the gradient of w differs" in out


def test_check_at_a_kink_and_where_there_is_no_slope(capsys: pytest.CaptureFixture) -> None:
    status, out, _ = run("explain", "relu(x)", "x=0", "--check", "--quiet", capsys=capsys)
    assert status == 1 and "kink" in out
    status, out, _ = run("explain", "log(x)", "x=-1", "--check", "--quiet", capsys=capsys)
    assert status == 0 and "settle on nothing" in out
    status, out, _ = run("explain", "floor(x)", "x=2", "--check", "--quiet", capsys=capsys)
    assert status == 0 and "cannot say" in out and "every gradient agrees" not in out
    status, out, _ = run("explain", "1/x", "x=1e-3", "--check", "--quiet", capsys=capsys)
    assert status == 0 and "every gradient agrees" in out


@pytest.mark.parametrize("text", ["x/0", "1/(x - 1)", "0**(x - 2)", "log(x - 1)/0", "1e308*x*x/0"])
@pytest.mark.parametrize("more", [[], ["--order", "recursive"], ["--json"], ["--check"]])
def test_arithmetic_that_python_refuses_is_explained(
    text: str, more: list[str], capsys: pytest.CaptureFixture
) -> None:
    status, out, err = run("explain", text, "x=1", *more, capsys=capsys)
    assert err == "" and "inf" in out
    assert status == 0 or more == ["--check"]


def test_arithmetic_that_fails_is_one_line(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(command_line, "parse", fails)
    assert run("explain", "x", "x=1", capsys=capsys) == (2, "", "error: division by zero\n")


def test_infinity_is_a_number_where_it_is_meant(capsys: pytest.CaptureFixture) -> None:
    assert run("explain", "x", "x=-inf", "--quiet", capsys=capsys) == (0, "", "")
    assert run("explain", "x", "x=Infinity", "--quiet", capsys=capsys) == (0, "", "")


def test_a_constant_is_said_to_be_one(capsys: pytest.CaptureFixture) -> None:
    _, out, _ = run("explain", "1/0", capsys=capsys)
    assert out.endswith("1/0 is a constant: no gradient goes anywhere\n")
    assert "constant" not in run("explain", "x", "x=1", capsys=capsys)[1]


def test_a_gradient_of_zero_has_no_sign(capsys: pytest.CaptureFixture) -> None:
    _, out, _ = run("explain", "-x*y", "x=0", "y=3", "--check", "--quiet", capsys=capsys)
    assert " -0 " not in out and "-0\n" not in out


def test_check_without_names(capsys: pytest.CaptureFixture) -> None:
    status, out, _ = run("explain", "3 + 4", "--check", "--quiet", capsys=capsys)
    assert (status, out) == (0, "nothing to check: the expression has no names\n")
