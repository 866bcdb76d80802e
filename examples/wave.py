"""A string with two modes, held at both ends; the equation of second order in time needs a velocity."""

from math import pi

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn

problem = pinn.Problem(
    pinn.Rectangle(x=(0, 1), t=(0, 1)),
    lambda u, p: u.tt - 4 * u.xx,
    [
        pinn.initial(lambda p: ops.sin(pi * p.x) + ops.sin(4 * pi * p.x) / 2, hard=True),
        pinn.initial(0.0, order=1, hard=True),
        pinn.dirichlet(0.0, on=("x-", "x+"), hard=True),
    ],
    exact=lambda x, t: np.sin(pi * x) * np.cos(2 * pi * t) + np.sin(4 * pi * x) * np.cos(8 * pi * t) / 2,
)
network = nn.MLP(2, 1, width=24, depth=4, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(5_000)}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
    solution.plot("wave.png")
