"""MindSpore's first values: dualtape's, and four distributions more."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError
from dualtape.initializer import Constant as Constant
from dualtape.initializer import HeNormal as HeNormal
from dualtape.initializer import HeUniform as HeUniform
from dualtape.initializer import Initializer as Initializer
from dualtape.initializer import Normal as Normal
from dualtape.initializer import One as One
from dualtape.initializer import TruncatedNormal as TruncatedNormal
from dualtape.initializer import Uniform as Uniform
from dualtape.initializer import XavierNormal as XavierNormal
from dualtape.initializer import XavierUniform as XavierUniform
from dualtape.initializer import Zero as Zero
from dualtape.initializer import initializer as _initializer
from dualtape.mindspore.absent import refusal
from dualtape.mindspore.additions import add_missing


def initializer(init: Any, shape: Any = None, dtype: Any = dt.float32) -> dt.Tensor:
    """A tensor of first values: of an Initializer, its name, a number, or a class of initializers as MindSpore allows.

    Examples
    --------
    >>> from dualtape.mindspore.common.initializer import initializer, One
    >>> print(initializer(One(), [2]), initializer("zeros", [2]))
    [1. 1.] [0. 0.]
    """
    made = init() if callable(init) and not isinstance(init, (Initializer, dt.Tensor)) else init
    return _initializer(made, shape, dt.float32 if dtype is None else dtype)


def Identity() -> Initializer:
    """The unit matrix."""

    def draw(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) != 2:
            raise ArgumentError(f"`Identity` initializes matrices, got shape {shape}")
        return np.eye(*shape)

    return Initializer(draw)


def Orthogonal(gain: float = 1.0) -> Initializer:
    """``gain`` times rows or columns that are orthogonal to each other and of length 1 (Saxe et al. 2014)."""

    def draw(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) < 2:
            raise ArgumentError(f"`Orthogonal` initializes tensors of two axes or more, got shape {shape}")
        rows, columns = shape[0], math.prod(shape[1:])
        flat = random.normal(size=(max(rows, columns), min(rows, columns)))
        factor, triangle = np.linalg.qr(flat)
        factor = factor * np.sign(np.diag(triangle))
        return gain * (factor if rows >= columns else factor.T).reshape(shape)

    return Initializer(draw)


def VarianceScaling(scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal") -> Initializer:
    """Variance ``scale / fan``, the fan being that of the inputs, of the outputs or their mean."""
    sides: dict[str, Callable[[int, int], float]] = {
        "fan_in": lambda i, o: i, "fan_out": lambda i, o: o, "fan_avg": lambda i, o: (i + o) / 2
    }  # fmt: skip
    if scale <= 0 or mode not in sides or distribution not in ("uniform", "truncated_normal", "untruncated_normal"):
        raise ArgumentError(
            "`VarianceScaling` needs a positive scale, a mode of fan_in, fan_out and fan_avg, and a distribution of "
            f"uniform, truncated_normal and untruncated_normal; got {scale}, {mode!r}, {distribution!r}"
        )

    def draw(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        rest = math.prod(shape[2:])
        inputs, outputs = (shape[1] if len(shape) > 1 else shape[0]) * rest, shape[0] * rest
        variance = scale / max(1.0, sides[mode](inputs, outputs))
        if distribution == "uniform":
            return Uniform(math.sqrt(3 * variance)).draw(random, shape)
        if distribution == "untruncated_normal":
            return Normal(math.sqrt(variance)).draw(random, shape)
        # The standard deviation of a normal distribution that is cut off at two of its own.
        return TruncatedNormal(math.sqrt(variance) / 0.87962566103423978).draw(random, shape)

    return Initializer(draw)


def _initialize(self: Initializer, arr: np.ndarray) -> None:
    """Fill ``arr``, as MindSpore's initializers do."""
    arr[...] = self.draw(dt.random.generator(), arr.shape)


add_missing(Initializer, {"_initialize": _initialize})
__getattr__ = refusal(__name__)
