"""How far one distribution is from another: the Kullback-Leibler divergence."""

from __future__ import annotations

import math
from typing import Any

from engine.distributions.categorical import Categorical, paired
from engine.distributions.normal import Normal
from engine.tensor.tensor import Tensor


def kl_divergence(p: Any, q: Any) -> Tensor:
    """The mean, under p, of log p - log q, in nats: of two Normals or two Categoricals.

    Raises:
        NotImplementedError: for any other pair.
    """
    if isinstance(p, Normal) and isinstance(q, Normal):
        ratio = (p.scale / q.scale).square()
        off = ((p.loc - q.loc) / q.scale).square()
        return 0.5 * (ratio + off - 1 - ratio.log())
    if isinstance(p, Categorical) and isinstance(q, Categorical):
        p_probs, p_logits, q_probs, q_logits = paired(p, q)
        terms = p_probs * (p_logits - q_logits)
        terms = terms.masked_fill(q_probs == 0, math.inf).masked_fill(p_probs == 0, 0.0)
        return terms.sum(-1)
    raise NotImplementedError(
        f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}"
    )
