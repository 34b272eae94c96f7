"""The warnings that lessons meet, as with PyTorch: of one class, and beginning with the same words.

One idea: each line of CASES is run by both, and what was warned of is compared. Which lines of a
program a warning points to is tested here too; how often it is shown is Python's to say.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import engine
import engine.utils.data

BEGINNING = 28
"""How many characters of a message are PyTorch's; what follows is in our own words."""


def read_only() -> np.ndarray:
    array = np.ones(2)
    array.flags.writeable = False
    return array


def leaf(t: Any) -> Any:
    return t.tensor(2.0, requires_grad=True)


def byte_mask(t: Any) -> Any:
    return t.tensor([1, 0], dtype=t.uint8)


CASES = {
    "float of a leaf": lambda t: float(leaf(t)),
    "complex of a leaf": lambda t: complex(leaf(t)),
    "percent": lambda t: "%.2f" % leaf(t),  # noqa: UP031 (what lessons write)
    "int of a leaf": lambda t: int(leaf(t)),
    "item of a leaf": lambda t: leaf(t).item(),
    "formatted leaf": lambda t: f"{leaf(t):.2f}",
    "float of a result without a gradient": lambda t: float(leaf(t).detach()),
    "a list of leaves": lambda t: t.tensor([leaf(t)]),
    "a list of arrays": lambda t: t.tensor([np.ones(2), np.ones(2)]),
    "tensor of a tensor": lambda t: t.tensor(t.ones(2)),
    "meshgrid": lambda t: t.meshgrid(t.arange(2), t.arange(3)),
    "meshgrid xy": lambda t: t.meshgrid(t.arange(2), t.arange(3), indexing="xy"),
    "cartesian product": lambda t: t.cartesian_prod(t.arange(2), t.arange(3)),
    "range": lambda t: t.range(0, 2),
    "upsample": lambda t: t.nn.functional.upsample(t.ones(1, 1, 2, 2), scale_factor=2),
    "upsample nearest": lambda t: t.nn.functional.upsample_nearest(
        t.ones(1, 1, 2, 2), scale_factor=2
    ),
    "upsample bilinear": lambda t: t.nn.functional.upsample_bilinear(
        t.ones(1, 1, 2, 2), scale_factor=2
    ),
    "clip_grad_norm": lambda t: t.nn.utils.clip_grad_norm([leaf(t)], 1.0),
    "T of a number": lambda t: t.tensor(1.0).T,
    "T of a vector": lambda t: t.ones(2).T,
    "T of a matrix": lambda t: t.ones(2, 2).T,
    "dropout2d of two dimensions": lambda t: t.nn.functional.dropout2d(t.ones(2, 2)),
    "dropout2d of three": lambda t: t.nn.Dropout2d()(t.ones(2, 2, 2)),
    "dropout2d of four": lambda t: t.nn.Dropout2d()(t.ones(2, 2, 2, 2)),
    "dropout3d of two": lambda t: t.nn.functional.dropout3d(t.ones(2, 2)),
    "bytes as truths": lambda t: t.ones(2)[byte_mask(t)],
    "bytes as a condition": lambda t: t.where(byte_mask(t), 1.0, 2.0),
    "qr": lambda t: t.qr(t.eye(2)),
    "lu": lambda t: t.eye(2).lu(),
    "cholesky": lambda t: t.cholesky(t.eye(2)),
    "linalg qr": lambda t: t.linalg.qr(t.eye(2)),
    "chain_matmul": lambda t: t.chain_matmul(t.eye(2), t.eye(2)),
    "std of one": lambda t: t.ones(1).std(),
    "var of rows of one": lambda t: t.ones(1, 3).var(0),
    "var_mean of one": lambda t: t.var_mean(t.ones(1)),
    "std_mean of one": lambda t: t.std_mean(t.ones(1)),
    "var of nothing": lambda t: t.ones(0).var(),
    "var uncorrected": lambda t: t.ones(1).var(unbiased=False),
    "var of too few": lambda t: t.ones(3).var(correction=3),
    "read-only array": lambda t: t.from_numpy(read_only()),
    "read-only array as a tensor": lambda t: t.as_tensor(read_only()),
    "copy of a read-only array": lambda t: t.tensor(read_only()),
    "read-only buffer": lambda t: t.frombuffer(b"abcd", dtype=t.uint8),
    "out of another shape": lambda t: t.add(t.ones(2), 1, out=t.empty(3)),
    "out for cat of another shape": lambda t: t.cat([t.ones(2)], out=t.empty(3)),
    "empty out": lambda t: t.add(t.ones(2), 1, out=t.empty(0)),
    "default tensor type": lambda t: t.set_default_tensor_type("torch.FloatTensor"),
    "pinned memory": lambda t: next(iter(t.utils.data.DataLoader([1], pin_memory=True))),
    "size_average": lambda t: t.nn.MSELoss(size_average=False),
    "reduce": lambda t: t.nn.functional.l1_loss(t.ones(2), t.ones(2), reduce=False),
    "size_average and reduce": lambda t: t.nn.CrossEntropyLoss(size_average=True, reduce=True),
    "volatile": lambda t: t.autograd.Variable(t.ones(1), volatile=True),
    "backward with create_graph": lambda t: leaf(t).square().backward(create_graph=True),
    "weight_norm": lambda t: t.nn.utils.weight_norm(t.nn.Linear(2, 2)),
    "a Function made": lambda t: type("Cube", (t.autograd.Function,), {})(),
    "softmax without dim": lambda t: t.nn.functional.softmax(t.ones(2)),
    "a target of another size": lambda t: t.nn.functional.mse_loss(t.ones(2, 1), t.ones(2)),
    "grad of a result": lambda t: (leaf(t) * 2).grad,
    "scheduler first": lambda t: t.optim.lr_scheduler.StepLR(t.optim.SGD([leaf(t)], 0.1), 1).step(),
    "floor division": lambda t: t.tensor(-3) // 2,
    "an initialiser's old name": lambda t: t.nn.init.uniform(t.ones(2, 2)),
    "cross without dim": lambda t: t.cross(t.ones(2, 3), t.ones(2, 3)),
    "cross along a dim": lambda t: t.cross(t.ones(2, 3), t.ones(2, 3), dim=1),
    "a parameter twice": lambda t: t.optim.SGD([leaf(t)] * 2, lr=0.1),
    "untyped storage": lambda t: t.ones(2).untyped_storage(),
}


def warned(program: Any, library: Any) -> list[tuple[type, str]]:
    with warnings.catch_warnings(record=True) as caught:
        for kind in (UserWarning, FutureWarning, DeprecationWarning):
            warnings.simplefilter("always", kind)
        program(library)
    found = [(each.category, " ".join(str(each.message).split())[:BEGINNING]) for each in caught]
    return list(dict.fromkeys(found))  # PyTorch says some of them twice


@pytest.mark.torch
@pytest.mark.parametrize("name", CASES)
def test_a_line_warns_as_it_does_with_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    torch.set_warn_always(True)
    try:
        theirs = warned(CASES[name], torch)
    finally:
        torch.set_warn_always(False)
    assert warned(CASES[name], engine) == theirs


def test_a_warning_is_of_the_users_line() -> None:
    with pytest.warns(UserWarning, match="degrees of freedom") as caught:
        engine.nn.Sequential(Deviation())(engine.ones(1))
    assert caught[0].filename == __file__


class Deviation(engine.nn.Module):
    def forward(self, x: engine.Tensor) -> engine.Tensor:
        return x.std()
