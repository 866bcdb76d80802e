"""Allen-Cahn: phases part, with steep walls between them; the reference is finite differences at 2001 places."""

from math import pi

import numpy as np
from scipy.integrate import solve_ivp

import dualtape as dt
from dualtape import nn, ops, pinn

problem = pinn.Problem(
    pinn.Rectangle(x=(-1, 1), t=(0, 1)),
    lambda u, p: u.t - 1e-3 * u.xx - 5 * (u - u**3),
    [
        pinn.initial(lambda p: p.x**2 * ops.cos(pi * p.x), hard=True),
        pinn.dirichlet(-1.0, on=("x-", "x+"), hard=True),
    ],
)
network = nn.MLP(2, 1, width=20, depth=4, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(6_000)}


def reference(x: np.ndarray, times: np.ndarray) -> np.ndarray:
    def rate(_: float, u: np.ndarray) -> np.ndarray:
        found = 5 * (u - u**3)
        found[1:-1] += 1e-3 / (x[1] - x[0]) ** 2 * (u[2:] - 2 * u[1:-1] + u[:-2])
        found[[0, -1]] = 0
        return found

    start = x**2 * np.cos(pi * x)
    return solve_ivp(rate, (0, 1), start, "LSODA", times, lband=1, uband=1, rtol=1e-7, atol=1e-9).y.T


def error(solution: pinn.Solution) -> float:
    x, times = np.linspace(-1, 1, 2001), np.linspace(0, 1, 21)
    known = reference(x, times)
    return float(np.linalg.norm(solution.u(x=x, t=times[:, None]) - known) / np.linalg.norm(known))


if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {error(solution):.1e}")
    solution.plot("allen_cahn.png")
