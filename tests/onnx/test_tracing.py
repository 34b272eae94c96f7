"""What a trace knows: writes in place, views, indices that were computed, and what is a constant
only by accident, of which somebody is told."""

import numpy as np
import onnx
import pytest
from exported import run, same, session_of
from hypothesis import given, settings
from hypothesis import strategies as st

import engine as torch
from engine.core.modes import special
from engine.onnx import TracerWarning, UnsupportedOperatorError


def kinds(model: object, *args: object, **settings_: object) -> list[str]:
    """The operators of a file."""
    proto = torch.onnx.export(model, args, **settings_)
    return [node.op_type for node in proto.graph.node]


X = torch.arange(12.0).reshape(3, 4) - 5.5


# --- in place -------------------------------------------------------------------------------------


def added(x):
    y = x * 1
    y.add_(1).mul_(2)
    return y


def through_a_view(x):
    y = x * 1
    part = y[0]
    part += 10
    y[:, 1] = 7.0
    return y + 1, part


def assigned(x):
    out = torch.zeros(3, 4)
    out[1] = x[0] * 2
    out[:, 2] = x[:, 0]
    out[0, 0] = x.sum()
    return out


def strided(x):
    out = x * 1
    out[::2, 1:3] = x[1:, 1:3] * 3
    return out


def filled(x):
    y = x.clone()
    y.fill_(3)
    y[x > 0] = 1.0
    return y


def composed(x):
    y = x * 2
    y.clamp_(-3, 3).relu_()
    y.copy_(y + x)
    return y.t_() if hasattr(y, "t_") else y.t()


WRITES = [added, through_a_view, assigned, strided, filled, composed]


@pytest.mark.parametrize("model", WRITES, ids=lambda f: f.__name__)
def test_writes_in_place(model) -> None:
    same(model, X, X * -2 + 1, X[:, torch.tensor([3, 1, 0, 2])])


@settings(max_examples=25)
@given(st.data())
def test_programs_that_write(data) -> None:
    """Views and writes in any order: the file does what the program does."""
    steps = data.draw(st.lists(st.tuples(
        st.sampled_from(["view", "row", "write", "assign", "read"]), st.integers(0, 9),
    ), min_size=1, max_size=8))  # fmt: skip

    def model(x):
        tensors = [x * 1, torch.zeros(3, 4)]
        results = []
        for kind, n in steps:
            t = tensors[n % len(tensors)]
            if kind == "view":
                tensors.append(t.transpose(0, -1) if n % 2 else t[1:])
            elif kind == "row":
                tensors.append(t[-1:])
            elif kind == "write":
                t.mul_(2).add_(x.sum())
            elif kind == "assign" and t.numel():
                t[0] = x[0, n % 4]
            else:
                results.append(t + 1)
        return [*results, *tensors]

    same(model, X / 8, X.flip(0) / 4)


def test_a_write_through_unrecorded_memory_is_refused() -> None:
    def model(x):
        y = x * 1
        with torch.no_grad():
            part = y[0]
        part.detach().add_(1)
        return y

    with pytest.raises(RuntimeError, match="written in place through another"):
        session_of(model, (X,))


# --- indices --------------------------------------------------------------------------------------

INDICES = {
    "basic": lambda x: (x[1], x[-1, ::2], x[..., None, 1:3], x[:, -2:]),
    "by numbers": lambda x: (x[[2, 0]], x[:, [1, -1, 1]], x[[0, 1], [3, 2]]),
    "between": lambda x: x.reshape(1, 3, 2, 2)[:, [0, 2], [1, 0]],
    "fixed mask": lambda x: x[torch.tensor([True, False, True])],
    "gather": lambda x: x.gather(1, torch.tensor([[0, 3], [1, 1], [2, 0]])),
    "select": lambda x: x.index_select(1, torch.tensor([3, 0])),
    "scatter": lambda x: x.scatter(1, torch.tensor([[0], [2], [1]]), 9.0),
    "computed": lambda x: x[x.argmax(0)[:2]],
    "gather computed": lambda x: x.gather(1, x.argmax(1, keepdim=True)),
    "places of the greatest": lambda x: x.max(1).indices + x.max(1, keepdim=True)[1].sum(),
    "sorted": lambda x: (*x.sort(1), *x.topk(2, 1)),
    "mask": lambda x: (x.masked_fill(x > 0, -1.0), torch.where(x > 1, x, 0.0)),
    "unbound": lambda x: (sum(x.unbind(1)), torch.stack(x.split(2, 1)), *x.chunk(2)),
    "rolled": lambda x: (x.roll(1, 0), x.flip(1), x.repeat(2, 1), x.rot90()),
    "diagonal": lambda x: (x[:, :3].diagonal(), x.tril(), x.triu(1), x.unfold(1, 2, 1)),
}


