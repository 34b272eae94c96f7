"""Recurrent layers against PyTorch: first values, results, gradients, dropout's draws, text."""

from itertools import product

import numpy as np
import pytest
from both_sides import both
from hypothesis import given, settings
from hypothesis import strategies as st

import engine

pytestmark = pytest.mark.torch

LAYERS = ("RNN", "LSTM", "GRU")


def states_of(h):
    return list(h) if isinstance(h, tuple) else [h]


def first_states(torch, kind, shape, settings, dtype=None):
    """Random first states with these dimensions before their features."""
    widths = (settings.get("proj_size", 4), 4) if kind == "LSTM" else (4,)
    return [torch.randn(*shape, width, dtype=dtype).requires_grad_() for width in widths]


def read(torch, kind, shape, given=False, dtype="float32", **settings):
    """All that comes out of a layer, and all gradients of a random cotangent."""
    torch.manual_seed(3)
    layer = getattr(torch.nn, kind)(5, 4, dtype=getattr(torch, dtype), **settings)
    x = torch.randn(*shape, dtype=getattr(torch, dtype)).requires_grad_()
    arguments, leaves = [x], [x]
    if given:
        count = settings.get("num_layers", 1) * (2 if settings.get("bidirectional") else 1)
        batch = [shape[0 if settings.get("batch_first") else 1]] if len(shape) == 3 else []
        hs = first_states(torch, kind, (count, *batch), settings, x.dtype)
        arguments.append(tuple(hs) if kind == "LSTM" else hs[0])
        leaves += hs
    out, h = layer(*arguments)
    results = [out, *states_of(h)]
    cotangents = [torch.randn(*r.shape, dtype=r.dtype) for r in results]
    gradients = torch.autograd.grad(results, [*leaves, *layer.parameters()], cotangents)
    return [r.detach() for r in results], list(gradients), dict(layer.state_dict()), repr(layer)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_layers(kind, layers, bidirectional):
    more = {"dropout": 0.4} if layers == 2 else {}
    for bias, batch_first, first in product((True, False), repeat=3):
        for shape in ((6, 3, 5), (6, 5)):
            both(
                lambda torch, shape=shape, first=first, bias=bias, batch_first=batch_first: read(
                    torch, kind, shape, first, num_layers=layers, bidirectional=bidirectional,
                    bias=bias, batch_first=batch_first, **more,
                ),
                1e-5, 3e-6,
            )  # fmt: skip


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_projections(layers, bidirectional):
    settings = {"num_layers": layers, "bidirectional": bidirectional, "proj_size": 2}
    for bias, given_states in product((True, False), repeat=2):
        for shape in ((6, 3, 5), (6, 5)):
            both(
                lambda torch, shape=shape, bias=bias, given_states=given_states: read(
                    torch, "LSTM", shape, given_states, bias=bias, **settings
                ),
                1e-5, 3e-6,
            )  # fmt: skip
        for lengths in ([6, 4, 4, 1], [3, 6, 2]):
            both(
                lambda torch, lengths=lengths, given_states=given_states: packed(
                    torch, "LSTM", lengths, False, given_states, **settings
                ),
                1e-5, 3e-6,
            )  # fmt: skip
    both(lambda torch: read(torch, "LSTM", (7, 2, 5), True, "float64", **settings), 1e-10, 1e-12)


@pytest.mark.parametrize("kind", LAYERS)
def test_double_precision(kind):
    both(lambda torch: read(torch, kind, (7, 2, 5), True, "float64", num_layers=2), 1e-10, 1e-12)


def test_relu_by_name_and_by_place():
    both(lambda torch: read(torch, "RNN", (4, 2, 5), True, nonlinearity="relu"), 1e-5, 2e-6)
    both(lambda torch: repr(torch.nn.RNN(5, 4, 2, "relu", False)))
    both(lambda torch: torch.nn.RNN(5, 4, 1, "relu").nonlinearity)


def test_a_seed_gives_the_same_first_values_bit_for_bit():
    torch = pytest.importorskip("torch")
    for kind in LAYERS:
        states = []
        for library in (engine, torch):
            library.manual_seed(11)
            layer = getattr(library.nn, kind)(3, 7, num_layers=2, bidirectional=True)
            states.append([p.detach().numpy() for p in layer.parameters()])
        for ours, theirs in zip(*states, strict=True):
            assert ours.tobytes() == theirs.tobytes()


def packed(torch, kind, lengths, enforce, given, **settings):
    torch.manual_seed(5)
    rnn = torch.nn.utils.rnn
    layer = getattr(torch.nn, kind)(3, 4, **settings)
    x = torch.randn(max(lengths), len(lengths), 3, requires_grad=True)
    arguments = [rnn.pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=enforce)]
    count = layer.num_layers * (2 if layer.bidirectional else 1)
    leaves = [x]
    if given:
        hs = first_states(torch, kind, (count, len(lengths)), settings)
        leaves += hs
        arguments.append(tuple(hs) if kind == "LSTM" else hs[0])
    out, h = layer(*arguments)
    padded, counts = rnn.pad_packed_sequence(out, padding_value=-1.5, total_length=7)
    results = [padded, *states_of(h)]
    cotangents = [torch.randn(*r.shape) for r in results]
    gradients = torch.autograd.grad(results, [*leaves, *layer.parameters()], cotangents)
    return [r.detach() for r in results], counts, out.batch_sizes, list(gradients)


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(LAYERS),
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    given_states=st.booleans(),
    bidirectional=st.booleans(),
    layers=st.integers(1, 2),
)
def test_packed_sequences(kind, lengths, given_states, bidirectional, layers):
    enforce = lengths == sorted(lengths, reverse=True)
    both(
        lambda torch: packed(
            torch, kind, lengths, enforce, given_states, bidirectional=bidirectional,
            num_layers=layers, dropout=0.3 if layers == 2 else 0,
        ),
        1e-5, 2e-6,
    )  # fmt: skip


