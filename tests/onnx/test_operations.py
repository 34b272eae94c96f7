"""Every operation of the table, in ONNX: at each of its own samples the file gives what it gives.

No test here is written for one operation. What has no lowering is listed, with the reason.
"""

import numpy as np
import onnxruntime
import pytest
from exported import same
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine.core.op import REGISTRY, Op, Sample
from engine.onnx.lowering import LOWERINGS
from engine.tensor.tensor import Tensor

OPS = {name: op for name, op in REGISTRY.items() if name == op.name}

BACKWARD = """convolution_to_weight overlay share_out average_of drop rows_summed looked_up
    target_shares scaled_by_two unpool scattered unaverage unresample shift scan""".split()
"""Only the rules of other operations use these."""

NUMBERS_ALONE = "dot sum".split()
"""These are over lists of Values, which are no arrays."""

NOT_IN_ONNX = {
    "bitwise_left_shift": "ONNX shifts unsigned numbers only, of which there is one type here",
    "bitwise_right_shift": "ONNX shifts unsigned numbers only, of which there is one type here",
    "gcd": "no operator, and a loop of data-dependent length",
    "lcm": "no operator, and a loop of data-dependent length",
    "as_strided": "a tensor of ONNX has no place in memory",
    "erfinv": "no operator",
    "lgamma": "no operator",
    "digamma": "no operator",
    "polygamma": "no operator",
    "i0": "no operator",
    "i1": "no operator",
    "cumprod": "no operator",
    "cummax": "no operator",
    "cummin": "no operator",
    "logcumsumexp": "no operator, and the sum of exponentials would overflow",
    "median": "no operator; of a NaN it is NaN, which a sorted order does not tell",
    "nanmedian": "no operator; how many numbers there are depends on the elements",
    "nanmedian_dim": "no operator; how many numbers there are depends on the elements",
    "mode": "no operator",
    "frexp": "no operator",
    "nextafter": "no operator",
    "eliminated": "no operator, and an algorithm of its own",
    **dict.fromkeys(
        "cholesky cofactors eigh eigvalsh inv pinv qr slogdet solve svd svdvals".split(),
        "no operator, and an algorithm of its own",
    ),
    "diag_embed": "no operator",
    "fractional_max_pool": "where its windows lie is drawn anew each time",
    "block_diag": "no operator",
}


def tensor_of(x: object) -> object:
    """A sample's input as a Tensor of float32, or whole numbers."""
    if x is None:
        return None
    if isinstance(x, tuple | list):
        return [tensor_of(each) for each in x]
    array = np.asarray(x)
    return Tensor.at(array.astype(np.float32) if array.dtype.kind == "f" else array, None)


SAMPLES = [
    (op, sample)
    for op in OPS.values()
    if op.name in LOWERINGS and op.name not in NUMBERS_ALONE
    for sample in (*op.samples, *op.hard_points)
]


def name_of(x: object) -> str | None:
    if isinstance(x, Sample):
        return f"{len(x.inputs)} {x.params or ''}"[:60]
    return getattr(x, "name", None)


def test_every_operation_is_lowered_or_listed():
    known = {*BACKWARD, *NUMBERS_ALONE, *NOT_IN_ONNX}
    assert set(OPS) - set(LOWERINGS) == known
    assert not known & set(LOWERINGS)


def test_what_is_lowered_exists():
    aside = set(LOWERINGS) - set(OPS)
    told = {"argmax", "argmin", "any", "all", "isnan", "isinf", "isposinf", "isneginf", "isfinite"}
    composed = "grid_sampler multi_margin_loss multilabel_margin_loss ctc_loss".split()
    packing = "pack_padded pad_packed packed_layer".split()
    places = "argsort one_hot searchsorted".split()
    assert aside == told.union(composed, packing, places)


@pytest.mark.parametrize(("op", "sample"), SAMPLES, ids=name_of)
def test_gives_what_the_operation_gives(op: Op, sample: Sample) -> None:
    inputs = tuple(tensor_of(x) for x in sample.inputs)

    def model(*given: object) -> object:
        return Tensor.record(op, given, op.complete(sample.params))

    same(model, inputs, opset_version=20, tolerance=2e-5)


# --- of many numbers, and whole ones --------------------------------------------------------------

FUNCTIONS = [
    op for op in OPS.values()
    if op.broadcasts and op.name in LOWERINGS and len(op.inputs) == 1 and op.rules
]  # fmt: skip


@pytest.mark.parametrize("op", FUNCTIONS, ids=name_of)
def test_functions_agree_everywhere(op: Op) -> None:
    numbers = np.concatenate([np.linspace(-4, 4, 81), [1e-6, -1e-6, 30, -30, 0.999]])
    x = Tensor.at(numbers.astype(np.float32), None)
    same(lambda x: Tensor.record(op, (x,), op.defaults), x, opset_version=20, tolerance=3e-5)


WHOLE = "add sub mul floor_divide remainder fmod maximum minimum gt ge lt le eq ne".split()


@pytest.mark.parametrize("name", WHOLE)
@settings(max_examples=5)
@given(
    x=st.lists(st.integers(-9, 9), min_size=4, max_size=4),
    y=st.lists(st.integers(-9, 9).filter(bool), min_size=4, max_size=4),
)
def test_whole_numbers(name: str, x: list[int], y: list[int]) -> None:
    given_x, given_y = engine.tensor(x), engine.tensor(y)
    same(lambda x, y: Tensor.record(OPS[name], (x, y), OPS[name].defaults), (given_x, given_y))


@pytest.mark.parametrize("rounding", ["floor", "trunc"])
@pytest.mark.parametrize("kind", [engine.int64, engine.float32])
def test_rounded_division(rounding: str, kind: engine.dtype) -> None:
    x, y = engine.tensor([7, -7, 8, -8, 0]).to(kind), engine.tensor([2, 2, -3, -3, 5]).to(kind)
    same(lambda x, y: engine.div(x, y, rounding_mode=rounding), (x, y))


@pytest.mark.parametrize("name", ["any", "all"])
def test_truths_over_dimensions(name: str) -> None:
    x = engine.tensor([[1.0, 0.0, 2.0], [3.0, 4.0, 5.0]])
    same(lambda x: getattr(x, name)(), x)
    same(lambda x: getattr(x, name)(1, keepdim=True), x)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_places_of_extremes(name: str) -> None:
    x = engine.tensor([[1.0, 5.0, 2.0], [5.0, 4.0, 5.0]])
    for settings_ in ({}, {"dim": 1}, {"dim": 0, "keepdim": True}, {"keepdim": True}):
        same(lambda x, s=settings_: getattr(x, name)(**s), x)


def test_a_difference_is_seen() -> None:
    """The comparison can fail: a file that computes something else is noticed."""
    x = engine.tensor([1.0, 2.0])
    calls = iter(range(9))

    def model(x: Tensor) -> Tensor:
        return x + (1.0 if next(calls) < 2 else 2.0)

    with pytest.raises(AssertionError):
        same(model, x)


def test_onnxruntime_is_what_runs_the_files() -> None:
    assert "CPUExecutionProvider" in onnxruntime.get_available_providers()
