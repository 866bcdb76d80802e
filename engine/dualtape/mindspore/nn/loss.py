"""Losses of MindSpore's as cells that dualtape has not."""

from __future__ import annotations

from typing import Any

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentTypeError
from dualtape.mindspore.absent import refusal
from dualtape.mindspore.nn.face import get_loss
from dualtape.mindspore.nn.faces import *
from dualtape.mindspore.ops.function import FUNCTIONS

_f = FUNCTIONS


class MAELoss(LossBase):
    """The absolute differences."""

    def construct(self, logits: Any, labels: Any) -> Any:
        return get_loss(self, o.abs(logits - labels))


class RMSELoss(LossBase):
    """The root of the mean of the squares of the differences."""

    def __init__(self) -> None:
        super().__init__()

    def construct(self, logits: Any, labels: Any) -> Any:
        return o.sqrt(o.mean(o.square(logits - labels)))


class _WeightedLoss(LossBase):
    def __init__(self, weight: Any = None, reduction: str = "mean") -> None:
        super().__init__(reduction)
        if weight is not None and not isinstance(weight, dt.Tensor):
            raise ArgumentTypeError(
                f"`weight` of `{type(self).__name__}` must be a Tensor, got {type(weight).__name__}"
            )
        self.weight = weight


class BCELoss(_WeightedLoss):
    """The cross entropy of probabilities with labels from 0 to 1."""

    def construct(self, logits: Any, labels: Any) -> Any:
        return _f["binary_cross_entropy"](logits, labels, self.weight, self.reduction)


class BCEWithLogitsLoss(_WeightedLoss):
    """The cross entropy of ``sigmoid(logits)`` with labels from 0 to 1."""

    def __init__(self, reduction: str = "mean", weight: Any = None, pos_weight: Any = None) -> None:
        super().__init__(weight, reduction)
        self.pos_weight = pos_weight

    def construct(self, logits: Any, labels: Any) -> Any:
        return _f["binary_cross_entropy_with_logits"](logits, labels, self.weight, self.pos_weight, self.reduction)


class NLLLoss(_WeightedLoss):
    """The negative of the logarithm of the probability of each target class."""

    def __init__(self, weight: Any = None, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__(weight, reduction)
        self.ignore_index = ignore_index

    def construct(self, logits: Any, labels: Any) -> Any:
        return _f["nll_loss"](logits, labels, self.weight, self.ignore_index, self.reduction)


class SoftmaxCrossEntropyWithLogits(LossBase):
    """The cross entropy of ``softmax(logits)`` with classes (``sparse``) or with probabilities of all classes."""

    def __init__(self, sparse: bool = False, reduction: str = "none") -> None:
        super().__init__(reduction)
        self.sparse = sparse

    def construct(self, logits: Any, labels: Any) -> Any:
        wanted = o.one_hot(labels, logits.shape[-1]).astype(logits.dtype) if self.sparse else labels
        return get_loss(self, -o.sum(wanted * o.log_softmax(logits, -1), -1))


class KLDivLoss(LossBase):
    """``labels * (log(labels) - logits)``."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__("mean" if reduction == "batchmean" else reduction)
        self.reduction = reduction

    def construct(self, logits: Any, labels: Any) -> Any:
        return _f["kl_div"](logits, labels, self.reduction)


class SoftMarginLoss(LossBase):
    """``log(1 + exp(-labels * logits))``."""

    def construct(self, logits: Any, labels: Any) -> Any:
        return _f["soft_margin_loss"](logits, labels, self.reduction)


class MarginRankingLoss(LossBase):
    """``max(0, -target * (input1 - input2) + margin)``."""

    def __init__(self, margin: float = 0.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def construct(self, input1: Any, input2: Any, target: Any) -> Any:
        return _f["margin_ranking_loss"](input1, input2, target, self.margin, self.reduction)


class GaussianNLLLoss(LossBase):
    """The negative logarithm of a normal density."""

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.full, self.eps = full, eps

    def construct(self, logits: Any, labels: Any, var: Any) -> Any:
        return _f["gaussian_nll_loss"](logits, labels, var, self.full, self.eps, self.reduction)


__getattr__ = refusal(__name__)
