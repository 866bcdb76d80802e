"""Programs of whole arrays, without an axis of points: chains, reductions, movements, products and what is between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dualtape as dt
from dualtape import ops

Shapes = tuple[tuple[int, ...], ...]


def _softmax(a: dt.Tensor) -> dt.Tensor:
    e = ops.exp(a - ops.amax(a, 1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def _normalized(a: dt.Tensor, scale: dt.Tensor) -> dt.Tensor:
    apart = a - a.mean(1, keepdims=True)
    return scale * apart / ops.sqrt(ops.square(apart).mean(1, keepdims=True) + 1e-3)


def _several(a: dt.Tensor, b: dt.Tensor) -> tuple[dt.Tensor, ...]:
    y = ops.tanh(a * b + 1) * a
    return y, y.sum(), ops.amax(y), ops.square(y).mean()


def _conjugate_gradient(a: dt.Tensor, b: dt.Tensor) -> dt.Tensor:
    matrix, x = a @ a.T / 50 + ops.eye(a.shape[0], a.shape[0], a.dtype), ops.zeros_like(b)
    r = p = b
    for _ in range(2):
        q = matrix @ p
        step = (r * r).sum() / (p * q).sum()
        x, after = x + step * p, r - step * q
        r, p = after, after + (after * after).sum() / (r * r).sum() * p
    return x


def _distances(a: dt.Tensor, b: dt.Tensor) -> dt.Tensor:
    return ops.square(a.reshape(-1, 1, 3) - b).sum(2)


def _wave(u: dt.Tensor) -> dt.Tensor:
    inner = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]
    return ops.pad(u[1:-1, 1:-1] + 0.1 * inner, (1, 1, 1, 1))


def _layer(x: dt.Tensor, w: dt.Tensor, b: dt.Tensor) -> dt.Tensor:
    return ops.tanh(x @ w + b)


def _standardized(a: dt.Tensor) -> tuple[dt.Tensor, dt.Tensor]:
    mean = a.mean((1, 2), keepdims=True)
    deviation = ops.sqrt(ops.square(a - mean).mean((1, 2), keepdims=True))
    return (a - mean) / deviation, deviation.reshape(-1) * 2 + mean.reshape(-1)


_PAIR: Shapes = ((37, 83), (37, 83))
_LAYER: Shapes = ((61, 50), (50, 37), (37,))

ARRAY_PROGRAMS: dict[str, tuple[Callable[..., Any], Shapes]] = {
    "chain": (lambda a, b: ops.tanh(a * b + 1) * a, ((2999,), (2999,))),
    "chain and sum": (lambda a, b: (ops.tanh(a * b + 1) * a).sum(), ((2999,), (2999,))),
    "several results of one pass": (_several, _PAIR),
    "sums of columns": (lambda a, b: (ops.sin(a) * b).sum(0), _PAIR),
    "sums of rows": (lambda a, b: (ops.sin(a) * b).sum(1), _PAIR),
    "sums of an axis in the middle": (lambda a: (a * a + 1).sum(1), ((5, 61, 23),)),
    "sums of axes at both ends": (lambda a: (a * a + 1).sum((0, 2)), ((5, 61, 23),)),
    "sums over what is stretched": (lambda a, b: (a * b).sum((1, 2)), ((5, 61, 23), (61, 1))),
    "sums of the first axes": (lambda a, b: (a - b).sum((0, 1)), ((5, 61, 23), (61, 1))),
    "largest and smallest": (lambda a, b: (ops.amax(a + b, 0), ops.amin(a + b, 1)), _PAIR),
    "rows stretched": (lambda a, b: ops.exp(-a * a) * b, ((37, 83), (83,))),
    "columns stretched": (lambda a, b: ops.exp(-a * a) * b, ((37, 83), (37, 1))),
    "outer": (lambda a, b: ops.log(1 + a * a * b * b), ((61, 1), (47,))),
    "transposed": (lambda a, b: ops.tanh(a.T * b), ((37, 83), (83, 37))),
    "transposed and summed": (lambda a, b: (a.T * b).sum(0), ((37, 83), (83, 37))),
    "three axes turned": (lambda a, b: a.permute(2, 0, 1) * b + 1, ((7, 19, 23), (23, 7, 19))),
    "three axes reversed": (lambda a, b: a.permute(2, 1, 0) * b + 1, ((7, 19, 23), (23, 19, 7))),
    "slices": (lambda a: (a[1:, :-1] * a[:-1, 1:]).sum(), ((37, 83),)),
    "every other": (lambda a: ops.sin(a[::2, ::3]) + 1, ((37, 83),)),
    "joined": (lambda a, b: ops.cat((a * 2, b * 3), 0).sum(1), ((37, 83), (11, 83))),
    "chosen": (lambda a, b: ops.where(a > b, a * 2, b - 1), ((37, 83), (83,))),
    "truths": (lambda a, b: (ops.logical_and(a > b, ops.logical_not(b > 0)), (a > b).sum()), _PAIR),
    "softmax": (_softmax, ((37, 83),)),
    "softmax of columns": (lambda a: ops.softmax(a, 0), ((37, 83),)),
    "logarithm of softmax": (lambda a: ops.log_softmax(a, 1), ((37, 83),)),
    "logarithm of sums of powers": (lambda a, b: ops.logsumexp(a * b, 1), _PAIR),
    "logarithm of all powers": (lambda a: ops.logsumexp(a * 2), ((37, 83),)),
    "standardized planes": (_standardized, ((37, 5, 23),)),
    "largest of few": (lambda a: (a.T / ops.amax(ops.abs(a), 1)).T, ((3, 331),)),
    "gradient of a softmax": (dt.grad(lambda a, b: (ops.softmax(a, 1) * b).sum(), (0, 1)), _PAIR),
    "cross entropy": (dt.value_and_grad(lambda a, b: -(ops.log_softmax(a, 1) * b).sum(1).mean()), _PAIR),
    "normalized rows": (_normalized, ((37, 83), (83,))),
    "gradient of a chain": (dt.grad(lambda a, b: (ops.tanh(a * b + 1) * a).sum(), (0, 1)), _PAIR),
    "variance": (lambda a: ops.square(a - a.mean(0)).mean(0), ((37, 83),)),
    "running sums": (lambda a, b: ops.cumsum(a * b, 1) * 2, _PAIR),
    "where the largest is": (lambda a, b: ops.argmax(a * b, 1), _PAIR),
    "largest and where": (lambda a, b: (ops.amax(a * b, 1), ops.argmax(a * b, 1), ops.argmin(a - b, 1)), _PAIR),
    "where the largest of columns is": (lambda a, b: ops.argmax(a * b + 1, 0), _PAIR),
    "layer": (_layer, _LAYER),
    "layer and sum": (lambda *x: (_layer(*x), ops.square(_layer(*x)).sum()), _LAYER),
    "sums of a layer's rows": (lambda *x: _layer(*x).sum(1), _LAYER),
    "sums of a layer's columns": (lambda *x: (_layer(*x) * 2).sum(0), _LAYER),
    "mean square of a layer": (lambda y, *x: ops.square(_layer(*x) - y).mean(), ((61, 37), *_LAYER)),
    "softmax of a layer": (lambda *x: (ops.softmax(_layer(*x), 1), ops.amax(_layer(*x), 1)), _LAYER),
    "conjugate gradient": (_conjugate_gradient, ((41, 50), (41,))),
    "small products": (lambda a, b: (a @ b + 1).sum((1, 2)), ((100, 4, 4), (100, 4, 4))),
    "distances": (_distances, ((61, 3), (47, 3))),
    "step of a wave": (_wave, ((41, 53),)),
    "whole numbers": (lambda a: (ops.floor(a * 3).astype(dt.int32) + 1).sum(0), ((37, 83),)),
}
