"""The command line as tests run it: in this process, with what it printed."""

import pytest

from engine import __main__ as command_line

TANH = ["tanh(w*x + b)", "w=2", "x=-1", "b=0.5"]


def run(*arguments: str, capsys: pytest.CaptureFixture) -> tuple[int, str, str]:
    status = command_line.main(list(arguments))
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return status, printed.out, printed.err
