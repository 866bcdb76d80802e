"""MindSpore's first values: dualtape's, and three distributions more."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import initializer as _own
from dualtape.errors import ArgumentError
from dualtape.mindspore.common.numpy_stream import from_numpys_stream
from dualtape.mindspore.common.standing import StandingFor


class Initializer(_own.Initializer, metaclass=StandingFor):
    """The base of first values: a subclass fills an array in ``_initialize(arr)``.

    All initializers of dualtape count as its instances.
    """

    stands_for = _own.Initializer

    def __init__(self, draw: _own.Draw | None = None, **kwargs: Any) -> None:
        super().__init__(self._drawn if draw is None else draw)

    def _initialize(self, arr: np.ndarray) -> None:
        if self.draw == self._drawn:
            raise NotImplementedError(f"{type(self).__name__} must define `_initialize`, which fills an array")
        arr[...] = self.draw(from_numpys_stream(), arr.shape)

    def _drawn(self, random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        array = np.zeros(shape)
        self._initialize(array)
        return array


def _of(distribution: Callable[..., _own.Initializer]) -> Callable[..., Initializer]:
    """dualtape's distribution, as MindSpore's programs make it."""

    @wraps(distribution)
    def make(*args: Any, **kwargs: Any) -> Initializer:
        return Initializer(distribution(*args, **kwargs).draw)

    return make


Constant = _of(_own.Constant)
HeNormal = _of(_own.HeNormal)
HeUniform = _of(_own.HeUniform)
Normal = _of(_own.Normal)
One = _of(_own.One)
Uniform = _of(_own.Uniform)
XavierNormal = _of(_own.XavierNormal)
XavierUniform = _of(_own.XavierUniform)
Zero = _of(_own.Zero)


def initializer(init: Any, shape: Any = None, dtype: Any = dt.float32) -> dt.Tensor:
    """A tensor of first values: of an Initializer, its name, a number, or a class of initializers."""
    made = named(init)
    if callable(made) and not isinstance(made, (_own.Initializer, dt.Tensor)):
        made = made()
    return _own.initializer(made, shape, dt.float32 if dtype is None else dtype, seed=from_numpys_stream())


def TruncatedNormal(sigma: float = 0.01, mean: float = 0.0, a: float = -2.0, b: float = 2.0) -> Initializer:
    """A normal distribution that is cut off at ``a`` and ``b``: these are numbers, not multiples of ``sigma``."""
    if not sigma > 0:
        raise ArgumentError(f"`sigma` of `TruncatedNormal` must be positive, got {sigma}")
    return Initializer(_own.TruncatedNormal(sigma, mean, (a - mean) / sigma, (b - mean) / sigma).draw)


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
        return _own.TruncatedNormal(math.sqrt(variance) / 0.87962566103423978).draw(random, shape)

    return Initializer(draw)


_BY_NAME = {
    "truncatednormal": TruncatedNormal, "truncated_normal": TruncatedNormal, "orthogonal": Orthogonal,
    "identity": Identity, "variancescaling": VarianceScaling, "variance_scaling": VarianceScaling,
}  # fmt: skip


def named(init: Any) -> Any:
    """``init`` itself, or what dualtape does not know by that name, or as another distribution."""
    return _BY_NAME.get(init.lower(), init) if isinstance(init, str) else init
