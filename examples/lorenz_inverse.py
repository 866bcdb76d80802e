"""The three coefficients of Lorenz' system, from 25 observations of its path."""

import numpy as np
from scipy.integrate import solve_ivp

import dualtape as dt
from dualtape import nn, pinn

TRUE = (10.0, 15.0, 8 / 3)
times = np.linspace(0, 3, 25)
rate = lambda t, s: (10 * (s[1] - s[0]), s[0] * (15 - s[2]) - s[1], s[0] * s[1] - 8 / 3 * s[2])
path = solve_ivp(rate, (0, 3), (-8, 7, 27), "DOP853", times, rtol=1e-10, atol=1e-10).y

a, b, c = (dt.Parameter(dt.Tensor([1.0], dt.float64), name=name) for name in "abc")
problem = pinn.Problem(
    pinn.Interval(t=(0, 3)),
    lambda x, y, z, p: (x.t - a * (y - x), y.t - x * (b - z) + y, z.t - x * y + c * z),
    [pinn.observations(times[:, None], seen, of=name) for name, seen in zip("xyz", path, strict=True)],
)
network = nn.MLP(1, 3, width=40, depth=3, dtype=dt.float64, seed=0)
options = {"parameters": [a, b, c], "optimizer": pinn.Adam(200) >> pinn.SSBroyden(5_000), "points": 500}


def error(solution: pinn.Solution) -> float:
    found = [parameter.asnumpy().item() for parameter in (a, b, c)]
    return max(abs(value / true - 1) for value, true in zip(found, TRUE, strict=True))


if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"largest relative error of a coefficient: {error(solution):.1e}")
    solution.plot("lorenz_inverse.png")
