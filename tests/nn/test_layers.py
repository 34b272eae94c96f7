"""Every layer beside PyTorch's: the same arguments, the same seed, the same input.

One table. Of each row are compared the drawn parameters (to the bit), the text, names and shapes
of the state, the result, and the gradients of input and parameters for a random cotangent, in
float64; and the result once more in float32.
"""

import numpy as np
import pytest

import engine

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def case(layer, *shapes, **keywords):
    """A row: the layer's source, as a program would write it after `nn.`, and input shapes."""
    return pytest.param(layer, shapes, keywords.get("dtype"), id=f"{layer}-{shapes}")


IMAGE, ROW, BOX = (2, 4, 7, 6), (2, 4, 9), (2, 4, 5, 6, 7)

LAYERS = [
    case("Identity(3, foo=1)", (2, 3)),
    case("Linear(3, 4)", (2, 3)),
    case("Linear(3, 4, bias=False)", (2, 5, 3)),
    case("Linear(3, 4)", (3,)),
    case("Linear(1, 1)", (0, 1)),
    case("Bilinear(3, 4, 5)", (2, 3), (2, 4)),
    case("Bilinear(3, 4, 2, bias=False)", (2, 2, 3), (2, 2, 4)),
    # convolutions
    case("Conv1d(4, 6, 3)", ROW),
    case("Conv1d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2)", ROW),
    case("Conv1d(4, 6, 3, padding='same', padding_mode='reflect')", ROW),
    case("Conv1d(4, 6, 4, padding='same')", ROW),
    case("Conv1d(4, 6, 3)", (4, 9)),
    case("Conv2d(4, 6, 3)", IMAGE),
    case("Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), bias=False)", IMAGE),
    case("Conv2d(4, 6, 3, padding='valid', groups=2)", IMAGE),
    case("Conv2d(4, 4, 3, padding=1, groups=4, padding_mode='circular')", IMAGE),
    case("Conv2d(4, 6, 3, padding=(2, 1), padding_mode='replicate')", IMAGE),
    case("Conv2d(4, 6, 3, padding=1)", (4, 7, 6)),
    case("Conv3d(4, 6, 3)", BOX),
    case("Conv3d(4, 6, (2, 3, 1), stride=(2, 1, 1), padding=(1, 2, 0), groups=2)", BOX),
    case("Conv3d(4, 2, 2, dilation=(2, 1, 3), bias=False)", BOX),
    case("Conv3d(4, 2, 3, padding='same')", BOX),
    case("Conv3d(4, 2, 2)", BOX[1:]),
    case("Conv3d(4, 2, 3, padding=1, padding_mode='replicate')", BOX),
    case("ConvTranspose1d(4, 6, 3, stride=2, output_padding=1)", ROW),
    case("ConvTranspose2d(4, 6, 3, stride=2, padding=1)", IMAGE),
    case("ConvTranspose2d(4, 6, (3, 2), stride=(2, 3), groups=2, bias=False, dilation=2)", IMAGE),
    case("ConvTranspose2d(4, 6, 4, 2, 1)", IMAGE[1:]),
    case("ConvTranspose3d(4, 6, 3)", BOX),
    case("ConvTranspose3d(4, 6, (3, 2, 2), stride=(2, 1, 2), padding=1, groups=2)", BOX),
    case("ConvTranspose3d(4, 2, 3, stride=2, output_padding=1, dilation=(2, 1, 1))", BOX),
    case("ConvTranspose3d(4, 2, 2, bias=False)", BOX[1:]),
    # pooling
    case("MaxPool1d(2)", ROW),
    case("MaxPool1d(3, 1, 1, dilation=2)", ROW),
    case("MaxPool2d(2)", IMAGE),
    case("MaxPool2d((3, 2), stride=(2, 1), padding=(1, 0), ceil_mode=True)", IMAGE),
    case("MaxPool2d(2, dilation=2)", IMAGE[1:]),
    case("MaxPool3d(2)", BOX),
    case("MaxPool3d((3, 2, 2), stride=(1, 2, 1), padding=(1, 0, 1), ceil_mode=True)", BOX),
    case("MaxPool3d(2, dilation=(1, 2, 3))", BOX[1:]),
    case("AvgPool1d(2)", ROW),
    case("AvgPool1d(3, 2, 1, count_include_pad=False)", ROW),
    case("AvgPool2d(3, 2, 1)", IMAGE),
    case("AvgPool2d((3, 2), ceil_mode=True, count_include_pad=False)", IMAGE),
    case("AvgPool2d(2, divisor_override=3)", IMAGE[1:]),
    case("AvgPool3d(2)", BOX),
    case("AvgPool3d((3, 2, 3), 2, (1, 1, 0), ceil_mode=True)", BOX),
    case("AvgPool3d(3, 2, 1, count_include_pad=False)", BOX[1:]),
    case("AvgPool3d(2, divisor_override=5)", BOX),
    case("LPPool1d(2, 3)", ROW),
    case("LPPool2d(2, (3, 2), stride=2)", IMAGE),
    case("AdaptiveAvgPool1d(4)", ROW),
    case("AdaptiveAvgPool1d(1)", ROW[1:]),
    case("AdaptiveAvgPool2d(1)", IMAGE),
    case("AdaptiveAvgPool2d((1, 1))", IMAGE[1:]),
    case("AdaptiveAvgPool2d((5, None))", IMAGE),
    case("AdaptiveAvgPool2d((9, 4))", IMAGE),
    case("AdaptiveAvgPool3d((2, 4, None))", BOX),
    case("AdaptiveMaxPool1d(4)", ROW),
    case("AdaptiveMaxPool2d(1)", IMAGE),
    case("AdaptiveMaxPool2d((5, None))", IMAGE),
    case("AdaptiveMaxPool2d(3)", IMAGE[1:]),
    case("AdaptiveMaxPool3d((2, 4, 3))", BOX),
    # normalisation
    case("BatchNorm1d(4)", (5, 4)),
    case("BatchNorm1d(4, momentum=None, affine=False)", ROW),
    case("BatchNorm2d(4, eps=1e-3, momentum=0.3)", IMAGE),
    case("BatchNorm2d(4, track_running_stats=False)", IMAGE),
    case("BatchNorm2d(4, bias=False)", IMAGE),
    case("BatchNorm3d(4)", BOX),
    case("InstanceNorm1d(4)", ROW),
    case("InstanceNorm2d(4, affine=True, track_running_stats=True)", IMAGE),
    case("InstanceNorm2d(4)", IMAGE[1:]),
    case("InstanceNorm3d(4, affine=True)", BOX),
    case("LayerNorm(6)", IMAGE),
    case("LayerNorm((7, 6), eps=1e-3)", IMAGE),
    case("LayerNorm([6], elementwise_affine=False)", IMAGE),
    case("LayerNorm(6, bias=False)", IMAGE),
    case("RMSNorm(6)", IMAGE),
    case("RMSNorm((7, 6), eps=1e-3)", IMAGE),
    case("RMSNorm(6, elementwise_affine=False)", IMAGE),
    case("GroupNorm(2, 4)", IMAGE),
    case("GroupNorm(4, 4, affine=False)", ROW),
    case("LocalResponseNorm(3)", IMAGE),
    case("LocalResponseNorm(2, alpha=0.1, beta=0.5, k=2.0)", ROW),
    # activations
    *(
        case(layer, (3, 4))
        for layer in """ReLU() ReLU6() LeakyReLU() LeakyReLU(0.2) ELU() ELU(0.5) SELU() CELU(2.0)
        GELU() GELU('tanh') SiLU() Mish() Sigmoid() Tanh() Hardtanh() Hardtanh(-0.5,0.25)
        Hardsigmoid() Hardswish() Softsign() Tanhshrink() LogSigmoid() Softplus() Softplus(2.0,1.0)
        Softshrink() Softshrink(0.1) Hardshrink(0.3) Threshold(0.1,-2.0) PReLU() PReLU(4)
        PReLU(init=0.1) RReLU() GLU() GLU(0) Softmax(1) Softmax(dim=-1) LogSoftmax(0) Softmin(1)
        Softmax()""".split()
        if layer != "GLU(0)"
    ),
    case("GLU(0)", (4, 3)),
    case("Softmax2d()", IMAGE),
    case("Softmax2d()", IMAGE[1:]),
    case("PReLU(4)", IMAGE),
    # dropout
    case("Dropout()", (5, 6)),
    case("Dropout(0.0)", (5, 6)),
    case("Dropout(1.0)", (5, 6)),
    case("Dropout1d(0.3)", ROW),
    case("Dropout2d(0.3)", IMAGE),
    case("Dropout3d(0.3)", BOX),
    case("AlphaDropout(0.2)", (5, 6)),
    case("FeatureAlphaDropout(0.4)", IMAGE),
    # shapes
    case("Flatten()", IMAGE),
    case("Flatten(0, 2)", IMAGE),
    case("Unflatten(1, (2, 2))", IMAGE),
    case("Unflatten(-1, (3, -1))", IMAGE),
    case("ConstantPad1d(2, 3.5)", ROW),
    case("ConstantPad2d((1, 2, 0, 3), -1.0)", IMAGE),
    case("ConstantPad2d((1, -2, -1, 3), 0.5)", IMAGE),
    case("ConstantPad3d(1, 0.0)", BOX),
    case("ZeroPad1d(1)", ROW),
    case("ZeroPad2d((1, 2, 3, 0))", IMAGE),
    case("ZeroPad3d(1)", BOX),
    case("ReflectionPad1d((3, 1))", ROW),
    case("ReflectionPad2d(2)", IMAGE),
    case("ReflectionPad2d((1, 0, -2, 3))", IMAGE[1:]),
    case("ReflectionPad3d((1, 2, 3, 1, 2, 2))", BOX),
    case("ReplicationPad1d(4)", ROW),
    case("ReplicationPad2d((1, 9, 0, 2))", IMAGE),
    case("ReplicationPad3d(1)", BOX),
    case("CircularPad1d((3, 1))", ROW),
    case("CircularPad2d((1, 2, 3, 0))", IMAGE),
    case("CircularPad3d(1)", BOX),
    case("Upsample(scale_factor=2)", IMAGE),
    case("Upsample(size=(5, 9))", IMAGE),
    case("Upsample(scale_factor=(1.5, 2.5), mode='bilinear')", IMAGE),
    case("Upsample(size=13, mode='linear', align_corners=True)", ROW),
    case("Upsample(scale_factor=0.7, mode='bicubic')", IMAGE),
    case("Upsample(scale_factor=2, mode='trilinear', align_corners=True)", BOX),
    case("UpsamplingNearest2d(scale_factor=3)", IMAGE),
    case("UpsamplingBilinear2d(size=(3, 8))", IMAGE),
    case("PixelShuffle(2)", IMAGE),
    case("PixelUnshuffle(2)", (2, 3, 4, 6)),
    case("ChannelShuffle(2)", IMAGE),
    case("Unfold(3)", IMAGE),
    case("Unfold((2, 3), dilation=2, padding=(1, 2), stride=(2, 1))", IMAGE),
    case("Fold((7, 6), (3, 2))", (2, 12, 25)),
    case("Fold((7, 6), 2, dilation=2, padding=1, stride=(2, 3))", (2, 8, 8)),
    # distances
    case("CosineSimilarity()", (3, 4), (3, 4)),
    case("CosineSimilarity(dim=0, eps=1e-3)", (3, 4), (3, 4)),
    case("PairwiseDistance()", (3, 4), (3, 4)),
    case("PairwiseDistance(p=1.0, keepdim=True)", (3, 4), (3, 4)),
    case("Embedding(10, 3)", (2, 4), dtype="index"),
    case("Embedding(10, 3, padding_idx=-1)", (2, 4), dtype="index"),
    case("Embedding(10, 3, max_norm=1.0)", (2, 4), dtype="index"),
    case("Embedding(10, 3, scale_grad_by_freq=True)", (2, 4), dtype="index"),
    case("EmbeddingBag(10, 3)", (2, 4), dtype="index"),
    case("EmbeddingBag(10, 3, mode='sum', padding_idx=2)", (2, 4), dtype="index"),
    case("EmbeddingBag(10, 3, mode='max')", (2, 4), dtype="index"),
]


