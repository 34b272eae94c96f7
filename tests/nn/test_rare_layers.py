"""Layers that few lessons use: a softmax of many classes, norms and unpooling of volumes, triplets
with a distance of one's own."""

from __future__ import annotations

from typing import Any

import pytest
from both_sides import both

pytestmark = pytest.mark.torch


def softmax_of_many(t: Any, **settings: Any) -> Any:
    t.manual_seed(0)
    return t.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3, 6], div_value=2.0, **settings)


@pytest.mark.parametrize("head_bias", [False, True])
def test_a_softmax_of_many_classes(head_bias: bool) -> None:
    def program(t: Any) -> Any:
        layer = softmax_of_many(t, head_bias=head_bias)
        x = t.randn(5, 8, requires_grad=True)
        output, loss = found = layer(x, t.tensor([0, 4, 9, 2, 7]))
        grads = t.autograd.grad(loss + (output * t.randn(5)).sum(), [x, *layer.parameters()])
        everything = layer.log_prob(x)
        (through,) = t.autograd.grad(everything, x, t.randn(5, 10))
        return (
            output, loss, grads, everything, through, layer.predict(x), list(layer.state_dict()),
            str(layer), type(found).__name__, list(layer(x[0], t.tensor(8))), layer.cutoffs,
            str(everything.grad_fn).split(" ")[0],
        )  # fmt: skip

    both(program, 1e-5, 1e-6)


def test_a_batch_of_usual_classes_alone() -> None:
    both(lambda t: list(softmax_of_many(t)(t.ones(2, 8), t.tensor([0, 1]))))


CASES = {
    "norm of volumes": lambda t, x: t.nn.LPPool3d(2, 2)(x),
    "norm with settings": lambda t, x: t.nn.LPPool3d(3, (1, 2, 2), 1, ceil_mode=True)(x.abs()),
    "norm function": lambda t, x: t.nn.functional.lp_pool3d(x, 1.0, 2),
    "norm shown": lambda t, x: str(t.nn.LPPool3d(1.5, (1, 2, 2), stride=2)),
    "unpooled volumes": lambda t, x: t.nn.MaxUnpool3d(2)(
        *t.nn.functional.max_pool3d(x, 2, return_indices=True)
    ),
    "unpooled to a size": lambda t, x: t.nn.functional.max_unpool3d(
        *t.nn.functional.max_pool3d(x, 2, return_indices=True), 2, output_size=(4, 5, 6)
    ),
    "unpooling shown": lambda t, x: str(t.nn.MaxUnpool3d((2, 1, 2), stride=2)),
    "triplet": lambda t, x: t.nn.TripletMarginWithDistanceLoss(reduction="none")(
        *x.reshape(3, 4, -1)
    ),
    "triplet by cosine": lambda t, x: t.nn.TripletMarginWithDistanceLoss(
        distance_function=lambda a, b: 1 - t.nn.functional.cosine_similarity(a, b),
        margin=0.5,
        swap=True,
    )(*x.reshape(3, 4, -1)),
    "triplet function": lambda t, x: t.nn.functional.triplet_margin_with_distance_loss(
        *x.reshape(3, 4, -1), margin=2.0, reduction="sum"
    ),
    "triplet shown": lambda t, x: str(t.nn.TripletMarginWithDistanceLoss()),
    "triplet margin": lambda t, x: t.nn.TripletMarginWithDistanceLoss(margin=0.0),
    "triplet margin of the function": lambda t, x: (
        t.nn.functional.triplet_margin_with_distance_loss(x, x, x, margin=-1.0)
    ),
    "triplet dimensions": lambda t, x: t.nn.functional.triplet_margin_with_distance_loss(
        x, x, x[0]
    ),
    "triplet reduction": lambda t, x: t.nn.functional.triplet_margin_with_distance_loss(
        x, x, x, reduction="all"
    ),
    **{
        f"cutoffs {cutoffs}": lambda t, x, cutoffs=cutoffs: t.nn.AdaptiveLogSoftmaxWithLoss(
            8, 10, cutoffs
        )
        for cutoffs in ([], [6, 3], [3, 3], [3, 12], [0, 3], [2.5], [10])
    },
    **{
        f"classes {classes}": lambda t, x, classes=classes: list(
            softmax_of_many(t)(t.ones(2, 8), t.tensor(classes))
        )
        for classes in ([0], 1, [[0, 1]], [0, 10], [-1, 0])
    },
}


@pytest.mark.parametrize("name", CASES)
def test_as_with_pytorch(name: str) -> None:
    def program(t: Any) -> Any:
        t.manual_seed(1)
        return CASES[name](t, t.randn(1, 2, 4, 4, 6))

    both(program, 1e-5, 1e-6)
