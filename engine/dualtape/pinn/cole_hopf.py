"""The exact solution of Burgers' equation from a sine, by the Cole-Hopf transformation and quadrature."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from dualtape.errors import ArgumentError

VISCOSITY = 0.01 / np.pi


def burgers_exact(x: np.ndarray, t: np.ndarray, viscosity: float = VISCOSITY, nodes: int = 100) -> np.ndarray:
    r"""The solution of u_t + u u_x = nu u_xx on [-1, 1] with u(x, 0) = -sin(pi x) and u(-1, t) = u(1, t) = 0.

    Parameters
    ----------
    x, t
        Coordinates that broadcast to one shape; t >= 0.
    viscosity
        nu.
    nodes
        Number of Gauss-Hermite nodes.

    Returns
    -------
    numpy.ndarray
        The solution, of the broadcast shape.

    Notes
    -----
    With :math:`f(y) = \exp(-\cos(\pi y) / (2 \pi \nu))`,

    .. math:: u(x, t) = -\frac{\int \sin(\pi (x - \eta)) f(x - \eta) e^{-\eta^2 / 4 \nu t} d\eta}
                              {\int f(x - \eta) e^{-\eta^2 / 4 \nu t} d\eta},

    where :math:`\eta = z \sqrt{4 \nu t}` makes both integrals Gauss-Hermite sums over z. The largest exponent is taken
    out of f, which would overflow at small viscosities.
    Basdevant et al. 1986, *Spectral and finite difference solutions of the Burgers equation*, Computers & Fluids 14.

    Examples
    --------
    >>> round(float(burgers_exact(np.array(0.5), np.array(0.0))), 6)
    -1.0
    """
    if not viscosity > 0:
        raise ArgumentError(f"`viscosity` must be positive, got {viscosity}")
    x, t = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(t, np.float64))
    if (t < 0).any():
        raise ArgumentError(f"`t` must not be negative, got {t.min()}")
    z, weights = _hermite(nodes)
    u = np.empty(x.size)
    flat_x, flat_t = x.ravel(), t.ravel()
    for start in range(0, x.size, 4096):  # in blocks, as each point takes all nodes
        part = slice(start, start + 4096)
        y = np.pi * (flat_x[part, None] - z * np.sqrt(4 * viscosity * flat_t[part, None]))
        exponent = -np.cos(y) / (2 * np.pi * viscosity)
        kernel = weights * np.exp(exponent - exponent.max(axis=1, keepdims=True))
        u[part] = -(kernel * np.sin(y)).sum(axis=1) / kernel.sum(axis=1)
    return u.reshape(x.shape)


@lru_cache
def _hermite(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    from scipy.special import roots_hermite

    z, weights = roots_hermite(nodes)
    used = weights > 0  # the outermost weights underflow to nothing
    return z[used], weights[used]
