"""The door to the compiled kernels: the fast one, its naive twin and Python's library must agree
for every dtype, shape, stride and special value, and the right backend must be live.

What only the compiled kernels can do is skipped where they are not: on NumPy alone the rest holds.
"""

import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hypothesis.extra.numpy as numpy_strategies
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import kernels
from engine.kernels import elementwise
from engine.kernels.loading import compiled

ROOT = Path(__file__).resolve().parents[2]
needs_compiled = pytest.mark.skipif(compiled is None, reason="the compiled kernels are not live")

# Where a formula in pieces is likeliest to go wrong: the joints and the ends.
SPECIAL = [0.0, 1.0, np.nextafter(1.0, 0.0), 4.0, 5.9, 6.0, 5e-324, 1e-310, 1e-40, 1e300, math.inf]

numbers = st.one_of(
    st.floats(-8, 8),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(SPECIAL + [-value for value in SPECIAL] + [math.nan]),
)
floats = st.sampled_from([np.float32, np.float64])


def _unaligned(array: np.ndarray) -> np.ndarray:
    memory = np.zeros(array.nbytes + 1, np.uint8)[1:]
    view = memory.view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


LOOKS = {
    "as it is": lambda array: array,
    "transposed": lambda array: array.T,
    "Fortran order": np.asfortranarray,
    "reversed": lambda array: array[::-1] if array.ndim else array,
    "every other": lambda array: array[..., ::2] if array.ndim else array,
    "axes rolled": lambda array: np.moveaxis(array, 0, -1) if array.ndim else array,
    "stride 0": lambda array: np.broadcast_to(array, (3, *array.shape)),
    "unaligned": _unaligned,
    "other byte order": lambda array: array.astype(array.dtype.newbyteorder()),
}


@st.composite
def views(draw: st.DrawFn) -> np.ndarray:
    """An array of floats as a caller may hold it: any shape, any strides, any number."""
    dtype = draw(floats)
    shape = draw(numpy_strategies.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6))
    # Drawn as float64 and rounded: that reaches the overflow to infinity of float32 as well.
    array = draw(numpy_strategies.arrays(np.float64, shape, elements=numbers))
    with np.errstate(over="ignore", under="ignore"):
        array = array.astype(dtype)
    return LOOKS[draw(st.sampled_from(sorted(LOOKS)))](array)


def truth(x: np.ndarray) -> np.ndarray:
    """Python's own erf, number by number, in x's dtype."""
    values = [math.erf(value) for value in x.ravel().tolist()]
    return np.array(values, np.float64).reshape(x.shape).astype(x.dtype.newbyteorder("="))


def units_apart(left: np.ndarray, right: np.ndarray) -> int:
    """The greatest number of floats between two arrays; NaN is 0 from NaN, and -0 is 1 from 0."""
    assert left.dtype == right.dtype and left.shape == right.shape
    assert np.array_equal(np.isnan(left), np.isnan(right))
    as_integer = np.dtype(f"i{left.dtype.itemsize}")

    def places(array: np.ndarray) -> np.ndarray:
        bits = array[~np.isnan(array)].view(as_integer)
        # Negative floats count downwards from -1, so that neighbours are neighbours throughout.
        return np.where(bits < 0, np.iinfo(as_integer).min - bits - 1, bits).astype(object)

    return max(np.abs(places(left) - places(right)), default=0)


def test_the_measure_itself_sees_one_unit_and_a_sign() -> None:
    one = np.array([1.0, np.nan])
    assert units_apart(one, one) == 0
    assert units_apart(one, np.array([np.nextafter(1.0, 2.0), np.nan])) == 1
    assert units_apart(np.array([0.0]), np.array([-0.0])) == 1
    with pytest.raises(AssertionError):
        units_apart(one, np.array([1.0, 1.0]))


@given(views())
def test_erf_is_pythons_erf(x: np.ndarray) -> None:
    before = x.copy()
    y = kernels.erf(x)
    assert units_apart(y, truth(x)) <= 2
    assert y.flags.writeable and not np.shares_memory(x, y)
    assert x.tobytes() == before.tobytes()


@given(views())
def test_the_naive_twin_is_pythons_erf(x: np.ndarray) -> None:
    # Not 0: the C library that Python was built with need not be the one of this machine.
    assert units_apart(kernels.erf_reference(x), truth(x)) <= 1


