"""Losses beside PyTorch's: settings, shapes, reductions, weights, extreme logits, misuse."""

import numpy as np
import pytest
from both_sides import both
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

N, C = 5, 4


def values(library, kind, shape, seed):
    """Inputs of a kind, the same for both libraries, in float64."""
    random = np.random.default_rng(seed)
    if kind == "class":
        return library.tensor(random.integers(0, C, shape))
    if kind == "sign":
        return library.tensor(random.choice([-1.0, 1.0], shape))
    if kind == "share":
        x = random.uniform(0, 1, shape)
        return library.tensor(x / x.sum(1, keepdims=True))
    if kind == "labels":
        x = np.full(shape, -1)
        for row in x:
            listed = random.permutation(C)[: random.integers(0, C)]
            row[: len(listed)] = listed
        return library.tensor(x)
    low, high = {"real": (-3, 3), "01": (0.05, 0.95), "positive": (0.1, 4), "log": (-4, -0.1)}[kind]
    return library.tensor(random.uniform(low, high, shape))


def weight(library, count=C):
    return library.tensor(np.random.default_rng(9).uniform(0.2, 2, count))


def case(source, *inputs):
    return pytest.param(source, inputs, id=f"{source}-{[s for _, s in inputs]}")


CLASS = (("real", (N, C)), ("class", (N,)))
PAIR = (("real", (N, C)), ("real", (N, C)))
PIXELS = (("real", (2, C, 3, 2)), ("class", (2, 3, 2)))
SIGNED = (("real", (N, C)), ("real", (N, C)), ("sign", (N,)))

LOSSES = [
    case("MSELoss({r})", *PAIR),
    case("MSELoss({r})", ("real", ()), ("real", ())),
    case("L1Loss({r})", *PAIR),
    case("SmoothL1Loss({r})", *PAIR),
    case("SmoothL1Loss({r}, beta=0.3)", *PAIR),
    case("SmoothL1Loss({r}, beta=0.0)", *PAIR),
    case("HuberLoss({r})", *PAIR),
    case("HuberLoss({r}, delta=2.5)", *PAIR),
    case("CrossEntropyLoss({r})", *CLASS),
    case("CrossEntropyLoss({r})", ("real", (C,)), ("class", ())),
    case("CrossEntropyLoss({r})", *PIXELS),
    case("CrossEntropyLoss(weight=w, {r})", *CLASS),
    case("CrossEntropyLoss(weight=w, {r}, ignore_index=1)", *CLASS),
    case("CrossEntropyLoss({r}, label_smoothing=0.2)", *CLASS),
    case("CrossEntropyLoss(weight=w, {r}, ignore_index=2, label_smoothing=0.3)", *CLASS),
    case("CrossEntropyLoss(weight=w, {r}, ignore_index=2, label_smoothing=0.3)", *PIXELS),
    case("CrossEntropyLoss({r})", ("real", (N, C)), ("share", (N, C))),
    case("CrossEntropyLoss(weight=w, {r}, label_smoothing=0.1)", PAIR[0], ("share", (N, C))),
    case("CrossEntropyLoss({r})", ("real", (2, C, 3)), ("share", (2, C, 3))),
    case("NLLLoss({r})", ("log", (N, C)), ("class", (N,))),
    case("NLLLoss(weight=w, {r}, ignore_index=0)", ("log", (N, C)), ("class", (N,))),
    case("NLLLoss(weight=w, {r})", ("log", (2, C, 3)), ("class", (2, 3))),
    case("NLLLoss({r})", ("log", (C,)), ("class", ())),
    case("BCELoss({r})", ("01", (N, C)), ("01", (N, C))),
    case("BCELoss(weight=w, {r})", ("01", (N, C)), ("01", (N, C))),
    case("BCEWithLogitsLoss({r})", ("real", (N, C)), ("01", (N, C))),
    case("BCEWithLogitsLoss(weight=w, {r}, pos_weight=w + 1)", ("real", (N, C)), ("01", (N, C))),
    case("KLDivLoss({r})", ("log", (N, C)), ("share", (N, C))),
    case("KLDivLoss({r}, log_target=True)", ("log", (N, C)), ("log", (N, C))),
    case("PoissonNLLLoss({r})", ("real", (N,)), ("positive", (N,))),
    case("PoissonNLLLoss(log_input=False, full=True, {r})", *[("positive", (N,))] * 2),
    case("GaussianNLLLoss({r})", ("real", (N,)), ("real", (N,)), ("positive", (N,))),
    case("GaussianNLLLoss(full=True, {r})", ("real", (N, 2)), ("real", (N, 2)),
         ("positive", (N, 1))),
    case("CosineEmbeddingLoss({r})", *SIGNED),
    case("CosineEmbeddingLoss(margin=0.3, {r})", *SIGNED),
    case("MarginRankingLoss(0.5, {r})", ("real", (N,)), ("real", (N,)), ("sign", (N,))),
    case("HingeEmbeddingLoss({r})", ("real", (N, C)), ("sign", (N, C))),
    case("SoftMarginLoss({r})", ("real", (N, C)), ("sign", (N, C))),
    case("TripletMarginLoss({r})", *[("real", (N, C))] * 3),
    case("TripletMarginLoss(2.0, p=1, swap=True, {r})", *[("real", (N, C))] * 3),
    case("MultiMarginLoss({r})", *CLASS),
    case("MultiMarginLoss(2, 0.5, weight=w, {r})", *CLASS),
    case("MultiMarginLoss({r})", ("real", (C,)), ("class", ())),
    case("MultiLabelMarginLoss({r})", ("real", (N, C)), ("labels", (N, C))),
    case("MultiLabelSoftMarginLoss({r})", ("real", (N, C)), ("01", (N, C))),
    case("MultiLabelSoftMarginLoss(weight=w, {r})", ("real", (N, C)), ("01", (N, C))),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("source", "inputs"), LOSSES)
