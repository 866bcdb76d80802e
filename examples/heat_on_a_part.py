"""Heat in a part from a file of triangles (STL), which is made here; its surface is kept at known temperatures."""

import tempfile
from pathlib import Path

import numpy as np
import trimesh

import dualtape as dt
from dualtape import nn, pinn

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder, "ring.stl")
    trimesh.creation.annulus(r_min=0.4, r_max=1.0, height=0.5, sections=16).export(file)
    part = pinn.from_surface(file)

known = lambda x, y, z: x**2 + y**2 - 2 * z**2
problem = pinn.Problem(
    part,
    lambda u, p: u.laplacian(),
    [pinn.dirichlet(lambda p: known(p.x, p.y, p.z), on="boundary", points=1_000)],
)
network = nn.MLP(3, 1, width=20, depth=3, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(1_000), "points": 1_000}


def error(solution: pinn.Solution) -> float:
    points = part.interior(200, "halton", (7,))
    wanted = known(*points.T)
    return float(np.linalg.norm(solution(points) - wanted) / np.linalg.norm(wanted))


if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {error(solution):.1e}")
    solution.plot("heat_on_a_part.png")
