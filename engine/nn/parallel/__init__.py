"""Programs that were written for many devices, on the one processor there is."""

from engine.nn.parallel.one_device import DataParallel, DistributedDataParallel

__all__ = ["DataParallel", "DistributedDataParallel"]
