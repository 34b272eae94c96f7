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

from engine import autograd, backends, cuda, func, random, scalar
from engine.autograd import (
    detect_anomaly,
    enable_grad,
    grad,
    inference_mode,
    no_grad,
    set_grad_enabled,
)
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
    atan2,
    clip,
    elu,
    gelu,
    hypot,
    leaky_relu,
    maximum,
    minimum,
    silu,
    softplus,
)
from engine.ops.elementwise import (
    clip as clamp,
)
from engine.ops.elementwise import (
    round_ as round,
)
from engine.scalar import MLP, Layer, Neuron, Value, label
from engine.scalar.functions import dot
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
    tensor,
    zeros,
    zeros_like,
)
from engine.tensor.creation import (
    range_ as range,
)
from engine.tensor.device import device, get_default_device, set_default_device
from engine.tensor.functions import (
    abs,
    absolute,
    acos,
    acosh,
    add,
    adjoint,
    all,
    amax,
    amin,
    aminmax,
    any,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctanh,
    argmax,
    argmin,
    argsort,
    argwhere,
    asin,
    asinh,
    atan,
    atanh,
    bernoulli,
    bincount,
    broadcast_to,
    ceil,
    chunk,
    clone,
    corrcoef,
    cos,
    cosh,
    count_nonzero,
    cov,
    cummax,
    cummin,
    cumprod,
    cumsum,
    diag,
    diag_embed,
    diagonal,
    diff,
    dist,
    div,
    divide,
    dsplit,
    erf,
    exp,
    expm1,
    flatten,
    flip,
    fliplr,
    flipud,
    floor,
    gather,
    histc,
    histogram,
    hsplit,
    index_add,
    index_copy,
    index_fill,
    index_put,
    index_select,
    kthvalue,
    log,
    log1p,
    log2,
    log10,
    log_softmax,
    logcumsumexp,
    logsumexp,
    masked_fill,
    masked_scatter,
    masked_select,
    matmul,
    max,
    mean,
    median,
    min,
    mode,
    moveaxis,
    movedim,
    msort,
    mul,
    multinomial,
    multiply,
    nanmean,
    nanmedian,
    nanquantile,
    nansum,
    narrow,
    neg,
    negative,
    nonzero,
    norm,
    numel,
    permute,
    pow,
    prod,
    quantile,
    ravel,
    reciprocal,
    relu,
    reshape,
    roll,
    rot90,
    rsqrt,
    scatter,
    scatter_add,
    scatter_reduce,
    select,
    sigmoid,
    sign,
    sin,
    sinh,
    softmax,
    sort,
    split_with_sizes,
    sqrt,
    square,
    squeeze,
    std,
    sub,
    subtract,
    sum,
    swapaxes,
    swapdims,
    t,
    take,
    take_along_dim,
    tan,
    tanh,
    tensor_split,
    tile,
    topk,
    trace,
    transpose,
    tril,
    triu,
    true_divide,
    unbind,
    unflatten,
    unique,
    unique_consecutive,
    unsqueeze,
    var,
    vsplit,
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
from engine.tensor.places import (
    bucketize,
    searchsorted,
    tril_indices,
    triu_indices,
    where,
)
from engine.tensor.printing import get_printoptions, set_printoptions
from engine.tensor.sampling import (
    Generator,
    get_rng_state,
    manual_seed,
    normal,
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
from engine.tensor.statistics import cdist, isin, std_mean, trapezoid, var_mean
from engine.tensor.statistics import trapezoid as trapz
from engine.tensor.tensor import Tensor

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
_LATER = {"linalg", "metrics", "nn", "onnx", "optim", "testing", "utils"}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return import_module(f"engine.{name}")
    raise AttributeError(f"module 'engine' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
