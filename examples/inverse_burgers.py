"""The viscosity and speed of Burgers' equation, found from 200 noisy observations of its solution."""

import sys
from math import pi

import numpy as np

import dualtape as dt
from dualtape import nn, pinn

random = np.random.default_rng(0)
points = random.uniform((-1, 0), (1, 1), (200, 2))
values = pinn.burgers_exact(*points.T, viscosity=0.1 / pi) + 0.01 * random.normal(size=200)

speed = dt.Parameter(dt.Tensor(0.0), name="speed")
viscosity = dt.Parameter(dt.Tensor(0.1), name="viscosity")
problem = pinn.Problem(
    domain=pinn.Rectangle(x=(-1, 1), t=(0, 1)),
    equations=lambda u, p: u.t + speed * u * u.x - viscosity * u.xx,
    conditions=[pinn.observations(points, values, weight=10.0)],
)
quick = "--quick" in sys.argv
solution = pinn.solve(
    problem,
    nn.MLP(2, 1, width=16, depth=3, seed=0),
    optimizer=pinn.Adam(20 if quick else 200) >> pinn.SSBroyden(20 if quick else 1_000),
    points=500,
    precision="float64",
    parameters=[speed, viscosity],
)
print(f"speed {float(speed):.3f} (true: 1), viscosity {float(viscosity):.4f} (true: {0.1 / pi:.4f})")
