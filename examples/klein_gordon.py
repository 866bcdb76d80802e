"""Klein-Gordon: a nonlinear wave with a manufactured solution, over a long time."""

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn

wave = lambda p: p.x * ops.cos(p.t)
problem = pinn.Problem(
    pinn.Rectangle(x=(-1, 1), t=(0, 10)),
    lambda u, p: u.tt - u.xx + u**2 + wave(p) - wave(p) ** 2,
    [
        pinn.initial(wave, hard=True),
        pinn.initial(0.0, order=1, hard=True),
        pinn.dirichlet(wave, on=("x-", "x+"), hard=True),
    ],
    exact=lambda x, t: x * np.cos(t),
)
network = nn.MLP(2, 1, width=20, depth=4, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(2_000)}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
    solution.plot("klein_gordon.png")
