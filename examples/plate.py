"""A plate, simply supported on four sides, under a load: the biharmonic equation."""

from math import pi

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn

load = lambda p: 4 * pi**4 * ops.sin(pi * p.x) * ops.sin(pi * p.y)
problem = pinn.Problem(
    pinn.Rectangle(x=(0, 1), y=(0, 1)),
    lambda u, p: u.xxxx + 2 * u.xxyy + u.yyyy - load(p),
    [
        pinn.dirichlet(0.0, on="boundary", hard=True),
        pinn.boundary(lambda u, p: u.xx, on=("x-", "x+")),
        pinn.boundary(lambda u, p: u.yy, on=("y-", "y+")),
    ],
    exact=lambda x, y: np.sin(pi * x) * np.sin(pi * y),
)
network = nn.MLP(2, 1, width=16, depth=3, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(100) >> pinn.SSBroyden(1_500), "points": 1_000}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
    solution.plot("plate.png")