def test_value_and_gradients(source, inputs, reduction):
    def program(torch):
        text = source.format(r=f"reduction={reduction!r}")
        given = [values(torch, kind, shape, place) for place, (kind, shape) in enumerate(inputs)]
        loss_function = eval(f"nn.{text}", {"nn": torch.nn, "w": weight(torch)})
        wanted = [given[0].requires_grad_()]
        if inputs[0] == inputs[1]:
            wanted.append(given[1].requires_grad_())
        loss = loss_function(*given)
        cotangent = np.random.default_rng(4).uniform(-1, 1, tuple(loss.shape))
        grads = torch.autograd.grad(loss, wanted, torch.tensor(cotangent))
        return loss, *grads, repr(loss_function), list(loss_function.state_dict())

    both(program, 1e-9, 1e-9)


def test_batchmean():
    def program(torch):
        x, t = values(torch, "log", (N, C), 1), values(torch, "share", (N, C), 2)
        return torch.nn.functional.kl_div(x, t, reduction="batchmean")

    both(program, 1e-10)


@pytest.mark.parametrize(
    ("source", "x", "target"),
    [
        ("cross_entropy", [[1000.0, -1000.0, 0.0], [-1000.0, 1000.0, 999.0]], [1, 1]),
        ("cross_entropy", [[1000.0, 1000.0]], [0]),
        ("binary_cross_entropy_with_logits", [1000.0, -1000.0, 1000.0, -1000.0], [1.0, 1, 0, 0]),
        ("soft_margin_loss", [20.0, -20.0], [1.0, 1.0]),
        ("binary_cross_entropy", [0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]),
        ("smooth_l1_loss", [1e20, -1e20, 0.0], [0.0, 0.0, 0.0]),
        ("huber_loss", [1e20, -1e20, 0.0], [0.0, 0.0, 0.0]),
    ],
)
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_extreme_inputs(source, x, target, kind):
    def program(torch):
        logits = torch.tensor(x, dtype=getattr(torch, kind), requires_grad=True)
        goal = torch.tensor(target)
        goal = goal.to(logits.dtype) if goal.is_floating_point() else goal
        loss = getattr(torch.nn.functional, source)(logits, goal, reduction="none")
        loss.sum().backward()
        return loss, logits.grad

    both(program)


@pytest.mark.parametrize("source", ["L1Loss()", "SmoothL1Loss()", "HuberLoss()", "MSELoss()"])
def test_equal_input_and_target(source):
    def program(torch):
        x = torch.tensor([0.0, 1.0, -2.0], requires_grad=True)
        loss = eval(f"nn.{source}", {"nn": torch.nn})(x, torch.tensor([0.0, 1.0, -2.0]))
        loss.backward()
        return loss, x.grad

    both(program)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    "program",
    [
        lambda t: t.nn.MSELoss(reduction="average")(t.ones(2), t.ones(2)),
        lambda t: t.nn.CrossEntropyLoss()(t.ones(2, 3), t.tensor([0, 3])),
        lambda t: t.nn.CrossEntropyLoss()(t.ones(2, 3), t.tensor([0, -1])),
        lambda t: t.nn.CrossEntropyLoss()(t.ones(2, 3), t.tensor([0, 1, 2])),
        lambda t: t.nn.CrossEntropyLoss()(t.ones(2, 3), t.tensor([0.0, 1.0])),
        lambda t: t.nn.CrossEntropyLoss(label_smoothing=1.5)(t.ones(2, 3), t.tensor([0, 1])),
        lambda t: t.nn.CrossEntropyLoss(weight=t.ones(2))(t.ones(2, 3), t.tensor([0, 1])),
        lambda t: t.nn.CrossEntropyLoss()(t.ones(2, 3, 4), t.tensor([[0, 1], [1, 2]])),
        lambda t: t.nn.NLLLoss()(t.ones(2, 3), t.tensor([0, 5])),
        lambda t: t.nn.NLLLoss()(t.ones(2, 3), t.tensor([0])),
        lambda t: t.nn.NLLLoss()(t.ones(2, 3), t.tensor([0.0, 1.0])),
        lambda t: t.nn.BCELoss()(t.tensor([1.5]), t.ones(1)),
        lambda t: t.nn.BCELoss()(t.ones(2), t.ones(3)),
        lambda t: t.nn.BCEWithLogitsLoss()(t.ones(2), t.ones(2, 1)),
        lambda t: t.nn.MSELoss()(t.ones(2), t.ones(3)),
        lambda t: t.nn.functional.smooth_l1_loss(t.ones(2), t.ones(2), beta=-1.0),
        lambda t: t.nn.functional.huber_loss(t.ones(2), t.ones(2), delta=0.0),
        lambda t: t.nn.MarginRankingLoss()(t.ones(2), t.ones(2, 1), t.ones(2)),
        lambda t: t.nn.GaussianNLLLoss()(t.ones(2), t.ones(2), t.tensor([1.0, -1.0])),
        lambda t: t.nn.MultiMarginLoss()(t.ones(2, 3), t.tensor([0, 1, 2])),
        lambda t: t.nn.MultiLabelMarginLoss()(t.ones(2, 3), t.tensor([[0, 1]])),
        lambda t: t.nn.MultiLabelMarginLoss()(t.ones(1, 3), t.tensor([[0, 4, -1]])),
    ],
)
def test_misuse_raises_the_same_class(program):
    assert isinstance(both(program), Exception)


