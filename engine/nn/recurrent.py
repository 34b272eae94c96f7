"""Layers that go through a sequence step by step and remember: RNN, LSTM, GRU.

Whatever the form of a batch (steps or batch first, padded or packed, no batch at all), it is
brought to rows, step by step (`engine.ops.recurrent`); each layer and direction is one product for
what the input contributes and one operation over all steps.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from engine.core.modes import told_as_one
from engine.nn import init
from engine.nn.functional.dropout import dropout
from engine.nn.functional.linear import linear
from engine.nn.linear import empty_parameter
from engine.nn.module import Module
from engine.nn.projected import projected_lstm
from engine.nn.utils.rnn import PackedSequence
from engine.ops import recurrent as ops
from engine.ops.gru import gru
from engine.tensor.joining import cat, stack
from engine.tensor.naming import called
from engine.tensor.tensor import Tensor

_BLOCKS = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}
"""How many numbers a step works out for each hidden feature."""


def through(
    mode: str, x: Any, states: tuple, weights: tuple, sizes: tuple[int, ...], reverse: bool,
    batch_sizes: Any = None,
) -> tuple[tuple, tuple]:  # fmt: skip
    """One layer in one direction: rows (R, features) to the states at all rows (hidden (R, H), of
    an LSTM also cells) and those at the ends of the sequences.

    Args:
        batch_sizes: of packed sequences the Tensor that `sizes` were read from.
    """
    w_ih, w_hh, b_ih, b_hh, w_hr = weights
    if mode != "GRU" and b_ih is not None:
        b_ih = b_ih + b_hh
    inputs = linear(x, w_ih, b_ih)
    if batch_sizes is None:
        found = _steps(mode, inputs, states, w_hh, b_hh, w_hr, sizes, reverse)
        return found, tuple(_last(each, sizes, reverse) for each in found)

    def compute() -> tuple:
        found = _steps(mode, inputs, states, w_hh, b_hh, w_hr, sizes, reverse)
        return (*found, *(_last(each, sizes, reverse) for each in found))

    both = told_as_one(
        "packed_layer", (inputs, batch_sizes, list(states), w_hh, b_hh, w_hr),
        {"mode": mode, "reverse": reverse}, compute,
    )  # fmt: skip
    return both[: len(states)], both[len(states) :]


def _steps(
    mode: str, inputs: Any, states: tuple, w_hh: Any, b_hh: Any, w_hr: Any,
    sizes: tuple[int, ...], reverse: bool,
) -> tuple:  # fmt: skip
    """The states at all rows."""
    params: dict[str, Any] = {"sizes": sizes, "reverse": reverse}
    if mode == "GRU":
        return inputs.record(gru, (inputs, *states, w_hh, b_hh), params)[:1]
    if w_hr is not None:
        return projected_lstm(inputs, states, w_hh, w_hr, sizes, reverse)
    if mode == "LSTM":
        return inputs.record(ops.lstm, (inputs, *states, w_hh), params)[:2]
    params["nonlinearity"] = mode[4:].lower()
    return (inputs.record(ops.rnn, (inputs, *states, w_hh), params),)


class RNNBase(Module):
    """What RNN, LSTM and GRU have in common.

    Args:
        mode: "RNN_TANH", "RNN_RELU", "LSTM" or "GRU".
        input_size: features of each step of the input.
        hidden_size: features of the state.
        num_layers: how many layers, each reading what the one below it made.
        bias: whether there are biases.
        batch_first: inputs and results are (batch, steps, features), not (steps, batch, features).
        dropout: the probability of dropout on what all layers but the last hand on.
        bidirectional: a second set of weights reads backwards; results stand side by side.
        proj_size: of an LSTM: features of h, if it is to have fewer than `hidden_size`; c keeps
            them all (`engine.nn.projected`).
    """

    def __init__(
        self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False,
        proj_size: int = 0, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        _check_sizes(mode, input_size, hidden_size, num_layers, dropout, proj_size)
        self.mode, self.input_size, self.hidden_size = mode, input_size, hidden_size
        self.num_layers, self.bias, self.batch_first = num_layers, bias, batch_first
        self.dropout, self.bidirectional = float(dropout), bidirectional
        self.proj_size = proj_size
        rows = _BLOCKS[mode] * hidden_size
        self._names: list[tuple[str, ...]] = []
        for layer in range(num_layers):
            width = input_size if layer == 0 else self._width * self._directions
            for suffix in ("", "_reverse")[: self._directions]:
                names = [f"weight_ih_l{layer}{suffix}", f"weight_hh_l{layer}{suffix}"]
                shapes = [(rows, width), (rows, self._width)]
                if bias:
                    names += [f"bias_ih_l{layer}{suffix}", f"bias_hh_l{layer}{suffix}"]
                    shapes += [(rows,), (rows,)]
                if proj_size:
                    names.append(f"weight_hr_l{layer}{suffix}")
                    shapes.append((proj_size, hidden_size))
                for name, shape in zip(names, shapes, strict=True):
                    setattr(self, name, empty_parameter(shape, device, dtype))
                self._names.append(tuple(names))
        self.reset_parameters()

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _width(self) -> int:
        """Features of what a layer hands on."""
        return self.proj_size or self.hidden_size

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._names]

    @property
    def _flat_weights(self) -> list[Any]:
        return [each for weights in self.all_weights for each in weights]

    def reset_parameters(self) -> None:
        """Draws all parameters anew, from +-1 / sqrt(hidden_size)."""
        draw(self)

    def flatten_parameters(self) -> None:
        """Nothing: there is no GPU whose memory would have to be in one piece."""

    # --- the form of a batch ---

    def _rows(self, input: Any) -> tuple[Any, tuple[int, ...], bool]:
        """(rows, sizes, whether there is a batch) of a Tensor.

        Raises:
            ValueError: for other than two or three dimensions, and another type than the weights'.
            RuntimeError: for another number of features, and no step at all.
        """
        ndim = input._data.ndim
        if ndim not in (2, 3):
            raise ValueError(
                f"{type(self).__name__}: Expected input to be 2D or 3D, got {ndim}D instead"
            )
        self._check_features(input)
        if ndim == 3 and self.batch_first:
            input = input.transpose(0, 1)
        steps = input._data.shape[0]
        count = input._data.shape[1] if ndim == 3 else 1
        if not steps:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        rows = input.reshape(steps * count, self.input_size)
        return rows, (count,) * steps, ndim == 3

    def _check_features(self, input: Any) -> None:
        kind = self.weight_ih_l0.dtype
        if input.dtype != kind:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({kind}). Convert "
                f"input: input.to({kind}), or convert model: model.to({input.dtype})"
            )
        if input._data.shape[-1] != self.input_size:
            raise RuntimeError(
                "input.size(-1) must be equal to input_size. Expected "
                f"{self.input_size}, got {input._data.shape[-1]}"
            )

    def _first_states(self, given: Any, rows: Any, count: int, batched: bool) -> list[Any]:
        """The first states, (layers * directions, count, features) each: zeros if none given."""
        sides = self.num_layers * self._directions
        shapes = [(sides, count, self._width)]
        if self.mode == "LSTM":
            shapes.append((sides, count, self.hidden_size))
        if given is None:
            return [Tensor.at(np.zeros(shape, rows._data.dtype), None) for shape in shapes]
        states = list(given) if self.mode == "LSTM" else [given]
        if len(states) < len(shapes):
            raise IndexError(f"the state of an LSTM is a pair (h, c), and got {len(states)} of it")
        if not batched:
            for each in states:
                if each._data.ndim != 2:
                    raise RuntimeError(
                        "For unbatched 2-D input, hx should also be 2-D but got "
                        f"{each._data.ndim}-D tensor"
                    )
            states = [each.unsqueeze(1) for each in states]
        elif any(each._data.ndim != 3 for each in states):
            raise RuntimeError(
                "For batched 3-D input, hx should also be 3-D but got "
                f"{states[0]._data.ndim}-D tensor"
            )
        for each, shape, name in zip(states, shapes, ("hidden[0]", "hidden[1]"), strict=False):
            if each._data.shape != shape:
                what = name if self.mode == "LSTM" else "hidden"
                raise RuntimeError(f"Expected {what} size {shape}, got {list(each._data.shape)}")
        return states

    # --- the way through ---

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Reads whole sequences.

        Args:
            input: (steps, batch, input_size), (batch, steps, input_size) if `batch_first`,
                (steps, input_size), or a PackedSequence.
            hx: the first state (layers * directions, batch, hidden_size), for an LSTM a pair of
                them (the first of `proj_size` features, if there is one); zeros if left out.

        Returns:
            (the last layer's states at all steps, in the form of the input; all layers' last
            states, in the form of hx).
        """
        packed = isinstance(input, PackedSequence)
        if packed:
            rows, batched = input.data, True
            self._check_features(rows)
            sizes = tuple(input.batch_sizes._data.tolist())
        else:
            rows, sizes, batched = self._rows(input)
        count = sizes[0]
        states = self._first_states(hx, rows, count, batched)
        if packed and hx is not None and input.sorted_indices is not None:
            states = [each.index_select(1, input.sorted_indices) for each in states]
        rows, last = self._layers(rows, sizes, states, input.batch_sizes if packed else None)
        if packed:
            if input.unsorted_indices is not None:
                last = [each.index_select(1, input.unsorted_indices) for each in last]
            output = PackedSequence(
                rows, input.batch_sizes, input.sorted_indices, input.unsorted_indices
            )
        elif batched:
            output = rows.reshape(len(sizes), count, rows._data.shape[1])
            name = "Cat" if self._directions > 1 else "MkldnnRnnLayer"
            called(output, name if self.mode == "LSTM" else "Stack")
            if self.batch_first:
                form = "TransposeBackward0" if self.mode == "LSTM" else "TransposeBackward1"
                output = called(output.transpose(0, 1), form)
        else:
            output = called(rows, "SqueezeBackward1")
            last = [each.squeeze(1) for each in last]
        return output, (tuple(last) if self.mode == "LSTM" else last[0])

    def _layers(
        self, rows: Any, sizes: tuple, states: list, batch_sizes: Any
    ) -> tuple[Any, list]:  # fmt: skip
        """(the last layer's rows, for each state those at the end of all layers)."""
        ends: list[list[Any]] = [[] for _ in states]
        weights = [self._five(names) for names in self._names]
        for layer in range(self.num_layers):
            sides = []
            for direction in range(self._directions):
                k = layer * self._directions + direction
                first = tuple(each[k] for each in states)
                found, last = through(
                    self.mode, rows, first, weights[k], sizes, bool(direction), batch_sizes
                )
                sides.append(found[0])
                for end, each in zip(ends, last, strict=True):
                    end.append(each)
            rows = sides[0] if len(sides) == 1 else cat(sides, 1)
            if self.dropout and layer < self.num_layers - 1:
                rows = dropout(rows, self.dropout, self.training)
        return rows, [stack(end) for end in ends]

    def _five(self, names: tuple[str, ...]) -> tuple:
        """A layer's w_ih, w_hh, b_ih, b_hh and w_hr, None for those that it does not have."""
        found = [getattr(self, name) for name in names]
        last = found.pop() if self.proj_size else None
        return (*(*found, None, None)[:4], last)

    def extra_repr(self) -> str:
        """The sizes, and what is not at its default."""
        text = f"{self.input_size}, {self.hidden_size}"
        for name, usual in (
            ("proj_size", 0), ("num_layers", 1), ("bias", True), ("batch_first", False),
            ("dropout", 0), ("bidirectional", False),
        ):  # fmt: skip
            value = getattr(self, name)
            if value != usual:
                text += f", {name}={value}"
        return text


