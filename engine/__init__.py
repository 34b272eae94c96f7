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

from engine import autograd, backends, cuda, random, scalar
from engine.autograd import (
    detect_anomaly,
    enable_grad,
    grad,
    no_grad,
    set_grad_enabled,
)
from engine.core.modes import is_grad_enabled
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
from engine.scalar.functions import dot, where
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
    asin,
    asinh,
    atan,
    atanh,
    bernoulli,
    bincount,
    ceil,
    corrcoef,
    cos,
    cosh,
    count_nonzero,
    cov,
    cummax,
    cummin,
    cumprod,
    cumsum,
    diff,
    dist,
    div,
    divide,
    erf,
    exp,
    expm1,
    floor,
    histc,
    histogram,
    kthvalue,
    log,
    log1p,
    log2,
    log10,
    log_softmax,
    logcumsumexp,
    logsumexp,
    matmul,
    max,
    mean,
    median,
    min,
    mode,
    msort,
    mul,
    multinomial,
    multiply,
    nanmean,
    nanmedian,
    nanquantile,
    nansum,
    neg,
    negative,
    norm,
    pow,
    prod,
    quantile,
    reciprocal,
    relu,
    reshape,
    rsqrt,
    sigmoid,
    sign,
    sin,
    sinh,
    softmax,
    sort,
    sqrt,
    square,
    squeeze,
    std,
    sub,
    subtract,
    sum,
    t,
    tan,
    tanh,
    topk,
    trace,
    transpose,
    true_divide,
    unique,
    unique_consecutive,
    unsqueeze,
    var,
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
