"""`export` itself: names, files, settings, and what it refuses."""

import builtins
import io
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from exported import run, same, session_of

import engine as torch
from engine import nn

X = torch.arange(6.0).reshape(2, 3) - 2.5


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


# --- the file -------------------------------------------------------------------------------------


def test_to_a_path_and_to_a_file(tmp_path: Path) -> None:
    path, file = tmp_path / "model.onnx", io.BytesIO()
    torch.onnx.export(model(), X, path)
    torch.onnx.export(model(), X, str(path))
    torch.onnx.export(model(), X, file)
    assert path.read_bytes() == file.getvalue()
    onnx.checker.check_model(onnx.load(path), full_check=True)
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_export_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError):
        torch.onnx.export(lambda x: x.lgamma(), X, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("opset", [13, 14, 15, 16, 17, 18, 20, 21])
def test_versions_of_the_operators(opset: int) -> None:
    parts = nn.Sequential(
        nn.Linear(3, 4), nn.GELU(), nn.LayerNorm(4), nn.Linear(4, 2), nn.LogSoftmax(1)
    )
    proto = torch.onnx.export(parts, X, opset_version=opset)
    assert proto.opset_import[0].version == opset
    same(parts, X, opset_version=opset)
    same(lambda x: (x.mean(1), x.amax(0), x.var(), x.std(1), x.norm()), X, opset_version=opset)


def test_an_operator_of_a_later_version_is_refused() -> None:
    with pytest.raises(torch.onnx.UnsupportedOperatorError, match="opset_version=14"):
        torch.onnx.export(lambda x: x.tril(), X, opset_version=13)


@pytest.mark.parametrize("opset", [7, 12, 999, 17.0, "17", True])
def test_an_unknown_version_is_refused(opset: object) -> None:
    with pytest.raises(ValueError, match="Unsupported ONNX opset version"):
        torch.onnx.export(model(), X, opset_version=opset)


# --- names ----------------------------------------------------------------------------------------


def names(proto: onnx.ModelProto) -> tuple[list[str], list[str]]:
    return [i.name for i in proto.graph.input], [o.name for o in proto.graph.output]


def test_names_of_inputs_and_results() -> None:
    def pair(left, right, *, more=None):
        return left + right, {"a": left, "b": [right]}

    assert names(torch.onnx.export(model(), X)) == (["input"], ["output"])
    assert names(torch.onnx.export(pair, (X, X))) == (
        ["left", "right"], ["output_0", "output_1", "output_2"],
    )  # fmt: skip
    found = torch.onnx.export(pair, (X, X), input_names=["x"], output_names=["y", "z"])
    assert names(found) == (["x", "right"], ["y", "z", "output_2"])


def test_parameters_are_called_as_in_the_state_dict() -> None:
    proto = torch.onnx.export(model(), X)
    assert {each.name for each in proto.graph.initializer} == set(model().state_dict())
    weight = next(each for each in proto.graph.initializer if each.name == "2.weight")
    right = model().state_dict()["2.weight"].numpy()
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(weight), right)


def test_inputs_in_tuples_and_dictionaries() -> None:
    class Pairs(nn.Module):
        def forward(self, pair, scale=1.0, *, shift=None):
            return pair[0] * scale + pair[1] - (0 if shift is None else shift)

    proto = torch.onnx.export(Pairs(), ((X, X * 2), 3.0), kwargs={"shift": X})
    assert names(proto)[0] == ["pair_0", "pair_1", "shift"]
    # The older spelling: a dictionary at the end holds named arguments.
    proto = torch.onnx.export(Pairs(), ((X, X), {"shift": X}))
    assert names(proto)[0] == ["pair_0", "pair_1", "shift"]


def test_too_many_names_are_refused() -> None:
    with pytest.raises(RuntimeError, match=r"input names provided \(2\) exceeded .* \(1\)"):
        torch.onnx.export(model(), X, input_names=["a", "b"])
    with pytest.raises(RuntimeError, match=r"output names provided \(2\) exceeded .* \(1\)"):
        torch.onnx.export(model(), X, output_names=["a", "b"])


def test_a_name_used_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        torch.onnx.export(model(), X, input_names=["x"], output_names=["x"])
    with pytest.raises(ValueError, match="twice"):
        torch.onnx.export(lambda x, y: x + y, (X, X), input_names=["a", "a"])
    with pytest.raises(ValueError, match=r"0\.weight"):
        torch.onnx.export(model(), X, input_names=["0.weight"])


# --- dynamic axes ---------------------------------------------------------------------------------


def sizes(each: onnx.ValueInfoProto) -> list:
    return [d.dim_param or d.dim_value for d in each.type.tensor_type.shape.dim]


def test_dynamic_axes_by_number_have_names_of_our_own() -> None:
    proto = torch.onnx.export(model(), X, dynamic_axes={"input": [0]})
    assert sizes(proto.graph.input[0]) == ["input_dynamic_axes_1", 3]
    assert sizes(proto.graph.output[0]) == ["input_dynamic_axes_1", 2]


def test_dynamic_axes_from_the_end() -> None:
    proto = torch.onnx.export(lambda x: x + 1, X, dynamic_axes={"x": {-1: "n"}})
    assert sizes(proto.graph.output[0]) == [2, "n"]


