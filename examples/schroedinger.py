"""Schroedinger's nonlinear equation from 2 / cosh x; the reference splits steps between time and Fourier space."""

from math import pi

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn


def equations(u, v, p):
    density = u**2 + v**2
    return u.t + 0.5 * v.xx + density * v, v.t - 0.5 * u.xx - density * u


problem = pinn.Problem(
    pinn.Rectangle(x=(-5, 5), t=(0, pi / 2)),
    equations,
    [
        pinn.initial(lambda p: 2 / ops.cosh(p.x), of="u"),
        pinn.initial(0.0, of="v"),
        pinn.periodic("x", hard=True),
    ],
)
network = nn.MLP(3, 2, width=20, depth=4, dtype=dt.float64, seed=0)
options = {"optimizer": pinn.Adam(200) >> pinn.SSBroyden(5_000)}


def reference(x: np.ndarray, steps: int) -> np.ndarray:
    h, step = (2 / np.cosh(x)).astype(complex), pi / 2 / steps
    half = np.exp(-0.25j * step * (2 * pi * np.fft.fftfreq(x.size, 10 / x.size)) ** 2)
    found = [h]
    for _ in range(steps):
        h = np.fft.ifft(half * np.fft.fft(h))
        h = np.fft.ifft(half * np.fft.fft(h * np.exp(1j * step * abs(h) ** 2)))
        found.append(h)
    return np.array(found)


def error(solution: pinn.Solution) -> float:
    x = np.linspace(-5, 5, 256, endpoint=False)
    known = reference(x, 4_000)[::200]
    u, v = solution(x=x, t=np.linspace(0, pi / 2, 21)[:, None])
    return float(np.linalg.norm(u + 1j * v - known) / np.linalg.norm(known))


if __name__ == "__main__":
    solution = pinn.solve(problem, network, **options)
    print(f"relative L2 error: {error(solution):.1e}")
    solution.plot("schroedinger.png")
