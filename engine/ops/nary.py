"""Sums and dot products of any number of numbers, each one node of the graph.

A neuron with 16 inputs is one `dot`, not 32 multiplications and additions: fewer nodes to make,
to order and to explain. These are for single numbers; arrays have operations of their own.
"""

from __future__ import annotations

from engine.core.op import Nary, at, operation


@operation
class dot(Nary):
    """b + w1*x1 + w2*x2 + ..., from left to right. Each weight receives the gradient times its
    input, each input the gradient times its weight, and b the gradient unchanged."""

    groups = ("ws", "xs")

    def forward(self, ws, xs, b):
        total = b
        for w, x in zip(ws, xs, strict=True):
            total = total + w * x
        return total

    def slope_ws(self, xs):
        return xs

    def slope_xs(self, ws):
        return ws

    slope_b = 1

    samples = (at((1.5, -0.7), (0.3, 2.0), 0.5), at((2.0,), (-1.0,), 0.0), at((), (), 1.0))


@operation
class sum_(Nary):
    """x1 + x2 + ..., from left to right. Each term receives the gradient unchanged."""

    groups = ("xs",)

    def forward(self, xs):
        total = 0.0
        for x in xs:
            total = total + x
        return total

    slope_xs = 1

    samples = (
        at(
            (1.5, -0.7, 0.25),
        ),
        at((2.0,)),
        at(()),
    )
