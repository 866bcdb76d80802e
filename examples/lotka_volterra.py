"""Prey and predators, in eight windows of time; the reference is Runge and Kutta's, of order 8."""

import numpy as np
from scipy.integrate import solve_ivp

import dualtape as dt
from dualtape import nn, pinn

problem = pinn.Problem(
    pinn.Interval(t=(0, 1)),
    lambda r, f, p: (r.t - 20 * (2 * r - 8 * r * f), f.t - 20 * (4 * r * f - 1.06 * f)),
    [pinn.initial(0.5, of="r"), pinn.initial(0.075, of="f")],
)
make_network = lambda: nn.MLP(1, 2, width=20, depth=3, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(1_000, tolerance=1e-9), "points": 200}


def error(solution: pinn.Solution) -> float:
    times = np.linspace(0, 1, 201)
    rate = lambda t, s: (20 * (2 * s[0] - 8 * s[0] * s[1]), 20 * (4 * s[0] * s[1] - 1.06 * s[1]))
    known = solve_ivp(rate, (0, 1), (0.5, 0.075), "DOP853", times, rtol=1e-10, atol=1e-12).y
    return float(np.linalg.norm(np.stack(solution(t=times)) - known) / np.linalg.norm(known))


def solve(**changes) -> pinn.Solution:
    return pinn.march(problem, make_network, windows=8, **{**options, **changes})


if __name__ == "__main__":
    solution = solve()
    print(f"relative L2 error: {error(solution):.1e}")
    solution.plot("lotka_volterra.png")