def test_different_sizes_are_warned_of():
    import engine

    with pytest.warns(UserWarning, match="Using a target size"):
        engine.nn.functional.mse_loss(engine.ones(2, 1), engine.ones(2))


def test_no_element_that_counts_gives_nan():
    def program(torch):
        x = torch.tensor([[1.0, 2.0]], requires_grad=True)
        return torch.nn.functional.cross_entropy(x, torch.tensor([-100]))

    both(program)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 999),
    reduction=st.sampled_from(["mean", "sum", "none"]),
    blank=st.integers(0, 3),
    zero_infinity=st.booleans(),
    as_row=st.booleans(),
)
def test_ctc(seed, reduction, blank, zero_infinity, as_row):
    random = np.random.default_rng(seed)
    logits = random.normal(size=(7, 3, 4))
    sizes, ends = random.integers(0, 5, 3), random.integers(4, 8, 3)
    labels = [c for c in range(4) if c != blank]
    rows = random.choice(labels, (3, 5))
    row = np.concatenate([line[:size] for line, size in zip(rows, sizes, strict=True)])

    def program(torch):
        x = torch.tensor(logits, requires_grad=True)
        targets = torch.tensor(row if as_row else rows)
        loss = torch.nn.CTCLoss(blank, reduction, zero_infinity)(
            x.log_softmax(2), targets, torch.tensor(ends), torch.tensor(sizes)
        )
        if not torch.isfinite(loss).all():
            return loss
        return loss, torch.autograd.grad(loss, x, torch.ones_like(loss) * 2)

    both(program, 1e-9, 1e-9)


@pytest.mark.parametrize(
    "program",
    [
        lambda m: m.nn.functional.cross_entropy(m.ones(2, 3), m.ones(2, dtype=m.int32)),
        lambda m: m.nn.functional.cross_entropy(m.ones(2, 3), m.ones(2, dtype=m.uint8)),
        lambda m: m.nn.functional.nll_loss(m.ones(2, 3), m.ones(2, dtype=m.int16)),
        lambda m: m.nn.functional.binary_cross_entropy(m.ones(2) * 0.5, m.ones(2).double()),
        lambda m: m.nn.functional.binary_cross_entropy_with_logits(m.ones(2), m.ones(2).long()),
        lambda m: m.nn.functional.binary_cross_entropy_with_logits(m.ones(2), m.ones(2).double()),
    ],
)
def test_targets_of_other_types_end_as_in_pytorch(program):
    both(program)


# --- the old pair of flags ---

FLAGS = [{"size_average": False}, {"reduce": False}, {"size_average": True}, {"reduce": True}]
OF_NUMBERS = """mse_loss l1_loss smooth_l1_loss binary_cross_entropy soft_margin_loss
    binary_cross_entropy_with_logits kl_div hinge_embedding_loss poisson_nll_loss
    multilabel_soft_margin_loss""".split()


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("flags", FLAGS, ids=str)
@pytest.mark.parametrize("name", [*OF_NUMBERS, "cross_entropy", "nll_loss", "multi_margin_loss"])
def test_the_old_flags_of_a_function(name, flags):
    def program(torch):
        x = torch.tensor([[0.2, 0.6, 0.7], [0.1, 0.4, 0.9]])
        target = (x > 0.5).float() if name in OF_NUMBERS else torch.tensor([2, 0])
        return getattr(torch.nn.functional, name)(x, target, **flags)

    assert not isinstance(both(program), Exception)
