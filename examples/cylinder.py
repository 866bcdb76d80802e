"""Flow past a cylinder in a channel at a Reynolds number of 20, beside the values of Schaefer and Turek (1996)."""

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn

# Lengths in diameters, velocities in means of the inlet's. Nabh (1998), by spectral elements.
DRAG, DROP = 5.57953523384, 2.93800417
HEIGHT, nu = 4.1, 1 / 20
inlet = lambda p: 6 * p.y * (HEIGHT - p.y) / HEIGHT**2


def equations(u, v, q, p):
    flow = pinn.Vector(u, v)
    momentum = [flow.dot(c.grad()) - nu * c.laplacian() + d for c, d in ((u, q.x), (v, q.y))]
    return (*momentum, flow.div())


def transform(u, v, q, p):
    """No slip on the cylinder and the walls, and the inlet's profile, hold exactly."""
    away = 1 - 0.25 / ((p.x - 2) ** 2 + (p.y - 2) ** 2)
    entered = ops.tanh(p.x)
    free = away * entered * inlet(p)
    return inlet(p) * away / (away + (1 - away) * entered) + free * u, free * v, q


problem = pinn.Problem(
    pinn.Rectangle(x=(0, 22), y=(0, HEIGHT)) - pinn.Disk((2, 2), 0.5).named("cylinder"),
    equations,
    [pinn.boundary(lambda u, v, q, p: (nu * u.x - q, nu * v.x), on="x+")],
    transform=transform,
)
network = nn.MLP(2, 3, width=24, depth=4, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(8_000), "points": 4_000}


def error(solution: pinn.Solution) -> float:
    """The larger one of the errors of the drag coefficient and of the drop of pressure across the cylinder."""
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    normal = np.cos(angle), np.sin(angle)
    at = {"x": 2 + 0.5 * normal[0], "y": 2 + 0.5 * normal[1]}
    shear = nu * (solution.u.y(**at) - solution.v.x(**at))  # the vorticity, as the cylinder rests
    drag = np.sum(-shear * -normal[1] - solution.q(**at) * normal[0]) * np.pi / 400
    front, back = solution.q(x=np.array([1.5, 2.5]), y=2.0)
    return float(max(abs(2 * drag / DRAG - 1), abs((front - back) / DROP - 1)))


if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"larger relative error of drag and drop of pressure: {error(solution):.1e}")
    solution.plot("cylinder.png")
