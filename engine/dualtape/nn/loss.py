"""Losses as cells."""

from __future__ import annotations

from typing import Any

from dualtape.cell import Cell
from dualtape.functions import loss
from dualtape.tensor import Tensor

__all__ = ["CrossEntropyLoss", "HuberLoss", "L1Loss", "LossBase", "MSELoss", "SmoothL1Loss"]


class LossBase(Cell):
    """The base of losses: how the loss of each element becomes one number.

    Parameters
    ----------
    reduction
        ``'mean'``, ``'sum'`` or ``'none'``.
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = loss.check_reduction(type(self).__name__, reduction)


class MSELoss(LossBase):
    """The squares of the differences between ``logits`` and ``labels``.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.nn.MSELoss()(dt.Tensor([1.0, 2.0]), dt.Tensor([1.0, 4.0])))
    2.0
    """

    def construct(self, logits: Tensor, labels: Tensor) -> Tensor:
        return loss.mse_loss(logits, labels, self.reduction)


class L1Loss(LossBase):
    """The absolute differences between ``logits`` and ``labels``."""

    def construct(self, logits: Tensor, labels: Tensor) -> Tensor:
        return loss.l1_loss(logits, labels, self.reduction)


class SmoothL1Loss(LossBase):
    """Quadratic for differences below ``beta``, linear beyond; not reduced by default, as in MindSpore."""

    def __init__(self, beta: float = 1.0, reduction: str = "none") -> None:
        super().__init__(reduction)
        self.beta = beta

    def construct(self, logits: Tensor, labels: Tensor) -> Tensor:
        return loss.smooth_l1_loss(logits, labels, self.beta, self.reduction)


class HuberLoss(LossBase):
    """Quadratic for differences up to ``delta``, linear with slope ``delta`` beyond."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = delta

    def construct(self, logits: Tensor, labels: Tensor) -> Tensor:
        return loss.huber_loss(logits, labels, self.reduction, self.delta)


class CrossEntropyLoss(LossBase):
    """The negative log-likelihood of classes under softmax(logits); see :func:`dualtape.ops.cross_entropy`."""

    def __init__(
        self,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self.class_weight = weight
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def construct(self, logits: Tensor, labels: Any) -> Tensor:
        return loss.cross_entropy(
            logits, labels, self.class_weight, self.ignore_index, self.reduction, self.label_smoothing
        )
