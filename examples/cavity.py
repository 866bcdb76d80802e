"""A cavity under a moving lid at a Reynolds number of 100, beside the values of Ghia, Ghia and Shin (1982)."""

import numpy as np

import dualtape as dt
from dualtape import nn, pinn

# The velocity along the lid on the vertical line through the middle: table I of the paper.
HEIGHTS = [0.0547, 0.0625, 0.0703, 0.1016, 0.1719, 0.2813, 0.4531, 0.5]
HEIGHTS += [0.6172, 0.7344, 0.8516, 0.9531, 0.9609, 0.9688, 0.9766]
SPEEDS = [-0.03717, -0.04192, -0.04775, -0.06434, -0.10150, -0.15662, -0.21090, -0.20581]
SPEEDS += [-0.13641, 0.00332, 0.23151, 0.68717, 0.73722, 0.78871, 0.84123]


def equations(u, v, q, p):
    flow = pinn.Vector(u, v)
    momentum = [flow.dot(c.grad()) - 0.01 * c.laplacian() + d for c, d in ((u, q.x), (v, q.y))]
    return (*momentum, flow.div())


problem = pinn.Problem(
    pinn.Rectangle(x=(0, 1), y=(0, 1)),
    equations,
    [
        pinn.dirichlet(0.0, on=lambda p: p.y < 0.97, of="u"),  # corners under the lid are left open
        pinn.dirichlet(1.0, on=lambda p: (p.y == 1) & (abs(p.x - 0.5) < 0.47), of="u"),
        pinn.dirichlet(0.0, on="boundary", of="v", hard=True),
        pinn.at((0.0, 0.0), lambda u, v, q, p: q),
    ],
)
network = nn.MLP(2, 3, width=24, depth=4, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(4_000)}


def error(solution: pinn.Solution) -> float:
    found = solution.u(x=0.5, y=np.array(HEIGHTS))
    return float(np.linalg.norm(found - SPEEDS) / np.linalg.norm(SPEEDS))


if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error on the middle line: {error(solution):.1e}")
    solution.plot("cavity.png")
