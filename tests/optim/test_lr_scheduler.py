"""Every schedule of the learning rate against PyTorch's, step by step, to the last digit."""

import copy
import warnings

import pytest

import engine

SCHEDULES = [
    ("LambdaLR", {"lr_lambda": lambda epoch: 0.9**epoch}),
    ("LambdaLR", {"lr_lambda": [lambda epoch: 0.9**epoch, lambda epoch: 1 / (1 + epoch)]}),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 0.9}),
    ("StepLR", {"step_size": 3, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [2, 5, 5, 9], "gamma": 0.3}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 0.2, "total_iters": 3}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.9, "end_factor": 0.1, "total_iters": 7}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("PolynomialLR", {}),
    ("PolynomialLR", {"total_iters": 12, "power": 2.0}),
    ("CosineAnnealingLR", {"T_max": 5}),
    ("CosineAnnealingLR", {"T_max": 30, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 4}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.05}),
    ("OneCycleLR", {"max_lr": 0.4, "total_steps": 25}),
    ("OneCycleLR", {"max_lr": [0.4, 0.2], "epochs": 5, "steps_per_epoch": 6, "three_phase": True}),
    ("OneCycleLR", {"max_lr": 0.4, "total_steps": 25, "anneal_strategy": "linear",
                    "cycle_momentum": False, "pct_start": 0.5}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 4}),
    ("CyclicLR", {"base_lr": [0.01, 0.02], "max_lr": [0.1, 0.3], "step_size_up": 4,
                  "step_size_down": 2, "mode": "triangular2"}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3, "mode": "exp_range",
                  "gamma": 0.9, "cycle_momentum": False}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3,
                  "scale_fn": lambda x: 1 / x, "scale_mode": "cycle"}),
]  # fmt: skip


def named(case):
    return case[0] + "".join(f"-{key}" for key in case[1])


def optimizer_of(library, kind="SGD"):
    settings = {"momentum": 0.9} if kind == "SGD" else {}
    params = [{"params": [library.zeros(2, requires_grad=True)]},
              {"params": [library.zeros(3, requires_grad=True)], "lr": 0.2}]  # fmt: skip
    return getattr(library.optim, kind)(params, lr=0.5, **settings)


def trace(optimizer, scheduler, steps=25, figures=None):
    """The rates and momenta of the groups, epoch by epoch."""
    found = [[dict(group, params=None) for group in optimizer.param_groups]]
    for step in range(steps):
        optimizer.step()
        scheduler.step() if figures is None else scheduler.step(figures[step])
        found.append([dict(group, params=None) for group in optimizer.param_groups])
        assert scheduler.get_last_lr() == [group["lr"] for group in optimizer.param_groups]
    return found


@pytest.mark.torch
@pytest.mark.parametrize("case", SCHEDULES, ids=named)
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_rates_are_pytorchs_to_the_last_digit(case, kind):
    torch = pytest.importorskip("torch")
    found = []
    for library in (engine, torch):
        optimizer = optimizer_of(library, kind)
        scheduler = getattr(library.optim.lr_scheduler, case[0])(optimizer, **case[1])
        found.append(trace(optimizer, scheduler))
    assert found[0] == found[1]


@pytest.mark.torch
@pytest.mark.parametrize("case", SCHEDULES, ids=named)
def test_a_jump_to_an_epoch(case):
    torch = pytest.importorskip("torch")
    found = []
    for library in (engine, torch):
        optimizer = optimizer_of(library)
        scheduler = getattr(library.optim.lr_scheduler, case[0])(optimizer, **case[1])
        rates = []
        optimizer.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for epoch in (3, 1, 0, 7, 12):
                scheduler.step(epoch)
                rates.append(scheduler.get_last_lr())
        found.append(rates)
    for ours, theirs in zip(*found, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-14)


@pytest.mark.torch
@pytest.mark.parametrize("case", SCHEDULES, ids=named)
def test_a_state_taken_up_goes_on(case):
    torch = pytest.importorskip("torch")

    def halves(library):
        make = getattr(library.optim.lr_scheduler, case[0])
        first = optimizer_of(library)
        scheduler = make(first, **case[1])
        start = trace(first, scheduler, 6)
        second = optimizer_of(library)
        again = make(second, **case[1])
        second.load_state_dict(copy.deepcopy(first.state_dict()))
        again.load_state_dict(copy.deepcopy(scheduler.state_dict()))
        return start + trace(second, again, 8)

    assert halves(engine) == halves(torch)


