"""Diffusion with a source, of waves of very different lengths."""

from math import pi

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn

WAVES = (1, 2, 3, 4, 8)


def source(p):
    return ops.exp(-p.t) * sum((n - 1 / n) * ops.sin(n * p.x) for n in WAVES)


problem = pinn.Problem(
    pinn.Rectangle(x=(-pi, pi), t=(0, 1)),
    lambda u, p: u.t - u.xx - source(p),
    [
        pinn.initial(lambda p: sum(ops.sin(n * p.x) / n for n in WAVES), hard=True),
        pinn.dirichlet(0.0, on=("x-", "x+"), hard=True),
    ],
    exact=lambda x, t: np.exp(-t) * sum(np.sin(n * x) / n for n in WAVES),
)
network = nn.MLP(2, 1, width=24, depth=3, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(3_000)}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
    solution.plot("reaction_diffusion.png")
