"""The gamma function itself, the beta function, and Hurwitz' zeta function; SciPy computes them on the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualtape.core.primitive import Elementwise
from dualtape.primitives.arithmetic import subtract
from dualtape.primitives.on_host import host_function, rounded
from dualtape.primitives.special import digamma

_POSITIVE = ((0.3, 4.0),)


def _slope(x: Any, y: Any) -> Any:
    """The derivative of log B(x, y) by x, which is no number then; ``y`` may be one."""
    return subtract(digamma(x), digamma(x + y))


gamma = host_function("gamma", partials=(lambda x, y: y * digamma(x),), domain=_POSITIVE)
beta = host_function(
    "beta",
    partials=(
        lambda x, y, z: z * _slope(x, y),
        lambda x, y, z: z * _slope(y, x),
    ),
    domain=_POSITIVE * 2,
)
betaln = host_function(
    "betaln",
    partials=(
        lambda x, y, z: _slope(x, y),
        lambda x, y, z: _slope(y, x),
    ),
    domain=_POSITIVE * 2,
)


def _zeta(x: np.ndarray, s: float) -> Any:
    from scipy import special

    return special.zeta(s, x)


# Hurwitz' function by where its sum begins (DLMF 25.11.17); the exponent is a number.
hurwitz_zeta: Elementwise = host_function(
    "hurwitz_zeta",
    partials=(lambda x, y, s: -s * hurwitz_zeta(x, s=s + 1),),
    domain=_POSITIVE,
    numpy=rounded(_zeta),
    params=({"s": 2.0}, {"s": 3.5}),
)
