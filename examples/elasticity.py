"""A plate in plane strain, with a load inside and on its upper edge: two displacements."""

from math import pi

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn


def stresses(u, v):
    return 2 * u.x + v.y, 2 * v.y + u.x, 0.5 * (u.y + v.x)


def equations(u, v, p):
    sx, cx, double = ops.sin(pi * p.x), ops.cos(pi * p.x), 2 * pi * p.x
    f = -8.5 * pi**2 * ops.cos(double) * ops.sin(pi * p.y) + 6 * pi * cx * p.y**3
    g = -3 * pi**2 * ops.sin(double) * ops.cos(pi * p.y) - 0.5 * pi**2 * sx * p.y**4 + 24 * sx * p.y**2
    across, along, shear = stresses(u, v)
    return across.d("x") + shear.d("y") - f, shear.d("x") + along.d("y") - g


problem = pinn.Problem(
    pinn.Rectangle(x=(0, 1), y=(0, 1)),
    equations,
    [
        pinn.dirichlet(0.0, on=("y-", "y+"), of="u", hard=True),
        pinn.dirichlet(0.0, on=("x-", "x+", "y-"), of="v", hard=True),
        pinn.boundary(lambda u, v, p: stresses(u, v)[0], on=("x-", "x+")),
        pinn.boundary(lambda u, v, p: stresses(u, v)[1] - 8 * ops.sin(pi * p.x), on="y+"),
    ],
    exact=lambda x, y: (np.cos(2 * pi * x) * np.sin(pi * y), np.sin(pi * x) * y**4),
)
network = nn.MLP(2, 2, width=20, depth=4, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(3_000)}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
    solution.plot("elasticity.png")
