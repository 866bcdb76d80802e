"""Poisson's equation on a square, with boundary values that hold exactly."""

import sys
from math import pi

import numpy as np

import dualtape as dt
from dualtape import nn, pinn

problem = pinn.Problem(
    domain=pinn.Rectangle(x=(0, 1), y=(0, 1)),
    equations=lambda u, p: u.xx + u.yy + 2 * pi**2 * dt.ops.sin(pi * p.x) * dt.ops.sin(pi * p.y),
    conditions=[pinn.dirichlet(0.0, on=("x-", "x+", "y-", "y+"), hard=True)],
    exact=lambda x, y: np.sin(pi * x) * np.sin(pi * y),
)
steps = 20 if "--quick" in sys.argv else 300
network = nn.MLP(2, 1, width=16, depth=2, dtype=dt.float64, seed=0)
solution = pinn.solve(problem, network, optimizer=pinn.Adam(20) >> pinn.SSBroyden(steps), points=300)
solution.plot("poisson.png")
print(f"relative L2 error: {solution.error():.1e}")