@pytest.mark.parametrize("name", INDICES)
def test_parts(name: str) -> None:
    same(INDICES[name], X, X.flip(0) * 1.5, (X * 7 % 5) - 2)


DYNAMIC = "basic|by numbers|gather computed|places of the greatest|sorted|mask|unbound".split("|")


@pytest.mark.parametrize("name", [n for n in DYNAMIC if n not in ("by numbers", "unbound")])
def test_parts_with_any_number_of_rows(name: str) -> None:
    same(INDICES[name], X, torch.cat([X, X * -2]), dynamic_axes={"x": [0]})


def test_a_loop_that_fills_rows() -> None:
    def model(x):
        out = torch.zeros(x.size(0), 4)
        state = torch.zeros(x.size(0))
        for t in range(4):
            state = torch.tanh(x[:, t] + state)
            out[:, t] = state
        return out

    same(model, X, torch.randn(1, 4), torch.randn(8, 4), dynamic_axes={"x": {0: "batch"}})


def test_a_mask_from_the_input_is_refused() -> None:
    with pytest.raises(UnsupportedOperatorError, match=r"torch\.where"):
        session_of(lambda x: x[x > 0] * 2, (X,))


# --- who is told ----------------------------------------------------------------------------------


def test_a_branch_is_told() -> None:
    def model(x):
        if x.sum() > 0:
            return x * 2
        return x * 3

    with pytest.warns(TracerWarning, match=r"test_tracing\.py:\d+: Python asked"):
        session = session_of(model, (X.abs(),))
    np.testing.assert_array_equal(run(session, (-X.abs(),))[0], (-X.abs() * 2).numpy())


def test_a_number_taken_out_is_told() -> None:
    with pytest.warns(TracerWarning, match="depends on the elements"):
        session_of(lambda x: x / x.max().item(), (X,))


def test_an_array_taken_out_is_told() -> None:
    with pytest.warns(TracerWarning, match="constant in the file"):
        session_of(lambda x: x + torch.from_numpy(np.sin(x.numpy())), (X,))


def test_constants_are_told_of_to_nobody() -> None:
    # pytest makes an error of every warning.
    same(lambda x: x + torch.tensor([1.0, 2.0, 3.0, 4.0]) * x.shape[1], X)


def test_random_numbers_go_on_as_before() -> None:
    torch.manual_seed(3)
    expected = torch.randn(3)
    torch.manual_seed(3)
    torch.onnx.export(torch.nn.Dropout(0.5), X, training=torch.onnx.TrainingMode.TRAINING)
    assert torch.equal(torch.randn(3), expected)


def test_steps_that_depend_on_a_dynamic_size_are_refused() -> None:
    def model(x):
        total = x[0]
        for row in x[1:]:
            total = torch.tanh(total + row)
        return total

    same(model, X)
    with pytest.raises(RuntimeError, match="other steps"):
        session_of(model, (X,), dynamic_axes={"x": {0: "n"}})


def test_a_size_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(RuntimeError, match="neither a multiple"):
        session_of(lambda x: x[: len(x) // 2] * 1, (X,), dynamic_axes={"x": {0: "n"}})


# --- what is in the file --------------------------------------------------------------------------


def test_what_no_result_needs_is_not_in_the_file() -> None:
    def model(x):
        torch.special.gammaln(x.abs() + 1) if hasattr(torch, "special") else x.abs().lgamma()
        return x + 1

    assert kinds(model, X) == ["Add"]


def test_an_operation_without_a_counterpart_is_named_with_its_line() -> None:
    with pytest.raises(UnsupportedOperatorError, match=r"lgamma at .*test_tracing\.py:\d+"):
        session_of(lambda x: x.lgamma(), (X,))
    assert issubclass(UnsupportedOperatorError, RuntimeError)


def test_constants_are_folded_unless_told_otherwise() -> None:
    weight = torch.ones(4)

    def model(x):
        return x * (weight * 2 + 1)

    assert kinds(model, X) == ["Mul"]
    assert kinds(model, X, do_constant_folding=False) == ["Mul", "Add", "Mul"]
    same(model, X, do_constant_folding=False)


def test_a_result_may_be_an_input_a_constant_or_a_result_twice() -> None:
    one = torch.ones(2)

    def model(x):
        y = x + 1
        return x, one, y, y

    same(model, X)


def test_shared_parameters_are_there_once() -> None:
    first, second = torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)
    second.weight = first.weight
    model = torch.nn.Sequential(first, second)
    proto = torch.onnx.export(model, X)
    assert sorted(each.name for each in proto.graph.initializer) == ["0.bias", "0.weight", "1.bias"]
    same(model, X)


def test_after_an_error_nobody_watches() -> None:
    def model(x):
        raise LookupError("of the model's own")

    before = special.count
    with pytest.raises(LookupError):
        torch.onnx.export(model, X)
    assert special.count == before
    assert isinstance(torch.onnx.export(lambda x: x + 1, X), onnx.ModelProto)
