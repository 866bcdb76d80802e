"""Inverses of the error functions, the scaled one, and the normal distribution: SciPy's, on the host but for erfinv."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualtape.primitives.arithmetic import reciprocal
from dualtape.primitives.declaring import math_function
from dualtape.primitives.exponential import exp
from dualtape.primitives.on_host import host_function, rounded

_HALF_ROOT_PI = math.sqrt(math.pi) / 2
_ROOT_2_PI = math.sqrt(2 * math.pi)
_MODERATE = ((-2.0, 2.0),)


def _erfinv(x: np.ndarray) -> Any:
    """SciPy's, which loses the sign of zero."""
    from scipy import special

    return np.copysign(special.erfinv(x), x)


erfinv = math_function(
    "erfinv", numpy=rounded(_erfinv), partials=(lambda x, y: _HALF_ROOT_PI * exp(y * y),), domain=((-0.9, 0.9),)
)
erfcinv = host_function("erfcinv", partials=(lambda x, y: -_HALF_ROOT_PI * exp(y * y),), domain=((0.1, 1.9),))

# For large x this subtracts numbers of size 1: the derivative, 1 / (sqrt(pi) x^2), has lost x^2 roundings.
erfcx = host_function("erfcx", partials=(lambda x, y: 2 * (x * y) - 1 / _HALF_ROOT_PI,), domain=_MODERATE)


def _ndtr(x: np.ndarray) -> Any:
    """On the left by the scaled function: the square of a Float32 is exact, and exp(-x * x / 2) keeps its digits."""
    from scipy import special

    size = np.clip(-x, 1.0, 100.0)
    high = size.astype(np.float32).astype(np.float64)
    tail = np.exp(-high * high / 2) * np.exp((high - size) * (high + size) / 2) * special.erfcx(size * math.sqrt(0.5))
    return np.where(x < -1, tail / 2, special.ndtr(x))


ndtr = host_function(
    "ndtr", partials=(lambda x, y: (1 / _ROOT_2_PI) * exp(-0.5 * (x * x)),), domain=_MODERATE, numpy=rounded(_ndtr)
)
ndtri = host_function("ndtri", partials=(lambda x, y: _ROOT_2_PI * exp(0.5 * (y * y)),), domain=((0.1, 0.9),))
# The density by the distribution function, to the last digits on both sides.
log_ndtr = host_function(
    "log_ndtr",
    partials=(lambda x, y: math.sqrt(2 / math.pi) * reciprocal(erfcx(-math.sqrt(0.5) * x)),),
    domain=_MODERATE,
)