def step(torch, kind, batch, given, **settings):
    torch.manual_seed(7)
    cell = getattr(torch.nn, kind)(3, 4, **settings)
    x = torch.randn(*batch, 3, requires_grad=True)
    hs = [torch.randn(*batch, 4).requires_grad_() for _ in range(2 if kind == "LSTMCell" else 1)]
    state = tuple(hs) if kind == "LSTMCell" else hs[0]
    results = states_of(cell(x, state) if given else cell(x))
    cotangents = [torch.randn(*r.shape) for r in results]
    leaves = [x, *(hs if given else []), *cell.parameters()]
    gradients = torch.autograd.grad(results, leaves, cotangents)
    return [r.detach() for r in results], list(gradients), dict(cell.state_dict()), repr(cell)


@pytest.mark.parametrize("kind", ["RNNCell", "LSTMCell", "GRUCell"])
def test_cells(kind):
    for batch, given_state, bias in product(((), (2,)), (False, True), (False, True)):
        both(
            lambda torch, batch=batch, g=given_state, bias=bias: step(
                torch, kind, batch, g, bias=bias
            ),
            1e-5, 2e-6,
        )  # fmt: skip
    if kind == "RNNCell":
        both(lambda torch: step(torch, kind, (2,), True, nonlinearity="relu"), 1e-5, 2e-6)


@pytest.mark.parametrize("kind", LAYERS)
def test_second_derivatives_are_those_of_a_loop_over_cells(kind):
    """A layer's rules, recorded, against the same steps one by one, in PyTorch."""
    torch = pytest.importorskip("torch")

    def penalty(library, by_cells):
        library.manual_seed(1)
        layer = getattr(library.nn, kind)(3, 2, dtype=library.float64)
        x = library.randn(4, 2, 3, dtype=library.float64).requires_grad_()
        weights = library.randn(4, 2, 2, dtype=library.float64)
        if by_cells:
            cell = getattr(library.nn, kind + "Cell")(3, 2, dtype=library.float64)
            for mine, other in zip(cell.parameters(), layer.parameters(), strict=True):
                mine.data = other.data
            layer, state, steps = cell, None, []
            for k in range(4):
                state = cell(x[k], state)
                steps.append(state[0] if kind == "LSTM" else state)
            out = library.stack(steps)
        else:
            out, _ = layer(x)
        parameters = [x, *layer.parameters()]
        (g,) = library.autograd.grad((out * weights).sum(), [x], create_graph=True)
        return [p.numpy() for p in library.autograd.grad((g * g).sum(), parameters)]

    for ours, theirs in zip(penalty(engine, False), penalty(torch, True), strict=True):
        np.testing.assert_allclose(ours, theirs, 1e-9, 1e-12)


def test_only_what_wants_a_gradient():
    def program(torch):
        torch.manual_seed(0)
        layer = torch.nn.LSTM(3, 2).requires_grad_(False)
        x = torch.randn(4, 2, 3, requires_grad=True)
        _, (h, _) = layer(x)
        h.sum().backward()
        return x.grad, layer.weight_hh_l0.grad

    both(program)


@pytest.mark.parametrize(
    "program",
    [
        lambda torch: torch.nn.LSTM(3, 4)(torch.randn(2)),
        lambda torch: torch.nn.LSTM(3, 4)(torch.randn(2, 2, 5)),
        lambda torch: torch.nn.GRU(3, 4)(torch.randn(2, 2, 3), torch.zeros(1, 3, 4)),
        lambda torch: torch.nn.GRU(3, 4)(torch.randn(2, 2, 3), torch.zeros(2, 4)),
        lambda torch: torch.nn.GRU(3, 4)(torch.randn(2, 3), torch.zeros(1, 1, 4)),
        lambda torch: torch.nn.LSTM(3, 4)(
            torch.randn(2, 2, 3), (torch.zeros(1, 2, 4), torch.zeros(1, 1, 4))
        ),
        lambda torch: torch.nn.RNN(3, 4)(torch.randn(2, 2, 3, dtype=torch.float64)),
        lambda torch: torch.nn.RNN(3, 4)(torch.randn(0, 2, 3)),
        lambda torch: torch.nn.RNN(3, 4, nonlinearity="cube"),
        lambda torch: torch.nn.RNN(3, 0),
        lambda torch: torch.nn.RNN(3, 4.0),
        lambda torch: torch.nn.RNN(3, 4, 0),
        lambda torch: torch.nn.RNN(3, 4, dropout=2),
        lambda torch: torch.nn.GRU(3, 4, proj_size=2),
        lambda torch: torch.nn.LSTM(3, 4, proj_size=4),
        lambda torch: torch.nn.LSTM(3, 4, proj_size=-1),
        lambda torch: torch.nn.LSTMCell(3, 4)(torch.randn(2, 4)),
        lambda torch: torch.nn.GRUCell(3, 4)(torch.randn(2, 3), torch.zeros(3, 4)),
        lambda torch: torch.nn.RNNCell(3, 4)(torch.randn(2, 2, 3)),
        lambda torch: torch.nn.RNNCell(3, 4, nonlinearity="cube")(torch.randn(2, 3)),
    ],
)
def test_misuse_raises_pytorchs_class(program):
    assert isinstance(both(program), Exception)


def test_dropout_on_one_layer_is_warned_about():
    with pytest.warns(UserWarning, match="num_layers greater than 1"):
        engine.nn.LSTM(3, 4, dropout=0.5)
