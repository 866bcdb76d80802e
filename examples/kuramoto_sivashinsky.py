"""Kuramoto-Sivashinsky, of fourth order and periodic; the reference is a Fourier series with 128 modes."""

import numpy as np
from scipy.integrate import solve_ivp

import dualtape as dt
from dualtape import nn, ops, pinn

a, b = 0.5, 0.05
problem = pinn.Problem(
    pinn.Rectangle(x=(-np.pi, np.pi), t=(0, 1)),
    lambda u, p: u.t + u * u.x + a * u.xx + b * u.xxxx,
    [pinn.periodic("x", hard=True), pinn.initial(lambda p: -ops.sin(p.x))],
)
network = nn.MLP(3, 1, width=20, depth=4, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(3_000)}


def reference(x: np.ndarray, times: np.ndarray) -> np.ndarray:
    waves = np.fft.rfftfreq(x.size, 1 / x.size)

    def rate(_: float, u: np.ndarray) -> np.ndarray:
        linear = (a * waves**2 - b * waves**4) * np.fft.rfft(u)
        return np.fft.irfft(linear - 0.5j * waves * np.fft.rfft(u**2))

    return solve_ivp(rate, (0, 1), -np.sin(x), "BDF", times, rtol=1e-8, atol=1e-9).y.T


def error(solution: pinn.Solution) -> float:
    x, times = np.linspace(-np.pi, np.pi, 128, endpoint=False), np.linspace(0, 1, 21)
    known = reference(x, times)
    return float(np.linalg.norm(solution.u(x=x, t=times[:, None]) - known) / np.linalg.norm(known))


if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {error(solution):.1e}")
    solution.plot("kuramoto_sivashinsky.png")