def made(library, layer):
    library.manual_seed(5)
    return eval(f"nn.{layer}", {"nn": library.nn})


def numbers(shapes, dtype, kind):
    """Inputs, the same for both: none of them at a kink."""
    random = np.random.default_rng(1)
    if dtype == "index":
        return [random.integers(0, 10, shape) for shape in shapes]
    return [random.uniform(-2, 2, shape).astype(kind) for shape in shapes]


def run(library, layer, shapes, dtype, kind):
    """Result and gradients of a layer."""
    module = made(library, layer).to(getattr(library, kind))
    inputs = [library.tensor(x) for x in numbers(shapes, dtype, kind)]
    if dtype != "index":
        for x in inputs:
            x.requires_grad_()
    library.manual_seed(8)  # what is drawn while computing
    out = module(*inputs)
    cotangent = np.random.default_rng(2).uniform(-1, 1, tuple(out.shape)).astype(kind)
    wanted = [x for x in [*inputs, *module.parameters()] if x.requires_grad]
    if wanted and out.requires_grad:
        out.backward(library.tensor(cotangent))
    grads = [None if x.grad is None else x.grad.numpy() for x in wanted]
    buffers = [b.numpy() for b in module.buffers()]
    return out.detach().numpy(), grads, buffers


def assert_close(ours, theirs, kind, tolerance=None):
    tolerance = tolerance or {"float64": 1e-10, "float32": 1e-5}[kind]
    assert (ours is None) == (theirs is None)
    if ours is not None:
        assert ours.dtype == theirs.dtype
        assert ours.shape == theirs.shape
        scale = max(1.0, np.abs(theirs).max()) if theirs.size else 1.0
        np.testing.assert_allclose(ours, theirs, tolerance, tolerance * scale)