@pytest.mark.torch
# What the cycles with momentum keep in the groups is there with the saved state only.
@pytest.mark.parametrize("case", [c for c in SCHEDULES if "max_lr" not in c[1]], ids=named)
def test_starting_after_an_epoch(case):
    torch = pytest.importorskip("torch")
    found = []
    for library in (engine, torch):
        optimizer = optimizer_of(library)
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
        make = getattr(library.optim.lr_scheduler, case[0])
        found.append(trace(optimizer, make(optimizer, **case[1], last_epoch=4), 6))
    assert found[0] == found[1]


@pytest.mark.torch
@pytest.mark.parametrize("milestones", [[4], [1], [3]])
def test_one_after_the_other(milestones):
    torch = pytest.importorskip("torch")
    found = []
    for library in (engine, torch):
        S = library.optim.lr_scheduler
        optimizer = optimizer_of(library)
        scheduler = S.SequentialLR(
            optimizer,
            [S.ConstantLR(optimizer, 0.1, total_iters=3), S.ExponentialLR(optimizer, 0.9)],
            milestones,
        )
        found.append(trace(optimizer, scheduler, 10))
    assert found[0] == found[1]


@pytest.mark.torch
def test_three_after_each_other_and_chains_inside():
    torch = pytest.importorskip("torch")
    found = []
    for library in (engine, torch):
        S = library.optim.lr_scheduler
        optimizer = optimizer_of(library)
        chain = S.ChainedScheduler([S.LinearLR(optimizer), S.ExponentialLR(optimizer, 0.8)])
        scheduler = S.SequentialLR(
            optimizer,
            [S.LinearLR(optimizer, 0.1, total_iters=3), S.CosineAnnealingLR(optimizer, 4),
             S.StepLR(optimizer, 2), S.MultiplicativeLR(optimizer, lambda epoch: 0.7)],
            [3, 7, 12],
        )  # fmt: skip
        found.append(trace(optimizer, scheduler, 16))
        found.append(trace(optimizer, chain, 8))
    assert found[:2] == found[2:]


@pytest.mark.torch
def test_a_sequence_taken_up_goes_on():
    torch = pytest.importorskip("torch")

    def make(library):
        S, optimizer = library.optim.lr_scheduler, optimizer_of(library)
        parts = [S.ConstantLR(optimizer, 0.1), S.ExponentialLR(optimizer, 0.9)]
        return optimizer, S.SequentialLR(optimizer, parts, [3])

    found = []
    for library in (engine, torch):
        first, scheduler = make(library)
        start = trace(first, scheduler, 2)
        second, again = make(library)
        second.load_state_dict(first.state_dict())
        again.load_state_dict(copy.deepcopy(scheduler.state_dict()))
        found.append(start + trace(second, again, 5))
    assert found[0] == found[1]


@pytest.mark.torch
@pytest.mark.parametrize(
    "settings",
    [
        {"patience": 1},
        {"patience": 0, "factor": 0.5, "cooldown": 2},
        {"patience": 1, "mode": "max"},
        {"patience": 1, "threshold": 0.3},
        {"patience": 1, "threshold_mode": "abs", "threshold": 0.2},
        {"patience": 0, "mode": "max", "threshold_mode": "abs"},
        {"patience": 0, "min_lr": [0.1, 0.01]},
        {"patience": 0, "min_lr": 0.05},
    ],
)
def test_a_figure_that_gets_no_better(settings):
    torch = pytest.importorskip("torch")
    figures = [1, 1, 0.9, 0.9, 1.2, float("nan"), 0.5, 0.5, 0.5, 2, 2, 0.1, -0.1, -0.1, -1, -1, -1]
    found = []
    for library in (engine, torch):
        optimizer = optimizer_of(library)
        scheduler = library.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **settings)
        given = [library.tensor(f) if place % 2 else f for place, f in enumerate(figures)]
        found.append(trace(optimizer, scheduler, len(figures), given))
        found[-1].append((scheduler.best, scheduler.num_bad_epochs, scheduler.cooldown_counter))
    assert found[0] == found[1]


@pytest.mark.torch
def test_two_schedules_of_one_optimizer_start_from_its_first_rate():
    torch = pytest.importorskip("torch")
    found = []
    for library in (engine, torch):
        S, optimizer = library.optim.lr_scheduler, optimizer_of(library)
        S.ConstantLR(optimizer, 0.1)
        found.append(S.ExponentialLR(optimizer, 0.9).base_lrs)
    assert found[0] == found[1] == [0.5, 0.2]


