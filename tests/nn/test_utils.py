"""nn.utils against PyTorch: clipping, vectors of parameters, weight norm, packing."""

import warnings

import pytest
from both_sides import both
from hypothesis import given, settings
from hypothesis import strategies as st

import engine

pytestmark = pytest.mark.torch


def with_gradients(torch, scale=1.0):
    torch.manual_seed(0)
    layer = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))
    (layer(torch.randn(5, 3)) * scale).pow(2).sum().backward()
    layer[1].bias.grad = None
    return layer


@pytest.mark.parametrize("norm_type", [2.0, 1, 3.0, float("inf")])
@pytest.mark.parametrize("max_norm", [0.1, 1e6])
def test_clip_grad_norm(norm_type, max_norm):
    def program(torch):
        layer = with_gradients(torch)
        total = torch.nn.utils.clip_grad_norm_(layer.parameters(), max_norm, norm_type)
        return total, [p.grad for p in layer.parameters() if p.grad is not None]

    both(program)


def test_clip_grad_norm_of_one_tensor_of_none_and_of_what_is_not_finite():
    both(lambda torch: torch.nn.utils.clip_grad_norm_([], 1.0))
    both(lambda torch: torch.nn.utils.clip_grad_norm_(with_gradients(torch)[0].weight, 1.0))

    def infinite(torch, error):
        layer = with_gradients(torch)
        layer[0].weight.grad[0, 0] = float("inf")
        total = torch.nn.utils.clip_grad_norm_(layer.parameters(), 1.0, error_if_nonfinite=error)
        return total, layer[0].bias.grad

    both(lambda torch: infinite(torch, False))
    assert isinstance(both(lambda torch: infinite(torch, True)), RuntimeError)


def test_total_norm_and_clipping_by_it():
    def program(torch):
        layer = with_gradients(torch)
        gradients = [p.grad for p in layer.parameters() if p.grad is not None]
        total = torch.nn.utils.get_total_norm(gradients)
        torch.nn.utils.clip_grads_with_norm_(layer.parameters(), 0.5, total)
        return total, gradients

    both(program)


def test_clip_grad_value():
    def program(torch):
        layer = with_gradients(torch, 3.0)
        torch.nn.utils.clip_grad_value_(layer.parameters(), 0.7)
        return [p.grad for p in layer.parameters() if p.grad is not None]

    both(program)


def test_parameters_as_a_vector_and_back():
    def program(torch):
        torch.manual_seed(0)
        layer = torch.nn.Linear(3, 2)
        vector = torch.nn.utils.parameters_to_vector(layer.parameters())
        torch.nn.utils.vector_to_parameters(
            torch.arange(8.0, requires_grad=True) * 2, layer.parameters()
        )
        (g,) = torch.autograd.grad(vector, layer.weight, torch.arange(8.0))
        return vector, g, layer.weight, layer.bias

    both(program)
    assert isinstance(both(lambda torch: torch.nn.utils.vector_to_parameters([1.0], [])), TypeError)


@pytest.mark.parametrize("dim", [0, 1, -1, None])
def test_weight_norm(dim):
    def program(torch):
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layer = torch.nn.utils.weight_norm(torch.nn.Linear(3, 2), dim=dim)
        x = torch.randn(4, 3)
        layer(x).pow(2).sum().backward()
        gradients = [p.grad for p in layer.parameters()]
        with torch.no_grad():
            layer.weight_g.mul_(2)
        out = layer(x)
        state = dict(layer.state_dict())
        torch.nn.utils.remove_weight_norm(layer)
        return gradients, state, out, layer(x), dict(layer.state_dict()), repr(layer)

    both(program, 1e-5, 1e-6)


def test_weight_norm_of_a_convolution_and_misuse():
    def program(torch, again=False, absent=False):
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layer = torch.nn.Conv2d(2, 3, 2)
            if absent:
                return torch.nn.utils.remove_weight_norm(layer)
            torch.nn.utils.weight_norm(layer)
            if again:
                torch.nn.utils.weight_norm(layer)
        return dict(layer.state_dict()), layer(torch.randn(1, 2, 3, 3))

    both(program, 1e-5, 1e-6)
    assert isinstance(both(lambda torch: program(torch, again=True)), RuntimeError)
    assert isinstance(both(lambda torch: program(torch, absent=True)), ValueError)


@settings(max_examples=30, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=5), batch_first=st.booleans(),
    padding=st.sampled_from([0.0, 1.5, float("-inf")]), extra=st.integers(0, 2),
    features=st.sampled_from([(2,), (2, 3)]),
)  # fmt: skip
def test_packing_there_and_back(lengths, batch_first, padding, extra, features):
    in_order = lengths == sorted(lengths, reverse=True)

    def program(torch):
        torch.manual_seed(1)
        rnn = torch.nn.utils.rnn
        xs = [torch.randn(n, *features).requires_grad_() for n in lengths]
        padded = rnn.pad_sequence(xs, batch_first, padding)
        again = rnn.unpad_sequence(padded.clone(), torch.tensor(lengths), batch_first)
        packed = rnn.pack_padded_sequence(padded, lengths, batch_first, in_order)
        out, counts = rnn.pad_packed_sequence(packed, batch_first, padding, max(lengths) + extra)
        g = torch.randn(*packed.data.shape)
        gradients = torch.autograd.grad(packed.data, xs, g)
        listed = rnn.unpack_sequence(rnn.pack_sequence(xs, in_order))
        indices = [packed.sorted_indices, packed.unsorted_indices]
        if len(set(lengths)) < len(lengths):
            indices = []  # equal lengths may stand in any order
            packed = packed.batch_sizes
            return padded, again, packed, out, counts, gradients, listed
        return padded, again, packed.data, packed.batch_sizes, out, counts, gradients, indices

    both(program)


def test_padding_on_the_left():
    def program(torch):
        xs = [torch.arange(2.0), torch.arange(3.0)]
        return torch.nn.utils.rnn.pad_sequence(xs, True, -1.0, padding_side="left")

    both(program)


def test_a_packed_sequence_is_a_named_tuple():
    packed = engine.nn.utils.rnn.pack_sequence([engine.arange(3.0), engine.arange(2.0)])
    data, sizes, order, back = packed
    assert (data.tolist(), sizes.tolist(), order, back) == ([0, 0, 1, 1, 2], [2, 2, 1], None, None)
    assert packed.to(engine.float64).data.dtype == engine.float64
    assert packed.double().float().data.dtype == engine.float32


@pytest.mark.parametrize(
    "program",
    [
        lambda rnn, torch: rnn.pack_padded_sequence(torch.randn(3, 2), [2, 3]),
        lambda rnn, torch: rnn.pack_padded_sequence(torch.randn(3, 2), [3, 0]),
        lambda rnn, torch: rnn.pack_padded_sequence(torch.randn(3, 2), [3]),
        lambda rnn, torch: rnn.pad_packed_sequence(
            rnn.pack_padded_sequence(torch.randn(3, 2), [3, 1]), total_length=2
        ),
        lambda rnn, torch: rnn.pad_sequence([]),
    ],
)
def test_misuse_raises_pytorchs_class(program):
    assert isinstance(both(lambda torch: program(torch.nn.utils.rnn, torch)), Exception)