@pytest.mark.parametrize(("layer", "shapes", "dtype"), LAYERS)
def test_first_values_text_and_state(layer, shapes, dtype):
    ours, theirs = made(engine, layer), made(torch, layer)
    assert repr(ours) == repr(theirs)
    mine, other = ours.state_dict(), theirs.state_dict()
    assert list(mine) == list(other)
    assert mine._metadata == other._metadata
    for name in mine:
        assert str(mine[name].dtype) == str(other[name].dtype)
        np.testing.assert_array_equal(mine[name].numpy(), other[name].numpy(), name)
    named = [(name, p.requires_grad) for name, p in ours.named_parameters()]
    assert named == [(name, p.requires_grad) for name, p in theirs.named_parameters()]


@pytest.mark.parametrize("kind", ["float64", "float32"])
@pytest.mark.parametrize(("layer", "shapes", "dtype"), LAYERS)
def test_result_and_gradients(layer, shapes, dtype, kind):
    out, grads, buffers = run(engine, layer, shapes, dtype, kind)
    expected, expected_grads, expected_buffers = run(torch, layer, shapes, dtype, kind)
    assert_close(out, expected, kind)
    # PyTorch's slope of hardsigmoid is a sixth rounded to float32, also in float64.
    tolerance = 1e-7 if layer == "Hardsigmoid()" and kind == "float64" else None
    for ours, theirs in zip(grads, expected_grads, strict=True):
        assert_close(ours, theirs, kind, tolerance)
    for ours, theirs in zip(buffers, expected_buffers, strict=True):
        np.testing.assert_allclose(ours, theirs, 1e-5, 1e-6)


