"""Small losses with their arguments, which become block kernels; and how far results are from what they should be."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import ops, pytree

Case = tuple[Callable[..., Any], list[Any]]
RNG = np.random.default_rng(7)


def weights(*sizes: int) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    for rows, columns in pairwise(sizes):
        found += [RNG.normal(size=(rows, columns)) / np.sqrt(rows), 0.1 * RNG.normal(size=columns)]
    return found


def network(
    layers: list[dt.Tensor], x: dt.Tensor, activation: Callable[[dt.Tensor], dt.Tensor] = ops.tanh
) -> dt.Tensor:
    for i in range(0, len(layers) - 2, 2):
        x = activation(x @ layers[i] + layers[i + 1])
    return x @ layers[-2] + layers[-1]


def points(count: int, dimensions: int = 2) -> np.ndarray:
    return RNG.uniform(-1, 1, (count, dimensions))


def burgers(activation: Callable[[dt.Tensor], dt.Tensor] = ops.tanh) -> Callable[..., dt.Tensor]:
    def loss(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
        u, u_x, u_t, u_xx = dt.partials(lambda z: network(layers, z, activation), [(0, 0), (1, 0), (0, 1), (2, 0)])(x)
        return ops.square(u_t + u * u_x - 0.01 * u_xx).mean()

    return loss


def poisson(layers: list[dt.Tensor], x: dt.Tensor, source: dt.Tensor) -> dt.Tensor:
    _, laplacian = dt.laplacian(lambda z: network(layers, z))(x)
    return ops.square(laplacian[:, 0] + source).mean()


def wave(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    u, u_xx, u_tt = dt.partials(lambda z: network(layers, z), [(0, 0), (2, 0), (0, 2)])(x)
    return ops.square(u_tt - u_xx + ops.sin(u)).mean()


def order(k: int) -> Callable[..., dt.Tensor]:
    def loss(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
        (derivative,) = dt.partials(lambda z: network(layers, z), [(k,)])(x)
        return ops.square(derivative).mean()

    return loss


def residual_blocks(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    def field(z: dt.Tensor) -> dt.Tensor:
        h = ops.tanh(z @ layers[0] + layers[1])
        h = h + ops.tanh(h @ layers[2] + layers[3]) * ops.sigmoid(h @ layers[4] + layers[5])
        return h @ layers[6] + layers[7]

    u, u_x = dt.partials(field, [(0, 0), (1, 0)])(x)
    return ops.square(u_x - u).sum()


def two_outputs(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    values, by_x, by_y = dt.partials(lambda z: network(layers, z), [(0, 0), (1, 0), (0, 1)])(x)
    divergence = by_x[:, 0] + by_y[:, 1]
    return ops.square(divergence).mean() + ops.square(values[:, 0] * by_y[:, 0] - values[:, 1]).mean()


def trainable_coefficient(parameters: dict[str, Any], x: dt.Tensor) -> dt.Tensor:
    u, u_t, u_xx = dt.partials(lambda z: network(parameters["layers"], z), [(0, 0), (0, 1), (2, 0)])(x)
    return ops.square(u_t - parameters["nu"] * u_xx + ops.exp(-u * u)).mean()


def choices(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    u = network(layers, x)
    inside = ops.where(ops.abs(x[:, :1]) < 0.5, u, 2 * u - 1)
    return (ops.maximum(inside, 0.1 * x[:, 1:]) * ops.concat([u, x], 1).sum(1, keepdims=True)).mean()


CASES: dict[str, Case] = {
    "burgers": (burgers(), [weights(2, 7, 7, 1), points(117)]),
    "burgers, sin": (burgers(ops.sin), [weights(2, 8, 8, 1), points(64)]),
    "burgers, silu": (burgers(lambda x: x * ops.sigmoid(x)), [weights(2, 5, 5, 1), points(33)]),
    "burgers, gelu": (burgers(ops.gelu), [weights(2, 6, 6, 1), points(40)]),
    "fewer points than a tile": (burgers(), [weights(2, 6, 6, 1), points(3)]),
    "poisson, with a source": (poisson, [weights(2, 10, 10, 1), points(50), RNG.normal(size=50)]),
    "wave, wide": (wave, [weights(2, 36, 36, 1), points(70)]),
    "order 4": (order(4), [weights(1, 6, 6, 1), points(45, 1)]),
    "residual and gated": (
        residual_blocks,
        [weights(2, 6) + weights(6, 6) + weights(6, 6) + weights(6, 1), points(90)],
    ),
    "two outputs": (two_outputs, [weights(2, 9, 2), points(41)]),
    "trainable coefficient": (
        trainable_coefficient,
        [{"layers": weights(2, 6, 1), "nu": np.array(0.3)}, points(77)],
    ),
    "choices": (choices, [weights(2, 6, 1), points(55)]),
    "many directions": (poisson, [weights(12, 11, 11, 1), points(37, 12), RNG.normal(size=37)]),
    "many directions, wide": (poisson, [weights(9, 24, 60, 20, 1), points(150, 9), RNG.normal(size=150)]),
}


def tensors(values: list[Any], dtype: Any) -> list[Any]:
    return pytree.map(lambda x: dt.Tensor(np.asarray(x, dtype.numpy)), values)


def flat(values: Any) -> list[np.ndarray]:
    return [x.asnumpy() for x in pytree.flatten(values)[0]]


def largest_error(found: Any, expected: Any) -> float:
    pairs = list(zip(flat(found), flat(expected), strict=True))
    assert all(x.shape == y.shape for x, y in pairs)
    return max(float(np.abs(x - y).max() / (np.abs(y).max() + 1e-12)) for x, y in pairs)
