"""Diffusion with a source, of waves of very different lengths."""

from math import pi

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn


def source(p):
    return ops.exp(-p.t) * (1.5 * ops.sin(2 * p.x) + 8 / 3 * ops.sin(3 * p.x) + 63 / 8 * ops.sin(8 * p.x))


problem = pinn.Problem(
    pinn.Rectangle(x=(-pi, pi), t=(0, 1)),
    lambda u, p: u.t - u.xx - source(p),
    [
        pinn.initial(
            lambda p: ops.sin(p.x) + ops.sin(2 * p.x) / 2 + ops.sin(3 * p.x) / 3 + ops.sin(8 * p.x) / 8, hard=True
        ),
        pinn.dirichlet(0.0, on=("x-", "x+"), hard=True),
    ],
    exact=lambda x, t: np.exp(-t) * sum(np.sin(n * x) / n for n in (1, 2, 3, 8)),
)
network = nn.MLP(2, 1, width=24, depth=3, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(3_000)}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
    solution.plot("reaction_diffusion.png")
