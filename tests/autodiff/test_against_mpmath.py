"""Mixed derivatives of high order of every elementwise primitive, by every strategy, beside mpmath."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest

import dualtape as dt
from dualtape.core.primitive import Bilinear, Elementwise, Primitive
from dualtape.primitives import CATALOGUE
from dualtape.testing.modes import nested_duals

# What each primitive is called in mpmath. One that is missing here fails the tests below.
COUNTERPARTS: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "strong_multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "mod": lambda x, y: x % y,
    "power": lambda x, y: x**y,
    "maximum": max,
    "minimum": min,
    "atan2": mpmath.atan2,
    "negative": lambda x: -x,
    "absolute": mpmath.fabs,
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x * x,
    "sqrt": mpmath.sqrt,
    "root_of_squares": mpmath.sqrt,
    "rsqrt": lambda x: 1 / mpmath.sqrt(x),
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "exp2": lambda x: mpmath.mpf(2) ** x,
    "log": mpmath.log,
    "log1p": lambda x: mpmath.log(1 + x),
    "log2": lambda x: mpmath.log(x, 2),
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "asin": mpmath.asin,
    "acos": mpmath.acos,
    "atan": mpmath.atan,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh,
    "asinh": mpmath.asinh,
    "acosh": mpmath.acosh,
    "atanh": mpmath.atanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "lgamma": mpmath.loggamma,
    "digamma": mpmath.digamma,
    "polygamma": lambda x, n: mpmath.psi(n, x),
}
REAL = ((-2.0, 2.0), (-2.0, 2.0))
POINTS = np.array([[0.3, 0.7, 0.5], [0.8, 0.2, 0.4]])
INDICES = ((2, 2, 0), (1, 1, 1), (6, 0, 0))


def is_elementwise(primitive: Primitive) -> bool:
    """Also products of two tensors element by element."""
    return isinstance(primitive, Elementwise) or (isinstance(primitive, Bilinear) and primitive.commutes)


ELEMENTWISE = [
    pytest.param(p, params, id="-".join([p.name, *map(str, params.values())]))
    for p in CATALOGUE.values()
    if is_elementwise(p)
    for params in getattr(p, "params", ({},))
]
each_elementwise = pytest.mark.parametrize(("primitive", "params"), ELEMENTWISE)


def composed(primitive: Primitive, function: Callable[..., Any], params: dict[str, Any]) -> Callable[..., Any]:
    """The function of x, y and z that it is of polynomials in them, whose values lie inside its domain."""
    domain = getattr(primitive, "domain", REAL)
    inner = [lambda x, y, z: x * y * z / 2 + x * 3 / 5 - y * y / 4, lambda x, y, z: x * z / 2 - y * x * x / 3 + z / 4]

    def f(x: Any, y: Any, z: Any) -> Any:
        inputs = [
            g(x, y, z) * (0.45 * (high - low)) + 0.5 * (low + high)
            for g, (low, high) in zip(inner, domain, strict=False)
        ]
        return function(*inputs, **params)

    return f


@cache
def exact(primitive: Primitive, params: tuple[tuple[str, Any], ...]) -> dict[tuple[int, int, int], list[float]]:
    f = composed(primitive, COUNTERPARTS[primitive.name], dict(params))
    with mpmath.workdps(50):
        return {
            index: [float(mpmath.diff(f, tuple(map(mpmath.mpf, point)), index)) for point in POINTS.tolist()]
            for index in INDICES
        }


Strategy = Callable[[Callable[[dt.Tensor], dt.Tensor], dt.Tensor], list[dt.Tensor]]


def nested(f: Callable[[dt.Tensor], dt.Tensor], X: dt.Tensor) -> list[dt.Tensor]:
    units = [[dt.Tensor(np.broadcast_to(unit, X.shape))] for unit in np.eye(3)]
    return [
        nested_duals(lambda x: [f(x[0])], [X], [units[i] for i, order in enumerate(index) for _ in range(order)])[0]
        for index in INDICES
    ]


STRATEGIES: dict[str, Strategy] = {
    "multivariate": lambda f, X: list(dt.partials(f, INDICES, "multivariate")(X)),
    "directional": lambda f, X: list(dt.partials(f, INDICES, "directional")(X)),
    "collapsed": lambda f, X: [dt.linear_operator(f, {index: 1.0}, "collapsed")(X) for index in INDICES],
    "nested duals": nested,
}


def test_every_primitive_has_a_counterpart() -> None:
    assert {p.name for p in CATALOGUE.values() if is_elementwise(p)} == COUNTERPARTS.keys()


@pytest.mark.parametrize("strategy", STRATEGIES)
@each_elementwise
def test_mixed_derivatives(primitive: Primitive, params: dict[str, Any], strategy: str) -> None:
    """u_xxyy, u_xyz and u_xxxxxx to 1e-9."""
    f = composed(primitive, primitive, params)
    found = STRATEGIES[strategy](lambda X: f(X[:, 0], X[:, 1], X[:, 2]), dt.Tensor(POINTS))
    for got, (index, expected) in zip(found, exact(primitive, tuple(params.items())).items(), strict=True):
        np.testing.assert_allclose(got.asnumpy(), expected, rtol=1e-9, atol=1e-9, err_msg=str(index))
