"""What learners get wrong, a line each in mistakes.txt: the class of error is PyTorch's.

`st("...")` is statements, `a` a NumPy array, `bw(x)` is x.backward().
"""

import io
from pathlib import Path

import numpy as np
import pytest
from both_sides import both

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

MISTAKES = Path(__file__).with_name("mistakes.txt").read_text("utf-8").splitlines()


def scope_of(torch):
    scope = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "np": np, "io": io}
    scope["a"] = np.ones((2, 3), np.float32)
    scope["st"] = lambda source: exec(source, dict(scope))
    scope["bw"] = lambda x: x.backward()
    return scope


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_class_of_error_and_a_message(mistake):
    raised = both(lambda torch: eval(mistake, scope_of(torch)))
    assert isinstance(raised, Exception)
    assert len(str(raised)) > 12 or isinstance(raised, KeyError | IndexError | StopIteration)
    assert "_data" not in str(raised)
