"""Helmholtz' equation in a box with a hole, on whose rim the flux is given."""

from math import pi

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn

k = 2 * pi
wave = lambda p: ops.sin(k * p.x) * ops.sin(k * p.y)
problem = pinn.Problem(
    pinn.Rectangle(x=(0, 1), y=(0, 1)) - pinn.Disk((0.5, 0.5), 0.25).named("hole"),
    lambda u, p: u.laplacian() + k**2 * (u + wave(p)),
    [
        pinn.dirichlet(0.0, on=("x-", "x+", "y-", "y+")),
        pinn.boundary(lambda u, p: u.normal - (u * 0 + wave(p)).normal, on="hole"),
    ],
    exact=lambda x, y: np.sin(k * x) * np.sin(k * y),
)
network = nn.MLP(2, 1, width=20, depth=4, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(4_000)}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
    solution.plot("helmholtz_with_a_hole.png")
