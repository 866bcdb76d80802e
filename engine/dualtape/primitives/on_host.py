"""How special functions are declared that SciPy computes on the host, in double precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.core.interpreter import ground
from dualtape.core.lowering import OnHost
from dualtape.core.primitive import Elementwise, Partial
from dualtape.primitives.declaring import elementwise


def as_value(x: Any, like: Any) -> Any:
    """``x``, or if it is a number a value of the type of ``like``, for functions of one variable take no numbers."""
    if not isinstance(x, (int, float)):
        return x
    return ground().constant(np.asarray(x, like.dtype.numpy), like.device)


def rounded(compute: Callable[..., Any]) -> Callable[..., np.ndarray]:
    """``compute`` in Float64, its value in the type of the arguments; Python numbers have none of their own."""

    def computed(*x: Any, **params: Any) -> np.ndarray:
        dtype = next(a.dtype for a in x if isinstance(a, (np.ndarray, np.generic)))
        found: np.ndarray = compute(*(np.asarray(a, np.float64) for a in x), **params).astype(dtype)
        return found

    return computed


def of_scipy(name: str) -> Callable[..., np.ndarray]:
    """SciPy's special function of that name, which is imported when it is first needed."""

    def compute(*x: np.ndarray) -> Any:
        from scipy import special

        return getattr(special, name)(*x)

    return rounded(compute)


def of_order(name: str) -> Callable[..., np.ndarray]:
    """SciPy's function with an order, ``n``, before its argument."""

    def compute(x: np.ndarray, n: int) -> Any:
        from scipy import special

        return getattr(special, name)(n, x)

    return rounded(compute)


def host_function(
    name: str,
    *,
    partials: tuple[Partial, ...],
    domain: tuple[tuple[float, float], ...],
    numpy: Callable[..., np.ndarray] | None = None,
    params: tuple[dict[str, Any], ...] = ({},),
    kink: Callable[..., Any] | None = None,
) -> Elementwise:
    """Declare one: SciPy's function of that name unless ``numpy`` is given."""
    compute = of_scipy(name) if numpy is None else numpy
    return elementwise(name, numpy=compute, opencl=OnHost(), partials=partials, domain=domain, params=params, kink=kink)
