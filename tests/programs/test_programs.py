"""Whole programs in the style of tutorials, run by this engine and by PyTorch.

The programs are the files beside this one; each runs alone with PyTorch too. What they sample and
count must be equal, the losses that they print equal but for the last digits: two libraries add in
different orders, and training carries that on.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from seed_notes import assert_near
from torch_programs import printed, printed_by_engine

pytestmark = pytest.mark.torch

HERE = Path(__file__).parent
PROGRAMS = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("test_"))


def test_there_are_programs() -> None:
    assert len(PROGRAMS) >= 5


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_what_it_prints_with_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    program = (HERE / f"{name}.py").read_text(encoding="utf-8")
    try:
        theirs = printed(program).splitlines()
    finally:
        torch.use_deterministic_algorithms(False)
    ours = printed_by_engine(program).splitlines()
    # Four decimals are printed: half a unit of the last of them, and float32's drift.
    assert_near(ours, theirs, rtol=2e-4, atol=2e-4)
