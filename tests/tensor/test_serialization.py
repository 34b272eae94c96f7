"""save and load: what goes in comes out, damaged files are refused, the old file survives."""

import contextlib
import io
import json
import math
import os
import pickle
import stat
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import engine
from engine.tensor import serialization

DTYPES = ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]


def round_trip(value):
    file = io.BytesIO()
    engine.save(value, file)
    file.seek(0)
    return engine.load(file)


def assert_same(found, wanted):
    assert type(found) is type(wanted)
    if isinstance(wanted, engine.Tensor):
        assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
        assert found.requires_grad == wanted.requires_grad
        np.testing.assert_array_equal(found.detach().numpy(), wanted.detach().numpy())
    elif isinstance(wanted, np.ndarray):
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)
    elif isinstance(wanted, dict):
        assert list(found) == list(wanted)
        for key in wanted:
            assert_same(found[key], wanted[key])
    elif isinstance(wanted, list | tuple):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert_same(one, other)
    elif isinstance(wanted, float) and math.isnan(wanted):
        assert math.isnan(found)
    else:
        assert found == wanted


# --- round trips ----------------------------------------------------------------------------------

arrays = st.sampled_from(DTYPES).flatmap(
    lambda name: hnp.arrays(np.dtype(name), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0))
)
numbers = st.integers(-(2**70), 2**70) | st.floats() | st.booleans() | st.none()
keys = st.text(max_size=5) | st.integers() | st.booleans() | st.tuples(st.integers(), st.text())
leaves = (
    numbers
    | st.text(max_size=8)
    | arrays
    | arrays.map(engine.from_numpy)
    | st.sampled_from([engine.float32, engine.int64, engine.Size([2, 3]), engine.device("cpu")])
)
structures = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=3)
        | st.dictionaries(keys, inner, max_size=3).map(OrderedDict)
    ),
    max_leaves=8,
)


@given(structures)
def test_what_goes_in_comes_out(value):
    assert_same(round_trip(value), value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: engine.arange(6).view(2, 3).t(),
        lambda: engine.arange(10)[::3],
        lambda: engine.arange(4).flip(0),
        lambda: engine.ones(3, 1).expand(3, 4),
        lambda: engine.tensor(3.0),
        lambda: engine.zeros(0, 4),
        lambda: engine.tensor([float("nan"), -0.0, float("inf")]),
    ],
)
def test_tensors_of_every_layout(make):
    tensor = make()
    found = round_trip(tensor)
    assert_same(found, tensor)
    assert np.signbit(found.numpy()).tolist() == np.signbit(tensor.numpy()).tolist()
    if found.numel():
        found.flatten()[0] = 1  # it may be written to


def test_a_leaf_asks_for_its_gradient_again_and_a_result_does_not():
    leaf = engine.ones(2, requires_grad=True)
    found = round_trip({"leaf": leaf, "result": leaf * 2})
    assert found["leaf"].requires_grad
    assert found["leaf"].is_leaf
    assert not found["result"].requires_grad


def test_what_is_shared_is_shared_again_and_written_once():
    tied = engine.ones(100)
    file = io.BytesIO()
    engine.save({"a": tied, "b": [tied]}, file)
    assert len(file.getvalue()) < 2 * 400
    file.seek(0)
    found = engine.load(file)
    found["a"][0] = 7
    assert found["b"][0][0] == 7


def test_a_model_and_its_optimizer():
    def make():
        model = engine.nn.Sequential(
            engine.nn.Linear(3, 4), engine.nn.BatchNorm1d(4), engine.nn.Linear(4, 1)
        )
        return model, engine.optim.Adam(model.parameters(), lr=0.1)

    def step(model, optimizer):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()

    x = engine.randn(5, 3)
    model, optimizer = make()
    step(model, optimizer)
    saved = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    found = round_trip(saved)
    again, its_optimizer = make()
    again.load_state_dict(found["model"])
    its_optimizer.load_state_dict(found["optimizer"])
    for each in ((model, optimizer), (again, its_optimizer)):
        step(*each)
    for one, other in zip(model.parameters(), again.parameters(), strict=True):
        assert engine.equal(one, other)


