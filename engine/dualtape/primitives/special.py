"""Error and gamma functions; SciPy computes them on the host."""

import math
from typing import Any

import numpy as np

from dualtape.core.lowering import Expression
from dualtape.core.primitive import Elementwise, elementwise
from dualtape.primitives.exponential import exp

REAL = (-2.0, 2.0)
POSITIVE = (0.3, 4.0)


def _scipy(name: str) -> Any:
    def evaluate(x: np.ndarray) -> np.ndarray:
        from scipy import special

        return np.asarray(getattr(special, name)(x)).astype(x.dtype, copy=False)

    return evaluate


def _polygamma(x: np.ndarray, n: int) -> np.ndarray:
    from scipy import special

    # For negative x SciPy climbs up to 0 in steps of 1: for ever, from a large one. A period of the cotangent, whose
    # derivative the reflection formula adds (Abramowitz & Stegun, 6.4.7), leads from x to its fraction instead.
    far = x < -10
    near = np.where(far, x - np.floor(x), x)
    climbed = special.polygamma(n, np.where(far, 1 - x, 1)) - special.polygamma(n, np.where(far, 1 - near, 1))
    value = special.polygamma(n, near) + np.where(far, (-1) ** n * climbed, 0)
    return np.asarray(value).astype(x.dtype, copy=False)


erf = elementwise(
    "erf",
    numpy=_scipy("erf"),
    opencl=Expression("dt_erf(x)"),
    partials=(lambda x, y: (2 / math.sqrt(math.pi)) * exp(-(x * x)),),
    domain=(REAL,),
)

erfc = elementwise(
    "erfc",
    numpy=_scipy("erfc"),
    opencl=Expression("dt_erfc(x)"),
    partials=(lambda x, y: (-2 / math.sqrt(math.pi)) * exp(-(x * x)),),
    domain=(REAL,),
)

lgamma = elementwise(
    "lgamma",
    numpy=_scipy("gammaln"),
    opencl=Expression("dt_lgamma(x)"),
    partials=(lambda x, y: digamma(x),),
    domain=(POSITIVE,),
)

digamma: Elementwise = elementwise(
    "digamma",
    numpy=_scipy("digamma"),
    opencl=Expression("dt_digamma(x)"),
    partials=(lambda x, y: polygamma(x, n=1),),
    domain=(POSITIVE,),
)

# The n-th derivative of digamma, n >= 1.
polygamma: Elementwise = elementwise(
    "polygamma",
    numpy=_polygamma,
    opencl=Expression("dt_polygamma({n}, x)"),
    partials=(lambda x, y, n: polygamma(x, n=n + 1),),
    domain=(POSITIVE,),
    params=({"n": 1}, {"n": 3}),
)
