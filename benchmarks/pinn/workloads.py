"""What is trained: networks, points and equations, said once for all engines."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

Arrays = list[np.ndarray]
Step = Callable[[], tuple[float, Arrays]]
"""One step: the loss, and its gradient by every weight and bias, as NumPy arrays and so waited for."""

LAPLACIAN = "laplacian"


class Functions(NamedTuple):
    """The functions of one engine."""

    sin: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    silu: Callable[[Any], Any]
    gelu: Callable[[Any], Any]


class Workload(NamedTuple):
    """A network, and the equations that it is to solve.

    Attributes
    ----------
    sizes
        Features from the input to the output.
    points
        How many, uniform in [-1, 1].
    derivatives
        Multi-indices, each along one axis, or LAPLACIAN for the Laplacian alone.
    residuals
        From the engine's functions, a source at the points and the derivatives, each with a column for each output, to
        what is to vanish.
    activation
        One of the fields of :class:`Functions`.
    skips
        Whether each hidden layer is added to the one before.
    reads_source
        Whether the residuals read the source, so that it is an input of the step.
    """

    sizes: tuple[int, ...]
    points: int
    derivatives: tuple[tuple[int, ...], ...] | str
    residuals: Callable[..., Sequence[Any]]
    activation: str = "tanh"
    skips: bool = False
    reads_source: bool = False

    def scaled(self, points: int = 0, width: int = 0, depth: int = 0) -> Workload:
        """The same equations at another size; 0 leaves a size as it is."""
        first, *hidden, last = self.sizes
        width, depth = width or hidden[0], depth or len(hidden)
        return self._replace(points=points or self.points, sizes=(first, *[width] * depth, last))


class Problem(NamedTuple):
    """A workload with its numbers."""

    workload: Workload
    weights: Arrays
    points: np.ndarray
    source: np.ndarray


def problem(workload: Workload, dtype: str) -> Problem:
    rng = np.random.default_rng(0)
    weights: Arrays = []
    for rows, columns in pairwise(workload.sizes):
        weights.append(rng.normal(0, math.sqrt(2 / (rows + columns)), (rows, columns)).astype(dtype))
        weights.append(rng.normal(0, 0.1, columns).astype(dtype))
    points = rng.uniform(-1, 1, (workload.points, workload.sizes[0]))
    source = np.sin(np.pi * points).mean(1, keepdims=True)
    return Problem(workload, weights, points.astype(dtype), source.astype(dtype))


def network(workload: Workload, functions: Functions, weights: Any, x: Any) -> Any:
    activation = getattr(functions, workload.activation)
    x = activation(x @ weights[0] + weights[1])
    for i in range(2, len(weights) - 2, 2):
        layer = activation(x @ weights[i] + weights[i + 1])
        x = x + layer if workload.skips else layer
    return x @ weights[-2] + weights[-1]


def from_towers(workload: Workload, tower: Callable[[int, int], Sequence[Any]]) -> list[Any]:
    """The derivatives of a workload, where ``tower(axis, k)`` gives those of orders 0 to k along an axis."""
    if isinstance(workload.derivatives, str):
        return [sum(tower(axis, 2)[2] for axis in range(workload.sizes[0]))]
    highest: dict[int, int] = {}
    for index in workload.derivatives:
        for axis, order in enumerate(index):
            if order:
                highest[axis] = max(order, highest.get(axis, 0))
    towers = {axis: tower(axis, order) for axis, order in highest.items()}
    value = next(iter(towers.values()))[0]
    places = [next(((axis, k) for axis, k in enumerate(index) if k), None) for index in workload.derivatives]
    return [value if place is None else towers[place[0]][place[1]] for place in places]


def _burgers(_f: Functions, _source: Any, u: Any, u_x: Any, u_t: Any, u_xx: Any) -> list[Any]:
    return [u_t + u * u_x - 0.01 / math.pi * u_xx]


def _poisson(_f: Functions, source: Any, laplacian: Any) -> list[Any]:
    return [laplacian + source]


def _sine_gordon(f: Functions, _source: Any, u: Any, u_xx: Any, u_tt: Any) -> list[Any]:
    return [u_tt - u_xx + f.sin(u)]


def _kuramoto_sivashinsky(_f: Functions, _s: Any, u: Any, u_x: Any, u_t: Any, u_xx: Any, u_xxxx: Any) -> list[Any]:
    return [u_t + u * u_x + u_xx + u_xxxx]


def _allen_cahn(_f: Functions, _source: Any, u: Any, u_t: Any, u_xx: Any) -> list[Any]:
    return [u_t - 0.001 * u_xx + 5 * (u * u * u - u)]


def _navier_stokes(_f: Functions, _s: Any, fields: Any, by_x: Any, by_y: Any, by_xx: Any, by_yy: Any) -> list[Any]:
    u, v = fields[:, 0], fields[:, 1]
    viscous = 0.01 * (by_xx + by_yy)
    return [
        u * by_x[:, 0] + v * by_y[:, 0] + by_x[:, 2] - viscous[:, 0],
        u * by_x[:, 1] + v * by_y[:, 1] + by_y[:, 2] - viscous[:, 1],
        by_x[:, 0] + by_y[:, 1],
    ]


_BURGERS = ((0, 0), (1, 0), (0, 1), (2, 0))
_WAVE = ((0, 0), (2, 0), (0, 2))
_KS = (*_BURGERS, (4, 0))
_HEAT = ((0, 0), (0, 1), (2, 0))
_FLOW = ((0, 0), (1, 0), (0, 1), (2, 0), (0, 2))

WORKLOADS = {
    "burgers": Workload((2, *[20] * 8, 1), 10_000, _BURGERS, _burgers),
    "poisson2d": Workload((2, *[50] * 4, 1), 16_384, LAPLACIAN, _poisson, reads_source=True),
    "wave": Workload((2, *[128] * 4, 1), 8_192, _WAVE, _sine_gordon),
    "ks4": Workload((2, *[64] * 4, 1), 4_096, _KS, _kuramoto_sivashinsky),
    "poisson100d": Workload((100, *[128] * 4, 1), 256, LAPLACIAN, _poisson, reads_source=True),
    "poisson10d": Workload((10, *[100] * 4, 1), 1_000, LAPLACIAN, _poisson, reads_source=True),
    "burgers_deep": Workload((2, *[32] * 12, 1), 4_096, _BURGERS, _burgers),
    "poisson2d_wide": Workload((2, *[256] * 3, 1), 2_048, LAPLACIAN, _poisson, reads_source=True),
    "wave_sin": Workload((2, *[64] * 4, 1), 8_192, _WAVE, _sine_gordon, "sin"),
    "heat_silu": Workload((2, *[64] * 4, 1), 8_192, _HEAT, _allen_cahn, "silu"),
    "poisson2d_gelu": Workload((2, *[50] * 4, 1), 8_192, LAPLACIAN, _poisson, "gelu", reads_source=True),
    "navier_stokes": Workload((2, *[64] * 4, 3), 8_192, _FLOW, _navier_stokes),
    "allen_cahn_residual": Workload((2, *[64] * 5, 1), 8_192, _HEAT, _allen_cahn, skips=True),
}
FIRST_FIVE = list(WORKLOADS)[:5]
