"""Problems with known solutions: to try, to test, to measure against."""

from __future__ import annotations

import numpy as np

from dualtape import ops
from dualtape.pinn.cole_hopf import VISCOSITY, burgers_exact
from dualtape.pinn.conditions import dirichlet, initial
from dualtape.pinn.domains import Rectangle
from dualtape.pinn.problem import Problem

# Conditions hold exactly, which brings the error down by orders of magnitude.
_FROM_SINE = initial(lambda p: ops.sin(np.pi * p.x), hard=True)
_HELD_AT_ENDS = dirichlet(0.0, on=("x-", "x+"), hard=True)


def burgers(viscosity: float = VISCOSITY) -> Problem:
    """u_t + u u_x = nu u_xx on [-1, 1] from -sin(pi x): a shock forms at x = 0 about t = 1/pi.

    Exact: Cole-Hopf, by quadrature; see :func:`dualtape.pinn.burgers_exact`.
    """
    return Problem(
        domain=Rectangle(x=(-1, 1), t=(0, 1)),
        equations=lambda u, p: u.t + u * u.x - viscosity * u.xx,
        conditions=[initial(lambda p: -ops.sin(np.pi * p.x), hard=True), _HELD_AT_ENDS],
        exact=lambda x, t: burgers_exact(x, t, viscosity),
    )


def poisson() -> Problem:
    """-(u_xx + u_yy) = 2 pi^2 sin(pi x) sin(pi y) on the unit square, 0 around it.

    Exact: sin(pi x) sin(pi y).
    """
    return Problem(
        domain=Rectangle(x=(0, 1), y=(0, 1)),
        equations=lambda u, p: u.xx + u.yy + 2 * np.pi**2 * ops.sin(np.pi * p.x) * ops.sin(np.pi * p.y),
        conditions=[dirichlet(0.0, on=("x-", "x+", "y-", "y+"), hard=True)],
        exact=lambda x, y: np.sin(np.pi * x) * np.sin(np.pi * y),
    )


def heat(diffusivity: float = 0.1) -> Problem:
    """u_t = a u_xx on [0, 1] from sin(pi x), 0 at both ends.

    Exact: exp(-a pi^2 t) sin(pi x).
    """
    return Problem(
        domain=Rectangle(x=(0, 1), t=(0, 1)),
        equations=lambda u, p: u.t - diffusivity * u.xx,
        conditions=[_FROM_SINE, _HELD_AT_ENDS],
        exact=lambda x, t: np.exp(-diffusivity * np.pi**2 * t) * np.sin(np.pi * x),
    )


def wave(speed: float = 1.0) -> Problem:
    """u_tt = c^2 u_xx on [0, 1] from sin(pi x) at rest, both ends held.

    Exact: cos(pi c t) sin(pi x).
    """
    return Problem(
        domain=Rectangle(x=(0, 1), t=(0, 1)),
        equations=lambda u, p: u.tt - speed**2 * u.xx,
        conditions=[_FROM_SINE, initial(0.0, order=1, hard=True), _HELD_AT_ENDS],
        exact=lambda x, t: np.cos(np.pi * speed * t) * np.sin(np.pi * x),
    )
