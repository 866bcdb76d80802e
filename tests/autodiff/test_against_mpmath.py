"""Mixed derivatives of high order of every elementwise primitive, by every strategy, beside mpmath."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special

import dualtape as dt
from dualtape.core.primitive import Bilinear, Elementwise, Primitive
from dualtape.primitives import CATALOGUE
from dualtape.testing.modes import nested_duals
from special_functions.exact_bessel import bessel_k, bessel_y


def quantile(function: Callable[[Any], Any], density: Callable[[Any], Any], value: Any, guess: float) -> Any:
    """Where an increasing function has the value, to the digits in use, from a guess that has those of a float."""
    x, right = mpmath.mpf(guess), 10
    while right < 2 * mpmath.mp.dps:  # each step of Newton's method doubles the digits
        x, right = x - (function(x) - value) / density(x), 2 * right
    return x


def gamma_quantile(a: Any, p: Any) -> Any:
    return quantile(
        lambda x: mpmath.gammainc(a, 0, x, regularized=True),
        lambda x: x ** (a - 1) * mpmath.exp(-x) / mpmath.gamma(a),
        p,
        scipy.special.gammaincinv(float(a), float(p)),
    )


def beta_quantile(a: Any, b: Any, p: Any) -> Any:
    return quantile(
        lambda x: mpmath.betainc(a, b, 0, x, regularized=True),
        lambda x: x ** (a - 1) * (1 - x) ** (b - 1) / mpmath.beta(a, b),
        p,
        scipy.special.betaincinv(float(a), float(b), float(p)),
    )


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
    "log10": lambda x: mpmath.log(x, 10),
    "cbrt": lambda x: x ** (mpmath.mpf(1) / 3),
    "hypot": lambda x, y: mpmath.sqrt(x * x + y * y),
    "fmod": lambda x, y: x - y * (mpmath.floor if x > 0 else mpmath.ceil)(x / y),
    "nextafter": lambda x, y: x,
    "logit": lambda x: mpmath.log(x / (1 - x)),
    "xlogy": lambda x, y: x * mpmath.log(y),
    "xlog1py": lambda x, y: x * mpmath.log(1 + y),
    "erfinv": mpmath.erfinv,
    "erfcinv": lambda x: mpmath.erfinv(1 - x),
    "erfcx": lambda x: mpmath.exp(x * x) * mpmath.erfc(x),
    "ndtr": mpmath.ncdf,
    "ndtri": lambda x: mpmath.sqrt(2) * mpmath.erfinv(2 * x - 1),
    "log_ndtr": lambda x: mpmath.log(mpmath.ncdf(x)),
    "gamma": mpmath.gamma,
    "beta": mpmath.beta,
    "betaln": lambda x, y: mpmath.log(mpmath.beta(x, y)),
    "hurwitz_zeta": lambda x, s: mpmath.zeta(s, x),
    "hyp2f1": lambda x, a, b, c: mpmath.hyp2f1(a, b, c, x),
    "ellipk": mpmath.ellipk,
    "ellipe": mpmath.ellipe,
    "expi": mpmath.ei,
    "exp1": mpmath.e1,
    "airy_ai": mpmath.airyai,
    "airy_ai_prime": lambda x: mpmath.airyai(x, derivative=1),
    "airy_bi": mpmath.airybi,
    "airy_bi_prime": lambda x: mpmath.airybi(x, derivative=1),
    "bessel_j": lambda x, n: mpmath.besselj(n, x),
    "bessel_y": lambda x, n: bessel_y(n, x),
    "bessel_i": lambda x, n: mpmath.besseli(n, x),
    "bessel_k": lambda x, n: bessel_k(n, x),
    "bessel_ie": lambda x, n: mpmath.besseli(n, x) * mpmath.exp(-abs(x)),
    "bessel_ke": lambda x, n: bessel_k(n, x) * mpmath.exp(x),
    "spherical_j": lambda x, n: mpmath.hyp0f1(n + 1.5, -x * x / 4) * x**n / mpmath.fac2(2 * n + 1),
    "spherical_y": lambda x, n: mpmath.sqrt(mpmath.pi / 2 / x) * mpmath.bessely(n + 0.5, x),
    "spherical_i": lambda x, n: mpmath.hyp0f1(n + 1.5, x * x / 4) * x**n / mpmath.fac2(2 * n + 1),
    "spherical_k": lambda x, n: mpmath.sqrt(mpmath.pi / 2 / x) * mpmath.besselk(n + 0.5, x),
    "gammainc": lambda a, x: mpmath.gammainc(a, 0, x, regularized=True),
    "gammainc_by_shape": lambda a, x, n: mpmath.diff(lambda t: mpmath.gammainc(t, 0, x, regularized=True), a, n),
    "gammaincc": lambda a, x: mpmath.gammainc(a, x, regularized=True),
    "gammaincinv": gamma_quantile,
    "betaincinv": beta_quantile,
    "betainc": lambda a, b, x, n, m: mpmath.betainc(a, b, 0, x, regularized=True),
}
REAL = ((-2.0, 2.0), (-2.0, 2.0))
POINTS = np.array([[0.3, 0.7, 0.5], [0.8, 0.2, 0.4]])
INDICES = ((2, 2, 0), (1, 1, 1), (6, 0, 0))


def is_elementwise(primitive: Primitive) -> bool:
    """Also products of two tensors element by element."""
    return isinstance(primitive, Elementwise) or (isinstance(primitive, Bilinear) and primitive.commutes)


# Their parameters count derivatives by shapes, which are met as derivatives of the functions themselves: how many of
# the parameters are none.
BY_SHAPES = {"gammainc_by_shape": 0, "betainc": 1}
ELEMENTWISE = [
    pytest.param(p, params, id="-".join([p.name, *map(str, params.values())]))
    for p in CATALOGUE.values()
    if is_elementwise(p)
    for params in getattr(p, "params", ({},))[: BY_SHAPES.get(p.name)]
]
each_elementwise = pytest.mark.parametrize(("primitive", "params"), ELEMENTWISE)


def composed(primitive: Primitive, function: Callable[..., Any], params: dict[str, Any]) -> Callable[..., Any]:
    """The function of x, y and z that it is of polynomials in them, whose values lie inside its domain."""
    domain = getattr(primitive, "domain", REAL)
    inner = [
        lambda x, y, z: x * y * z / 2 + x * 3 / 5 - y * y / 4,
        lambda x, y, z: x * z / 2 - y * x * x / 3 + z / 4,
        lambda x, y, z: y / 3 - x * z / 4 + z * z / 5,
    ]

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
    with mpmath.workdps(20):  # which a derivative multiplies by its order, to have so many digits itself
        return {
            index: [float(mpmath.diff(f, tuple(map(mpmath.mpf, point)), index)) for point in POINTS.tolist()]
            for index in INDICES
        }


Indices = tuple[tuple[int, int, int], ...]
Strategy = Callable[[Callable[[dt.Tensor], dt.Tensor], dt.Tensor, Indices], list[dt.Tensor]]


def nested(f: Callable[[dt.Tensor], dt.Tensor], X: dt.Tensor, indices: Indices) -> list[dt.Tensor]:
    units = [[dt.Tensor(np.broadcast_to(unit, X.shape))] for unit in np.eye(3)]
    return [
        nested_duals(lambda x: [f(x[0])], [X], [units[i] for i, order in enumerate(index) for _ in range(order)])[0]
        for index in indices
    ]


STRATEGIES: dict[str, Strategy] = {
    "multivariate": lambda f, X, indices: list(dt.partials(f, indices, "multivariate")(X)),
    "directional": lambda f, X, indices: list(dt.partials(f, indices, "directional")(X)),
    "collapsed": lambda f, X, indices: [dt.linear_operator(f, {index: 1.0}, "collapsed")(X) for index in indices],
    "nested duals": nested,
}


def test_every_primitive_has_a_counterpart() -> None:
    assert {p.name for p in CATALOGUE.values() if is_elementwise(p)} == COUNTERPARTS.keys()


@pytest.mark.parametrize("strategy", STRATEGIES)
@each_elementwise
def test_mixed_derivatives(primitive: Primitive, params: dict[str, Any], strategy: str) -> None:
    """u_xxyy, u_xyz and u_xxxxxx to 1e-9."""
    f = composed(primitive, primitive, params)
    # Six duals in each other, of a function of three inputs, are thousands of calls.
    indices = INDICES[:2] if strategy == "nested duals" and len(getattr(primitive, "domain", REAL)) == 3 else INDICES
    found = STRATEGIES[strategy](lambda X: f(X[:, 0], X[:, 1], X[:, 2]), dt.Tensor(POINTS), indices)
    right = exact(primitive, tuple(params.items()))
    for got, index in zip(found, indices, strict=True):
        expected = right[index]
        np.testing.assert_allclose(got.asnumpy(), expected, rtol=1e-9, atol=1e-9, err_msg=str(index))