def test_a_rate_that_is_a_tensor_is_changed_in_its_place():
    rate = engine.tensor(0.5)
    optimizer = engine.optim.SGD([engine.zeros(1, requires_grad=True)], lr=rate)
    scheduler = engine.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is rate
    assert rate == 0.25
    scheduler.get_last_lr()[0].zero_()
    assert rate == 0.25


def test_stepping_before_the_optimizer_is_noticed_once():
    optimizer = optimizer_of(engine)
    scheduler = engine.optim.lr_scheduler.StepLR(optimizer, 2)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        scheduler.step()
    scheduler.step()


def test_reading_the_rate_by_get_lr_is_noticed():
    scheduler = engine.optim.lr_scheduler.ExponentialLR(optimizer_of(engine), 0.9)
    with pytest.warns(UserWarning, match="get_last_lr"):
        scheduler.get_lr()


def test_a_callable_object_is_saved_with_what_it_holds():
    class Falling:
        def __init__(self, share):
            self.share = share

        def __call__(self, epoch):
            return self.share**epoch

    make = engine.optim.lr_scheduler.LambdaLR
    state = make(optimizer_of(engine), Falling(0.5)).state_dict()
    other = make(optimizer_of(engine), Falling(0.9))
    other.load_state_dict(state)
    assert other.lr_lambdas[0].share == 0.5
    assert make(optimizer_of(engine), lambda epoch: 1).state_dict()["lr_lambdas"] == [None, None]


MISTAKES = [
    lambda S, o: S.LambdaLR(o, [lambda e: 1]),
    lambda S, o: S.MultiplicativeLR(o, 0.5),
    lambda S, o: S.ConstantLR(o, 2.0),
    lambda S, o: S.LinearLR(o, 0.0),
    lambda S, o: S.LinearLR(o, 0.5, 2.0),
    lambda S, o: S.StepLR(o, 2, last_epoch=3),
    lambda S, o: S.StepLR("optimizer", 2),
    lambda S, o: S.CosineAnnealingWarmRestarts(o, 0),
    lambda S, o: S.CosineAnnealingWarmRestarts(o, 2, 0),
    lambda S, o: S.CosineAnnealingWarmRestarts(o, 2).step(-1),
    lambda S, o: S.OneCycleLR(o, 0.1),
    lambda S, o: S.OneCycleLR(o, 0.1, total_steps=0),
    lambda S, o: S.OneCycleLR(o, 0.1, epochs=0, steps_per_epoch=2),
    lambda S, o: S.OneCycleLR(o, 0.1, total_steps=5, pct_start=2.0),
    lambda S, o: S.OneCycleLR(o, 0.1, total_steps=5, anneal_strategy="no"),
    lambda S, o: S.OneCycleLR(o, [0.1], total_steps=5),
    lambda S, o: trace(o, S.OneCycleLR(o, 0.1, 2), 9),
    lambda S, o: S.CyclicLR(o, 0.1, 0.2, mode="no"),
    lambda S, o: S.SequentialLR(o, [], []),
    lambda S, o: S.SequentialLR(o, [S.StepLR(o, 2)], [3]),
    lambda S, o: S.SequentialLR(o, [S.ReduceLROnPlateau(o)], []),
    lambda S, o: S.ChainedScheduler([]),
    lambda S, o: S.ChainedScheduler([3]),
    lambda S, o: S.ChainedScheduler([S.StepLR(o, 2), 3]),
    lambda S, o: S.ChainedScheduler([S.StepLR(o, 2), S.ReduceLROnPlateau(o)]),
    lambda S, o: S.ReduceLROnPlateau(o, factor=1.0),
    lambda S, o: S.ReduceLROnPlateau(o, mode="no"),
    lambda S, o: S.ReduceLROnPlateau(o, threshold_mode="no"),
    lambda S, o: S.ReduceLROnPlateau(o, min_lr=[1, 2, 3]),
]


@pytest.mark.torch
@pytest.mark.parametrize("mistake", MISTAKES)
def test_errors_are_of_pytorchs_classes(mistake):
    torch = pytest.importorskip("torch")
    classes = []
    for library in (engine, torch):
        with pytest.raises(Exception) as caught, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mistake(library.optim.lr_scheduler, optimizer_of(library))
        classes.append(caught.type)
    assert classes[0] is classes[1]
