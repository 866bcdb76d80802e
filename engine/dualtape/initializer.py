"""First values of parameters, drawn by NumPy generators: MindSpore's names and distributions.

An :class:`Initializer` is a distribution; :func:`initializer` draws a tensor from one, from its name
or from a number. A weight has shape (outputs, inputs, ...): fan_in and fan_out are these two times
the size of the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dualtape.core.interpreter import Value
from dualtape.devices.host import host_memory
from dualtape.dtypes import DType, as_dtype, float32
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.functions.conversion import read_real, read_shape
from dualtape.random import generator
from dualtape.tensor import Tensor

Sizes = tuple[int, ...]
Draw = Callable[["np.random.Generator", Sizes], np.ndarray]


@dataclass(frozen=True)
class Initializer:
    """A distribution of first values: ``draw(generator, shape)`` gives an array."""

    draw: Draw


def Constant(value: float) -> Initializer:
    """The same number everywhere."""
    number = read_real("Constant", "value", value)
    return Initializer(lambda random, shape: np.full(shape, number))


def Zero() -> Initializer:
    """Zeros."""
    return Constant(0.0)


def One() -> Initializer:
    """Ones."""
    return Constant(1.0)


def Uniform(scale: float = 0.07) -> Initializer:
    """Uniform between -scale and scale."""
    bound = _finite("Uniform", "scale", scale, at_least=0.0)
    return _uniform(lambda shape: bound)


def _uniform(bound: Callable[[Sizes], float]) -> Initializer:
    return Initializer(lambda random, shape: random.uniform(-bound(shape), bound(shape), shape))


def Normal(sigma: float = 0.01, mean: float = 0.0) -> Initializer:
    """Normal with standard deviation ``sigma``."""
    width, middle = _finite("Normal", "sigma", sigma, at_least=0.0), _finite("Normal", "mean", mean)
    return Initializer(lambda random, shape: random.normal(middle, width, shape))


def TruncatedNormal(sigma: float = 0.01, mean: float = 0.0, a: float = -2.0, b: float = 2.0) -> Initializer:
    """Normal, drawn again until each element is between a and b standard deviations from the mean."""
    width, middle = _finite("TruncatedNormal", "sigma", sigma, at_least=0.0), _finite("TruncatedNormal", "mean", mean)
    a, b = read_real("TruncatedNormal", "a", a), read_real("TruncatedNormal", "b", b)
    if not a < b:
        raise ArgumentError(f"`a` of `TruncatedNormal` must be below `b`, got a={a} and b={b}")
    # How often one that is drawn is kept, from the tail that is nearer, where the difference keeps its digits.
    low, high = (a, b) if a > 0 else (-b, -a)
    if math.erfc(low / math.sqrt(2)) - math.erfc(high / math.sqrt(2)) < 2e-4:
        raise ArgumentError(f"less than one in 10,000 normal numbers is between a={a} and b={b} of `TruncatedNormal`")

    def draw(random: np.random.Generator, shape: Sizes) -> np.ndarray:
        array = random.standard_normal(shape)
        while (outside := (array < a) | (array > b)).any():
            array[outside] = random.standard_normal(int(outside.sum()))
        return middle + width * array

    return Initializer(draw)


def XavierUniform(gain: float = 1.0) -> Initializer:
    """Uniform with bound gain sqrt(6 / (fan_in + fan_out)) (Glorot & Bengio 2010, eq. 16)."""
    factor = _finite("XavierUniform", "gain", gain, at_least=0.0)
    return _uniform(lambda shape: factor * math.sqrt(6.0 / sum(_fans(shape))))


def XavierNormal(gain: float = 1.0) -> Initializer:
    """Normal with standard deviation gain sqrt(2 / (fan_in + fan_out)) (Glorot & Bengio 2010)."""
    factor = _finite("XavierNormal", "gain", gain, at_least=0.0)
    return Initializer(lambda random, shape: random.normal(0.0, factor * math.sqrt(2.0 / sum(_fans(shape))), shape))


def HeUniform(negative_slope: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Initializer:
    """Uniform with bound gain sqrt(3 / fan) (He et al. 2015, arXiv:1502.01852)."""
    gain = _gain(nonlinearity, negative_slope)
    side = _side(mode)
    return _uniform(lambda shape: gain * math.sqrt(3.0 / _fans(shape)[side]))


def HeNormal(negative_slope: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Initializer:
    """Normal with standard deviation gain / sqrt(fan) (He et al. 2015, arXiv:1502.01852)."""
    gain = _gain(nonlinearity, negative_slope)
    side = _side(mode)
    return Initializer(lambda random, shape: random.normal(0.0, gain / math.sqrt(_fans(shape)[side]), shape))


def _finite(owner: str, argument: str, value: Any, at_least: float = -math.inf) -> float:
    number = read_real(owner, argument, value)
    if not (math.isfinite(number) and number >= at_least):
        allowed = "finite" if at_least < 0 else "finite and not negative"
        raise ArgumentError(f"`{argument}` of `{owner}` must be {allowed}, got {value}")
    return number


def _fans(shape: Sizes) -> tuple[int, int]:
    if len(shape) < 2:
        raise ShapeError(f"an initializer that scales with fan_in or fan_out needs two axes or more, got shape {shape}")
    rest = math.prod(shape[2:])
    return max(shape[1] * rest, 1), max(shape[0] * rest, 1)


def _side(mode: str) -> int:
    if not isinstance(mode, str) or mode not in ("fan_in", "fan_out"):
        raise ArgumentError(f"`mode` must be 'fan_in' or 'fan_out', got {mode!r}")
    return 0 if mode == "fan_in" else 1


def _gain(nonlinearity: str, negative_slope: float) -> float:
    slope = _finite("initializer", "negative_slope", negative_slope)
    gains = {
        "linear": 1.0,
        "sigmoid": 1.0,
        "tanh": 5.0 / 3.0,
        "relu": math.sqrt(2.0),
        "leaky_relu": math.sqrt(2.0) / math.hypot(1.0, slope),
    }
    if not isinstance(nonlinearity, str) or nonlinearity not in gains:
        raise ArgumentError(f"`nonlinearity` must be one of {', '.join(gains)}; got {nonlinearity!r}")
    return gains[nonlinearity]


_BY_NAME: dict[str, Callable[[], Initializer]] = {
    "zeros": Zero,
    "zero": Zero,
    "ones": One,
    "one": One,
    "uniform": Uniform,
    "normal": Normal,
    "truncated_normal": TruncatedNormal,
    "xavier_uniform": XavierUniform,
    "xavier_normal": XavierNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
}
_BY_NAME |= {name.replace("_", ""): kind for name, kind in _BY_NAME.items()}


def initializer(
    init: Any, shape: Any = None, dtype: DType = float32, *, seed: int | np.random.Generator | None = None
) -> Tensor:
    """A tensor of first values.

    Parameters
    ----------
    init
        An :class:`Initializer`, its name such as ``'xavier_uniform'``, a number, or a Tensor, which
        must have that shape already.
    shape
        The tensor's shape; a Tensor as ``init`` has its own.
    dtype
        Element type.
    seed
        A stream of its own; by default the one that :func:`dualtape.set_seed` starts.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.initializer.initializer("ones", (2, 2)))
    [[1. 1.]
     [1. 1.]]
    """
    dtype = as_dtype(dtype)
    if isinstance(init, Value):
        if shape is not None and init.shape != read_shape("initializer", "shape", shape):
            raise ShapeError(f"`init` is a Tensor of shape {init.shape}; expected shape {shape}")
        return Tensor(init, dtype)
    if shape is None:
        raise ArgumentTypeError("`shape` of `initializer` is missing; only a Tensor as `init` has its own")
    sizes = read_shape("initializer", "shape", shape)
    with host_memory(sizes):
        return Tensor(_read(init).draw(generator(seed), sizes).astype(dtype.numpy))


def _read(init: Any) -> Initializer:
    if isinstance(init, Initializer):
        return init
    if isinstance(init, (int, float)) and not isinstance(init, bool):
        return Constant(init)
    if isinstance(init, str):
        if init.lower() not in _BY_NAME:
            raise ArgumentError(f"no initializer is named {init!r}; there are {', '.join(_BY_NAME)}")
        return _BY_NAME[init.lower()]()
    raise ArgumentTypeError(
        f"`init` must be an Initializer, the name of one, a number or a Tensor; got {type(init).__name__}"
    )
