"""A teaching engine for automatic differentiation.

    >>> import engine
    >>> w, x, b = engine.Value(2.0), engine.Value(-1.0), engine.Value(0.5)
    >>> y = engine.tanh(w * x + b)
    >>> y.backward()
    >>> round(w.grad, 6)
    -0.180707

`engine.Value` is one number that remembers where it came from, `engine.Tensor` an array that does.
`viz.explain`, `viz.draw` and `viz.play` (a package of its own beside this one) show why a gradient
is what it is. The spelling is PyTorch's: `import engine as torch` runs a lesson as it is.
"""

import math
from importlib import import_module
from typing import Any

from engine import amp, autograd, backends, compiler, cuda, func, random, scalar
from engine.amp import autocast
from engine.autograd import (
    detect_anomaly,
    enable_grad,
    grad,
    inference_mode,
    no_grad,
    set_grad_enabled,
)
from engine.compiler import compile
from engine.core.modes import (
    is_anomaly_enabled,
    is_grad_enabled,
    is_inference_mode_enabled,
)
from engine.dtypes import (
    bfloat16,
    can_cast,
    double,
    dtype,
    finfo,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    long,
    promote_types,
    set_default_dtype,
    short,
    uint8,
)
from engine.dtypes import (
    bool_ as bool,
)
from engine.dtypes import (
    float_ as float,
)
from engine.dtypes import (
    int_ as int,
)
from engine.func import vmap
from engine.kernels import backend, get_num_threads, set_num_threads
from engine.ops.elementwise import (
    elu,
    gelu,
    leaky_relu,
    silu,
    softplus,
)
from engine.scalar import MLP, Layer, Neuron, Value, label
from engine.tensor import storage
from engine.tensor.creation import (
    arange,
    as_tensor,
    asarray,
    empty,
    empty_like,
    eye,
    from_dlpack,
    from_numpy,
    frombuffer,
    full,
    full_like,
    is_tensor,
    legacy,
    linspace,
    logspace,
    ones,
    ones_like,
    set_default_tensor_type,
    tensor,
    use_deterministic_algorithms,
    zeros,
    zeros_like,
)
from engine.tensor.creation import (
    range_ as range,
)
from engine.tensor.device import device, get_default_device, set_default_device
from engine.tensor.functions import (
    abs,
    abs_,
    absolute,
    acos,
    acos_,
    acosh,
    acosh_,
    add,
    addbmm,
    addcdiv,
    addcmul,
    addmm,
    addmv,
    addr,
    adjoint,
    all,
    allclose,
    amax,
    amin,
    aminmax,
    any,
    arccos,
    arccos_,
    arccosh,
    arccosh_,
    arcsin,
    arcsin_,
    arcsinh,
    arcsinh_,
    arctan,
    arctan2,
    arctan_,
    arctanh,
    arctanh_,
    argmax,
    argmin,
    argsort,
    argwhere,
    as_strided,
    asin,
    asin_,
    asinh,
    asinh_,
    atan,
    atan2,
    atan_,
    atanh,
    atanh_,
    baddbmm,
    bernoulli,
    bincount,
    bitwise_and,
    bitwise_left_shift,
    bitwise_not,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    bmm,
    broadcast_to,
    ceil,
    ceil_,
    cholesky,
    chunk,
    clamp,
    clamp_,
    clamp_max,
    clamp_max_,
    clamp_min,
    clamp_min_,
    clip,
    clip_,
    clone,
    copysign,
    corrcoef,
    cos,
    cos_,
    cosh,
    cosh_,
    count_nonzero,
    cov,
    cross,
    cummax,
    cummin,
    cumprod,
    cumsum,
    deg2rad,
    deg2rad_,
    det,
    detach,
    diag,
    diag_embed,
    diagflat,
    diagonal,
    diagonal_scatter,
    diff,
    digamma,
    dist,
    div,
    divide,
    dot,
    dsplit,
    eq,
    equal,
    erf,
    erf_,
    erfc,
    erfc_,
    erfinv,
    exp,
    exp2,
    exp2_,
    exp_,
    expm1,
    expm1_,
    fix,
    fix_,
    flatten,
    flip,
    fliplr,
    flipud,
    float_power,
    floor,
    floor_,
    floor_divide,
    fmax,
    fmin,
    fmod,
    frac,
    frac_,
    gather,
    gcd,
    ge,
    ger,
    greater,
    greater_equal,
    gt,
    heaviside,
    histc,
    histogram,
    hsplit,
    hypot,
    i0,
    i0_,
    index_add,
    index_copy,
    index_fill,
    index_put,
    index_select,
    inner,
    inverse,
    is_complex,
    is_floating_point,
    is_nonzero,
    is_same_size,
    is_signed,
    isclose,
    isfinite,
    isinf,
    isnan,
    isneginf,
    isposinf,
    isreal,
    kron,
    kthvalue,
    lcm,
    ldexp,
    ldexp_,
    le,
    lerp,
    less,
    less_equal,
    lgamma,
    log,
    log1p,
    log1p_,
    log2,
    log2_,
    log10,
    log10_,
    log_,
    log_softmax,
    logaddexp,
    logaddexp2,
    logcumsumexp,
    logdet,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    logit,
    logit_,
    logsumexp,
    lt,
    masked_fill,
    masked_scatter,
    masked_select,
    matmul,
    matrix_power,
    max,
    maximum,
    mean,
    median,
    min,
    minimum,
    mm,
    mode,
    moveaxis,
    movedim,
    msort,
    mul,
    multinomial,
    multiply,
    mv,
    nan_to_num,
    nan_to_num_,
    nanmean,
    nanmedian,
    nanquantile,
    nansum,
    narrow,
    ne,
    neg,
    neg_,
    negative,
    negative_,
    nonzero,
    norm,
    not_equal,
    numel,
    outer,
    permute,
    pinverse,
    polygamma,
    positive,
    pow,
    prod,
    put,
    qr,
    quantile,
    rad2deg,
    rad2deg_,
    ravel,
    reciprocal,
    reciprocal_,
    relu,
    relu_,
    remainder,
    renorm,
    reshape,
    roll,
    rot90,
    round,
    round_,
    rsqrt,
    rsqrt_,
    rsub,
    scatter,
    scatter_add,
    scatter_reduce,
    select,
    select_scatter,
    sgn,
    sigmoid,
    sigmoid_,
    sign,
    signbit,
    sin,
    sin_,
    sinc,
    sinc_,
    sinh,
    sinh_,
    slice_scatter,
    slogdet,
    softmax,
    sort,
    split_with_sizes,
    sqrt,
    sqrt_,
    square,
    square_,
    squeeze,
    std,
    sub,
    subtract,
    sum,
    svd,
    swapaxes,
    swapdims,
    t,
    take,
    take_along_dim,
    tan,
    tan_,
    tanh,
    tanh_,
    tensor_split,
    tile,
    topk,
    trace,
    transpose,
    tril,
    triu,
    true_divide,
    trunc,
    trunc_,
    unbind,
    unflatten,
    unique,
    unique_consecutive,
    unsqueeze,
    var,
    vdot,
    vsplit,
    xlogy,
    xlogy_,
)
from engine.tensor.joining import (
    atleast_1d,
    atleast_2d,
    atleast_3d,
    block_diag,
    broadcast_shapes,
    broadcast_tensors,
    cartesian_prod,
    cat,
    column_stack,
    combinations,
    concat,
    concatenate,
    dstack,
    hstack,
    meshgrid,
    repeat_interleave,
    row_stack,
    split,
    stack,
    vstack,
)
from engine.tensor.more_functions import (
    angle,
    cholesky_inverse,
    cholesky_solve,
    conj,
    frexp,
    imag,
    lu,
    lu_solve,
    mvlgamma,
    narrow_copy,
    nextafter,
    real,
    resolve_conj,
    resolve_neg,
    triangular_solve,
    unsafe_chunk,
    unsafe_split,
)
from engine.tensor.places import (
    bucketize,
    searchsorted,
    tril_indices,
    triu_indices,
    where,
)
from engine.tensor.printing import get_printoptions, set_printoptions
from engine.tensor.products import chain_matmul, einsum, tensordot
from engine.tensor.sampling import (
    Generator,
    binomial,
    get_rng_state,
    manual_seed,
    normal,
    poisson,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    randperm,
    set_rng_state,
)
from engine.tensor.serialization import load, save
from engine.tensor.size import Size
from engine.tensor.slopes import gradient
from engine.tensor.statistics import (
    cdist,
    cumulative_trapezoid,
    isin,
    std_mean,
    trapezoid,
    var_mean,
)
from engine.tensor.statistics import trapezoid as trapz
from engine.tensor.storage import TypedStorage, UntypedStorage, is_storage
from engine.tensor.switches import (
    get_deterministic_debug_mode,
    get_float32_matmul_precision,
    get_num_interop_threads,
    is_conj,
    is_distributed,
    is_inference,
    is_neg,
    set_deterministic_debug_mode,
    set_float32_matmul_precision,
    set_flush_denormal,
    set_warn_always,
    typename,
)
from engine.tensor.tables import (
    bartlett_window,
    blackman_window,
    hamming_window,
    hann_window,
    result_type,
    scalar_tensor,
    unravel_index,
    vander,
)
from engine.tensor.tensor import Tensor
from engine.tensor.triangles import lu_unpack

