"""Values against micrograd: one training step of its moons demo, bytes a node, the longest chain.

The network, the data, the loss and the initial weights are the same for all; only who computes
differs. A step is forward, zero_grad, backward and update, timed as processor time in a process of
its own. `binary` runs micrograd's own network code on our Values; `n-ary` is our MLP.
"""

from __future__ import annotations

from benchmarks.measure import Row, in_turn, median, paired

WORKER = "benchmarks.scalar_worker"


def run(rounds: int) -> list[Row]:
    """All figures of this suite."""
    contestants = {
        f"{who}, collector {collector}": ("step", who, collector)
        for collector in ("on", "off")
        for who in ("micrograd", "binary", "nary")
    }
    contestants |= {f"memory of {who}": ("memory", who) for who in ("micrograd", "binary")}
    contestants |= {f"chain of {who}": ("chain", who) for who in ("micrograd", "engine")}
    contestants |= {f"import {name}": ("import", name) for name in ("torch", "engine")}
    results = in_turn(contestants, rounds, WORKER)
    losses = {r["loss"] for name, rs in results.items() if "collector" in name for r in rs}
    if max(losses) - min(losses) > 1e-9:
        raise RuntimeError(f"the contestants do not compute the same loss: {sorted(losses)}")

    def step(what: str, who: str, collector: str, at_least: float | None) -> Row:
        ours = results[f"{who}, collector {collector}"]
        peer = results[f"micrograd, collector {collector}"]
        return Row(
            what,
            f"{median(ours, 'ms'):.1f} ms",
            f"{median(peer, 'ms'):.1f} ms",
            paired(ours, peer, "ms"),
            at_least,
        )

    memory, peer_memory = results["memory of binary"], results["memory of micrograd"]
    chain, peer_chain = results["chain of engine"][0], results["chain of micrograd"][0]
    ours, torch = results["import engine"], results["import torch"]
    torch_here = all(r["seconds"] is not None for r in torch)
    return [
        step("training step, n-ary neurons", "nary", "on", 40),
        step("the same, binary operators", "binary", "on", 8),
        step("the same, collector off", "binary", "off", 1.3),
        step("n-ary neurons, collector off", "nary", "off", None),
        Row(
            "bytes a node",
            f"{median(memory, 'bytes'):.0f}",
            f"{median(peer_memory, 'bytes'):.0f}",
            paired(memory, peer_memory, "bytes"),
            3,
            "the whole graph of a step, before backward",
        ),
        Row(
            "longest chain",
            f"{chain['length']:,}",
            f"{peer_chain['length']:,}",
            chain["length"] / peer_chain["length"],
            1_000_000 / 996,
            "forward, backward and freed",
        ),
        Row(
            "import, seconds",
            f"{median(ours, 'seconds'):.3f}",
            f"{median(torch, 'seconds'):.3f}" if torch_here else "not installed",
            paired(ours, torch, "seconds") if torch_here else None,
            None,
            f"promised: under 0.2 s. NumPy alone {median(ours, 'numpy'):.3f} s; "
            f"heavy imports besides it: {', '.join(ours[0]['heavy']) or 'none'}",
        ),
    ]
