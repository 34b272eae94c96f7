"""The only door to the compiled kernels of csrc/: checks, dtypes, strides, and the NumPy fallback.

One idea: every function here exists twice, compiled and in plain NumPy, with one contract, and the
callers cannot tell which they got except by the clock (and by the last bit or two of a float).
Which one is live is settled once, at import, and `backend()` says it. Environment variables:

    ENGINE_PURE=1          use NumPy even where the compiled kernels are there
    ENGINE_REQUIRE_EXT=1   refuse to import without them
    ENGINE_ISA=avx2        use no richer instructions: portable, avx2, avx512
    ENGINE_NUM_THREADS=4   how many threads the compiled kernels may use

It is *not* a place for mathematics or for derivatives (those are in engine/ops), and it knows
nothing of Tensor. It imports NumPy and nothing else of engine.
"""

from importlib import import_module
from typing import Any

from engine.kernels.elementwise import erf, erf_reference, exp, log, log1p, sigmoid, tanh
from engine.kernels.ladder import ladder
from engine.kernels.loading import backend, backend_reason, instruction_set, limit_instruction_set
from engine.kernels.matmul import matmul, matmul_reference
from engine.kernels.threads import get_num_threads, set_num_threads

# What the scalar engine does without is read in when it is first asked for: the fewer objects there
# are, the less a garbage collection costs, and one comes every few thousand Values. `matmul` and
# `ladder` are not among it: their modules have the same names, and whoever comes last would win.
# Nor is `threads`: reading it in tells the kernels how many they may use.
_LATER = {
    "convolution": (
        "ConvolutionError",
        "convolve",
        "convolve_reference",
        "convolve_to_bias",
        "convolve_to_bias_reference",
        "convolve_to_input",
        "convolve_to_input_reference",
        "convolve_to_weight",
        "convolve_to_weight_reference",
    ),
    "fused": (
        "bias_relu_backward",
        "bias_relu_backward_reference",
        "cross_entropy",
        "cross_entropy_backward",
        "cross_entropy_backward_reference",
        "cross_entropy_reference",
        "layer_norm",
        "layer_norm_backward",
        "layer_norm_backward_reference",
        "layer_norm_reference",
        "log_softmax",
        "log_softmax_backward",
        "log_softmax_backward_reference",
        "log_softmax_reference",
        "relu",
        "relu_backward",
        "relu_backward_reference",
        "relu_reference",
        "softmax",
        "softmax_backward",
        "softmax_backward_reference",
        "softmax_reference",
    ),
    "fused_losses": (
        "are_shares",
        "binary_cross_entropy",
        "binary_cross_entropy_backward",
        "binary_cross_entropy_backward_reference",
        "binary_cross_entropy_reference",
        "binary_cross_entropy_with_logits",
        "binary_cross_entropy_with_logits_backward",
        "binary_cross_entropy_with_logits_backward_reference",
        "binary_cross_entropy_with_logits_reference",
        "squared_error",
        "squared_error_backward",
        "squared_error_backward_reference",
        "squared_error_reference",
    ),
    "draws": ("binomial", "library_function", "poisson", "shuffled"),
    "normal": ("normal_blocks", "random_words"),
    "fused_curves": (
        "gelu",
        "gelu_backward",
        "gelu_backward_reference",
        "gelu_reference",
        "lstm_step",
        "lstm_step_backward",
        "lstm_step_backward_reference",
        "lstm_step_reference",
    ),
    "fused_steps": (
        "adam_step",
        "adam_step_reference",
        "adam_steps",
        "sgd_step",
        "sgd_step_reference",
        "sgd_steps",
    ),
    "fused_sums": (
        "mean",
        "mean_reference",
        "sum_",
        "sum_reference",
    ),
    "running": (
        "product",
        "product_reference",
        "running_extreme",
        "running_extreme_reference",
        "running_product",
        "running_product_reference",
        "running_sum",
        "running_sum_reference",
    ),
    "pooling": (
        "average_pool",
        "average_pool_backward",
        "average_pool_backward_reference",
        "average_pool_reference",
        "max_pool",
        "max_pool_backward",
        "max_pool_backward_reference",
        "max_pool_reference",
    ),
}
_WHERE = {name: module for module, names in _LATER.items() for name in names}

__all__ = [
    "ConvolutionError",
    "adam_step",
    "adam_step_reference",
    "adam_steps",
    "are_shares",
    "average_pool",
    "average_pool_backward",
    "average_pool_backward_reference",
    "average_pool_reference",
    "backend",
    "backend_reason",
    "bias_relu_backward",
    "bias_relu_backward_reference",
    "binary_cross_entropy",
    "binary_cross_entropy_backward",
    "binary_cross_entropy_backward_reference",
    "binary_cross_entropy_reference",
    "binary_cross_entropy_with_logits",
    "binary_cross_entropy_with_logits_backward",
    "binary_cross_entropy_with_logits_backward_reference",
    "binary_cross_entropy_with_logits_reference",
    "convolve",
    "convolve_reference",
    "convolve_to_bias",
    "convolve_to_bias_reference",
    "convolve_to_input",
    "convolve_to_input_reference",
    "convolve_to_weight",
    "convolve_to_weight_reference",
    "cross_entropy",
    "cross_entropy_backward",
    "cross_entropy_backward_reference",
    "cross_entropy_reference",
    "erf",
    "erf_reference",
    "exp",
    "gelu",
    "gelu_backward",
    "gelu_backward_reference",
    "gelu_reference",
    "get_num_threads",
    "instruction_set",
    "ladder",
    "layer_norm",
    "layer_norm_backward",
    "layer_norm_backward_reference",
    "layer_norm_reference",
    "library_function",
    "limit_instruction_set",
    "log",
    "log1p",
    "log_softmax",
    "log_softmax_backward",
    "log_softmax_backward_reference",
    "log_softmax_reference",
    "lstm_step",
    "lstm_step_backward",
    "lstm_step_backward_reference",
    "lstm_step_reference",
    "matmul",
    "matmul_reference",
    "max_pool",
    "max_pool_backward",
    "max_pool_backward_reference",
    "max_pool_reference",
    "mean",
    "mean_reference",
    "normal_blocks",
    "poisson",
    "product",
    "product_reference",
    "random_words",
    "relu",
    "relu_backward",
    "relu_backward_reference",
    "relu_reference",
    "running_extreme",
    "running_extreme_reference",
    "running_product",
    "running_product_reference",
    "running_sum",
    "running_sum_reference",
    "set_num_threads",
    "sgd_step",
    "sgd_step_reference",
    "sgd_steps",
    "shuffled",
    "sigmoid",
    "softmax",
    "softmax_backward",
    "softmax_backward_reference",
    "softmax_reference",
    "squared_error",
    "squared_error_backward",
    "squared_error_backward_reference",
    "squared_error_reference",
    "sum_",
    "sum_reference",
    "tanh",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"engine.kernels has no {name!r}")
    found = getattr(import_module(f"engine.kernels.{_WHERE[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
