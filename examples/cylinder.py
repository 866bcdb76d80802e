"""Slow flow past a cylinder (Stokes): no slip on it, and the exact velocities on a circle around it."""

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn


def velocities(x, y, np=np):
    """Of the stream function sin(angle) (r log r - r / 2 + 1 / (2 r)), which is biharmonic."""
    square = x**2 + y**2
    inner = np.log(square) / 2 - 0.5 + 0.5 / square
    slope = 1 / square - 1 / square**2  # of inner, by r, over r
    return inner + y**2 * slope, -x * y * slope


problem = pinn.Problem(
    pinn.Shell((0, 0), 1.0, 3.0),
    lambda u, v, q, p: (q.x - u.laplacian(), q.y - v.laplacian(), pinn.Vector(u, v).div()),
    [
        *(pinn.dirichlet(0.0, on="inner", of=name, points=200) for name in "uv"),
        pinn.dirichlet(lambda p: velocities(p.x, p.y, ops)[0], on="outer", of="u", points=200),
        pinn.dirichlet(lambda p: velocities(p.x, p.y, ops)[1], on="outer", of="v", points=200),
        pinn.at((0.0, 2.0), lambda u, v, q, p: q),
    ],
)
network = nn.MLP(2, 3, width=20, depth=4, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(3_000)}


def error(solution: pinn.Solution) -> float:
    points = problem.domain.interior(4_096, "halton", (7,))
    known = np.stack(velocities(*points.T))
    return float(np.linalg.norm(np.stack(solution(points)[:2]) - known) / np.linalg.norm(known))


if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {error(solution):.1e}")
    solution.plot("cylinder.png")
