"""Mixed precision and compilation as programs for a GPU ask for them, on a processor."""

from __future__ import annotations

import warnings

import pytest
from both_sides import both

import engine

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:.*(Disabling|deprecated)"),
]


def steps(torch, make, scales=(1.0,), **settings):
    """A few steps with a scaler; some losses make infinite gradients."""
    torch.manual_seed(0)
    layer = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    scaler = make(torch, **settings)
    found = [scaler.is_enabled(), scaler.get_scale()]
    for number, size in enumerate(scales):
        optimizer.zero_grad()
        loss = (layer(torch.ones(3, 2)) * size).sum()
        scaler.scale(loss).backward()
        if number % 2:
            scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        found += [scaler.get_scale(), dict(scaler.state_dict()), layer.weight.detach().clone()]
    return found


MAKERS = {
    "cpu": lambda torch, **k: torch.amp.GradScaler("cpu", **k),
    "gpu": lambda torch, **k: torch.amp.GradScaler(**k),
    "old": lambda torch, **k: torch.cuda.amp.GradScaler(**k),
    "off": lambda torch, **k: torch.amp.GradScaler("cpu", enabled=False, **k),
}


@pytest.mark.parametrize("name", MAKERS)
def test_a_scaler(name):
    scales = [1.0, 2.0, float("inf"), 1.0, 0.5, 1.0, float("nan"), 1.0]
    if name != "cpu":
        scales = [1.0, 2.0, 0.5]
    both(lambda torch: steps(torch, MAKERS[name], scales, init_scale=1024.0, growth_interval=2))


def test_a_scalers_state_and_settings():
    def program(torch):
        scaler, other = torch.amp.GradScaler("cpu"), torch.amp.GradScaler("cpu", 2.0)
        other.load_state_dict(scaler.state_dict())
        other.set_growth_factor(3.0)
        other.set_backoff_factor(0.25)
        other.set_growth_interval(7)
        scaler.scale(torch.ones(1))
        scaler.update(8.0)
        nested = scaler.scale([torch.ones(1), (torch.ones(2),)])
        return (
            other.state_dict(), scaler.get_scale(), nested, other.get_growth_factor(),
            other.get_backoff_factor(), other.get_growth_interval(),
        )  # fmt: skip

    both(program)


def _with_optimizer(use):
    def program(torch):
        layer = torch.nn.Linear(2, 1)
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
        scaler = torch.amp.GradScaler("cpu")
        scaler.scale(layer(torch.ones(1, 2)).sum()).backward()
        use(scaler, optimizer)

    return program


@pytest.mark.parametrize(
    "program",
    [
        _with_optimizer(lambda scaler, o: (scaler.unscale_(o), scaler.unscale_(o))),
        _with_optimizer(lambda scaler, o: (scaler.step(o), scaler.step(o))),
        _with_optimizer(lambda scaler, o: scaler.step(o, closure=lambda: None)),
        _with_optimizer(lambda scaler, o: scaler.update()),
        _with_optimizer(lambda scaler, o: scaler.load_state_dict({})),
        _with_optimizer(lambda scaler, o: scaler.scale(3.0)),
        lambda torch: torch.amp.GradScaler("cpu").update(),
        lambda torch: torch.amp.GradScaler("cpu", growth_factor=1.0),
        lambda torch: torch.amp.GradScaler("cpu", backoff_factor=1.0),
        lambda torch: torch.autocast("tpu"),
        lambda torch: torch.autocast(3),
    ],
)
def test_what_is_refused(program):
    assert isinstance(both(program), Exception)


def test_autocast_for_a_gpu_changes_nothing():
    def program(torch):
        layer = torch.nn.Linear(2, 2)
        found = []
        for context in (
            torch.autocast("cuda", dtype=torch.float16),
            torch.autocast(device_type="cuda", dtype=torch.bfloat16, enabled=False),
            torch.amp.autocast("cuda"),
            torch.cuda.amp.autocast(),
            torch.cuda.amp.autocast(enabled=False),
            torch.autocast("cpu", enabled=False),
            torch.autocast("cpu", dtype=torch.float32),
        ):
            with context:
                found.append(layer(torch.ones(1, 2)).dtype)

        @torch.autocast("cuda", dtype=torch.float16)
        def decorated(x):
            return layer(x)

        return [str(kind) for kind in found], str(decorated(torch.ones(1, 2)).dtype)

    both(program)


def test_autocast_warns_where_pytorch_does():
    for library in (engine, pytest.importorskip("torch")):
        with pytest.warns(UserWarning, match="Disabling autocast"):
            library.autocast("cuda")
        with pytest.warns(FutureWarning, match="deprecated"), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "CUDA|.*CUDA", UserWarning)
            library.cuda.amp.autocast()
        with pytest.warns(UserWarning, match="GradScaler is enabled, but CUDA is not available"):
            library.amp.GradScaler()


def test_autocast_on_the_processor_is_refused_with_advice():
    for kind in (None, engine.bfloat16, engine.float16):
        with pytest.raises(RuntimeError, match=r"enabled=False, or convert"):
            engine.autocast("cpu", dtype=kind)
    assert not engine.amp.is_autocast_available("cpu")


def test_custom_functions_for_autocast():
    def program(torch):
        class Double(torch.autograd.Function):
            @staticmethod
            @torch.amp.custom_fwd(device_type="cuda", cast_inputs=torch.float32)
            def forward(ctx, x):
                return x * 2

            @staticmethod
            @torch.amp.custom_bwd(device_type="cuda")
            def backward(ctx, g):
                return g * 2

        x = torch.ones(2, requires_grad=True)
        Double.apply(x).sum().backward()
        return x.grad

    both(program)


def test_compiling_gives_what_was_there():
    layer = engine.nn.Linear(2, 2)
    assert engine.compile(layer, mode="reduce-overhead", fullgraph=True) is layer
    layer.compile(backend="eager")

    @engine.compile
    def once(x):
        return x + 1

    @engine.compile(dynamic=True)
    def twice(x):
        return x + 2

    assert (once(1), twice(1)) == (2, 3)
    assert engine.compiler.disable(once) is once and engine.compiler.disable()(once) is once
    assert not engine.compiler.is_compiling()
    with pytest.raises(RuntimeError, match="Either mode or options"):
        engine.compile(layer, mode="default", options={})
    with pytest.raises(TypeError, match="takes a module or a function"):
        engine.compile(3)
