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
from engine.tensor.creation import tensor
from engine.tensor.device import device, get_default_device, set_default_device
from engine.tensor.functions import (
    abs,
    absolute,
    acos,
    acosh,
    add,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctanh,
    asin,
    asinh,
    atan,
    atanh,
    ceil,
    cos,
    cosh,
    div,
    divide,
    erf,
    exp,
    expm1,
    floor,
    log,
    log1p,
    log2,
    log10,
    matmul,
    mean,
    mul,
    multiply,
    neg,
    negative,
    pow,
    reciprocal,
    relu,
    reshape,
    rsqrt,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    squeeze,
    sub,
    subtract,
    sum,
    t,
    tan,
    tanh,
    transpose,
    true_divide,
    unsqueeze,
)
from engine.tensor.printing import get_printoptions, set_printoptions
from engine.tensor.size import Size
from engine.tensor.tensor import Tensor

__version__ = "0.1.0"
