"""Making Tensors: the values, types and texts that PyTorch makes of the same arguments."""

import copy
import pickle

import numpy as np
import pytest

import engine

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::UserWarning")]

# Written once, evaluated by both: `m` is the module, `np` NumPy.
MADE = {
    "floats": lambda m: m.tensor([[1, 2.5], [3, 4]]),
    "integers": lambda m: m.tensor([[1, 2], [3, 4]]),
    "truths": lambda m: m.tensor([True, False]),
    "mixed": lambda m: m.tensor([1, True, 2.0]),
    "empty": lambda m: m.tensor([]),
    "nested empty": lambda m: m.tensor([[], []]),
    "number": lambda m: m.tensor(3),
    "range": lambda m: m.tensor(range(4)),
    "of tensors": lambda m: m.tensor([m.tensor(1.0), m.tensor(2.0)]),
    "of an array": lambda m: m.tensor(np.array([1.0, 2.0])),
    "of small integers": lambda m: m.tensor(np.array([1, 2], np.int16)),
    "typed": lambda m: m.tensor([1.7, -1.7], dtype=m.int64),
    "large": lambda m: m.tensor([2**40]),
    "zeros": lambda m: m.zeros(2, 3),
    "zeros of a tuple": lambda m: m.zeros((2, 3), dtype=m.int32),
    "zeros of a size": lambda m: m.zeros(m.tensor([1, 2]).shape),
    "by keyword": lambda m: m.zeros(size=(2,)),
    "ones": lambda m: m.ones(2, dtype=m.bool),
    "full of an integer": lambda m: m.full((2, 2), 7),
    "full of a float": lambda m: m.full((2,), 7.5),
    "full of a truth": lambda m: m.full((2,), True),
    "eye": lambda m: m.eye(2, 3),
    "arange": lambda m: m.arange(5),
    "arange of floats": lambda m: m.arange(1, 2, 0.1),
    "arange down": lambda m: m.arange(5, 0, -2),
    "arange typed": lambda m: m.arange(0, 1, 0.25, dtype=m.float64),
    "linspace": lambda m: m.linspace(0, 1, 7),
    "linspace of one": lambda m: m.linspace(3, 10, 1),
    "linspace of none": lambda m: m.linspace(3, 10, 0),
    "linspace down": lambda m: m.linspace(-3, -10, 11, dtype=m.float64),
    "logspace": lambda m: m.logspace(-1, 2, 4),
    "FloatTensor": lambda m: m.FloatTensor([[1, 2], [3, 4]]),
    "LongTensor": lambda m: m.LongTensor([[1, 2], [3, 4]]),
    "ByteTensor": lambda m: m.ByteTensor([True, False, True]),
    "Tensor": lambda m: m.Tensor([1, 2]),
    "no Tensor": lambda m: m.Tensor(),
    "zeros_like": lambda m: m.zeros_like(m.tensor([[1, 2]])),
    "ones_like typed": lambda m: m.ones_like(m.tensor([1, 2]), dtype=m.float32),
    "full_like": lambda m: m.full_like(m.tensor([1.0, 2.0]), 5),
    "as_tensor": lambda m: m.as_tensor([1, 2], dtype=m.float64),
    "from_numpy": lambda m: m.from_numpy(np.arange(6, dtype=np.float32).reshape(2, 3).T),
    "new_zeros": lambda m: m.tensor([1, 2]).new_zeros(2, 2),
    "new_full": lambda m: m.tensor([1.0]).new_full((2,), 3),
    "new_tensor": lambda m: m.tensor([1.0]).double().new_tensor([1, 2]),
    "to float": lambda m: m.tensor([1, 2]).float(),
    "to int": lambda m: m.tensor([1.9, -1.9]).int(),
    "to byte": lambda m: m.tensor([300, -1]).byte(),
    "to bool": lambda m: m.tensor([0.0, 0.5]).bool(),
    "to half": lambda m: m.tensor([1e-8, 70000.0]).half(),
    "to a dtype": lambda m: m.tensor([1, 2]).to(m.float64),
    "to a device and a dtype": lambda m: m.tensor([1, 2]).to("cpu", m.float64),
    "to another's": lambda m: m.tensor([1, 2]).to(m.tensor([1.0]).double()),
    "type": lambda m: m.tensor([1, 2]).type(m.FloatTensor),
    "type_as": lambda m: m.tensor([1, 2]).type_as(m.tensor([1.0])),
}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_is_as_pytorch_makes_it(make):
    ours, theirs = make(engine), make(torch)
    assert repr(ours) == repr(theirs)
    assert str(ours.dtype) == str(theirs.dtype)
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert ours.tolist() == theirs.tolist()


