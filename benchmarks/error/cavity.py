"""The flow in a cavity under a smooth lid, by Chebyshev polynomials of its stream function."""

from __future__ import annotations

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial

DEGREE = 26
"""Polynomials along an axis: velocities have converged to 1e-6."""


def cavity_reference(viscosity: float, places: np.ndarray) -> np.ndarray:
    """Velocities of shape (N, 2) at places of shape (N, 2), in the unit square with the lid 16 x^2 (1 - x)^2.

    The stream function s fulfils ``viscosity laplace^2 s = s_y (laplace s)_x - s_x (laplace s)_y``, with u = s_y and
    v = -s_x. It is a lifting of the lid and a sum of products of polynomials that are 0 at the walls together with
    their slopes. Galerkin's equations ask for no more than second derivatives, which are bounded in the corners.
    """
    nodes, weights = np.polynomial.legendre.leggauss(2 * DEGREE)
    inside = _Stream(*(grid.ravel() for grid in np.meshgrid((nodes + 1) / 2, (nodes + 1) / 2, indexing="ij")))
    weight = np.outer(weights, weights).ravel() / 4
    by_x, by_y = inside.basis((1, 0)), inside.basis((0, 1))
    laplace = inside.basis((2, 0)) + inside.basis((0, 2))
    coefficients = np.zeros(DEGREE**2)
    for _ in range(30):
        s_x, s_y = inside.derivative((1, 0), coefficients), inside.derivative((0, 1), coefficients)
        spin = inside.derivative((2, 0), coefficients) + inside.derivative((0, 2), coefficients)
        against = lambda test, values: test.T @ (weight * values.T).T
        residual = against(laplace, viscosity * spin) + against(by_x, s_y * spin) - against(by_y, s_x * spin)
        times = lambda values, basis: values[:, None] * basis
        jacobian = (
            against(laplace, viscosity * laplace)
            + against(by_x, times(s_y, laplace) + times(spin, by_y))
            - against(by_y, times(s_x, laplace) + times(spin, by_x))
        )
        step = np.linalg.solve(jacobian, -residual)
        coefficients = coefficients + step
        if np.linalg.norm(step) <= 1e-10 * np.linalg.norm(coefficients):
            break
    outside = _Stream(*places.T)
    return np.stack([outside.derivative((0, 1), coefficients), -outside.derivative((1, 0), coefficients)], axis=1)


class _Stream:
    """Derivatives of stream functions at some places."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        wall = _on_unit([0, 0, 1, -2, 1])  # x^2 (1 - x)^2
        shapes = [wall * Chebyshev.basis(i, domain=(0, 1)) for i in range(DEGREE)]
        self._x, self._y = ([_derivatives(shapes, axis, n) for n in range(3)] for axis in (x, y))
        lid, down = 16 * wall, _on_unit([0, 0, -1, 1])
        self._lid, self._down = (
            [_derivatives([f], axis, n)[:, 0] for n in range(3)] for f, axis in ((lid, x), (down, y))
        )

    def basis(self, orders: tuple[int, int]) -> np.ndarray:
        """Those of all products of polynomials, of shape (N, DEGREE^2)."""
        i, j = orders
        return np.asarray(np.einsum("ni,nj->nij", self._x[i], self._y[j]).reshape(-1, DEGREE**2))

    def derivative(self, orders: tuple[int, int], coefficients: np.ndarray) -> np.ndarray:
        """That of the lifting and the sum with these coefficients."""
        i, j = orders
        return np.asarray(self.basis(orders) @ coefficients + self._lid[i] * self._down[j])


def _on_unit(powers: list[float]) -> Chebyshev:
    """A polynomial from its coefficients, as one that is evaluated well between 0 and 1."""
    return Polynomial(powers).convert(kind=Chebyshev, domain=(0, 1))


def _derivatives(functions: list[Chebyshev], places: np.ndarray, order: int) -> np.ndarray:
    """Of shape (N, functions)."""
    return np.stack([(f.deriv(order) if order else f)(places) for f in functions], axis=1)
