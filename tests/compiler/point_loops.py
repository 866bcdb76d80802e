"""Programs whose loops and conditions map over points, with their arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import ops

POINTS = 203
"""No whole number of tiles."""


def slope(u: Any, c: Any) -> Any:
    """Van der Pol's oscillator: u' = v, v' = c (1 - u^2) v - u."""
    return ops.stack([u[:, 1], c * (1 - ops.square(u[:, 0])) * u[:, 1] - u[:, 0]], axis=1)


def midpoint(u: Any, c: Any, step: float = 0.1) -> Any:
    return u + step * slope(u + 0.5 * step * slope(u, c), c)


def few_steps(u: Any, c: Any) -> Any:
    return ops.fori_loop(0, 7, lambda i, u: midpoint(u, c), u)


def many_steps(u: Any, c: Any) -> Any:
    """So many that reverse mode goes in segments, with some left over."""
    return ops.fori_loop(0, 21, lambda i, u: midpoint(u, c), u)


def with_index(u: Any, c: Any) -> Any:
    """A forcing that depends on the index, in an arithmetic of whole numbers too."""

    def step(i: Any, u: Any) -> Any:
        time = (2 * i + 1).astype(u.dtype) * 0.05
        return u + 0.1 * c * (time + u) * ops.where(i < 9, 1.0, 0.5).astype(u.dtype)

    return ops.fori_loop(0, 20, step, u)


def with_time(u: Any, c: Any) -> Any:
    """A time that is carried beside what is at the points, and that depends on an argument."""

    def step(carry: Any, _: Any) -> Any:
        u, time = carry
        return (u + 0.1 * time * u * u, time + 0.1 * c), u.sum(1)

    (u, _), history = ops.scan(step, (u, c), None, length=6)
    return u + history[2].reshape(-1, 1)


def rows_of_numbers(u: Any, c: Any) -> Any:
    """Steps of given sizes, and a history that is a result."""
    sizes = ops.linspace(0.01, 0.2, 18).astype(u.dtype) * c
    return ops.scan(lambda u, h: (u + h * slope(u, c), u), u, sizes)


def rows_of_points(u: Any, c: Any) -> Any:
    """A force of its own at each point and in each step."""
    forces = ops.stack([c * k * u for k in range(5)])
    return ops.scan(lambda u, f: (0.9 * u + f * c, f * u), u, forces)


def newton(u: Any, c: Any) -> Any:
    """Kepler's equation at each point, solved by Newton's method, which stops where it is done."""

    def step(i: Any, e: Any) -> Any:
        residual = e - c * ops.sin(e) - u
        return ops.where(ops.abs(residual) < 1e-3, e, e - residual / (1 - c * ops.cos(e)))

    return ops.fori_loop(0, 5, step, u)


def gets_points(u: Any, c: Any) -> Any:
    """A carry that begins with zeros, and one that begins with one number for all."""

    def step(carry: Any, _: Any) -> Any:
        total, first = carry
        return (total + first * u, 0.5 * (first + u * c)), ()

    return ops.scan(step, (ops.zeros_like(u), ops.ones_like(u) * c), None, length=4)[0]


def chosen_by_index(u: Any, c: Any) -> Any:
    """A condition that is the same at all points, in a loop."""

    def step(i: Any, u: Any) -> Any:
        return ops.cond(i < 3, lambda u: u * c, lambda u: u + ops.square(c) * u * u, u)

    return ops.fori_loop(0, 6, step, u)


def chosen_by_argument(u: Any, c: Any) -> Any:
    """A condition outside of loops."""
    return ops.cond(c > 0.1, lambda u: c * u * u, lambda u: u + c, u) * u


def chosen_at_points(u: Any, c: Any) -> Any:
    """A condition that differs from point to point."""
    return dt.vmap(lambda x: ops.cond(x[0] > 0.5, lambda x: x * c, ops.square, x))(u)


def flagged(u: Any, c: Any) -> Any:
    """A truth value at each point that is carried, and kept."""

    def step(carry: Any, _: Any) -> Any:
        u, done = carry
        done = ops.logical_or(done, u > 1)
        return (ops.where(done, u, u * (1 + c)), done), done.astype(u.dtype) * u

    (u, done), history = ops.scan(step, (u, u > 2), None, length=6)
    return u, ops.where(done, history[3], u)


def sums_of_turns(u: Any, c: Any) -> Any:
    """A sum over the points in each turn, as a history."""
    return ops.scan(lambda u, _: (0.5 * u + c, ops.square(u).mean()), u, None, length=5)


def derivative_inside(u: Any, c: Any) -> Any:
    """Steps along a gradient that forward mode gives."""
    energy = lambda x: ops.square(x[:, 0]) * x[:, 1] ** 2 * c
    step = lambda i, x: x - 0.1 * ops.stack(dt.partials(energy, [(1, 0), (0, 1)])(x), axis=1)
    return ops.fori_loop(0, 4, step, u)


def nested(u: Any, c: Any) -> Any:
    """A loop in a loop, whose inner carry begins with the outer index."""

    def outer(i: Any, u: Any) -> Any:
        first = ops.ones_like(u) * i.astype(u.dtype)
        return u + 0.01 * ops.fori_loop(0, 3, lambda k, v: v * u + c, first)

    return ops.fori_loop(0, 4, outer, u)


def wide(u: Any, c: Any) -> Any:
    """A network as the right-hand side, too wide for each element to have a variable."""
    weights = [ops.sin(ops.arange(n).astype(u.dtype)).reshape(shape) for n, shape in ((20, (2, 10)), (20, (10, 2)))]
    rate = lambda u: ops.tanh(u @ weights[0] + c) @ weights[1]
    return ops.fori_loop(0, 3, lambda i, u: u + 0.1 * rate(u) + ops.sum(u, 1, keepdims=True), u)


PROGRAMS: dict[str, Callable[[Any, Any], Any]] = {
    f.__name__.replace("_", " "): f
    for f in (
        few_steps, many_steps, with_index, with_time, rows_of_numbers, rows_of_points, newton, gets_points,
        chosen_by_index, chosen_by_argument, chosen_at_points, flagged, sums_of_turns, derivative_inside, nested, wide,
    )
}  # fmt: skip


def arguments(dtype: Any, points: int = POINTS) -> tuple[dt.Tensor, dt.Tensor]:
    """Two numbers at each point, and a coefficient."""
    values = np.random.default_rng(7).uniform(0.1, 1.0, (points, 2))
    return dt.Tensor(values.astype(dtype.numpy)), dt.Tensor(np.array(0.3, dtype.numpy))


def loss_of(program: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A number that depends on everything a program gives."""

    def loss(u: Any, c: Any) -> Any:
        return sum(ops.square(x).mean() for x in dt.pytree.leaves(program(u, c)))

    return loss
