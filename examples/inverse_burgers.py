"""The viscosity and speed of Burgers' equation, found from 200 noisy observations of its solution."""

from math import pi

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn

random = np.random.default_rng(0)
points = random.uniform((-1, 0), (1, 1), (200, 2))
values = pinn.burgers_exact(*points.T)
values += 0.01 * np.std(values) * random.normal(size=200)

speed = dt.Parameter(dt.Tensor([0.0], dt.float64), name="speed")
viscosity = dt.Parameter(dt.Tensor([-4.0], dt.float64), name="log viscosity")
problem = pinn.Problem(
    domain=pinn.Rectangle(x=(-1, 1), t=(0, 1)),
    equations=lambda u, p: u.t + speed * u * u.x - ops.exp(viscosity) * u.xx,
    conditions=[pinn.observations(points, values, weight=1.0)],
)
network = nn.MLP(2, 1, width=20, depth=4, dtype=dt.float64, seed=0)
optimizer = pinn.Adam(200) >> pinn.SSBroyden(2_000)
options = {"parameters": [speed, viscosity], "optimizer": optimizer, "points": 5_000}


def error(solution: pinn.Solution) -> float:
    found = speed.asnumpy().item(), np.exp(viscosity.asnumpy().item()) * pi / 0.01
    return max(abs(value - 1) for value in found)


if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"largest relative error of a coefficient: {error(solution):.1e}")
    solution.plot("inverse_burgers.png")
