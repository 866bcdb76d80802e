"""The diffusivity of a rod as a function of x, a network of its own, from its temperature at 50 places."""

import numpy as np

import dualtape as dt
from dualtape import nn, pinn

points = np.linspace(0, 1, 50)[:, None]
temperature = lambda x: x + np.sin(2 * np.pi * x) / 20
flux = 1.0  # k u_x is the same everywhere
problem = pinn.Problem(
    pinn.Interval(x=(0, 1)),
    lambda u, k, p: k * u.x - flux,
    [pinn.observations(points, temperature(points), of="u")],
    exact=lambda x: (temperature(x), flux / (1 + np.pi / 10 * np.cos(2 * np.pi * x))),
)
network = pinn.Networks(
    ("x",),
    u=(nn.MLP(1, 1, width=16, depth=2, dtype=dt.float64, seed=0), ("x",)),
    k=(nn.MLP(1, 1, width=16, depth=2, dtype=dt.float64, seed=0), ("x",)),
)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(1_500), "points": 200}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
    solution.plot("unknown_diffusivity.png")
