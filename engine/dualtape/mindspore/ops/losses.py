"""Losses as functions, under MindSpore's names; `reduction` is 'mean', 'sum' or 'none'."""

from __future__ import annotations

import math
from typing import Any

from dualtape import ops as o
from dualtape.errors import ArgumentError
from dualtape.mindspore.ops.tables import named


def reduced(loss: Any, reduction: str) -> Any:
    """The loss of all elements."""
    if reduction not in ("mean", "sum", "none"):
        raise ArgumentError(f"`reduction` must be 'mean', 'sum' or 'none', got {reduction!r}")
    return loss if reduction == "none" else o.mean(loss) if reduction == "mean" else o.sum(loss)


def _weighted(loss: Any, weight: Any) -> Any:
    return loss if weight is None else loss * weight


def binary_cross_entropy(logits: Any, labels: Any, weight: Any = None, reduction: str = "mean") -> Any:
    """The cross entropy of probabilities with labels from 0 to 1; a logarithm is at least -100."""
    log_p, log_q = o.maximum(o.log(logits), -100.0), o.maximum(o.log(1 - logits), -100.0)
    return reduced(_weighted(-(labels * log_p + (1 - labels) * log_q), weight), reduction)


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, reduction: str = "mean"
) -> Any:
    """The cross entropy of ``sigmoid(input)``, without overflow."""
    factor = 1.0 if pos_weight is None else 1 + (pos_weight - 1) * target
    # log(1 + exp(-x)), written for both signs of x.
    rest = o.log1p(o.exp(-o.abs(input))) + o.relu(-input)
    return reduced(_weighted((1 - target) * input + factor * rest, weight), reduction)


def nll_loss(
    inputs: Any, target: Any, weight: Any = None, ignore_index: int = -100, reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    """The negative of the logarithm of the probability of each target class, weighted."""
    classes = inputs.shape[1]
    chosen = o.one_hot(o.where(o.equal(target, ignore_index), 0, target), classes)
    chosen = chosen.astype(inputs.dtype)
    if inputs.ndim > 2:
        chosen = o.transpose(chosen, (0, chosen.ndim - 1, *range(1, chosen.ndim - 1)))
    wide = (1, classes) + (1,) * (inputs.ndim - 2)
    factors = o.ones((classes,), inputs.dtype) if weight is None else weight
    counted = o.not_equal(target, ignore_index).astype(inputs.dtype)
    of_target = o.sum(chosen * o.reshape(factors, wide), 1) * counted
    loss = -o.sum(inputs * chosen * o.reshape(factors, wide), 1) * counted
    if label_smoothing:
        smooth = -o.sum(inputs * o.reshape(factors, wide), 1) * counted
        loss = (1 - label_smoothing) * loss + label_smoothing / classes * smooth
    return o.sum(loss) / o.sum(of_target) if reduction == "mean" else reduced(loss, reduction)


def kl_div(logits: Any, labels: Any, reduction: str = "mean") -> Any:
    """``labels * (log(labels) - logits)``; 0 where a label is 0."""
    positive = labels > 0
    loss = o.where(positive, labels * (o.log(o.where(positive, labels, 1.0)) - logits), 0.0)
    if reduction == "batchmean":
        return o.sum(loss) / logits.shape[0]
    return reduced(loss, reduction)


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between vectors along ``dim``."""
    lengths = o.norm(x1, dim=dim) * o.norm(x2, dim=dim)
    return o.sum(x1 * x2, dim) / o.maximum(lengths, eps)


def gaussian_nll_loss(
    x: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Any:
    """The negative logarithm of a normal density of variance ``var``, at least ``eps``."""
    bounded = o.maximum(var, eps)
    loss = 0.5 * (o.log(bounded) + o.square(x - target) / bounded)
    return reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)


FUNCTIONS = named({
    "margin_ranking_loss": lambda input1, input2, target, margin=0.0, reduction="mean":
        reduced(o.maximum(-target * (input1 - input2) + margin, 0.0), reduction),
    "soft_margin_loss": lambda input, target, reduction="mean":
        reduced(o.log1p(o.exp(-target * input)), reduction),
})  # fmt: skip
FUNCTIONS |= {
    "binary_cross_entropy": binary_cross_entropy, "nll_loss": nll_loss, "kl_div": kl_div,
    "binary_cross_entropy_with_logits": binary_cross_entropy_with_logits, "cosine_similarity": cosine_similarity,
    "gaussian_nll_loss": gaussian_nll_loss,
}  # fmt: skip