def _last(states: Any, sizes: tuple[int, ...], reverse: bool) -> Any:
    """Of the states at all rows, that at the end of each sequence."""
    if sizes[0] == sizes[-1]:
        return states[: sizes[0]] if reverse else states[len(states._data) - sizes[0] :]
    latest = ops.origins(sizes, reverse)[1] - sizes[0]
    return states.index_select(0, Tensor.at(latest, None))


def draw(module: Module) -> None:
    """Draws all parameters anew, from +-1 / sqrt(hidden_size)."""
    bound = 1 / math.sqrt(module.hidden_size) if module.hidden_size > 0 else 0
    for each in module.parameters():
        init.uniform_(each, -bound, bound)


def _check_sizes(
    mode: str, input_size: Any, hidden_size: Any, layers: int, dropout: Any, proj_size: int
) -> None:  # fmt: skip
    if isinstance(dropout, bool) or not isinstance(dropout, int | float) or not 0 <= dropout <= 1:
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an element "
            f"being zeroed, not {dropout!r}"
        )
    if dropout > 0 and layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout "
            f"expects num_layers greater than 1, but got dropout={dropout} and num_layers={layers}",
            UserWarning, stacklevel=4,
        )  # fmt: skip
    if not isinstance(hidden_size, int):
        raise TypeError(f"hidden_size should be of type int, got: {type(hidden_size).__name__}")
    if input_size <= 0:
        raise ValueError("input_size must be greater than zero")
    if hidden_size <= 0:
        raise ValueError("hidden_size must be greater than zero")
    if layers <= 0:
        raise ValueError("num_layers must be greater than zero")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size and mode != "LSTM":
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")


