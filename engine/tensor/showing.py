"""How a Tensor is shown: text as PyTorch prints it, and the label that pictures show."""

from __future__ import annotations

from engine.tensor.grad_fn import own_extra
from engine.tensor.printing import format_text, tensor_text


class Showing:
    """Tensor's methods that show it."""

    def __repr__(self) -> str:
        function = self.grad_fn
        return tensor_text(
            self._data,
            self.dtype,
            self.requires_grad,
            None if function is None else type(function).__name__,
            type(self).__name__,
        )

    def __format__(self, spec: str) -> str:
        return format_text(self._data, spec, type(self).__name__, self.__repr__)

    @property
    def label(self) -> str:
        """A name for pictures and explanations, '' where there is none.

        It belongs to the place in the graph: after `x.add_(1)` x is another array, without a label.

        >>> import engine
        >>> w = engine.ones(2, requires_grad=True)
        >>> w.label = "w"
        >>> w.detach().label, w.label
        ('', 'w')
        """
        vertex = self.vertex()
        extra = self.extra if vertex is None else vertex.extra
        return "" if extra is None else extra.label

    @label.setter
    def label(self, label: str) -> None:
        vertex = self.vertex()
        own_extra(self if vertex is None else vertex).label = str(label)
