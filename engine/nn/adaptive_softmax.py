"""A softmax over very many classes, most of them seldom: the usual ones have a score of their own,
the others share that of their cluster and are told apart only where it is asked for.

Classes are numbered by how usual they are, the most usual first. Source: Grave et al., Efficient
softmax approximation for GPUs, 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from engine.nn import functional as F
from engine.nn.container import ModuleList, Sequential
from engine.nn.linear import Linear
from engine.nn.module import Module


class _ASMoutput(NamedTuple):
    output: Any
    loss: Any


class AdaptiveLogSoftmaxWithLoss(Module):
    """Logarithms of the probabilities of targets, and the loss, their mean with its sign turned.

    Args:
        in_features: of the input, (N, in_features).
        n_classes: how many there are.
        cutoffs: where each cluster begins; those below the first have a score of their own.
        div_value: each cluster computes with so many times fewer features than the one before.
        head_bias: whether the first layer has a bias.

    Raises:
        ValueError: for cutoffs that do not rise from 1 to n_classes - 1.
    """

    def __init__(
        self, in_features: int, n_classes: int, cutoffs: Sequence[int], div_value: float = 4.0,
        head_bias: bool = False, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        bounds = [0, *cutoffs, n_classes]
        if any(int(c) != c for c in cutoffs) or any(high <= low for low, high in pairwise(bounds)):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing "
                f"order, where each value is between 1 and n_classes-1; got {cutoffs} for "
                f"{n_classes} classes"
            )
        self.in_features, self.n_classes = in_features, n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value, self.head_bias = div_value, head_bias
        self.shortlist_size, self.n_clusters = self.cutoffs[0], len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        more = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **more)
        self.tail = ModuleList()
        for k, (low, high) in enumerate(pairwise(self.cutoffs)):
            hidden, inside = int(in_features // (div_value ** (k + 1))), high - low
            self.tail.append(
                Sequential(
                    Linear(in_features, hidden, bias=False, **more),
                    Linear(hidden, inside, bias=False, **more),
                )
            )

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        self.head.reset_parameters()
        for narrow, wide in self.tail:
            narrow.reset_parameters()
            wide.reset_parameters()

    def forward(self, input: Any, target: Any) -> _ASMoutput:
        """(N, in_features) and classes (N,), or one of each, to (output, loss).

        Raises:
            RuntimeError: for sizes that do not fit, and classes that there are not.
        """
        dims = target._data.ndim
        if dims > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if input._data.ndim != dims + 1 or (dims and len(input) != len(target)):
            raise RuntimeError(
                "Input and target should have the same size in the batch dimension: "
                f"{list(input.shape)} and {list(target.shape)}"
            )
        rows, classes = (input, target) if dims else (input.unsqueeze(0), target.unsqueeze(0))
        numbers = classes._data
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < self.n_classes:
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{numbers.min()}, {numbers.max()}] were found."
            )
        head = F.log_softmax(self.head(rows), dim=1)
        place, more = classes.clone(), rows.new_zeros(len(rows))
        for k, (low, high) in enumerate(pairwise(self.cutoffs)):
            inside = ((classes >= low) & (classes < high)).nonzero().squeeze(1)
            if not len(inside):
                continue
            scores = F.log_softmax(self.tail[k](rows.index_select(0, inside)), dim=1)
            own = scores.gather(1, (classes[inside] - low).unsqueeze(1)).squeeze(1)
            more = more.index_copy(0, inside, own)
            place[inside] = self.shortlist_size + k
        output = more + head.gather(1, place.unsqueeze(1)).squeeze()
        loss = (-output).mean()
        return _ASMoutput(output if dims else output.squeeze(0), loss)

    def log_prob(self, input: Any) -> Any:
        """(N, in_features) to the logarithms of all classes' probabilities, (N, n_classes)."""
        head = F.log_softmax(self.head(input), dim=1)
        found = input.new_empty((len(input), self.n_classes))
        found[:, : self.shortlist_size] = head[:, : self.shortlist_size]
        for k, (low, high) in enumerate(pairwise(self.cutoffs)):
            cluster = head[:, self.shortlist_size + k].unsqueeze(1)
            found[:, low:high] = F.log_softmax(self.tail[k](input), dim=1) + cluster
        return found

    def predict(self, input: Any) -> Any:
        """(N, in_features) to the most probable class of each row, (N,)."""
        return self.log_prob(input).argmax(1)
