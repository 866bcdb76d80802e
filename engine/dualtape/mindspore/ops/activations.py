"""Activations under MindSpore's names, and what drops elements at random."""

from __future__ import annotations

from typing import Any

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentError
from dualtape.mindspore.common.seed import stream_of
from dualtape.mindspore.ops.arithmetic import require_floats
from dualtape.mindspore.ops.random import require_no_tracing
from dualtape.mindspore.ops.tables import named


def dropout(input: Any, p: float = 0.5, training: bool = True, seed: int | None = None) -> Any:
    """Zeros in the place of elements, with probability ``p``; the others are larger by ``1 / (1 - p)``."""
    x = require_floats("dropout", input)
    if not 0 <= p <= 1:
        raise ArgumentError(f"`p` of `dropout` must be from 0 to 1, got {p}")
    if not training or p == 0:
        return x
    if p == 1:
        return x * 0
    require_no_tracing("dropout")
    kept = stream_of(seed).random(x.shape) >= p
    return x * dt.Tensor(kept.astype(x.dtype.numpy) / x.dtype.numpy.type(1 - p))


def layer_norm(input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Mean 0 and variance 1 over the last axes, which have ``normalized_shape``; then ``weight`` and ``bias``."""
    count = len(normalized_shape) if isinstance(normalized_shape, (tuple, list)) else 1
    x = normalized(input, tuple(range(input.ndim - count, input.ndim)), eps)
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def normalized(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    """``(x - mean) / sqrt(variance + eps)`` over ``axes``."""
    centred = x - o.mean(x, axes, keepdims=True)
    return centred / o.sqrt(o.mean(o.square(centred), axes, keepdims=True) + eps)


def rms_norm(x: Any, gamma: Any, epsilon: float = 1e-6) -> Any:
    """``x`` over the root of its mean square along the axes of ``gamma``, times ``gamma``; with the factor."""
    axes = tuple(range(x.ndim - gamma.ndim, x.ndim))
    factor = o.rsqrt(o.mean(o.square(x), axes, keepdims=True) + epsilon)
    return x * factor * gamma, factor


def _prelu(x: Any, weight: Any) -> Any:
    slope = o.reshape(weight, (-1, *(1,) * (x.ndim - 2))) if weight.size > 1 and x.ndim > 1 else weight
    return o.where(x > 0, x, slope * x)


def _glu(x: Any, axis: int) -> Any:
    first, second = o.split(x, x.shape[axis] // 2, axis)
    return first * o.sigmoid(second)


FUNCTIONS = named({
    "celu": lambda x, alpha=1.0: o.maximum(x, 0.0) + o.minimum(alpha * o.expm1(x / alpha), 0.0),
    "fast_gelu": lambda x: x * o.sigmoid(1.702 * x),
    "glu": lambda x, axis=-1: _glu(x, axis),
    "hardshrink": lambda input, lambd=0.5: o.where(o.abs(input) > lambd, input, 0.0),
    "hardsigmoid": lambda input: o.clamp(input + 3.0, 0.0, 6.0) / 6.0,
    "hardswish": lambda input: input * (o.clamp(input + 3.0, 0.0, 6.0) / 6.0),
    "logsigmoid": lambda x: -o.softplus(-x),
    "mish": lambda x: x * o.tanh(o.softplus(x)),
    "prelu": lambda input, weight: _prelu(input, weight),
    "softmin": lambda x, axis=-1: o.softmax(-x, axis),
    "softshrink": lambda input, lambd=0.5:
        o.where(input > lambd, input - lambd, o.where(input < -lambd, input + lambd, 0.0)),
    "softsign": lambda x: x / (1.0 + o.abs(x)),
    "tanhshrink": lambda input: input - o.tanh(input),
    "threshold": lambda input, thr, value: o.where(input > thr, input, value),
})  # fmt: skip
FUNCTIONS |= {
    "dropout": dropout, "layer_norm": layer_norm, "rms_norm": rms_norm, "soft_shrink": FUNCTIONS["softshrink"],
}  # fmt: skip
