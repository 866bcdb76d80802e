"""Losses of machine learning at large: labels, attention, products at each point, distributions."""

from __future__ import annotations

from typing import Any

import numpy as np

import dualtape as dt
from dualtape import ops
from varied_programs.program import RNG, Program, mean_square, network, points, weights


def classification(layers: list[dt.Tensor], x: dt.Tensor, labels: dt.Tensor) -> dt.Tensor:
    return ops.cross_entropy(network(layers, x, ops.relu), labels)


def soft_classification(layers: list[dt.Tensor], x: dt.Tensor, shares: dt.Tensor) -> dt.Tensor:
    return -(ops.softmax(shares, -1) * ops.log_softmax(network(layers, x, ops.relu), -1)).sum(-1).mean()


def embedded(parameters: dict[str, Any], words: dt.Tensor) -> dt.Tensor:
    """Rows of a table, gathered by integers."""
    return mean_square(network(parameters["layers"], ops.take(parameters["table"], words, 0)) - 1)


def attention(parameters: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """Every point sees every other."""
    query, key, value = (x @ w for w in parameters)
    shares = ops.softmax(query @ key.T / np.sqrt(key.shape[1]), -1)
    return mean_square(shares @ value - x)


def attention_within(parameters: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """Attention among the few tokens of each point: products of matrices at each point."""
    query, key, value = (x @ w for w in parameters)
    shares = ops.softmax(query @ ops.swapaxes(key, -1, -2) / np.sqrt(key.shape[-1]), -1)
    return mean_square(shares @ value - x)


def transformed(layers: list[dt.Tensor], x: dt.Tensor, frames: dt.Tensor) -> dt.Tensor:
    """A matrix of its own at each point."""
    return mean_square((frames @ ops.expand_dims(network(layers, x), -1))[..., 0])


def autoencoder(layers: dict[str, Any], x: dt.Tensor, noise: dt.Tensor) -> dt.Tensor:
    """A variational autoencoder, its noise an input."""
    found = network(layers["encoder"], x)
    mean, log_variance = found[:, :2], found[:, 2:]
    decoded = network(layers["decoder"], mean + ops.exp(log_variance / 2) * noise)
    divergence = (ops.square(mean) + ops.exp(log_variance) - 1 - log_variance).sum(1).mean() / 2
    return ops.square(decoded - x).sum(1).mean() + divergence


def convolution(parameters: dict[str, Any], signals: dt.Tensor) -> dt.Tensor:
    """A short filter along each signal, as shifts by slices of the features."""
    kernel, n = parameters["kernel"], signals.shape[1] - 2
    filtered = sum((kernel[i] * signals[:, i : i + n] for i in range(3)), start=ops.zeros((), signals.dtype))
    return mean_square(network(parameters["layers"], ops.tanh(filtered)))


def batch_norm(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """Mean and variance over the points, in every layer: one stage after the other."""
    for matrix in layers:
        x = x @ matrix
        x = x - x.mean(0, keepdims=True)
        x = ops.tanh(x * ops.rsqrt(ops.square(x).mean(0, keepdims=True) + 0.1))
    return mean_square(x - 0.5)


def contrastive(layers: list[dt.Tensor], x: dt.Tensor, other: dt.Tensor) -> dt.Tensor:
    """Pairs of points against all pairs."""
    one, two = (ops.tanh(network(layers, points)) for points in (x, other))
    return -(ops.log_softmax(one @ two.T, -1) * ops.eye(x.shape[0], dtype=x.dtype)).sum() / x.shape[0]


def ridge(weights: dt.Tensor, x: dt.Tensor, y: dt.Tensor) -> dt.Tensor:
    return mean_square(x @ weights - y) + 0.1 * ops.square(weights).sum()


def recurrent(parameters: list[dt.Tensor], series: dt.Tensor) -> dt.Tensor:
    """A cell over the few steps of each series, unrolled."""
    state = ops.zeros((series.shape[0], parameters[1].shape[0]), series.dtype)
    for step in range(series.shape[1]):
        state = ops.tanh(series[:, step : step + 1] @ parameters[0] + state @ parameters[1])
    return mean_square(state)


def deep_set(layers: list[list[dt.Tensor]], x: dt.Tensor, y: dt.Tensor) -> dt.Tensor:
    """A number for a whole set of points, through the mean of their features."""
    return mean_square(network(layers[1], ops.tanh(network(layers[0], x)).mean(0, keepdims=True)) - y)


def deep_operator(layers: list[list[dt.Tensor]], sensors: dt.Tensor, x: dt.Tensor, y: dt.Tensor) -> dt.Tensor:
    """A branch over functions and a trunk over places: every function at every place."""
    return mean_square(network(layers[0], sensors) @ network(layers[1], x).T - y)


PROGRAMS: dict[str, Program] = {
    "cross entropy": Program(
        classification, [weights(4, 12, 3), points(390, 4), RNG.integers(0, 3, 390)], (390, 390, 390), "`where`"
    ),
    "soft labels": Program(soft_classification, [weights(4, 12, 3), points(391, 4), points(391, 3)], (391,)),
    "embedding": Program(
        embedded, [{"table": RNG.normal(size=(13, 5)), "layers": weights(5, 9, 1)}, RNG.integers(0, 13, 392)], (9, 9)
    ),
    "attention over points": Program(
        attention,
        [[RNG.normal(size=(4, 4)) for _ in range(3)], points(393, 4)],
        (393,) * 5,
        "`matmul` of two values at the points",
    ),
    "attention at each point": Program(
        attention_within,
        [[RNG.normal(size=(4, 4)) for _ in range(3)], RNG.normal(size=(394, 5, 4))],
        (394,),
    ),
    "matrices at each point": Program(
        transformed,
        [weights(2, 8, 3), points(395), RNG.normal(size=(395, 3, 3))],
        (395,),
    ),
    "variational autoencoder": Program(
        autoencoder,
        [{"encoder": weights(6, 10, 4), "decoder": weights(2, 10, 6)}, points(396, 6), RNG.normal(size=(396, 2))],
        (396,),
    ),
    "convolution": Program(
        convolution, [{"kernel": RNG.normal(size=3), "layers": weights(10, 8, 1)}, points(397, 12)], (397,)
    ),
    "batch norm": Program(batch_norm, [weights(3, 8, 8)[::2], points(398, 3)], (398,) * 9),
    "contrastive": Program(
        contrastive,
        [weights(3, 8, 4), points(399, 3), points(399, 3)],
        (399, 399, 399),
        "`matmul` of two values at the points",
    ),
    "ridge": Program(ridge, [RNG.normal(size=(5, 1)), points(400, 5), RNG.normal(size=(400, 1))], (400,)),
    "recurrent": Program(recurrent, [[RNG.normal(size=(1, 6)), RNG.normal(size=(6, 6)) / 3], points(401, 5)], (401,)),
    "deep set": Program(
        deep_set, [[weights(3, 8, 5), weights(5, 6, 1)], points(402, 3), np.array([[0.5]])], (402, 402)
    ),
    "deep operator": Program(
        deep_operator,
        [[weights(7, 9, 5), weights(2, 9, 5)], points(131, 7), points(403), RNG.normal(size=(131, 403))],
        (403,),
    ),
}
