"""Devices: every one can be named as in PyTorch, one can be used, and asking is always answered."""

import copy
import importlib
import pickle

import pytest
from both_sides import both

from engine import backends, cuda
from engine.tensor.device import (
    CPU,
    device,
    get_default_device,
    require_cpu,
    set_default_device,
)

NAMED = [
    *(("cpu",), ("cpu", 0), ("cpu:0",), ("cpu", 3), ("cuda",), ("cuda", 1), ("cuda:1",)),
    *(("mps",), ("meta",), ("xpu:2",), ("cpu", None)),
]
REFUSED = [
    *(("foo",), ("",), ("CPU",), ("cpu:x",), ("cpu:",), ("cpu:01",), ("cuda:-1",), ("cuda:1:2",)),
    *(("cpu", -1), ("cpu:0", 0), (0,), (3,)),
]
NO_NAMES = [(None,), (1.5,), (True,), (["cpu"],), (device("cpu"), 0)]


@pytest.mark.torch
@pytest.mark.parametrize("arguments", NAMED, ids=str)
def test_names_are_pytorchs(arguments):
    import torch

    ours, theirs = device(*arguments), torch.device(*arguments)
    assert repr(ours) == repr(theirs)
    assert str(ours) == str(theirs)
    assert (ours.type, ours.index) == (theirs.type, theirs.index)


@pytest.mark.torch
def test_equal_where_pytorchs_are():
    import torch

    for a in NAMED:
        for b in NAMED:
            assert (device(*a) == device(*b)) is (torch.device(*a) == torch.device(*b)), (a, b)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("error", "arguments"),
    [(RuntimeError, each) for each in REFUSED] + [(TypeError, each) for each in NO_NAMES],
    ids=str,
)
def test_refused_with_the_class_that_pytorch_raises(error, arguments):
    import torch

    with pytest.raises(error):
        device(*arguments)
    if arguments != (device("cpu"), 0):
        with pytest.raises(error):
            torch.device(*arguments)


def test_text_without_pytorch():
    assert repr(device("cuda", 1)) == "device(type='cuda', index=1)"
    assert str(device("cuda:1")) == "cuda:1"
    assert repr(device(type="cpu")) == "device(type='cpu')"


def test_a_device_is_a_value():
    assert device(device("cuda:1")) == device("cuda", 1)
    assert len({device("cpu"), device("cpu"), device("cpu:0")}) == 2
    assert device("cpu") != "cpu"
    for twin in (copy.deepcopy(CPU), pickle.loads(pickle.dumps(CPU))):
        assert twin == CPU
    with pytest.raises(AttributeError):
        device("cpu").type = "cuda"


@pytest.mark.parametrize("given", [None, "cpu", "cpu:0", device("cpu"), device("cpu", 3)], ids=str)
def test_the_processor_in_every_spelling(given):
    assert require_cpu(given) is CPU


@pytest.mark.parametrize(
    "given", ["cuda", "cuda:1", device("cuda"), "mps", "xpu", "meta", "foo", 0], ids=str
)
def test_anything_else_is_refused_with_what_to_do(given):
    kind = AssertionError if str(given).startswith(("cuda", "xpu")) else RuntimeError
    with pytest.raises(kind, match=r"processor|must be one of"):
        require_cpu(given)
    with pytest.raises(kind):
        set_default_device(given)


@pytest.mark.torch
@pytest.mark.parametrize(
    "asked",
    [
        "torch.ones(2).cuda()",
        "torch.ones(2).to('cuda')",
        "torch.ones(2).to(torch.device('cuda:0'))",
        "torch.ones(2).to('mps')",
        "torch.ones(2).to(0)",
        "torch.tensor([1], device='cuda')",
        "torch.zeros(2, device='xpu')",
        "torch.nn.Linear(2, 2).cuda()",
        "torch.nn.Linear(2, 2).to('cuda')",
        "torch.nn.Linear(2, 2, device='cuda')",
        "torch.cuda.current_device()",
        "torch.cuda.get_device_name(0)",
        "torch.cuda.get_device_properties(0)",
        "torch.cuda.init()",
    ],
)
def test_asking_for_a_gpu_raises_what_pytorchs_build_without_one_raises(asked):
    both(lambda torch: eval(asked, {"torch": torch}))


def test_the_error_names_the_device():
    with pytest.raises(AssertionError, match=r"'cuda:1'.*Try the device \"cpu\""):
        require_cpu("cuda:1")


def test_the_default_is_the_processor():
    set_default_device("cpu")
    set_default_device(None)
    assert get_default_device() is CPU
    with device("cpu") as entered:
        assert entered == CPU
    with pytest.raises(AssertionError, match="cuda"), device("cuda"):
        pass


# --- engine.cuda and engine.backends --------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.parametrize(
    "name",
    "is_available device_count is_initialized is_bf16_supported memory_allocated "
    "max_memory_allocated memory_reserved max_memory_reserved empty_cache seed seed_all".split(),
)
def test_cuda_answers_as_pytorch_does_without_a_gpu(name):
    import torch

    assert getattr(cuda, name)() == getattr(torch.cuda, name)()


def test_cuda_calls_that_do_nothing():
    assert cuda.is_available() is False
    assert cuda.manual_seed(3) is None
    assert cuda.manual_seed_all(3) is None
    assert cuda.synchronize() is None
    assert cuda.synchronize("cuda:0") is None


@pytest.mark.parametrize("name", ["current_device", "get_device_name", "set_device", "Event"])
def test_cuda_calls_that_need_a_gpu(name):
    with pytest.raises(AssertionError, match=rf"cuda\.{name}\(\) needs a GPU.*is_available"):
        getattr(cuda, name)(0)


def test_backends_are_not_available():
    assert backends.mps.is_available() is False
    assert backends.mps.is_built() is False
    assert backends.cuda.is_built() is False
    assert backends.cudnn.is_available() is False
    assert backends.cudnn.version() is None
    assert backends.mkldnn.is_available() is False


def test_switches_can_be_set():
    cudnn = importlib.import_module("engine.backends.cudnn")
    assert cudnn is backends.cudnn
    before = (cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32)
    assert before == (True, False, False, True)
    with cudnn.flags(enabled=False, deterministic=True):
        assert (cudnn.enabled, cudnn.deterministic) == (False, True)
    assert (cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32) == before
    assert backends.cuda.matmul.allow_tf32 is False
