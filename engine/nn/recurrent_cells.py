"""One step of a recurrent layer at a time, for loops of one's own.

A cell is what its layer is (`engine.nn.recurrent`), over a sequence of one step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.nn.linear import empty_parameter
from engine.nn.module import Module
from engine.nn.recurrent import draw, through
from engine.tensor.naming import called
from engine.tensor.tensor import Tensor

_LAST_STEPS = {
    "RNN_TANH": ("Tanh",), "RNN_RELU": ("Relu",), "LSTM": ("Mul", "Add"), "GRU": ("Add",),
}  # fmt: skip
"""What PyTorch, which composes a cell of several operations, prints of its results."""


class RNNCellBase(Module):
    """What the cells have in common: parameters `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh`."""

    mode: str

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = num_chunks * hidden_size
        self.weight_ih = empty_parameter((rows, input_size), device, dtype)
        self.weight_hh = empty_parameter((rows, hidden_size), device, dtype)
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, empty_parameter((rows,), device, dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws all parameters anew, from +-1 / sqrt(hidden_size)."""
        draw(self)

    def _step(self, input: Any, states: Any) -> tuple:
        """The states after one step; `states` a tuple of those before, or None for zeros."""
        name, ndim = type(self).__name__, input._data.ndim
        if ndim not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {ndim}D instead")
        if input._data.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {input._data.shape[-1]} expected "
                f"{self.input_size}"
            )
        rows = input if ndim == 2 else input.unsqueeze(0)
        count = len(rows._data)
        if states is None:
            zeros = Tensor.at(np.zeros((count, self.hidden_size), rows._data.dtype), None)
            states = (zeros,) * (2 if self.mode == "LSTM" else 1)
        else:
            if any(each._data.ndim not in (1, 2) for each in states):
                raise ValueError(f"{name}: Expected hidden to be 1D or 2D")
            states = tuple(each if ndim == 2 else each.unsqueeze(0) for each in states)
        for each in states:
            if each._data.shape != (count, self.hidden_size):
                raise RuntimeError(
                    f"{name}: Expected a state of {[count, self.hidden_size]}, got "
                    f"{list(each._data.shape)}"
                )
        weights = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, None)
        found, _ = through(self.mode, rows, states, weights, (count,), False)
        for each, name in zip(found, _LAST_STEPS[self.mode], strict=True):
            called(each, name)
        return found if ndim == 2 else tuple(each.squeeze(0) for each in found)

    def extra_repr(self) -> str:
        """The sizes, and what is not at its default."""
        text = f"{self.input_size}, {self.hidden_size}"
        text += "" if self.bias else f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text


class RNNCell(RNNCellBase):
    """One step of an RNN: (batch, input_size), (batch, hidden_size) to (batch, hidden_size)."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh",
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    @property
    def mode(self) -> str:
        """The name of the formula.

        Raises:
            RuntimeError: for a nonlinearity that there is not.
        """
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return f"RNN_{self.nonlinearity.upper()}"

    def forward(self, input: Any, hx: Any = None) -> Any:
        """The state after the step."""
        return self._step(input, None if hx is None else (hx,))[0]


class LSTMCell(RNNCellBase):
    """One step of an LSTM: (batch, input_size) and a pair (h, c) to a pair (h, c)."""

    mode = "LSTM"

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """The states after the step."""
        if hasattr(hx, "at"):
            raise TypeError(
                "lstm_cell(): argument 'hx' (position 2) must be tuple of Tensors, not Tensor: the "
                "state and the cell"
            )
        return self._step(input, None if hx is None else tuple(hx))


class GRUCell(RNNCellBase):
    """One step of a GRU: (batch, input_size), (batch, hidden_size) to (batch, hidden_size)."""

    mode = "GRU"

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """The state after the step."""
        return self._step(input, None if hx is None else (hx,))[0]
