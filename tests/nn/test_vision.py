"""Padding, interpolation and grids beside PyTorch's, at sizes and settings."""

import numpy as np
import pytest
from both_sides import both
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::UserWarning")]


def data(*shape, seed=0, low=-2.0, high=2.0):
    return np.random.default_rng(seed).uniform(low, high, shape)


# --- pad ---


@settings(max_examples=60, deadline=None)
@given(
    axes=st.integers(1, 3),
    batched=st.booleans(),
    mode=st.sampled_from(["constant", "reflect", "replicate", "circular"]),
    pads=st.lists(st.integers(-1, 2), min_size=6, max_size=6),
)
def test_pad(axes, batched, mode, pads):
    if mode == "constant":
        value = 1.5
    else:
        value = None
    if mode == "reflect" and axes == 3:
        pads = [abs(p) for p in pads]

    def program(torch):
        shape = [2, 3, 5, 4, 3][: axes + 1 + batched]
        x = torch.tensor(data(*shape), requires_grad=True)
        out = torch.nn.functional.pad(x, pads[: 2 * axes], mode, value)
        return out, torch.autograd.grad(out, x, torch.tensor(data(*out.shape, seed=1)))

    both(program, 1e-12)


@pytest.mark.parametrize(
    "program",
    [
        lambda f, x: f.pad(x, (1, 1)),
        lambda f, x: f.pad(x, (1, 2, 3)),
        lambda f, x: f.pad(x, (1,) * 10),
        lambda f, x: f.pad(x, (0, 0, 1, 0, 2, 1), value=3),
        lambda f, x: f.pad(x, (1, 1), "mirror"),
        lambda f, x: f.pad(x, (1, 1), "reflect"),
        lambda f, x: f.pad(x, (4, 1, 1, 1), "reflect"),
        lambda f, x: f.pad(x, (5, 1, 1, 1), "circular"),
        lambda f, x: f.pad(x, (-3, -3)),
        lambda f, x: f.pad(x, ()),
        lambda f, x: f.pad(x.long(), (1, 1)),
        lambda f, x: f.pad(x > 0, (1, 1), value=True),
    ],
)
def test_pad_forms_and_misuse(program):
    both(lambda torch: program(torch.nn.functional, torch.tensor(data(2, 3, 4, 4))))


# --- interpolation ---

MODES = {
    1: ["nearest", "nearest-exact", "linear", "area"],
    2: ["nearest", "nearest-exact", "bilinear", "bicubic", "area"],
    3: ["nearest", "nearest-exact", "trilinear", "area"],
}


def antialias_is_well_defined(mode, width):
    """Whether PyTorch 2.13 can be asked: where the result is one pixel wide it repeats a row."""
    return mode in ("bilinear", "bicubic") and width > 1


@settings(max_examples=80, deadline=None)
@given(
    axes=st.integers(1, 3),
    mode=st.integers(0, 4),
    sizes=st.lists(st.integers(1, 7), min_size=3, max_size=3),
    size=st.lists(st.integers(1, 9), min_size=3, max_size=3),
    align_corners=st.booleans(),
    smooth=st.booleans(),
)
def test_interpolate_to_a_size(axes, mode, sizes, size, align_corners, smooth):
    mode = MODES[axes][mode % len(MODES[axes])]
    corners = align_corners if "linear" in mode or mode == "bicubic" else None
    smooth = smooth and antialias_is_well_defined(mode, size[1])

    def program(torch):
        x = torch.tensor(data(2, 2, *sizes[:axes]), requires_grad=True)
        out = torch.nn.functional.interpolate(
            x, size[:axes], mode=mode, align_corners=corners, antialias=smooth
        )
        return out, torch.autograd.grad(out, x, torch.tensor(data(*out.shape, seed=1)))

    both(program, 1e-9, 1e-9)


@settings(max_examples=60, deadline=None)
@given(
    axes=st.integers(1, 3),
    mode=st.integers(0, 4),
    sizes=st.lists(st.integers(2, 7), min_size=3, max_size=3),
    factor=st.sampled_from([0.5, 0.75, 1.0, 1.3, 2, 2.2, 2.5, 3]),
    recompute=st.sampled_from([None, True]),
    kind=st.sampled_from(["float32", "float64"]),
    smooth=st.booleans(),
)
def test_interpolate_by_a_factor(axes, mode, sizes, factor, recompute, kind, smooth):
    mode = MODES[axes][mode % len(MODES[axes])]
    smooth = smooth and antialias_is_well_defined(mode, int(sizes[1] * factor))

    def program(torch):
        x = torch.tensor(data(2, 2, *sizes[:axes]), dtype=getattr(torch, kind))
        return torch.nn.functional.interpolate(
            x, scale_factor=factor, mode=mode, recompute_scale_factor=recompute, antialias=smooth
        )

    both(program, *((1e-5, 1e-5) if kind == "float32" else (1e-9, 1e-9)))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"size": 2, "scale_factor": 2},
        {"size": (2, 2, 2)},
        {"scale_factor": (2.0, 2.0, 2.0)},
        {"size": 0},
        {"size": 2, "mode": "linear"},
        {"size": 2, "mode": "curved"},
        {"size": 2, "align_corners": True},
        {"size": 3, "mode": "bilinear"},
        {"size": 3, "antialias": True},
        {"size": 3, "mode": "area", "antialias": True},
        {"scale_factor": 2},
    ],
)
def test_interpolate_forms_and_misuse(settings):
    both(lambda t: t.nn.functional.interpolate(t.tensor(data(1, 2, 3, 3)), **settings), 1e-9)


