"""Gauss' hypergeometric function, elliptic and exponential integrals; SciPy computes them on the host."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualtape.core.primitive import Elementwise
from dualtape.primitives.arithmetic import divide, negative
from dualtape.primitives.exponential import exp
from dualtape.primitives.on_host import host_function, rounded

_POSITIVE = ((0.3, 4.0),)


def _hyp2f1(x: np.ndarray, a: float, b: float, c: float) -> Any:
    from scipy import special

    return special.hyp2f1(a, b, c, x)


# Gauss' hypergeometric function by its argument (DLMF 15.5.1); the parameters are numbers.
hyp2f1: Elementwise = host_function(
    "hyp2f1",
    partials=(lambda x, y, a, b, c: (a * b / c) * hyp2f1(x, a=a + 1, b=b + 1, c=c + 1),),
    domain=((-0.8, 0.7),),
    numpy=rounded(_hyp2f1),
    params=({"a": 0.5, "b": 1.5, "c": 2.5}, {"a": -0.5, "b": 0.5, "c": 1.0}),
)

# Complete elliptic integrals of the parameter m: K is pi/2 F(1/2, 1/2; 1; m), E is pi/2 F(-1/2, 1/2; 1; m) (DLMF 19.5).
ellipk = host_function(
    "ellipk", partials=(lambda x, y: (math.pi / 8) * hyp2f1(x, a=1.5, b=1.5, c=2.0),), domain=((-0.8, 0.7),)
)
ellipe = host_function(
    "ellipe", partials=(lambda x, y: (-math.pi / 8) * hyp2f1(x, a=0.5, b=1.5, c=2.0),), domain=((-0.8, 0.7),)
)


expi = host_function("expi", partials=(lambda x, y: divide(exp(x), x),), domain=_POSITIVE)
exp1 = host_function("exp1", partials=(lambda x, y: negative(divide(exp(-x), x)),), domain=_POSITIVE)
