"""Burgers' equation: a shock forms at x = 0; the network is compared with the Cole-Hopf solution."""

import sys
from math import pi

import dualtape as dt
from dualtape import nn, pinn

nu = 0.01 / pi
problem = pinn.Problem(
    domain=pinn.Rectangle(x=(-1, 1), t=(0, 1)),
    equations=lambda u, p: u.t + u * u.x - nu * u.xx,
    conditions=[
        pinn.initial(lambda p: -dt.ops.sin(pi * p.x), hard=True),
        pinn.dirichlet(0.0, on=("x-", "x+"), hard=True),
    ],
    exact=pinn.burgers_exact,
)
quick = "--quick" in sys.argv
solution = pinn.solve(
    problem,
    nn.MLP(2, 1, width=20, depth=4, seed=0),
    optimizer=pinn.Adam(20 if quick else 200) >> pinn.SSBroyden(20 if quick else 4_000),
    precision="float64",
)
solution.plot("burgers.png")
print(f"relative L2 error: {solution.error():.1e}")
