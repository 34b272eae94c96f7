"""Layers as functions: `torch.nn.functional`."""

from engine.nn.functional.activation import (
    celu,
    celu_,
    elu,
    elu_,
    gelu,
    glu,
    gumbel_softmax,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    hardtanh_,
    leaky_relu,
    leaky_relu_,
    log_softmax,
    logsigmoid,
    mish,
    prelu,
    relu,
    relu6,
    relu_,
    rrelu,
    rrelu_,
    selu,
    selu_,
    sigmoid,
    silu,
    softmax,
    softmin,
    softplus,
    softshrink,
    softsign,
    tanh,
    tanhshrink,
    threshold,
    threshold_,
)
from engine.nn.functional.adaptive import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
    lp_pool1d,
    lp_pool2d,
    lp_pool3d,
    max_unpool1d,
    max_unpool2d,
    max_unpool3d,
)
from engine.nn.functional.attention import (
    multi_head_attention_forward,
    scaled_dot_product_attention,
)
from engine.nn.functional.class_loss import (
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
)
from engine.nn.functional.convolution import (
    conv1d,
    conv2d,
    conv_transpose1d,
    conv_transpose2d,
)
from engine.nn.functional.distance_loss import (
    cosine_embedding_loss,
    cosine_similarity,
    gaussian_nll_loss,
    hinge_embedding_loss,
    huber_loss,
    kl_div,
    margin_ranking_loss,
    pairwise_distance,
    pdist,
    poisson_nll_loss,
    smooth_l1_loss,
    soft_margin_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from engine.nn.functional.dropout import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
)
from engine.nn.functional.embedding import embedding, embedding_bag, one_hot
from engine.nn.functional.fractional import fractional_max_pool2d, fractional_max_pool3d
from engine.nn.functional.grid import affine_grid, grid_sample
from engine.nn.functional.linear import bilinear, linear
from engine.nn.functional.loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    l1_loss,
    mse_loss,
    nll_loss,
)
from engine.nn.functional.normalization import (
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    local_response_norm,
    normalize,
    rms_norm,
)
from engine.nn.functional.padding import (
    pad,
)
from engine.nn.functional.pooling import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
from engine.nn.functional.sequence_loss import ctc_loss
from engine.nn.functional.vision import (
    interpolate,
    upsample,
    upsample_bilinear,
    upsample_nearest,
)
from engine.nn.functional.volume import (
    avg_pool3d,
    conv3d,
    conv_transpose3d,
    max_pool3d,
)
from engine.nn.functional.windows import (
    channel_shuffle,
    fold,
    pixel_shuffle,
    pixel_unshuffle,
    unfold,
)
