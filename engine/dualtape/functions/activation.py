"""Activations and clipping, made of the catalogue's primitives."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dualtape.core.interpreter import Value
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.functions.conversion import TensorLike, accumulating, as_tensor, cast_to, floating, read_axes, read_number
from dualtape.functions.elementwise import erfc, exp, expm1, maximum, minimum, relu, sigmoid
from dualtape.functions.indexing import where
from dualtape.functions.reduction import amax, shifted_logsumexp
from dualtape.functions.reduction import sum as sum_axes
from dualtape.functions.shape import stop_gradient

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "clamp", "clip", "clip_by_value", "elu", "gelu", "hardtanh", "leaky_relu", "log_softmax", "relu6", "selu", "silu",
    "softmax",
]  # fmt: skip


def leaky_relu(input: TensorLike, alpha: float = 0.2) -> Tensor:
    """x for positive x, else alpha x; at 0 the derivative is the mean of 1 and alpha."""
    x = floating("leaky_relu", input)
    alpha = read_number("leaky_relu", "alpha", alpha)
    return maximum(x, alpha * x) if alpha <= 1 else minimum(x, alpha * x)


def relu6(x: TensorLike) -> Tensor:
    """min(max(x, 0), 6); its derivative is 0 at 0 and 1 at 6."""
    x = as_tensor(x, "relu6", "x")
    return where(x > 6, 6, relu(x))


def hardtanh(input: TensorLike, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """x held between ``min_val`` and ``max_val``; at these its derivative is 1/2."""
    return minimum(maximum(floating("hardtanh", input), min_val), max_val)


def elu(input: TensorLike, alpha: float = 1.0) -> Tensor:
    """x for positive x, else alpha (exp(x) - 1)."""
    x = floating("elu", input)
    return where(x > 0, x, alpha * expm1(x))


def selu(input: TensorLike) -> Tensor:
    """Self-normalising ELU (Klambauer et al. 2017, arXiv:1706.02515, eq. 2)."""
    return 1.0507009873554805 * elu(input, 1.6732632423543772)


def silu(input: TensorLike) -> Tensor:
    """x sigmoid(x), also known as swish."""
    x = floating("silu", input)
    return x * sigmoid(x)


def gelu(input: TensorLike, approximate: str = "none") -> Tensor:
    """x times the normal distribution function at x: exact, or ``approximate='tanh'`` (arXiv:1606.08415)."""
    x = floating("gelu", input)
    if not isinstance(approximate, str):
        raise ArgumentTypeError(f"`approximate` of `gelu` must be a str, got {type(approximate).__name__}")
    if approximate == "none":
        return 0.5 * x * erfc(x * -math.sqrt(0.5))
    if approximate == "tanh":
        # (1 + tanh(t)) / 2 is sigmoid(2 t), which does not cancel for negative t.
        return x * sigmoid(math.sqrt(8 / math.pi) * (x + 0.044715 * x * x * x))
    raise ArgumentError(f"`approximate` of `gelu` must be 'none' or 'tanh', got {approximate!r}")


def softmax(input: TensorLike, axis: int = -1) -> Tensor:
    """exp(x) over its sum along ``axis``."""
    x = floating("softmax", input)
    if x.size == 0:
        read_axes("softmax", axis, x.ndim)
        return x
    powers = exp(accumulating(x) - stop_gradient(amax(x, axis, keepdims=True)))
    return cast_to(powers / sum_axes(powers, axis, keepdims=True), x.dtype)


def log_softmax(logits: TensorLike, axis: int = -1) -> Tensor:
    """The logarithm of :func:`softmax`, without cancellation."""
    x = floating("log_softmax", logits)
    wide = accumulating(x)
    shift, rest = shifted_logsumexp(wide, read_axes("log_softmax", axis, x.ndim))
    return cast_to((wide - shift) - rest, x.dtype)


def clamp(input: TensorLike, min: Any = None, max: Any = None) -> Tensor:
    """Elements held between ``min`` and ``max``; at a bound the derivative is 1."""
    x = as_tensor(input, "clamp")
    if min is None and max is None:
        raise ArgumentError("`clamp` needs `min`, `max` or both; got None for both")
    if min is not None:
        x = where(x < min, min, x)
    if max is not None:
        x = where(x > max, max, x)
    return x


clip = clamp


def clip_by_value(x: Any, clip_value_min: Any = None, clip_value_max: Any = None) -> Any:
    """Like :func:`clamp`, also for a tuple or list of tensors (gives a tuple); at a bound the derivative is 1/2."""
    if isinstance(x, (tuple, list)):
        return tuple(clip_by_value(item, clip_value_min, clip_value_max) for item in x)
    if not isinstance(x, Value):
        raise ArgumentTypeError(f"`x` of `clip_by_value` must be a Tensor or a tuple of them, got {type(x).__name__}")
    if clip_value_min is None and clip_value_max is None:
        raise ArgumentError(
            "For 'clip_by_value', at least one of 'clip_value_min' or 'clip_value_max' must not be None"
        )
    result: Any = x
    if clip_value_min is not None:
        result = maximum(result, clip_value_min)
    if clip_value_max is not None:
        result = minimum(result, clip_value_max)
    return result
