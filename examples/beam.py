"""Euler's beam, clamped at one end and free at the other, under its weight."""

import dualtape as dt
from dualtape import nn, pinn

problem = pinn.Problem(
    pinn.Interval(x=(0, 1)),
    lambda u, p: u.xxxx + 1,
    [
        pinn.dirichlet(0.0, on="x-", hard=True),
        pinn.neumann(0.0, on="x-"),
        pinn.boundary(lambda u, p: (u.xx, u.xxx), on="x+"),
    ],
    exact=lambda x: -(x**4) / 24 + x**3 / 6 - x**2 / 4,
)
network = nn.MLP(1, 1, width=20, depth=3, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(100) >> pinn.SSBroyden(1_000), "points": 200}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
    solution.plot("beam.png")
