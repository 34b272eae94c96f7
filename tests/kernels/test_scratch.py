"""Working copies for which there is no memory: a MemoryError each time, and no harm done.

The first, the second, ... working copy of a call is refused until the call comes through. All this
happens in a process of its own, which a forgotten check would end.
"""

import pytest
from kernel_forms import BUILT
from matmul_forms import run

CALLS = """
matmul(large, large)
matmul(large.T, large.T)
matmul(stack, stack)
layer_norm_backward(large, large, large[:, 0], large[:, 0])
"""
REFUSE = """
import numpy as np
from engine import kernels
from engine.kernels.loading import compiled
rng = np.random.default_rng(0)
large, stack = rng.random((600, 600)), rng.random((3, 300, 301)).swapaxes(1, 2)[:, :300]
kernels.set_num_threads(THREADS)
parts = lambda result: result if isinstance(result, tuple) else (result,)
for call in CALLS:
    expected = parts(eval("kernels." + call))
    for allowed in range(100):
        compiled.limit_scratch(allowed)
        try:
            result = parts(eval("kernels." + call))
            break
        except MemoryError as error:
            assert "no memory for its working copies" in str(error)
        finally:
            compiled.limit_scratch(-1)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(result, expected)), call
    print(call, "refused" if allowed else "takes no working copy")
"""


@pytest.mark.skipif(not BUILT, reason="the compiled kernels are not live")
@pytest.mark.parametrize("threads", [1, 3])
def test_no_memory_is_a_memory_error(threads) -> None:
    calls = CALLS.split("\n")[1:-1]
    code = REFUSE.replace("CALLS", repr(calls)).replace("THREADS", str(threads))
    result = run(code)
    expected = [f"{call} refused" for call in calls]
    assert result.stdout.splitlines() == expected, result.stderr
