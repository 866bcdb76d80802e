"""Losses: distances between what was computed and what was wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtape.core.interpreter import Value
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from dualtape.functions import elementwise, reduction
from dualtape.functions.activation import log_softmax
from dualtape.functions.indexing import one_hot, where

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

REDUCTIONS = ("mean", "sum", "none")


def check_reduction(owner: str, how: Any) -> str:
    """``how`` if it names a reduction."""
    if not isinstance(how, str):
        raise ArgumentTypeError(f"For '{owner}', the 'reduction' must be str, but got {type(how).__name__}.")
    if how not in REDUCTIONS:
        raise ArgumentError(f"For '{owner}', the 'reduction' must be in {list(REDUCTIONS)}, but got {how}.")
    return how


def _reduced(owner: str, x: Tensor, how: str) -> Tensor:
    check_reduction(owner, how)
    if how == "none":
        return x
    return reduction.mean(x) if how == "mean" else reduction.sum(x)


def _difference(owner: str, input: Any, target: Any) -> Tensor:
    for name, value in (("input", input), ("target", target)):
        if not isinstance(value, Value):
            raise ArgumentTypeError(f"`{name}` of `{owner}` must be a Tensor, got {type(value).__name__}")
    return elementwise.sub(input, target)


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The squares of the differences: their mean, their sum, or all of them."""
    return _reduced("mse_loss", elementwise.square(_difference("mse_loss", input, target)), reduction)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The absolute differences: their mean, their sum, or all of them."""
    return _reduced("l1_loss", elementwise.abs(_difference("l1_loss", input, target)), reduction)


def smooth_l1_loss(input: Tensor, target: Tensor, beta: float = 1.0, reduction: str = "none") -> Tensor:
    """d^2 / (2 beta) where the difference d is below ``beta``, else abs(d) - beta / 2."""
    _require_positive("smooth_l1_loss", "beta", beta)
    d = _difference("smooth_l1_loss", input, target)
    size = elementwise.abs(d)
    return _reduced("smooth_l1_loss", where(size < beta, d * d * (0.5 / beta), size - 0.5 * beta), reduction)


def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """d^2 / 2 where the difference d is at most ``delta``, else delta (abs(d) - delta / 2)."""
    _require_positive("huber_loss", "delta", delta)
    d = _difference("huber_loss", input, target)
    size = elementwise.abs(d)
    return _reduced("huber_loss", where(size <= delta, 0.5 * (d * d), delta * (size - 0.5 * delta)), reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """The negative log-likelihood of classes under softmax(input).

    Parameters
    ----------
    input
        Logits of shape (N, C, ...), or (C,).
    target
        Class numbers of shape (N, ...), or probabilities of the shape of ``input``.
    weight
        A weight for each class; the mean is then a weighted one.
    ignore_index
        A class number whose elements count nothing.
    reduction
        ``'mean'``, ``'sum'`` or ``'none'``.
    label_smoothing
        How much of each target is spread evenly over all classes.
    """
    check_reduction("cross_entropy", reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise ArgumentError(f"`label_smoothing` of `cross_entropy` must be between 0 and 1, got {label_smoothing}")
    _difference_free = (("input", input), ("target", target))
    for name, value in _difference_free:
        if not isinstance(value, Value):
            raise ArgumentTypeError(f"`{name}` of `cross_entropy` must be a Tensor, got {type(value).__name__}")
    if input.ndim == 0:
        raise ShapeError("`input` of `cross_entropy` must have shape (N, C, ...) or (C,), got ()")
    axis = 0 if input.ndim == 1 else 1
    classes = input.shape[axis]
    weights: Any = 1.0
    if weight is not None:
        if weight.shape != (classes,):
            raise ShapeError(f"`weight` of `cross_entropy` must have shape ({classes},), got {weight.shape}")
        weights = weight.reshape(classes, *(1,) * (input.ndim - axis - 1))
    scores = log_softmax(input, axis)
    if target.dtype.is_integer:
        wanted_shape = input.shape[:axis] + input.shape[axis + 1 :]
        if target.shape != wanted_shape:
            raise ShapeError(
                f"`target` of `cross_entropy` holds class numbers; expected shape {wanted_shape} for logits of "
                f"shape {input.shape}, got {target.shape}"
            )
        wanted = one_hot(target, classes, axis=axis).astype(input.dtype) * weights
        counted = where(target == ignore_index, 0.0, reduction_sum(wanted, axis))
    elif target.shape == input.shape:
        if target.dtype is not input.dtype:
            raise DTypeError(f"`target` of `cross_entropy` is of {target.dtype}, `input` of {input.dtype}")
        wanted, counted = target * weights, None
    else:
        raise ShapeError(
            f"`target` of `cross_entropy` holds probabilities; expected the logits' shape {input.shape}, got {target.shape}"
        )
    losses = -reduction_sum(wanted * scores, axis)
    if label_smoothing:
        evenly = -reduction_sum(scores * weights, axis) / classes
        losses = (1 - label_smoothing) * losses + label_smoothing * evenly
    if counted is not None:
        losses = where(target == ignore_index, 0.0, losses)
        if reduction == "mean":
            return reduction_sum(losses) / reduction_sum(counted)
    elif reduction == "mean":
        return reduction_sum(losses) / max(losses.size, 1)
    return losses if reduction == "none" else reduction_sum(losses)


reduction_sum = reduction.sum


def _require_positive(owner: str, name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ArgumentTypeError(f"`{name}` of `{owner}` must be a number, got {type(value).__name__}")
    if not value > 0:
        raise ArgumentError(f"`{name}` of `{owner}` must be positive, got {value}")
