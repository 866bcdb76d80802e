"""Integrals: at each point a network, or a kernel, at the nodes of a quadrature."""

from __future__ import annotations

import numpy as np

import dualtape as dt
from dualtape import ops
from varied_programs.program import Program, mean_square, network, points, weights

NODES, WEIGHTS = (x.astype(np.float64) for x in np.polynomial.legendre.leggauss(7))


def volterra(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """u' + u = the integral of exp(s - x) u(s) for s from 0 to x; nodes are rows of one batch."""
    u, slope = dt.partials(lambda z: network(layers, z)[:, 0], [(0,), (1,)])(x)
    nodes = x * dt.Tensor((NODES + 1) / 2).astype(x.dtype)
    inside = network(layers, nodes.reshape(-1, 1)).reshape(-1, NODES.size)
    integral = (inside * ops.exp(nodes - x) * dt.Tensor(WEIGHTS / 2).astype(x.dtype)).sum(1) * x[:, 0]
    return mean_square(slope + u - integral)


def fredholm(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """The same network at nodes that are an axis of their own."""
    nodes = ops.expand_dims(x + 0.1 * dt.Tensor(NODES).astype(x.dtype), -1)
    integral = (network(layers, nodes) * dt.Tensor(WEIGHTS).astype(x.dtype)).sum(1)
    return mean_square(network(layers, x) - integral)


def largest_of_neighbours(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """A maximum over the nodes, and a mean over nodes and points at once."""
    nodes = (x + 0.1 * dt.Tensor(NODES).astype(x.dtype)).reshape(-1, 1)
    inside = network(layers, nodes)
    return mean_square(inside.reshape(-1, NODES.size).amax(1)) + ops.tanh(inside).mean()


PROGRAMS: dict[str, Program] = {
    "Volterra": Program(volterra, [weights(1, 8, 8, 1), points(371, 1)], (371,)),
    "Fredholm": Program(fredholm, [weights(1, 8, 8, 1), points(372, 1)], (372,)),
    "largest of neighbours": Program(largest_of_neighbours, [weights(1, 8, 8, 1), points(373, 1)], (373,)),
}