def test_upsample():
    both(lambda t: t.nn.functional.upsample(t.tensor(data(1, 2, 3, 3)), scale_factor=2))


# --- grids ---


@settings(max_examples=60, deadline=None)
@given(
    axes=st.integers(2, 3),
    mode=st.sampled_from(["bilinear", "nearest", "bicubic"]),
    padding=st.sampled_from(["zeros", "border", "reflection"]),
    align_corners=st.booleans(),
    sizes=st.lists(st.integers(1, 5), min_size=3, max_size=3),
    seed=st.integers(0, 99),
)
def test_grid_sample(axes, mode, padding, align_corners, sizes, seed):
    axes = 2 if mode == "bicubic" else axes

    def program(torch):
        x = torch.tensor(data(2, 3, *sizes[:axes]), requires_grad=True)
        places = data(2, *[4, 3, 2][:axes], axes, seed=seed, low=-1.7, high=1.7)
        grid = torch.tensor(places, requires_grad=True)
        out = torch.nn.functional.grid_sample(x, grid, mode, padding, align_corners)
        wanted = (x,) if mode == "nearest" else (x, grid)
        return out, torch.autograd.grad(out, wanted, torch.tensor(data(*out.shape, seed=1)))

    both(program, 1e-8, 1e-8)


@pytest.mark.parametrize("align_corners", [True, False])
@pytest.mark.parametrize("size", [(2, 3, 4, 5), (1, 1, 1, 2), (2, 1, 3, 2, 4)])
def test_affine_grid(size, align_corners):
    def program(torch):
        axes = len(size) - 2
        theta = torch.tensor(data(size[0], axes, axes + 1), requires_grad=True)
        grid = torch.nn.functional.affine_grid(theta, size, align_corners)
        return grid, torch.autograd.grad(grid, theta, torch.tensor(data(*grid.shape, seed=1)))

    both(program, 1e-9, 1e-12)


def test_spatial_transformer():
    def program(torch):
        x = torch.tensor(data(2, 1, 5, 5), dtype=torch.float32, requires_grad=True)
        theta = torch.tensor(data(2, 2, 3), dtype=torch.float32, requires_grad=True)
        grid = torch.nn.functional.affine_grid(theta, x.size(), align_corners=False)
        out = torch.nn.functional.grid_sample(x, grid, align_corners=False)
        return out, torch.autograd.grad((out * out).sum(), [x, theta])

    both(program, 1e-4, 1e-4)


@pytest.mark.parametrize(
    "program",
    [
        lambda f, t: f.grid_sample(t.ones(1, 1, 2, 2), t.ones(1, 2, 2, 2), "cubic"),
        lambda f, t: f.grid_sample(t.ones(1, 1, 2, 2), t.ones(1, 2, 2, 2), padding_mode="no"),
        lambda f, t: f.grid_sample(t.ones(1, 1, 2, 2), t.ones(2, 2, 2, 2)),
        lambda f, t: f.grid_sample(t.ones(1, 1, 2, 2), t.ones(1, 2, 2, 3)),
        lambda f, t: f.grid_sample(t.ones(1, 1, 2, 2, 2), t.ones(1, 2, 2, 2, 3), "bicubic"),
        lambda f, t: f.grid_sample(t.ones(1, 1, 2), t.ones(1, 2, 2, 2)),
        lambda f, t: f.grid_sample(t.ones(1, 1, 2, 2), t.ones(1, 2, 2, 2).double()),
        lambda f, t: f.affine_grid(t.ones(1, 2, 3), (1, 1, 0, 2)),
        lambda f, t: f.affine_grid(t.ones(1, 2, 2), (1, 1, 2, 2)),
        lambda f, t: f.affine_grid(t.ones(1, 2, 3), (1, 1, 2)),
        lambda f, t: f.affine_grid(t.ones(1, 2, 3).long(), (1, 1, 2, 2)),
    ],
)
def test_grid_misuse(program):
    assert isinstance(both(lambda t: program(t.nn.functional, t)), Exception)