def test_a_header_of_any_length():
    """A length whose first byte is that of a pickle is still a length."""
    for length in range(300):
        text = "x" * length
        assert round_trip(text) == text


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, lambda: 1, [engine.nn.Linear(1, 1)], {"a": {b"x": 1}}, 1j]
)
def test_what_cannot_be_saved(value):
    with pytest.raises(TypeError):
        engine.save(value, io.BytesIO())


def test_the_error_says_where_it_is():
    with pytest.raises(TypeError, match=r"a\.1\.b"):
        engine.save({"a": [1, {"b": object()}]}, io.BytesIO())


# --- other readers and writers --------------------------------------------------------------------


@pytest.mark.torch
def test_weights_go_to_pytorch_by_their_file(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    ours, theirs = engine.nn.Conv2d(2, 3, 3), torch.nn.Conv2d(2, 3, 3)
    engine.save(ours.state_dict(), tmp_path / "weights.safetensors")
    theirs.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    x = np.random.default_rng(0).normal(size=(2, 2, 6, 6)).astype(np.float32)
    with torch.no_grad(), engine.no_grad():
        out = theirs(torch.tensor(x)).numpy()
        np.testing.assert_allclose(ours(engine.tensor(x)).numpy(), out, rtol=1e-5, atol=1e-6)


@pytest.mark.torch
@pytest.mark.parametrize("name", [*DTYPES, "bfloat16"])
def test_pytorchs_file_is_read(name, tmp_path):
    torch = pytest.importorskip("torch")
    if name == "bfloat16":
        pytest.importorskip("ml_dtypes")
    from safetensors.torch import save_file

    values = torch.arange(6).view(2, 3).to(getattr(torch, name))
    save_file({"w": values, "empty": values[:0]}, tmp_path / "file")
    found = engine.load(tmp_path / "file")
    assert sorted(found) == ["empty", "w"]
    assert str(found["w"].dtype) == f"torch.{name}"
    assert found["w"].float().tolist() == values.float().tolist()
    assert found["empty"].shape == (0, 3)


@pytest.mark.torch
def test_pytorchs_own_files_are_pickles_and_not_opened(tmp_path):
    torch = pytest.importorskip("torch")
    for zipped in (True, False):
        torch.save({"w": torch.ones(2)}, tmp_path / "w.pt", _use_new_zipfile_serialization=zipped)
        with pytest.raises(ValueError, match="pickle"):
            engine.load(tmp_path / "w.pt")


class Trap:
    def __reduce__(self):
        return os.mkdir, ("was-run",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_not_run(protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError):
        engine.load(io.BytesIO(pickle.dumps(Trap(), protocol)))
    assert not (tmp_path / "was-run").exists()


# --- damaged and hostile files --------------------------------------------------------------------


def file_of(header, body=b""):
    """A file in safetensors' form with this header, whatever it says."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def entry(start=0, end=8, shape=(2,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


def described(value, **more):
    structure = json.dumps({"version": 1, "value": value, **more})
    return file_of({"__metadata__": {"engine.structure": structure}, "w": entry()}, bytes(8))


HOSTILE = {
    "empty": b"",
    "shorter than its length": b"\x01\x00",
    "header of 2**63 bytes": (2**63).to_bytes(8, "little") + b"{}",
    "header longer than the file": (100).to_bytes(8, "little") + b"{}",
    "header of 2**40 bytes": (2**40).to_bytes(8, "little") + b"{}",
    "no text": file_of(b"\xff\xfe{}"),
    "no JSON": file_of(b"{'w': 1}"),
    "a list": file_of(b"[]"),
    "a number": file_of(b"7"),
    "deep": file_of(b"[" * 100_000),
    "overlap": file_of({"a": entry(), "b": entry(4, 12)}, bytes(12)),
    "same place": file_of({"a": entry(), "b": entry()}, bytes(8)),
    "hole": file_of({"a": entry(), "b": entry(16, 24)}, bytes(24)),
    "hole at the start": file_of({"a": entry(8, 16)}, bytes(16)),
    "data left over": file_of({"a": entry()}, bytes(9)),
    "data missing": file_of({"a": entry()}, bytes(7)),
    "backwards": file_of({"a": entry(8, 0)}, bytes(8)),
    "negative": file_of({"a": entry(-8, 0)}, bytes(8)),
    "shape too large": file_of({"a": entry(shape=(3,))}, bytes(8)),
    "shape overflows": file_of({"a": entry(shape=(2**40, 2**40))}, bytes(8)),
    "negative shape": file_of({"a": entry(shape=(-1, -2))}, bytes(8)),
    "unknown type": file_of({"a": entry(dtype="F31")}, bytes(8)),
    "type without a dtype here": file_of({"a": entry(shape=(8,), dtype="F8_E4M3")}, bytes(8)),
    "no type": file_of({"a": {"shape": [2], "data_offsets": [0, 8]}}, bytes(8)),
    "structure of another kind": described({"program": "x"}),
    "structure with a list": described([1]),
    "unknown tensor": described({"tensor": "v"}),
    "newer": described({"tensor": "w"}, version=99),
    "bad dtype": described({"dtype": "object"}),
    "bad pairs": described({"dict": [[1]]}),
    "bad float": described({"float": "__import__('os')"}),
    "bad size": described({"size": ["x"]}),
    "bad device": described({"device": "moon"}),
    "list for a key": described({"dict": [[[1], 2]]}),
    "tensor of no name": described({"tensor": ["w"]}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_a_value_error(name):
    with pytest.raises(ValueError):
        engine.load(io.BytesIO(HOSTILE[name]))


def whole():
    file = io.BytesIO()
    engine.save({"w": engine.arange(20.0), "n": [1, (2, "x")]}, file)
    return file.getvalue()


def test_a_file_cut_short_anywhere_is_a_value_error():
    data = whole()
    for end in range(len(data)):
        with pytest.raises(ValueError):
            engine.load(io.BytesIO(data[:end]))


@given(st.data())
def test_a_changed_byte_is_a_value_error_or_another_value(data):
    damaged = bytearray(whole())
    place = data.draw(st.integers(0, len(damaged) - 1))
    damaged[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        engine.load(io.BytesIO(bytes(damaged)))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_error(data):
    with pytest.raises(ValueError):
        engine.load(io.BytesIO(data))


# --- files ----------------------------------------------------------------------------------------


def test_paths_as_texts_and_as_paths(tmp_path):
    engine.save({"a": 1}, str(tmp_path / "one"))
    engine.save({"a": 2}, tmp_path / "two")
    assert engine.load(tmp_path / "one") == {"a": 1}
    assert engine.load(str(tmp_path / "two")) == {"a": 2}
    assert sorted(os.listdir(tmp_path)) == ["one", "two"]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        engine.load(tmp_path / "no")
    with pytest.raises(FileNotFoundError):
        engine.save(1, tmp_path / "no" / "file")


class Full:
    """A disk that is full after some bytes."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def write(self, data):
        self.file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("where", ["write", "fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "full"), KeyboardInterrupt()])
def test_the_old_file_survives_a_crash(where, error, tmp_path, monkeypatch):
    path = tmp_path / "weights"
    engine.save({"w": engine.ones(3)}, path)
    before = path.read_bytes()

    def fail(*_):
        raise error

    with monkeypatch.context() as broken:
        if where == "write":
            opened = os.fdopen
            broken.setattr(serialization.os, "fdopen", lambda *a: Full(opened(*a)))
        else:
            broken.setattr(serialization.os, where, fail)
        with pytest.raises((OSError, KeyboardInterrupt)):
            engine.save({"w": engine.zeros(3)}, path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["weights"]
    engine.save({"w": engine.zeros(3)}, path)
    assert engine.load(path)["w"].sum() == 0


@pytest.mark.skipif(os.name != "posix", reason="rights are a matter of POSIX")
def test_a_new_file_has_the_rights_of_any_other_and_an_old_one_keeps_its_own(tmp_path):
    path = tmp_path / "weights"
    old = os.umask(0o027)
    try:
        engine.save(1, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o600)
        engine.save(2, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(old)


def test_map_location():
    data = whole()
    for where in (None, "cpu", engine.device("cpu"), {"cuda:0": "cpu"}, lambda storage, place: 1):
        assert engine.load(io.BytesIO(data), map_location=where)["n"] == [1, (2, "x")]
    with pytest.raises(RuntimeError):
        engine.load(io.BytesIO(data), map_location="cuda")
