"""Solutions of the examples: formulas, and methods that are far more exact than a network."""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse
from scipy.integrate import solve_ivp
from scipy.interpolate import RegularGridInterpolator
from scipy.sparse.linalg import spsolve

from error.cavity import cavity_reference as cavity_reference

PI = math.pi
TOLERANCES = {"rtol": 1e-11, "atol": 1e-12}


def lorenz_path(times: np.ndarray) -> np.ndarray:
    """From (-8, 7, 27), with coefficients 10, 15 and 8/3: an array of shape (3, N)."""
    rate = lambda t, s: (10 * (s[1] - s[0]), s[0] * (15 - s[2]) - s[1], s[0] * s[1] - 8 / 3 * s[2])
    return np.asarray(solve_ivp(rate, (0, 3), (-8.0, 7.0, 27.0), t_eval=times, method="DOP853", **TOLERANCES).y)


def lotka_volterra_path(times: np.ndarray) -> np.ndarray:
    """Prey and predators, of shape (2, N)."""
    rate = lambda t, s: (20 * (2 * s[0] - 8 * s[0] * s[1]), 20 * (4 * s[0] * s[1] - 1.06 * s[1]))
    return np.asarray(solve_ivp(rate, (0, 1), (0.5, 0.075), t_eval=times, method="DOP853", **TOLERANCES).y)


def kovasznay_flow(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Velocities and pressure at a Reynolds number of 20."""
    decay = 10 - math.sqrt(100 + 4 * PI**2)
    along = 1 - np.exp(decay * x) * np.cos(2 * PI * y)
    across = decay / (2 * PI) * np.exp(decay * x) * np.sin(2 * PI * y)
    return along, across, (1 - np.exp(2 * decay * x)) / 2


def moving_vortices(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Taylor's decaying vortices with a viscosity of 0.01, carried along at speed 1: both coefficients show in it."""
    x, y, t = points.T
    size = np.exp(-2 * PI**2 * 0.01 * t)
    along = -np.cos(PI * (x - t)) * np.sin(PI * y) * size
    return along + 1, np.sin(PI * (x - t)) * np.cos(PI * y) * size


def l_shape_values(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """By finite differences on two grids, extrapolated by the order 4/3 that the corner leaves."""
    coarse, fine = _l_shape_grid(100), _l_shape_grid(200)[::2, ::2]
    nodes = np.linspace(-1, 1, len(coarse))
    return RegularGridInterpolator((nodes, nodes), fine + (fine - coarse) / (2 ** (4 / 3) - 1))(np.stack([x, y], -1))


def _l_shape_grid(cells: int) -> np.ndarray:
    """With so many cells on a side of 1; 0 outside."""
    nodes = np.linspace(-1, 1, 2 * cells + 1)
    x, y = np.meshgrid(nodes, nodes, indexing="ij")
    inside = (abs(x) < 1) & (abs(y) < 1) & ~((x > -1e-9) & (y > -1e-9))
    numbers = np.full(x.shape, -1)
    numbers[inside] = np.arange(inside.sum())
    rows, columns = [], []
    for shift in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        neighbour = np.roll(numbers, shift, (0, 1))
        both = inside & (neighbour >= 0)
        rows.append(numbers[both])
        columns.append(neighbour[both])
    row, column = np.concatenate(rows), np.concatenate(columns)
    size = int(inside.sum())
    matrix = sparse.eye(size) * 4 - sparse.coo_matrix((np.ones(len(row)), (row, column)), shape=(size, size))
    found = np.zeros(x.shape)
    found[inside] = spsolve(matrix.tocsc(), np.full(size, 1 / cells**2))
    return found


def allen_cahn_values(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """At times t and places x between -1 and 1, of shape (len(t), len(x)), by finite differences at 4001 places."""
    nodes = np.linspace(-1, 1, 4001)
    scale = 1e-3 / (nodes[1] - nodes[0]) ** 2

    def rate(_: float, u: np.ndarray) -> np.ndarray:
        found = 5 * (u - u**3)
        found[1:-1] += scale * (u[2:] - 2 * u[1:-1] + u[:-2])
        found[[0, -1]] = 0
        return found

    start = nodes**2 * np.cos(PI * nodes)
    solved = solve_ivp(rate, (0, 1), start, t_eval=t, method="LSODA", lband=1, uband=1, rtol=1e-8, atol=1e-10)
    return np.array([np.interp(x, nodes, row) for row in solved.y.T])


def soliton_values(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Schroedinger's equation from 2 / cosh x: complex, of shape (len(t), len(x)), by Strang's splitting in time."""
    nodes = np.linspace(-5, 5, 256, endpoint=False)
    waves, steps = 2 * PI * np.fft.fftfreq(256, 10 / 256), 200
    h, found, now = (2 / np.cosh(nodes)).astype(complex), [], 0.0
    for moment in t:
        step = (moment - now) / steps
        half = np.exp(-0.25j * step * waves**2)
        for _ in range(steps if step else 0):
            h = np.fft.ifft(half * np.fft.fft(h))
            h = np.fft.ifft(half * np.fft.fft(h * np.exp(1j * step * abs(h) ** 2)))
        now = moment
        modes = np.fft.fft(h) / 256
        found.append(np.exp(1j * np.outer(x + 5, waves)) @ modes)
    return np.array(found)


def put_values(prices: np.ndarray, steps: int = 4_000) -> np.ndarray:
    """An American put, a year before its end, by a binomial tree: strike 1, interest 5 %, volatility 20 %."""
    step = 1 / steps
    up = math.exp(0.2 * math.sqrt(step))
    share, discount = (math.exp(0.05 * step) - 1 / up) / (up - 1 / up), math.exp(-0.05 * step)
    levels = up ** np.arange(-steps, steps + 1, 2.0)
    values = np.maximum(1 - prices[:, None] * levels, 0)
    for _ in range(steps):
        levels = levels[:-1] * up
        waiting = discount * (share * values[:, 1:] + (1 - share) * values[:, :-1])
        values = np.maximum(waiting, 1 - prices[:, None] * levels)
    return values[:, 0]
