"""The viscosity and speed of Burgers' equation, found from 200 noisy observations of its solution."""

from math import pi

import numpy as np

import dualtape as dt
from dualtape import nn, pinn

random = np.random.default_rng(0)
points = random.uniform((-1, 0), (1, 1), (200, 2))
values = pinn.burgers_exact(*points.T, viscosity=0.1 / pi) + 0.01 * random.normal(size=200)

speed = dt.Parameter(dt.Tensor([0.0], dt.float64), name="speed")
viscosity = dt.Parameter(dt.Tensor([0.1], dt.float64), name="viscosity")
problem = pinn.Problem(
    domain=pinn.Rectangle(x=(-1, 1), t=(0, 1)),
    equations=lambda u, p: u.t + speed * u * u.x - viscosity * u.xx,
    conditions=[pinn.observations(points, values, weight=10.0)],
)
network = nn.MLP(2, 1, width=16, depth=3, dtype=dt.float64, seed=0)
options = {"parameters": [speed, viscosity], "optimizer": pinn.Adam(200) >> pinn.SSBroyden(1_000), "points": 500}


def error(solution: pinn.Solution) -> float:
    found = speed.asnumpy().item(), viscosity.asnumpy().item() * pi / 0.1
    return max(abs(value - 1) for value in found)


if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"largest relative error of a coefficient: {error(solution):.1e}")
    solution.plot("inverse_burgers.png")
