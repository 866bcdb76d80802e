"""Poisson's equation on a square, with boundary values that hold exactly."""

from math import pi

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn

problem = pinn.Problem(
    domain=pinn.Rectangle(x=(0, 1), y=(0, 1)),
    equations=lambda u, p: u.laplacian() + 2 * pi**2 * ops.sin(pi * p.x) * ops.sin(pi * p.y),
    conditions=[pinn.dirichlet(0.0, on="boundary", hard=True)],
    exact=lambda x, y: np.sin(pi * x) * np.sin(pi * y),
)
network = nn.MLP(2, 1, width=16, depth=2, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(20) >> pinn.SSBroyden(1_000), "points": 500}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
    solution.plot("poisson.png")
