"""Poisson's equation in 100 dimensions: the Laplacian costs 100 + 2 streams, not 100^2."""

from math import pi

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn

half = pi / 2
mean_sine = lambda p: ops.mean(ops.sin(half * p.points), 1, keepdims=True)
problem = pinn.Problem(
    pinn.Rectangle(**{f"x{i + 1}": (0, 1) for i in range(100)}),
    lambda u, p: u.laplacian() + half**2 * mean_sine(p),
    [pinn.dirichlet(mean_sine, on="boundary", weight=10.0, points=20_000)],
    exact=lambda *x: np.mean(np.sin(half * np.stack(x)), axis=0),
)
network = nn.MLP(100, 1, width=128, depth=1, dtype=dt.float64, seed=0)
# A step takes 50 points inside, and 500 of the boundary, which cost a hundredth each.
optimizer = pinn.Adam(3_000, learning_rate=1e-2, batch=50)
options = {"optimizer": optimizer, "points": 2_000, "sampler": "uniform", "resample": 0}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
