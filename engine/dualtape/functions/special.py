"""Special functions under SciPy's names; SciPy computes them on the host, in double precision.

Tensors of other devices are copied there and back, but where they have kernels. Integers become Float32.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.core.interpreter import Value
from dualtape.core.primitive import Primitive
from dualtape.dtypes import promote
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.functions.conversion import (
    TensorLike,
    as_tensor,
    cast_to,
    promoted_pair,
    read_int,
    read_real,
    tensor_pair,
    to_floating,
)
from dualtape.functions.elementwise import digamma, erf, erfc, sigmoid
from dualtape.functions.elementwise import lgamma as gammaln
from dualtape.functions.indexing import where
from dualtape.functions.reduction import logsumexp
from dualtape.functions.scans import added_exponentials
from dualtape.primitives import bessel, comparison, entropy, error_functions, hypergeometric, incomplete, quantiles
from dualtape.primitives import beta as beta_family
from dualtape.primitives import special as gamma_family

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "airy", "beta", "betainc", "betaincinv", "betaln", "digamma", "ellipe", "ellipk", "entr", "erf", "erfc", "erfcinv",
    "erfcx", "erfinv", "exp1", "expi", "expit", "gamma", "gammainc", "gammaincc", "gammaincinv", "gammaln", "hyp2f1",
    "i0", "i0e", "i1", "i1e", "iv", "j0", "j1", "jn", "k0", "k0e", "k1", "k1e", "kl_div", "kn", "log_ndtr", "logaddexp",
    "logit", "logsumexp", "ndtr", "ndtri", "polygamma", "psi", "rel_entr", "sinc", "spherical_in", "spherical_jn",
    "spherical_kn", "spherical_yn", "xlog1py", "xlogy", "y0", "y1", "yn", "zeta",
]  # fmt: skip

psi = digamma
expit = sigmoid


def _floats(function: str, *given: Any) -> list[Tensor]:
    """Tensors of floats of one type and device, to which Python numbers among them come."""
    read = {i: to_floating(as_tensor(x, function)) for i, x in enumerate(given) if not _is_number(x)}
    if not read:
        return [to_floating(as_tensor(x, function)) for x in given]
    dtype, device = reduce(promote, (x.dtype for x in read.values())), next(iter(read.values())).device
    for i, x in enumerate(given):
        if i not in read:
            read[i] = as_tensor(np.asarray(read_real(function, "a number", x), dtype.numpy), function).to(device)
    return [cast_to(read[i], dtype) for i in range(len(given))]


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def _of_one(name: str, primitive: Primitive, text: str, **params: Any) -> Callable[[TensorLike], Tensor]:
    def function(x: TensorLike) -> Tensor:
        return primitive(to_floating(as_tensor(x, name, "x")), **params)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Elementwise {text}."
    return function


def _of_two(name: str, primitive: Primitive, text: str) -> Callable[[TensorLike, TensorLike], Tensor]:
    def function(x: TensorLike, y: TensorLike) -> Tensor:
        return primitive(*_floats(name, x, y))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Elementwise {text}; the arguments broadcast."
    return function


def _of_order(name: str, primitive: Primitive, text: str) -> Callable[..., Tensor]:
    def function(n: int, x: TensorLike) -> Tensor:
        order = read_int(name, "n", n)
        if order < 0:
            raise ArgumentError(f"`n` of `{name}` must not be negative, got {order}")
        return primitive(to_floating(as_tensor(x, name, "x")), n=order)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Elementwise {text} of the whole order ``n``, an int from 0 on."
    return function


erfinv = _of_one("erfinv", error_functions.erfinv, "inverse of `erf`")
erfcinv = _of_one("erfcinv", error_functions.erfcinv, "inverse of `erfc`")
erfcx = _of_one("erfcx", error_functions.erfcx, "exp(x * x) erfc(x), without overflow for large x")
ndtr = _of_one("ndtr", error_functions.ndtr, "distribution function of the standard normal distribution")
ndtri = _of_one("ndtri", error_functions.ndtri, "inverse of `ndtr`")
log_ndtr = _of_one("log_ndtr", error_functions.log_ndtr, "log(ndtr(x)), also far out on the left")
logit = _of_one("logit", entropy.logit, "log(x / (1 - x))")
expi = _of_one("expi", hypergeometric.expi, "exponential integral Ei")
exp1 = _of_one("exp1", hypergeometric.exp1, "exponential integral E1")
gamma = _of_one("gamma", beta_family.gamma, "gamma function")
ellipk = _of_one("ellipk", hypergeometric.ellipk, "complete elliptic integral of the first kind of the parameter m")
ellipe = _of_one("ellipe", hypergeometric.ellipe, "complete elliptic integral of the second kind of the parameter m")
j0 = _of_one("j0", bessel.bessel_j, "Bessel function of the first kind of order 0", n=0)
j1 = _of_one("j1", bessel.bessel_j, "Bessel function of the first kind of order 1", n=1)
y0 = _of_one("y0", bessel.bessel_y, "Bessel function of the second kind of order 0", n=0)
y1 = _of_one("y1", bessel.bessel_y, "Bessel function of the second kind of order 1", n=1)
i0 = _of_one("i0", bessel.bessel_i, "modified Bessel function of the first kind of order 0", n=0)
i1 = _of_one("i1", bessel.bessel_i, "modified Bessel function of the first kind of order 1", n=1)
k0 = _of_one("k0", bessel.bessel_k, "modified Bessel function of the second kind of order 0", n=0)
k1 = _of_one("k1", bessel.bessel_k, "modified Bessel function of the second kind of order 1", n=1)
i0e = _of_one("i0e", bessel.bessel_ie, "exp(-abs(x)) i0(x)", n=0)
i1e = _of_one("i1e", bessel.bessel_ie, "exp(-abs(x)) i1(x)", n=1)
k0e = _of_one("k0e", bessel.bessel_ke, "exp(x) k0(x)", n=0)
k1e = _of_one("k1e", bessel.bessel_ke, "exp(x) k1(x)", n=1)
jn = _of_order("jn", bessel.bessel_j, "Bessel function of the first kind")
yn = _of_order("yn", bessel.bessel_y, "Bessel function of the second kind")
iv = _of_order("iv", bessel.bessel_i, "modified Bessel function of the first kind")
kn = _of_order("kn", bessel.bessel_k, "modified Bessel function of the second kind")
spherical_jn = _of_order("spherical_jn", bessel.spherical_j, "spherical Bessel function of the first kind")
spherical_yn = _of_order("spherical_yn", bessel.spherical_y, "spherical Bessel function of the second kind")
spherical_in = _of_order("spherical_in", bessel.spherical_i, "modified spherical Bessel function of the first kind")
spherical_kn = _of_order("spherical_kn", bessel.spherical_k, "modified spherical Bessel function of the second kind")
beta = _of_two("beta", beta_family.beta, "beta function gamma(x) gamma(y) / gamma(x + y)")
betaln = _of_two("betaln", beta_family.betaln, "log(abs(beta(x, y)))")
xlogy = _of_two("xlogy", entropy.xlogy, "x log(y), and 0 wherever x is 0")
xlog1py = _of_two("xlog1py", entropy.xlog1py, "x log(1 + y), and 0 wherever x is 0")
gammaincc = _of_two("gammaincc", incomplete.gammaincc, "upper regularized incomplete gamma function of a shape and x")
gammaincinv = _of_two("gammaincinv", quantiles.gammaincinv, "number at which `gammainc` of a shape x has the value y")


def gammainc(a: TensorLike, x: TensorLike) -> Tensor:
    """Elementwise lower regularized incomplete gamma function of a shape ``a`` and ``x``, differentiable by both.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.grad(dt.ops.special.gammainc, 1)(dt.Tensor(1.0), dt.Tensor(0.0)))
    1.0
    """
    return incomplete.gammainc(*_floats("gammainc", a, x))


def betainc(a: TensorLike, b: TensorLike, x: TensorLike) -> Tensor:
    """Elementwise regularized incomplete beta function of shapes ``a`` and ``b`` and ``x``, differentiable by all."""
    return incomplete.betainc(*_floats("betainc", a, b, x), n=0, m=0)


def betaincinv(a: TensorLike, b: TensorLike, y: TensorLike) -> Tensor:
    """Elementwise ``x`` at which `betainc` of shapes ``a`` and ``b`` has the value ``y``, differentiable by all."""
    return quantiles.betaincinv(*_floats("betaincinv", a, b, y))


def polygamma(n: int, x: TensorLike) -> Tensor:
    """Elementwise derivative of `digamma` of the order ``n``, an int from 0 on."""
    order = read_int("polygamma", "n", n)
    if order < 0:
        raise ArgumentError(f"`n` of `polygamma` must not be negative, got {order}")
    given = to_floating(as_tensor(x, "polygamma", "x"))
    return gamma_family.polygamma(given, n=order) if order else gamma_family.digamma(given)


def zeta(x: float, q: TensorLike = 1.0) -> Tensor:
    """Elementwise Hurwitz' zeta function: the sum of (k + q) ** -x; Riemann's where ``q`` is 1.

    The exponent ``x`` is a number above 1, and has no derivative here.
    """
    return beta_family.hurwitz_zeta(to_floating(as_tensor(q, "zeta", "q")), s=_number("zeta", "x", x))


def hyp2f1(a: float, b: float, c: float, z: TensorLike) -> Tensor:
    """Elementwise hypergeometric function of Gauss at a real ``z``; ``a``, ``b`` and ``c`` are numbers."""
    numbers = {name: _number("hyp2f1", name, value) for name, value in (("a", a), ("b", b), ("c", c))}
    return hypergeometric.hyp2f1(to_floating(as_tensor(z, "hyp2f1", "z")), **numbers)


def _number(function: str, argument: str, value: Any) -> float:
    if isinstance(value, Value):
        raise ArgumentTypeError(
            f"`{argument}` of `{function}` must be a number of Python's or NumPy's, not a Tensor: by it, the function "
            "has no derivative here"
        )
    return read_real(function, argument, value)


def airy(z: TensorLike) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Elementwise Airy functions and their derivatives: Ai, Ai', Bi, Bi'."""
    x = to_floating(as_tensor(z, "airy", "z"))
    return bessel.airy_ai(x), bessel.airy_ai_prime(x), bessel.airy_bi(x), bessel.airy_bi_prime(x)


