"""The lowest energy of a particle in a well: a Parameter that is sought together with its wave."""

from math import pi

import dualtape as dt
from dualtape import nn, pinn

energy = dt.Parameter(dt.Tensor([4.0], dt.float64), name="energy")
problem = pinn.Problem(
    pinn.Interval(x=(0, 1)),
    lambda u, p: u.xx / 2 + energy * u,
    [
        pinn.dirichlet(0.0, on=("x-", "x+"), hard=True),
        pinn.integral(lambda u, p: u * u, 1.0, name="norm", weight=1.0),
    ],
)
network = nn.MLP(1, 1, width=12, depth=2, dtype=dt.float64, seed=0)
options = {"parameters": [energy], "optimizer": pinn.Adam(200) >> pinn.SSBroyden(500), "points": 100}


def error(solution: pinn.Solution) -> float:
    return abs(energy.asnumpy().item() / (pi**2 / 2) - 1)


if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative error of the energy: {error(solution):.1e}")
    solution.plot("eigenvalue.png")
