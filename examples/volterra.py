"""An integro-differential equation of Volterra's kind: what was before acts on what is now."""

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn

problem = pinn.Problem(
    pinn.Interval(t=(0, 5)),
    lambda u, p: u.t + u - p.integral(lambda s, p: ops.exp(s - p.t) * u.at(s), 0.0, p.t),
    [pinn.initial(1.0, hard=True)],
    exact=lambda t: np.exp(-t) * np.cosh(t),
)
network = nn.MLP(1, 1, width=16, depth=3, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(100) >> pinn.SSBroyden(500), "points": 100}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
    solution.plot("volterra.png")
