"""Poisson's equation on a square; a transform holds the boundary values exactly, so no condition is needed."""

import sys
from math import pi

import numpy as np

import dualtape as dt
from dualtape import nn, pinn

problem = pinn.Problem(
    domain=pinn.Rectangle(x=(0, 1), y=(0, 1)),
    equations=lambda u, p: u.xx + u.yy + 2 * pi**2 * dt.ops.sin(pi * p.x) * dt.ops.sin(pi * p.y),
    transform=lambda u, p: p.x * (1 - p.x) * p.y * (1 - p.y) * u,
    exact=lambda x, y: np.sin(pi * x) * np.sin(pi * y),
)
steps, lbfgs_steps = (20, 20) if "--quick" in sys.argv else (100, 300)
network = nn.MLP(2, 1, width=16, depth=2, seed=0)
solution = pinn.solve(problem, network, steps, lbfgs_steps=lbfgs_steps, points=300)
solution.plot("poisson.png")
print(f"relative L2 error: {solution.error():.1e}")
