"""Inverses of the incomplete gamma and beta functions: quantiles, from which samples are made that have derivatives.

Where F(x; a) = p holds along a curve, F_x dx + F_a da = dp: the derivative by a shape is that of the distribution
function, divided by the density (Figurnov, Mohamed & Mnih 2018, *Implicit reparameterization gradients*, eq. 8).
"""

from __future__ import annotations

from typing import Any

from dualtape.core.primitive import Elementwise
from dualtape.primitives.arithmetic import reciprocal
from dualtape.primitives.incomplete import beta_density, betainc, gamma_density, gammainc_by_shape
from dualtape.primitives.on_host import as_value, host_function


def _spread_of_gamma(a: Any, x: Any) -> Any:
    """dx / dp."""
    return reciprocal(gamma_density(as_value(a, x), x, 0))


def _spread_of_beta(a: Any, b: Any, x: Any) -> Any:
    return reciprocal(beta_density(as_value(a, x), as_value(b, x), x, 0, 0))


# The x at which the regularized lower incomplete gamma function of a has the value p.
gammaincinv: Elementwise = host_function(
    "gammaincinv",
    partials=(
        lambda a, p, y: -gammainc_by_shape(a, y, n=1) * _spread_of_gamma(a, y),
        lambda a, p, y: _spread_of_gamma(a, y),
    ),
    domain=((0.5, 3.0), (0.1, 0.9)),
)

# The x at which the regularized incomplete beta function of a and b has the value p.
betaincinv: Elementwise = host_function(
    "betaincinv",
    partials=(
        lambda a, b, p, y: -betainc(a, b, y, n=1, m=0) * _spread_of_beta(a, b, y),
        lambda a, b, p, y: -betainc(a, b, y, n=0, m=1) * _spread_of_beta(a, b, y),
        lambda a, b, p, y: _spread_of_beta(a, b, y),
    ),
    domain=((0.5, 3.0), (0.5, 3.0), (0.1, 0.9)),
)
