"""Helmholtz' equation in a box, with two waves on a side."""

from math import pi

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn

k = 2 * pi * 2
problem = pinn.Problem(
    pinn.Rectangle(x=(0, 1), y=(0, 1)),
    lambda u, p: u.laplacian() + k**2 * u + k**2 * ops.sin(k * p.x) * ops.sin(k * p.y),
    [pinn.dirichlet(0.0, on="boundary", hard=True)],
    exact=lambda x, y: np.sin(k * x) * np.sin(k * y),
)
network = nn.MLP(2, 1, width=24, depth=4, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(4_000)}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
    solution.plot("helmholtz.png")