@given(views())
def test_the_fallback_is_pythons_erf_exactly(x: np.ndarray) -> None:
    flat = np.array(x.ravel(), dtype=x.dtype.newbyteorder("="))
    out = np.empty_like(flat)
    elementwise._erf_numpy(flat, out)
    assert units_apart(out, truth(flat)) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_erf_over_its_whole_range(dtype: type) -> None:
    """A dense sweep: Hypothesis likes round numbers, and a bad coefficient shows between them."""
    steps = np.concatenate([np.linspace(0, 7, 200_001), np.geomspace(1e-320, 1, 50_001)])
    with np.errstate(under="ignore"):
        x = np.concatenate([steps, -steps]).astype(dtype)
    y = kernels.erf(x)
    assert units_apart(y, truth(x)) <= 2
    assert np.all(np.abs(y) <= 1)


@pytest.mark.parametrize("function", [kernels.erf, kernels.erf_reference])
def test_special_values(function) -> None:
    for dtype in (np.float32, np.float64):
        x = np.array([0.0, -0.0, math.inf, -math.inf, math.nan, 30.0, -30.0], dtype)
        y = function(x)
        assert y.dtype == dtype
        assert np.array_equal(y, np.array([0, 0, 1, -1, math.nan, 1, -1], dtype), equal_nan=True)
        assert np.signbit(y[:2]).tolist() == [False, True]


@given(views())
def test_erf_is_odd_to_the_last_bit(x: np.ndarray) -> None:
    assert units_apart(kernels.erf(-x), -kernels.erf(x)) == 0


def test_dtypes() -> None:
    for dtype in (np.int8, np.uint16, np.int64, np.bool_):
        y = kernels.erf(np.array([0, 1], dtype))
        assert y.dtype == np.float64
        assert y.tolist() == pytest.approx([0, math.erf(1)], rel=1e-15)
    halves = np.linspace(-4, 4, 1001).astype(np.float16)
    assert units_apart(kernels.erf(halves), truth(halves)) <= 1
    assert kernels.erf(2).shape == () and kernels.erf([[1.0], [2.0]]).shape == (2, 1)


@pytest.mark.parametrize("dtype", [np.complex128, object, "U3", np.longdouble, "M8[s]"])
def test_what_is_not_a_real_number_is_refused_by_name(dtype) -> None:
    if np.dtype(dtype) == np.float64:
        pytest.skip("a long double is a double on this machine")
    with pytest.raises(TypeError, match=r"erf takes real numbers .*, got"):
        kernels.erf(np.zeros(2, dtype))


def test_the_layout_of_dense_arrays_is_kept() -> None:
    x = np.asfortranarray(np.ones((3, 4)))
    assert kernels.erf(x).flags.f_contiguous
    assert kernels.erf(x.T).flags.c_contiguous


# --- what only the compiled kernels can do --------------------------------------------------------


@needs_compiled
@given(views())
def test_every_instruction_set_gives_the_same_numbers(x: np.ndarray) -> None:
    results = []
    try:
        for level in range(3):
            compiled.limit_instruction_set(level)
            results.append(kernels.erf(x))
    finally:
        compiled.limit_instruction_set(2)
    assert results[1].tobytes() == results[2].tobytes()
    assert units_apart(results[0], results[1]) <= 2  # they round once where it rounds twice


@needs_compiled
def test_the_limit_is_obeyed_and_never_exceeds_the_processor() -> None:
    best = kernels.instruction_set()
    try:
        compiled.limit_instruction_set(0)
        assert kernels.instruction_set() == "portable"
    finally:
        compiled.limit_instruction_set(2)
    assert kernels.instruction_set() == best


@needs_compiled
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_element_does_not_depend_on_where_it_stands(dtype: type) -> None:
    x = np.linspace(-3, 3, 101).astype(dtype)
    whole = kernels.erf(x)
    alone = np.concatenate([kernels.erf(x[i : i + 1]) for i in range(len(x))])
    assert whole.tobytes() == alone.tobytes()