def test_wrong_dynamic_axes() -> None:
    with pytest.raises(ValueError, match="2 dimensions"):
        torch.onnx.export(model(), X, dynamic_axes={"input": {2: "n"}})
    with pytest.raises(ValueError, match="two sizes need two names"):
        torch.onnx.export(lambda x: x, X, dynamic_axes={"x": {0: "n", 1: "n"}})
    with pytest.warns(UserWarning, match="Provided key y for dynamic axes is not a valid"):
        torch.onnx.export(model(), X, dynamic_axes={"y": {0: "n"}})


def test_axes_that_must_be_equal_need_one_name() -> None:
    def add(x, y):
        return x + y

    with pytest.raises(RuntimeError, match="need one name"):
        torch.onnx.export(add, (X, X), dynamic_axes={"x": {0: "a"}, "y": {0: "b"}})
    more = (torch.ones(5, 3), torch.ones(5, 3))
    same(add, (X, X), more, dynamic_axes={"x": {0: "n"}, "y": {0: "n"}})


def test_fixed_axes_stay_fixed() -> None:
    session = session_of(model(), (X,))
    with pytest.raises(Exception, match=r"(?i)invalid dimensions"):
        run(session, (torch.ones(5, 3),))


# --- settings -------------------------------------------------------------------------------------


def test_verbose_prints_the_graph(capsys: pytest.CaptureFixture) -> None:
    torch.onnx.export(nn.Linear(3, 4), X, input_names=["x"], output_names=["y"], verbose=True,
                      dynamic_axes={"x": {0: "batch"}})  # fmt: skip
    assert capsys.readouterr().out == (
        "graph(%x : Float(batch, 3),\n"
        "      %weight : Float(4, 3),\n"
        "      %bias : Float(4)):\n"
        "  %y : Float(batch, 4) = onnx::Gemm[transB=1](%x, %weight, %bias)\n"
        "  return (%y)\n"
    )


def test_a_model_that_prints_does_so_once(capsys: pytest.CaptureFixture) -> None:
    def talks(x):
        print("here")
        return x + 1

    torch.onnx.export(talks, X, dynamic_axes={"x": [0]})
    assert capsys.readouterr().out == "here\n"


def test_without_parameters_they_are_inputs() -> None:
    proto = torch.onnx.export(nn.Linear(3, 2), X, export_params=False)
    assert names(proto)[0] == ["input", "weight", "bias"]
    assert not proto.graph.initializer
    proto = torch.onnx.export(nn.Linear(3, 2), X, keep_initializers_as_inputs=True)
    assert names(proto)[0] == ["input", "weight", "bias"] and len(proto.graph.initializer) == 2


def test_the_mode_of_each_module_stays() -> None:
    parts = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(3))
    parts[1].eval()
    before = parts[1].running_mean.clone()
    torch.onnx.export(parts, X)
    assert parts.training and parts[0].training and not parts[1].training
    assert torch.equal(parts[1].running_mean, before)


def test_training_mode() -> None:
    norm = nn.BatchNorm1d(3)
    x = torch.randn(8, 3)
    session = session_of(norm, (x,), training=torch.onnx.TrainingMode.TRAINING)
    (found,) = run(session, (x,))
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(found, norm.train()(x).detach().numpy(), rtol=1e-5, atol=1e-5)


def test_settings_of_other_exporters_say_nothing() -> None:
    torch.onnx.export(model(), X, dynamo=False, operator_export_type=None)


# --- what is refused ------------------------------------------------------------------------------


def test_no_model_and_no_result() -> None:
    with pytest.raises(TypeError, match="Module or a function"):
        torch.onnx.export(3, X)
    with pytest.raises(TypeError, match="no Tensor"):
        torch.onnx.export(lambda x: 3, X)


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def without(name, *rest):
        if name == "onnx" or name.startswith("onnx."):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'pip install "engine-autograd\[onnx\]"'):
        torch.onnx.export(model(), X)


def test_the_model_is_as_it_was() -> None:
    one = model()
    before = {name: each.clone() for name, each in one.state_dict().items()}
    torch.onnx.export(one, X, dynamic_axes={"input": [0]})
    assert all(torch.equal(each, before[name]) for name, each in one.state_dict().items())
    assert all(each.grad is None for each in one.parameters())


@pytest.mark.torch
def test_results_are_pytorchs() -> None:
    """The file of a model with PyTorch's parameters gives PyTorch's results."""
    oracle = pytest.importorskip("torch")
    oracle.manual_seed(0)
    theirs = oracle.nn.Sequential(
        oracle.nn.Conv2d(1, 4, 3), oracle.nn.BatchNorm2d(4), oracle.nn.ReLU(),
        oracle.nn.MaxPool2d(2), oracle.nn.Flatten(), oracle.nn.Linear(36, 3),
    ).eval()  # fmt: skip
    mine = nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(36, 3),
    )
    mine.load_state_dict({k: torch.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    x = np.random.default_rng(0).normal(size=(2, 1, 8, 8)).astype(np.float32)
    session = session_of(mine, (torch.tensor(x),))
    assert isinstance(session, onnxruntime.InferenceSession)
    (found,) = run(session, (torch.tensor(x),))
    np.testing.assert_allclose(found, theirs(oracle.tensor(x)).detach(), rtol=1e-4, atol=1e-5)
