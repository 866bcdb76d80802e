"""Poisson's equation in 100 dimensions: the Laplacian costs 100 + 2 streams, not 100^2."""

from math import pi

import numpy as np

import dualtape as dt
from dualtape import ops, pinn

half = pi / 2
mean_sine = lambda p: ops.mean(ops.sin(half * p.points), 1, keepdims=True)
problem = pinn.Problem(
    pinn.Rectangle(**{f"x{i + 1}": (0, 1) for i in range(100)}),
    lambda u, p: u.laplacian() + half**2 * mean_sine(p),
    # A point of the boundary costs a hundredth of one inside, and nearly all of a box in 100 dimensions is near it.
    [pinn.dirichlet(mean_sine, on="boundary", weight=10.0, points=5_000)],
    exact=lambda *x: np.mean(np.sin(half * np.stack(x)), axis=0),
)
# Sums of functions of single coordinates: an MLP has to build each of them from ridges across all of space.
network = pinn.ChebyshevKAN(100, 1, width=4, depth=1, degree=4, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.SSBroyden(1_000), "points": 100, "sampler": "uniform", "resample": 0}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