@pytest.mark.parametrize(("layer", "shapes", "dtype"), LAYERS)
def test_result_in_evaluation(layer, shapes, dtype):
    results = []
    for library in (engine, torch):
        module = made(library, layer).double()
        inputs = [library.tensor(x) for x in numbers(shapes, dtype, "float64")]
        module(*inputs)
        module.eval()
        with library.no_grad():
            results.append(module(*inputs).numpy())
    assert_close(*results, "float64")


MISUSES = [
    ("Conv2d(3, 4, 3, groups=2)", None),
    ("Conv2d(4, 4, 3, groups=0)", None),
    ("Conv2d(4, 4, 3, padding='both')", None),
    ("Conv2d(4, 4, 3, stride=2, padding='same')", None),
    ("Conv2d(4, 4, 3, padding_mode='mirror')", None),
    ("ConvTranspose2d(4, 4, 3, padding_mode='reflect')", None),
    ("Conv2d(3, 4, 3)", IMAGE),
    ("Conv2d(4, 4, 3)", (2, 4)),
    ("Conv2d(4, 4, 9)", IMAGE),
    ("Conv3d(3, 4, 3)", BOX),
    ("Conv3d(4, 4, 6)", BOX),
    ("ConvTranspose2d(4, 4, 3, output_padding=1)", IMAGE),
    ("Linear(3, 4)", (2, 5)),
    ("Bilinear(0, 1, 2)", None),
    ("MaxPool2d(2, padding=2)", IMAGE),
    ("MaxPool2d(2)", (2, 3)),
    ("AvgPool2d(2, padding=2)", IMAGE),
    ("MaxPool3d(2)", IMAGE[1:]),
    ("AdaptiveAvgPool2d((1, 2, 3))", IMAGE),
    ("AdaptiveAvgPool2d(-1)", IMAGE),
    ("BatchNorm2d(4)", ROW),
    ("BatchNorm2d(3)", IMAGE),
    ("BatchNorm1d(4)", (1, 4)),
    ("InstanceNorm2d(4)", (2, 4)),
    ("InstanceNorm2d(4)", (2, 4, 1, 1)),
    ("LayerNorm(5)", IMAGE),
    ("GroupNorm(3, 4)", None),
    ("LocalResponseNorm(2)", (3, 4)),
    ("Dropout(1.5)", None),
    ("Softmax2d()", (3, 4)),
    ("PReLU(3)", (3, 4)),
    ("GLU()", (3, 5)),
    ("GELU('fast')", (3, 4)),
    ("Embedding(3, 4, padding_idx=3)", None),
    ("ReflectionPad2d(7)", IMAGE),
    ("ReflectionPad2d(1)", (2, 3)),
    ("CircularPad2d(8)", IMAGE),
    ("Upsample(scale_factor=2, mode='linear')", IMAGE),
    ("Upsample(mode='bilinear')", IMAGE),
    ("Upsample(size=2, mode='curved')", IMAGE),
    ("PixelShuffle(3)", IMAGE),
    ("PixelUnshuffle(4)", IMAGE),
    ("ChannelShuffle(3)", IMAGE),
    ("Unfold(9)", IMAGE),
    ("Fold((7, 6), (3, 2))", (2, 12, 24)),
    ("Fold((7, 6), (3, 2))", (2, 13, 25)),
    ("Flatten(2, 1)", IMAGE),
    ("MultiMarginLoss(p=3)", None),
    ("TripletMarginLoss(margin=0)", None),
    ("ReLU(3, 4)", None),
    ("Linear(3)", None),
]


@pytest.mark.parametrize(("layer", "shape"), MISUSES, ids=lambda x: str(x))
def test_misuse_raises_the_same_class(layer, shape):
    def outcome(library):
        try:
            module = made(library, layer)
            if shape is not None:
                module(library.ones(*shape))
        except Exception as error:
            return type(error)
        return None

    assert outcome(torch) is not None
    assert issubclass(outcome(engine), outcome(torch))
