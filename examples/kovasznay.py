"""Kovasznay's flow behind a grid, at a Reynolds number of 20: velocities at the edge are known."""

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn

nu = 1 / 20
decay = 10 - np.sqrt(100 + 4 * np.pi**2)


def equations(u, v, q, p):
    flow = pinn.Vector(u, v)
    momentum = [flow.dot(c.grad()) - nu * c.laplacian() + d for c, d in ((u, q.x), (v, q.y))]
    return (*momentum, flow.div())


along = lambda p: 1 - ops.exp(decay * p.x) * ops.cos(2 * np.pi * p.y)
across = lambda p: decay / (2 * np.pi) * ops.exp(decay * p.x) * ops.sin(2 * np.pi * p.y)
problem = pinn.Problem(
    pinn.Rectangle(x=(-0.5, 1), y=(-0.5, 1.5)),
    equations,
    [
        pinn.dirichlet(along, on="boundary", of="u", hard=True),
        pinn.dirichlet(across, on="boundary", of="v", hard=True),
        pinn.at((1.0, 0.0), lambda u, v, q, p: q - (1 - ops.exp(2 * decay * p.x)) / 2),
    ],
    exact=lambda x, y: (
        1 - np.exp(decay * x) * np.cos(2 * np.pi * y),
        decay / (2 * np.pi) * np.exp(decay * x) * np.sin(2 * np.pi * y),
        (1 - np.exp(2 * decay * x)) / 2,
    ),
)
network = nn.MLP(2, 3, width=20, depth=4, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(3_000)}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
    solution.plot("kovasznay.png")