class RNN(RNNBase):
    """h' = tanh(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh) for each step (or relu, by `nonlinearity`).

    `RNN(input_size, hidden_size, num_layers=1, nonlinearity="tanh", bias=True, ...)`: the rest as
    in `RNNBase`.
    """

    def __init__(self, *sizes: Any, **settings: Any) -> None:
        nonlinearity = settings.pop("nonlinearity", "tanh")
        if len(sizes) > 3:
            nonlinearity, sizes = sizes[3], (*sizes[:3], *sizes[4:])
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        super().__init__(f"RNN_{nonlinearity.upper()}", *sizes, **settings)
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Long short-term memory: `LSTM(input_size, hidden_size, num_layers=1, ...)`, see `RNNBase`.

    Its state is a pair (h, c). The formula is `engine.ops.recurrent.lstm`'s; the four blocks of
    its weights are those of the gates i, f, n (called g elsewhere) and o.
    """

    def __init__(self, *sizes: Any, **settings: Any) -> None:
        super().__init__("LSTM", *sizes, **settings)


class GRU(RNNBase):
    """Gated recurrent units: `GRU(input_size, hidden_size, num_layers=1, ...)`, see `RNNBase`.

    The formula is `engine.ops.recurrent.gru`'s; the three blocks are those of r, z and n.
    """

    def __init__(self, *sizes: Any, **settings: Any) -> None:
        super().__init__("GRU", *sizes, **settings)
