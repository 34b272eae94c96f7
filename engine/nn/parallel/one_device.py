"""Wrappers that share a batch among devices, where there is one device: they hand it on.

What a program sees of them is as it is in PyTorch: the model is their child `module`, so names in
`state_dict` begin with "module.". There is no copying, no process group and nothing to wait for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine.nn.module import Module


class _Wrapper(Module):
    def __init__(self, module: Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Any, **keywords: Any) -> Any:
        """What the model makes of it."""
        return self.module(*inputs, **keywords)


class DataParallel(_Wrapper):
    """The model itself, under the name `module`.

    Args:
        module: the model.
        device_ids, output_device: not used; there is one processor.
        dim: the dimension of the batch, not used either.
    """

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__(module)
        self.device_ids: list = []
        self.output_device, self.dim = output_device, dim


class DistributedDataParallel(_Wrapper):
    """The model itself, under the name `module`: one process is all there are."""

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0,
        **settings: Any,
    ) -> None:  # fmt: skip
        super().__init__(module)
        if not any(parameter.requires_grad for parameter in module.parameters()):
            raise RuntimeError(
                "DistributedDataParallel is not needed when a module doesn't have any parameter "
                "that requires a gradient."
            )
        self.device_ids, self.output_device, self.dim = device_ids, output_device, dim

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Nothing: gradients of one process need no exchange."""
        yield