@needs_compiled
@pytest.mark.parametrize("name", ["erf", "erf_reference"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_in_place_and_over_the_edge(name: str, dtype: type) -> None:
    """The contract lets out be x, and not a byte beside out may change, whatever n is."""
    kernel = getattr(compiled, f"{name}_{np.dtype(dtype).name}")
    for n in (*range(40), 4095, 4096, 5000):
        x = np.linspace(-3, 3, n).astype(dtype)
        fenced = np.full(n + 2, 99, dtype)
        kernel(x, fenced[1:-1])
        assert fenced[0] == 99 and fenced[-1] == 99
        same = x.copy()
        kernel(same, same)
        assert same.tobytes() == fenced[1:-1].tobytes()


@needs_compiled
def test_threads_do_not_disturb_each_other() -> None:
    inputs = [np.linspace(-k, k, 20_000) for k in range(1, 9)]
    alone = [kernels.erf(x).tobytes() for x in inputs]
    with ThreadPoolExecutor(4) as pool:
        together = [y.tobytes() for y in pool.map(kernels.erf, inputs * 4)]
    assert together == alone * 4


@needs_compiled
def test_the_compiled_module_refuses_what_it_cannot_read() -> None:
    good = np.zeros(8)
    read_only = np.zeros(8)
    read_only.flags.writeable = False
    for x, out, error in (
        (good, np.zeros(7), ValueError),
        (good, np.zeros(8, np.float32), TypeError),
        (good.astype(np.float32), np.zeros(8), TypeError),
        (good[::2], np.zeros(4), ValueError),
        (good[:4], np.zeros(8)[::2], ValueError),
        (_unaligned(good), np.zeros(8), ValueError),
        (good, _unaligned(good), ValueError),
        (good.astype(">f8") if sys.byteorder == "little" else good.astype("<f8"), good, ValueError),
        (good, read_only, ValueError),
        (None, good, TypeError),
        (good, [0.0] * 8, TypeError),
    ):
        with pytest.raises(error):
            compiled.erf_float64(x, out)
    compiled.erf_float64(read_only, good)  # reading what may not be written is fine


# --- which backend is live ------------------------------------------------------------------------

# As if the package had been installed without a compiler: the module is nowhere to be found.
HIDE = """
import sys
class Hide:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        if name != "engine._kernels":
            return self.finder.find_spec(name, path, target)
sys.meta_path[:] = [Hide(finder) for finder in sys.meta_path]
"""
# As if it had been built for another Python: found, and not loadable.
BREAK = """
import sys, importlib.abc, importlib.util
class Broken(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name == "engine._kernels":
            return importlib.util.spec_from_loader(name, self)
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        raise ImportError("built for something else")
sys.meta_path.insert(0, Broken())
"""
REPORT = """
from engine import kernels
print(kernels.backend(), kernels.instruction_set(), kernels.erf([0.5]), kernels.backend_reason())
"""


def run(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ENGINE_")}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_backend_agrees_with_what_is_loaded() -> None:
    assert kernels.backend() == ("numpy" if compiled is None else "compiled")
    assert (kernels.instruction_set() == "none") == (compiled is None)


def test_engine_pure_forces_numpy() -> None:
    result = run(REPORT, ENGINE_PURE="1")
    assert result.stdout.startswith("numpy none [0.52049988] ENGINE_PURE"), result.stderr


def test_zero_and_empty_mean_unset() -> None:
    plain = run(REPORT).stdout
    assert run(REPORT, ENGINE_PURE="0", ENGINE_REQUIRE_EXT="").stdout == plain != ""


def test_without_the_extension_numpy_serves_and_nothing_is_said() -> None:
    result = run(HIDE + REPORT)
    assert result.stdout.startswith("numpy none [0.52049988] not compiled"), result.stderr
    assert result.stderr == ""


def test_a_required_extension_that_is_missing_is_an_error() -> None:
    result = run(HIDE + REPORT, ENGINE_REQUIRE_EXT="1")
    assert result.returncode != 0
    assert "ImportError: the compiled kernels are required" in result.stderr
    assert "C compiler" in result.stderr


def test_an_extension_that_cannot_be_loaded_is_said() -> None:
    result = run(BREAK + REPORT)
    assert result.stdout.startswith("numpy none [0.52049988]"), result.stderr
    assert "RuntimeWarning" in result.stderr and "built for something else" in result.stderr
    assert run(BREAK + REPORT, ENGINE_REQUIRE_EXT="1").returncode != 0


def test_pure_and_required_contradict() -> None:
    result = run(REPORT, ENGINE_PURE="1", ENGINE_REQUIRE_EXT="1")
    assert result.returncode != 0
    assert "unset one of them" in result.stderr
