"""Activations and architectures, under one equation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import ops
from varied_programs.program import RNG, Activation, Program, heat, mean_square, network, points, weights

ACTIVATIONS: dict[str, Activation] = {
    "sin": ops.sin,
    "silu": ops.silu,
    "gelu": ops.gelu,
    "gelu by tanh": lambda x: ops.gelu(x, "tanh"),
    "softplus": ops.softplus,
    "erf": ops.erf,
    "sigmoid": ops.sigmoid,
    "elu": ops.elu,
    "cube of relu": lambda x: ops.relu(x) ** 3,
    "Gaussian": lambda x: ops.exp(-x * x),
    "mish": lambda x: x * ops.tanh(ops.softplus(x)),
    "arctangent": ops.atan,
}


def with_activation(activation: Activation) -> Callable[..., dt.Tensor]:
    return lambda layers, x: mean_square(heat(lambda z: network(layers, z, activation), x))


def of(architecture: Callable[[Any, dt.Tensor], dt.Tensor]) -> Callable[..., dt.Tensor]:
    return lambda layers, x: mean_square(heat(lambda z: architecture(layers, z), x))


def residual(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    h = ops.tanh(x @ layers[0] + layers[1])
    for i in (2, 4, 6):
        h = h + ops.tanh(h @ layers[i] + layers[i + 1]) / 2
    return h @ layers[-2] + layers[-1]


def gated(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """The modified network of Wang, Teng and Perdikaris (2021): two gates mix into every layer."""
    one, other = (ops.tanh(x @ layers[i] + layers[i + 1]) for i in (0, 2))
    h = ops.tanh(x @ layers[4] + layers[5])
    for i in (6, 8):
        z = ops.sigmoid(h @ layers[i] + layers[i + 1])
        h = z * one + (1 - z) * other
    return h @ layers[-2] + layers[-1]


FREQUENCIES = RNG.normal(size=(2, 5))


def fourier(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    phases = 2 * x @ dt.Tensor(FREQUENCIES.astype(x.dtype.numpy))
    return network(layers, ops.concat([ops.cos(phases), ops.sin(phases)], 1))


def periodic(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """Periodic in the first coordinate by what the network is given."""
    angle = np.pi * x[:, :1]
    return network(layers, ops.concat([ops.cos(angle), ops.sin(angle), x[:, 1:]], 1))


def adaptive(parameters: dict[str, Any], x: dt.Tensor) -> dt.Tensor:
    """A slope of the activation that is trained, for each layer."""
    slopes = iter((parameters["slopes"][0], parameters["slopes"][1]))
    return network(parameters["layers"], x, lambda z: ops.tanh(next(slopes) * z))


def with_layer_norm(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    def normal(z: dt.Tensor) -> dt.Tensor:
        z = z - z.mean(-1, keepdims=True)
        return ops.tanh(z * ops.rsqrt(ops.square(z).mean(-1, keepdims=True) + 0.1))

    return network(layers, x, normal)


def mixture(experts: list[list[dt.Tensor]], x: dt.Tensor) -> dt.Tensor:
    """Experts, weighted by a softmax across features."""
    *networks, gate = experts
    shares = ops.softmax(network(gate, x), -1)
    return (shares * ops.concat([network(layers, x) for layers in networks], 1)).sum(1, keepdims=True)


def low_rank(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """A sum of products of functions of one coordinate each."""
    return (network(layers[:4], x[:, :1]) * network(layers[4:], x[:, 1:])).sum(1, keepdims=True)


def normalised(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """Inputs scaled to [-1, 1], weights normalised, a boundary condition built in."""
    low, high = -1.0, 1.0
    x = 2 * (x - low) / (high - low) - 1
    unit = [w / ops.sqrt(ops.square(w).sum(0, keepdims=True)) if w.ndim == 2 else w for w in layers]
    return (1 - x[:, :1] ** 2) * network(unit, x) + ops.sin(np.pi * x[:, 1:])


PROGRAMS: dict[str, Program] = {
    f"activation {name}": Program(with_activation(activation), [weights(2, 9, 9, 1), points(360)], (360,))
    for name, activation in ACTIVATIONS.items()
} | {
    "residual": Program(of(residual), [weights(2, 8, 8, 8, 8, 1), points(351)], (351,)),
    "gated": Program(
        of(gated), [weights(2, 8) + weights(2, 8) + weights(2, 8) + weights(8, 8, 8, 1), points(347)], (347,)
    ),
    "Fourier features": Program(of(fourier), [weights(10, 12, 1), points(364)], (364,)),
    "periodic by its features": Program(of(periodic), [weights(3, 12, 1), points(363)], (363,)),
    "adaptive slopes": Program(
        of(adaptive), [{"layers": weights(2, 9, 9, 1), "slopes": np.array([1.2, 0.8])}, points(350)], (350,)
    ),
    "layer norm": Program(of(with_layer_norm), [weights(2, 11, 11, 1), points(352)], (352,)),
    "mixture of experts": Program(
        of(mixture), [[weights(2, 7, 1), weights(2, 5, 1), weights(2, 6, 1), weights(2, 4, 3)], points(353)], (353,)
    ),
    "low rank": Program(of(low_rank), [weights(1, 8, 5) + weights(1, 8, 5), points(354)], (354,)),
    "normalised and hard condition": Program(of(normalised), [weights(2, 9, 9, 1), points(349)], (349,)),
    "wide": Program(with_activation(ops.sin), [weights(2, 70, 1), points(340)], (340,)),
}