def sinc(x: TensorLike) -> Tensor:
    """Elementwise sin(pi x) / (pi x), and 1 at 0, with its derivatives there: NumPy's."""
    given = to_floating(as_tensor(x, "sinc", "x"))
    return bessel.spherical_j(given * 3.141592653589793, n=0)


def logaddexp(x: TensorLike, y: TensorLike) -> Tensor:
    """Elementwise log(exp(x) + exp(y)), without overflow; -inf of twice -inf, with derivative 0."""
    a, b = promoted_pair("logaddexp", *tensor_pair("logaddexp", x, y))
    return added_exponentials(to_floating(a), to_floating(b))


def entr(x: TensorLike) -> Tensor:
    """Elementwise -x log(x): 0 at 0, -inf below; the derivative at 0 is infinite."""
    given = to_floating(as_tensor(x, "entr", "x"))
    product: Tensor = -entropy.xlogy(given, given)
    return where(comparison.less(given, 0.0), -float("inf"), product)


def rel_entr(x: TensorLike, y: TensorLike) -> Tensor:
    """Elementwise x log(x / y) for positive numbers, 0 where x is 0 and y is not negative, else inf."""
    a, b = promoted_pair("rel_entr", *tensor_pair("rel_entr", x, y))
    a, b = to_floating(a), to_floating(b)
    both = (a > 0) & (b > 0)
    value = a * (where(both, a, 1.0) / where(both, b, 1.0)).log()
    zero = comparison.equal(a, 0.0) & comparison.greater_equal(b, 0.0)
    defined: Tensor = where(both, value, where(zero, a * 0.0, float("inf")))
    return where(comparison.isnan(a) | comparison.isnan(b), float("nan"), defined)


def kl_div(x: TensorLike, y: TensorLike) -> Tensor:
    """Elementwise x log(x / y) - x + y, the integrand of the Kullback-Leibler divergence; inf where it is undefined."""
    a, b = promoted_pair("kl_div", *tensor_pair("kl_div", x, y))
    a, b = to_floating(a), to_floating(b)
    relative = rel_entr(a, b)
    # Infinite is what it is, whatever is taken from it.
    found: Tensor = where(comparison.equal(relative, float("inf")), relative, relative + (b - a))
    return found