FloatTensor = legacy(float32)
DoubleTensor = legacy(float64)
HalfTensor = legacy(float16)
BFloat16Tensor = legacy(bfloat16)
ByteTensor = legacy(uint8)
CharTensor = legacy(int8)
ShortTensor = legacy(int16)
IntTensor = legacy(int32)
LongTensor = legacy(int64)
BoolTensor = legacy(bool)

default_generator = random.default_generator
initial_seed = random.initial_seed
seed = random.seed

e, inf, nan, pi = math.e, math.inf, math.nan, math.pi
newaxis = None
strided = "torch.strided"
contiguous_format, preserve_format, channels_last = "contiguous", "preserve", "channels_last"

__version__ = "0.1.0"

# Rooms that a lesson may never enter are opened when it does.
_LATER = {
    "distributions", "linalg", "metrics", "nn", "onnx", "optim", "special", "testing", "utils",
}  # fmt: skip
_OF_LAYERS = set(
    """adaptive_avg_pool1d alpha_dropout avg_pool1d bilinear binary_cross_entropy_with_logits celu
    channel_shuffle conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d
    cosine_embedding_loss
    cosine_similarity ctc_loss dropout group_norm hardshrink hinge_embedding_loss kl_div layer_norm
    margin_ranking_loss max_pool1d max_pool2d max_pool3d pairwise_distance pdist pixel_shuffle
    pixel_unshuffle poisson_nll_loss prelu rms_norm rrelu selu threshold triplet_margin_loss
    """.split()
)
"""Functions of `nn.functional` that PyTorch has here too, with the same arguments by place."""
_FRONT = {
    name: name
    for name in "adaptive_max_pool1d batch_norm constant_pad_nd grid_sampler instance_norm".split()
} | {"embedding": "looked_up"}
"""Those with their arguments in another order."""


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return import_module(f"engine.{name}")
    if name == "matrix_exp":
        return import_module("engine.linalg").matrix_exp
    if name in _OF_LAYERS:
        return getattr(import_module("engine.nn.functional"), name)
    if name in _FRONT:
        return getattr(import_module("engine.nn.functional.front"), _FRONT[name])
    raise AttributeError(f"module 'engine' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER, *_OF_LAYERS, *_FRONT})
