"""Heat in a rod whose ends are kept at 0: the first mode decays."""

from math import pi

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn

a = 0.4
problem = pinn.Problem(
    pinn.Rectangle(x=(0, 1), t=(0, 1)),
    lambda u, p: u.t - a * u.xx,
    [
        pinn.initial(lambda p: ops.sin(pi * p.x), hard=True),
        pinn.dirichlet(0.0, on=("x-", "x+"), hard=True),
    ],
    exact=lambda x, t: np.exp(-(pi**2) * a * t) * np.sin(pi * x),
)
network = nn.MLP(2, 1, width=16, depth=3, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(1_000), "points": 1_000}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
    solution.plot("heat.png")
