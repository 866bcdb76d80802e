"""Calls with what NumPy or SciPy makes of them, and those of elementwise functions, activations and losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import special

import dualtape as dt

Reference = Callable[..., Any]
_draws = np.random.default_rng(7)


def numbers(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    """Short decimals between two bounds, all different, away from 0 and the bounds."""
    grid = np.arange(round(low * 100) + 5, round(high * 100) - 4) / 100
    grid = grid[np.abs(grid) > 0.05]
    return _draws.choice(grid, shape, replace=False)


def positive(*shape: int) -> np.ndarray:
    return numbers(*shape, low=0.2, high=4.0)


@dataclass(frozen=True)
class Case:
    """``function(*args, **kwargs)`` is ``reference(*args)``; arrays of floats are differentiated.

    ``condition`` is by how much the function amplifies rounding.
    """

    args: tuple[Any, ...]
    reference: Reference
    kwargs: dict[str, Any] = field(default_factory=dict)
    smooth: bool = True
    condition: float = 1.0


def convert(x: Any, dtype: type) -> Any:
    """Arrays as tensors, floats among them in ``dtype``; everything else as it is."""
    if isinstance(x, tuple):
        return tuple(convert(item, dtype) for item in x)
    if isinstance(x, np.ndarray):
        return dt.Tensor(x.astype(dtype) if x.dtype.kind == "f" else x)
    return x


def of(reference: Reference, *args: Any, smooth: bool = True, condition: float = 1.0, **kwargs: Any) -> Case:
    return Case(args, reference, kwargs, smooth, condition)


def unary(reference: Reference, low: float = -2.0, high: float = 2.0, smooth: bool = True) -> list[Case]:
    shapes: tuple[tuple[int, ...], ...] = ((2, 3), (), (0, 2))
    return [of(reference, numbers(*shape, low=low, high=high), smooth=smooth) for shape in shapes]


def binary(reference: Reference, low: float = -2.0, smooth: bool = True) -> list[Case]:
    shapes: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (((2, 3), (2, 3)), ((2, 1), (3,)), ((), (2,)))
    cases = [of(reference, numbers(*a, low=low), numbers(*b, low=low), smooth=smooth) for a, b in shapes]
    return [*cases, of(reference, positive(3), 1.5, smooth=smooth), of(reference, 2, positive(3), smooth=smooth)]


def _softmax_cross_entropy(x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return -special.log_softmax(x, axis=1)[np.arange(len(labels)), labels].mean()


def _huber(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    d = np.abs(a - b)
    return np.where(d <= 1, 0.5 * d * d, d - 0.5).mean()


_mask = np.array([[True, False, True], [False, False, True]])
_labels = np.array([0, 2, 1])
_bits = np.array([5, -3, 0, 12, 2**40])

CASES: dict[str, list[Case]] = {
    # Elementwise
    "abs": unary(np.abs),
    "acos": unary(np.arccos, -0.9, 0.9),
    "acosh": unary(np.arccosh, 1.2, 4.0),
    "add": binary(np.add),
    "asin": unary(np.arcsin, -0.9, 0.9),
    "asinh": unary(np.arcsinh),
    "atan": unary(np.arctan),
    "atan2": binary(np.arctan2),
    "atanh": unary(np.arctanh, -0.9, 0.9),
    "bitwise_and": [
        of(np.bitwise_and, _bits, _bits[::-1]),
        of(np.bitwise_and, _mask, ~_mask),
        of(np.bitwise_and, 6, _bits),
    ],
    "bitwise_left_shift": [of(np.left_shift, _bits, np.array([0, 1, 2, 63, 64])), of(np.left_shift, 1, np.arange(3))],
    "bitwise_not": [of(np.bitwise_not, _bits), of(np.bitwise_not, _mask)],
    "bitwise_or": [
        of(np.bitwise_or, _bits, _bits[::-1]),
        of(np.bitwise_or, _mask, _mask[0]),
        of(np.bitwise_or, _bits, -7),
    ],
    "bitwise_right_shift": [of(np.right_shift, _bits, np.array([0, 1, 2, 63, 64])), of(np.right_shift, _bits, 2)],
    "bitwise_xor": [of(np.bitwise_xor, _bits, _bits[::-1]), of(np.bitwise_xor, _mask, ~_mask)],
    "ceil": unary(np.ceil),
    "cos": unary(np.cos),
    "cosh": unary(np.cosh),
    "digamma": unary(special.digamma, 0.2, 4.0),
    "div": binary(np.divide, 0.2),
    "equal": [of(np.equal, np.array([1.0, 2.0]), np.array([1.0, 3.0])), of(np.equal, np.array([1.0, 2.0]), 2)],
    "erf": unary(special.erf),
    "erfc": unary(special.erfc),
    "exp": unary(np.exp),
    "exp2": unary(np.exp2),
    "expm1": unary(np.expm1),
    "floor": unary(np.floor),
    "floor_divide": binary(np.floor_divide, 0.2),
    "greater": binary(np.greater),
    "greater_equal": binary(np.greater_equal),
    "isfinite": [of(np.isfinite, np.array([1.0, np.inf, np.nan]), smooth=False)],
    "isinf": [of(np.isinf, np.array([1.0, -np.inf, np.nan]), smooth=False)],
    "isnan": [of(np.isnan, np.array([1.0, np.inf, np.nan]), smooth=False)],
    "less": binary(np.less),
    "less_equal": binary(np.less_equal),
    "lgamma": unary(special.gammaln, 0.2, 4.0),
    "log": unary(np.log, 0.2, 4.0),
    "log1p": unary(np.log1p, -0.8, 2.0),
    "log2": unary(np.log2, 0.2, 4.0),
    "logical_and": [of(np.logical_and, _mask, ~_mask), of(np.logical_and, _mask, np.array([0, 1, 2]))],
    "logical_not": [of(np.logical_not, _mask)],
    "logical_or": [of(np.logical_or, _mask, np.array([True, False, False]))],
    "logical_xor": [of(np.logical_xor, _mask, np.array([True, False, False]))],
    "maximum": binary(np.maximum),
    "minimum": binary(np.minimum),
    "mod": binary(np.mod, 0.2),
    "mul": binary(np.multiply),
    "neg": unary(np.negative),
    "not_equal": binary(np.not_equal),
    "pow": [
        *binary(np.power, 0.2),
        of(lambda x, p: x**p, numbers(3), 2),
        of(lambda x, p: x**p, numbers(3), 3),
        of(lambda x, p: x**p, numbers(3), 1),
        of(lambda x, p: x**p, numbers(3), 0),
        of(lambda x, p: x**p, numbers(3), -2),
    ],
    "reciprocal": unary(np.reciprocal, 0.2),
    "relu": unary(lambda x: np.maximum(x, 0)),
    "round": unary(np.rint),
    "rsqrt": unary(lambda x: 1 / np.sqrt(x), 0.2, 4.0),
    "sigmoid": unary(special.expit),
    "sign": unary(np.sign),
    "sin": unary(np.sin),
    "sinh": unary(np.sinh),
    "softplus": unary(lambda x: np.log1p(np.exp(x))),
    "sqrt": unary(np.sqrt, 0.2, 4.0),
    "square": unary(np.square),
    "sub": binary(np.subtract),
    "tan": unary(np.tan, -1.2, 1.2),
    "tanh": unary(np.tanh),
    "trunc": unary(np.trunc),
    # Activations and clipping
    "clamp": [
        of(lambda x: np.clip(x, -1, 1), numbers(2, 3), min=-1.0, max=1.0),
        of(lambda x: np.maximum(x, -1), numbers(2, 3), min=-1.0),
        of(lambda x: np.minimum(x, 1), numbers(2, 3), max=1.0),
    ],
    "clip_by_global_norm": [
        of(lambda x: tuple(a / np.sqrt(sum((b * b).sum() for b in x)) for a in x), (numbers(2, 3), numbers(2))),
        of(lambda x: x, (numbers(2) / 9, numbers(1) / 9)),
    ],
    "clip_by_norm": [
        of(lambda x, n: x * n / (np.sqrt((x * x).sum()) + 1e-6), numbers(2, 3), 0.5),
        of(lambda x, n: x, numbers(2, 3), 50.0),
    ],
    "clip_by_value": [of(lambda x, a, b: np.clip(x, a, b), numbers(2, 3), -1.0, 1.0)],
    "elu": unary(lambda x: np.where(x > 0, x, np.expm1(x))),
    "gelu": [
        *unary(lambda x: x * special.ndtr(x)),
        of(
            lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
            numbers(3),
            approximate="tanh",
        ),
    ],
    "hardtanh": unary(lambda x: np.clip(x, -1, 1)),
    "leaky_relu": [
        *unary(lambda x: np.where(x > 0, x, 0.2 * x)),
        of(lambda x: np.where(x > 0, x, 2 * x), numbers(4), alpha=2.0),
    ],
    "log_softmax": [of(lambda x, a=a: special.log_softmax(x, axis=a), numbers(2, 3), axis=a) for a in (-1, 0)],
    "relu6": unary(lambda x: np.clip(x, 0, 6), -2, 8),
    "selu": unary(lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))),
    "silu": unary(lambda x: x * special.expit(x)),
    "softmax": [of(lambda x, a=a: special.softmax(x, axis=a), numbers(2, 3), axis=a) for a in (-1, 0)],
    # Losses
    "cross_entropy": [of(_softmax_cross_entropy, numbers(3, 4), _labels)],
    "huber_loss": [of(_huber, numbers(2, 3), numbers(2, 3))],
    "l1_loss": [of(lambda a, b: np.abs(a - b).mean(), numbers(2, 3), numbers(2, 3))],
    "mse_loss": [
        of(lambda a, b: ((a - b) ** 2).mean(), numbers(2, 3), numbers(2, 3)),
        of(lambda a, b: (a - b) ** 2, numbers(2, 3), numbers(2, 3), reduction="none"),
        of(lambda a, b: ((a - b) ** 2).sum(), numbers(2, 3), numbers(2, 3), reduction="sum"),
    ],
    "smooth_l1_loss": [
        of(
            lambda a, b: np.where(np.abs(a - b) < 1, 0.5 * (a - b) ** 2, np.abs(a - b) - 0.5),
            numbers(2, 3),
            numbers(2, 3),
        )
    ],
}
