"""Burgers' equation: a shock forms at x = 0; the reference is the Cole-Hopf solution."""

from math import pi

import dualtape as dt
from dualtape import nn, ops, pinn

nu = 0.01 / pi
problem = pinn.Problem(
    domain=pinn.Rectangle(x=(-1, 1), t=(0, 1)),
    equations=lambda u, p: u.t + u * u.x - nu * u.xx,
    conditions=[
        pinn.initial(lambda p: -ops.sin(pi * p.x), hard=True),
        pinn.dirichlet(0.0, on=("x-", "x+"), hard=True),
    ],
    exact=pinn.burgers_exact,
)
network = nn.MLP(2, 1, width=20, depth=4, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(4_000)}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
    solution.plot("burgers.png")
