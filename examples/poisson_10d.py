"""Poisson's equation in 10 dimensions: the Laplacian costs 10 + 2 streams, not 10^2."""

from math import pi

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn

half = pi / 2
problem = pinn.Problem(
    pinn.Rectangle(**{f"x{i + 1}": (0, 1) for i in range(10)}),
    lambda u, p: u.laplacian() + half**2 * ops.mean(ops.sin(half * p.points), 1, keepdims=True),
    [pinn.dirichlet(lambda p: ops.mean(ops.sin(half * p.points), 1, keepdims=True), on="boundary", points=1_000)],
    exact=lambda *x: np.mean(np.sin(half * np.stack(x)), axis=0),
)
network = nn.MLP(10, 1, width=32, depth=3, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(4_000), "points": 1_000}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