REFUSED = {
    "ragged": lambda m: m.tensor([[1, 2], [3]]),
    "text": lambda m: m.tensor("3"),
    "a text among numbers": lambda m: m.tensor([1, "2"]),
    "a negative size": lambda m: m.zeros(2, -1),
    "a size that is no number": lambda m: m.zeros("2"),
    "no step": lambda m: m.arange(0, 5, 0),
    "a wrong step": lambda m: m.arange(0, 5, -1),
    "integers with gradients": lambda m: m.tensor([1, 2], requires_grad=True),
    "negative strides": lambda m: m.from_numpy(np.arange(3)[::-1]),
    "no array": lambda m: m.from_numpy([1, 2]),
    "item of many": lambda m: m.zeros(2).item(),
    "float of many": lambda m: float(m.zeros(2)),
    "numpy with gradients": lambda m: m.zeros(2, requires_grad=True).numpy(),
    "index of a float": lambda m: [1, 2, 3][m.tensor(1.0)],
    "len of a number": lambda m: len(m.tensor(1)),
    "iteration over a number": lambda m: list(m.tensor(1)),
    "truth of many": lambda m: bool(m.zeros(2)),
    "deepcopy of a graph": lambda m: __import__("copy").deepcopy(
        m.zeros(2, requires_grad=True) * 2
    ),
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
def test_is_refused_with_the_same_class(make):
    with pytest.raises(Exception) as theirs:
        make(torch)
    with pytest.raises(type(theirs.value)) as ours:
        make(engine)
    assert len(str(ours.value)) > 10


def test_memory_is_shared_with_numpy_both_ways():
    array = np.zeros(3, np.float32)
    x = engine.from_numpy(array)
    array[0] = 1
    x[1] = 2
    assert x.tolist() == [1, 2, 0] == array.tolist()
    x.numpy()[2] = 3
    assert x.tolist() == [1, 2, 3]
    assert np.shares_memory(np.asarray(x), array)
    # tensor() copies.
    y = engine.tensor(array)
    y[0] = 9
    assert array[0] == 1


def test_dlpack_shares_memory():
    x = torch.arange(3.0)
    y = engine.from_dlpack(x)
    y[0] = 7
    assert x[0] == 7
    back = torch.from_dlpack(y)
    back[1] = 8
    assert y.tolist() == [7, 8, 2]


def test_a_gpu_is_refused_by_name():
    for make in (
        lambda: engine.zeros(2, device="cuda"),
        lambda: engine.zeros(2).cuda(),
        lambda: engine.zeros(2).to("cuda:0"),
    ):
        with pytest.raises(AssertionError, match="cpu"):
            make()
    assert not engine.cuda.is_available()
    assert engine.zeros(2).cpu().device == engine.device("cpu")


def test_copies():
    x = engine.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    for again in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert again.requires_grad
        assert again.tolist() == [1, 2]
        again.data[0] = 5
        assert x.tolist() == [1, 2]
    assert copy.deepcopy(x).grad.tolist() == [2, 4]


SAMPLED = {
    "rand": lambda m: m.rand(3, 5),
    "randn": lambda m: m.randn(40),
    "randint": lambda m: m.randint(3, 9, (4, 2)),
    "randint of one": lambda m: m.randint(9, (3,)),
    "randperm": lambda m: m.randperm(7),
    "rand_like": lambda m: m.rand_like(m.zeros(2, 2)),
    "randn_like": lambda m: m.randn_like(m.zeros(2, 2).double()),
    "randint_like": lambda m: m.randint_like(m.zeros(3), 5),
    "normal of numbers": lambda m: m.normal(2.0, 3.0, (4,)),
    "normal of a mean": lambda m: m.normal(m.arange(1.0, 5.0), 0.5),
    "normal of a deviation": lambda m: m.normal(0.0, m.arange(1.0, 5.0)),
    "normal of both": lambda m: m.normal(m.arange(1.0, 5.0), m.arange(1.0, 5.0)),
    "bernoulli": lambda m: m.bernoulli(m.full((5,), 0.3)),
    "multinomial": lambda m: m.multinomial(m.tensor([0.1, 0.2, 0.7]), 2),
    "normal_": lambda m: m.empty(5).normal_(1, 2),
    "uniform_": lambda m: m.empty(5).uniform_(-1, 1),
    "random_": lambda m: m.empty(5, dtype=m.int64).random_(10),
    "exponential_": lambda m: m.empty(5).exponential_(2.0),
    "generator": lambda m: m.rand(3, generator=m.Generator().manual_seed(5)),
    "after a state": lambda m: (m.set_rng_state(m.get_rng_state()), m.rand(2))[1],
}


@pytest.mark.parametrize("make", SAMPLED.values(), ids=SAMPLED)
@pytest.mark.parametrize("seed", [0, 42])
def test_random_numbers_are_pytorchs(make, seed):
    engine.manual_seed(seed)
    torch.manual_seed(seed)
    ours, theirs = make(engine), make(torch)
    assert repr(ours) == repr(theirs)
    assert ours.tolist() == theirs.tolist()
    # Both go on alike.
    assert engine.rand(3).tolist() == torch.rand(3).tolist()
