"""Poisson's equation on an L, whose corner is singular; the reference is made of functions with that singularity."""

import numpy as np

import dualtape as dt
from dualtape import nn, pinn

corners = [(0, 0), (1, 0), (1, -1), (-1, -1), (-1, 1), (0, 1)]
problem = pinn.Problem(
    pinn.Polygon(corners),
    lambda u, p: u.laplacian() + 1,
    [pinn.dirichlet(0.0, on="boundary", points=500)],
)
network = nn.MLP(2, 1, width=20, depth=4, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(5_000)}


def polar(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The angle runs from 0 to 3 pi / 2, between the sides that meet in the corner."""
    return np.hypot(*points.T), np.mod(np.arctan2(points[:, 1], points[:, 0]) - np.pi / 2, 2 * np.pi)


def singular(points: np.ndarray) -> np.ndarray:
    """Harmonic functions that are 0 on both sides of the corner (Fox, Henrici and Moler 1967)."""
    r, angle = polar(points)
    orders = 2 / 3 * np.arange(1, 41)
    return r[:, None] ** orders * np.sin(angle[:, None] * orders)


def particular(points: np.ndarray) -> np.ndarray:
    """A function with a Laplacian of -1 that is 0 on both sides of the corner."""
    r, angle = polar(points)
    log = np.log(np.maximum(r, 1e-300))
    resonant = (log * np.sin(2 * angle) + angle * np.cos(2 * angle)) / (3 * np.pi)
    return r**2 * (np.cos(2 * angle) / 4 - 0.25 - resonant)


def error(solution: pinn.Solution) -> float:
    edge = problem.domain.boundary(2_000)[0]
    coefficients = np.linalg.lstsq(singular(edge), -particular(edge), rcond=None)[0]
    points = problem.domain.interior(4_096, "halton", (7,))
    known = particular(points) + singular(points) @ coefficients
    return float(np.linalg.norm(solution(points) - known) / np.linalg.norm(known))


if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {error(solution):.1e}")
    solution.plot("poisson_on_an_l.png")
