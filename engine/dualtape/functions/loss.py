"""Losses: distances between what was computed and what was wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dualtape.core.interpreter import Value
from dualtape.dtypes import promote
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError, TensorIndexError
from dualtape.functions import elementwise
from dualtape.functions.activation import log_softmax
from dualtape.functions.conversion import accumulating, cast_to, read_int, read_positive, read_real
from dualtape.functions.indexing import one_hot, where
from dualtape.functions.reduction import mean
from dualtape.functions.reduction import sum as sum_over

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = ["cross_entropy", "huber_loss", "l1_loss", "mse_loss", "smooth_l1_loss"]

REDUCTIONS = ("mean", "sum", "none")


def check_reduction(owner: str, how: Any) -> str:
    """``how`` if it names a reduction."""
    if not isinstance(how, str):
        raise ArgumentTypeError(f"For '{owner}', the 'reduction' must be str, but got {type(how).__name__}.")
    if how not in REDUCTIONS:
        raise ArgumentError(f"For '{owner}', the 'reduction' must be in {list(REDUCTIONS)}, but got {how}.")
    return how


def _of_differences(owner: str, loss: Callable[[Tensor], Tensor], input: Any, target: Any, how: str) -> Tensor:
    """``loss`` of each difference, of complex ones of its magnitude, reduced.

    Those of Float16 in Float32, for squares and sums to have room.
    """
    _require_tensors(owner, input=input, target=target)
    check_reduction(owner, how)
    difference = elementwise.sub(input, target)
    if difference.dtype.is_complex:
        difference = elementwise.abs(difference)
    losses = loss(accumulating(difference))
    if how != "none":
        losses = mean(losses) if how == "mean" else sum_over(losses)
    return cast_to(losses, difference.dtype) if difference.dtype.is_float else losses


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The squares of the differences: their mean, their sum, or all of them."""
    return _of_differences("mse_loss", elementwise.square, input, target, reduction)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The absolute differences: their mean, their sum, or all of them."""
    return _of_differences("l1_loss", elementwise.abs, input, target, reduction)


def smooth_l1_loss(input: Tensor, target: Tensor, beta: float = 1.0, reduction: str = "none") -> Tensor:
    """d^2 / (2 beta) where the difference d is below ``beta``, else abs(d) - beta / 2."""
    read_positive("smooth_l1_loss", "beta", beta)

    def loss(d: Tensor) -> Tensor:
        size = elementwise.abs(d)
        return where(size < beta, d * d * (0.5 / beta), size - 0.5 * beta)

    return _of_differences("smooth_l1_loss", loss, input, target, reduction)


def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """d^2 / 2 where the difference d is at most ``delta``, else delta (abs(d) - delta / 2)."""
    read_positive("huber_loss", "delta", delta)

    def loss(d: Tensor) -> Tensor:
        size = elementwise.abs(d)
        return where(size <= delta, 0.5 * (d * d), delta * (size - 0.5 * delta))

    return _of_differences("huber_loss", loss, input, target, reduction)


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
    ignore_index = read_int("cross_entropy", "ignore_index", ignore_index)
    label_smoothing = read_real("cross_entropy", "label_smoothing", label_smoothing)
    if not 0.0 <= label_smoothing <= 1.0:
        raise ArgumentError(f"`label_smoothing` of `cross_entropy` must be between 0 and 1, got {label_smoothing}")
    _require_tensors("cross_entropy", input=input, target=target, **({} if weight is None else {"weight": weight}))
    if input.ndim == 0:
        raise ShapeError("`input` of `cross_entropy` must have shape (N, C, ...) or (C,), got ()")
    axis = 0 if input.ndim == 1 else 1
    classes = input.shape[axis]
    weights: Any = 1.0
    if weight is not None:
        if weight.shape != (classes,):
            raise ShapeError(f"`weight` of `cross_entropy` must have shape ({classes},), got {weight.shape}")
        weights = weight.reshape(classes, *(1,) * (input.ndim - axis - 1))
    wanted, ignored = _read_target(input, target, axis, ignore_index)
    given = input.dtype if weight is None else promote(input.dtype, weight.dtype)
    wanted = accumulating(wanted)
    scores = log_softmax(accumulating(input), axis) * weights
    losses = -sum_over(wanted * scores, axis)
    if label_smoothing:
        evenly = -sum_over(scores, axis) / classes
        losses = (1 - label_smoothing) * losses + label_smoothing * evenly
    if ignored is not None:
        losses = where(ignored, 0.0, losses)
    size: Any = max(losses.size, 1)
    if reduction != "none":
        losses = sum_over(losses)
    if reduction == "mean":
        if ignored is not None:
            size = sum_over(where(ignored, 0.0, sum_over(wanted * weights, axis)))
        losses = losses / size
    return cast_to(losses, given)


def _read_target(input: Tensor, target: Tensor, axis: int, ignore_index: int) -> tuple[Tensor, Tensor | None]:
    """The probability that is wanted of each class, and which elements are ignored, if they are class numbers."""
    if target.dtype.is_integer:
        expected = input.shape[:axis] + input.shape[axis + 1 :]
        if target.shape != expected:
            raise ShapeError(
                f"`target` of `cross_entropy` holds class numbers; expected shape {expected} for logits of "
                f"shape {input.shape}, got {target.shape}"
            )
        _check_classes(target, input.shape[axis], ignore_index)
        return one_hot(target, input.shape[axis], axis=axis).astype(input.dtype), target == ignore_index
    if target.shape != input.shape:
        raise ShapeError(
            f"`target` of `cross_entropy` holds probabilities; expected the shape of `input`, {input.shape}, "
            f"got {target.shape}"
        )
    if target.dtype is not input.dtype:
        raise DTypeError(f"`target` of `cross_entropy` is of {target.dtype}, `input` of {input.dtype}")
    return target, None


def _check_classes(target: Tensor, classes: int, ignore_index: int) -> None:
    """Refuse class numbers that no logit has: they would count nothing. Those that are traced are not known yet."""
    if target.level.depth:
        return
    numbers = target.asnumpy()
    outside = numbers[(numbers != ignore_index) & ((numbers < 0) | (numbers >= classes))]
    if outside.size:
        raise TensorIndexError(
            f"`target` of `cross_entropy` holds the class {outside[0]}; expected 0 to {classes - 1}, "
            f"or `ignore_index`, which is {ignore_index}"
        )


def _require_tensors(owner: str, **values: Any) -> None:
    for name, value in values.items():
        if not isinstance(value, Value):
            raise ArgumentTypeError(f"`{name}` of `{owner}` must be a Tensor, got {type(value).__name__}")
