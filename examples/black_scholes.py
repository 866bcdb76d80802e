"""What a call option is worth, by the equation of Black and Scholes; t is the time that is left."""

import numpy as np
from scipy.special import ndtr

import dualtape as dt
from dualtape import nn, ops, pinn

rate, volatility = 0.05, 0.2


def value(s, t):
    """For a strike of 1."""
    spread = volatility * np.sqrt(t) + 1e-300
    ahead = (np.log(np.maximum(s, 1e-300)) + (rate + volatility**2 / 2) * t) / spread
    return s * ndtr(ahead) - np.exp(-rate * t) * ndtr(ahead - spread)


problem = pinn.Problem(
    pinn.Rectangle(s=(0, 3), t=(0, 1)),
    lambda u, p: u.t - volatility**2 / 2 * p.s**2 * u.ss - rate * p.s * u.s + rate * u,
    [
        pinn.initial(lambda p: ops.maximum(p.s - 1, 0.0), points=300),
        pinn.dirichlet(0.0, on="s-"),
        pinn.dirichlet(lambda p: p.s - ops.exp(-rate * p.t), on="s+"),
    ],
    exact=value,
)
network = nn.MLP(2, 1, width=20, depth=4, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(3_000)}

if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {solution.error():.1e}")
    solution.plot("black_scholes.png")
