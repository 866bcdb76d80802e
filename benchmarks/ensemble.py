"""What a training step of many small networks of one shape takes: all in one kernel, one after the other, and JAX's.

A step is loss and gradient of Burgers' equation and the update of Adam, for each of E networks at the same points.
Measured in one process: `jit(vmap(step))` over stacked weights, E calls of `jit(step)`, and, where JAX is installed,
its `jit(vmap(step))`, whose derivatives in the equation are nested `jvp`. Prints a JSON line for each number of them.

    python benchmarks/ensemble.py [--members 1 4 16] [--points 1000] [--width 20] [--depth 4] [--seconds 2]
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import ops

VISCOSITY = 0.01 / np.pi
RATE = 1e-3


def weights_of(members: int, width: int, depth: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    sizes = [2, *[width] * depth, 1]
    found = []
    for inputs, outputs in itertools.pairwise(sizes):
        found += [rng.normal(size=(members, inputs, outputs)) / np.sqrt(inputs), np.zeros((members, outputs))]
    return [x.astype(np.float32) for x in found]


def network(weights: Any, x: Any, tanh: Callable[[Any], Any]) -> Any:
    for i in range(0, len(weights) - 2, 2):
        x = tanh(x @ weights[i] + weights[i + 1])
    return x @ weights[-2] + weights[-1]


def loss(weights: Any, x: dt.Tensor) -> dt.Tensor:
    indices = [(0, 0), (1, 0), (0, 1), (2, 0)]
    u, u_x, u_t, u_xx = dt.partials(lambda x: network(weights, x, ops.tanh), indices)(x)
    return ops.square(u_t + u * u_x - VISCOSITY * u_xx).mean()


def step(weights: Any, first: Any, second: Any, x: dt.Tensor) -> Any:
    value, gradients = dt.value_and_grad(loss)(weights, x)
    return value, *moved(weights, first, second, gradients, ops.sqrt)


def moved(weights: Any, first: Any, second: Any, gradients: Any, sqrt: Callable[[Any], Any]) -> Any:
    """What Adam makes of weights and moments, without corrections of bias."""
    first = [0.9 * m + 0.1 * g for m, g in zip(first, gradients, strict=True)]
    second = [0.999 * v + 0.001 * g * g for v, g in zip(second, gradients, strict=True)]
    weights = [w - RATE * m / (sqrt(v) + 1e-8) for w, m, v in zip(weights, first, second, strict=True)]
    return weights, first, second


def jax_step() -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    def jax_loss(weights: Any, x: Any) -> Any:
        along_x = jnp.broadcast_to(jnp.array([1.0, 0.0], x.dtype), x.shape)
        along_t = jnp.broadcast_to(jnp.array([0.0, 1.0], x.dtype), x.shape)

        def u(x: Any) -> Any:
            return network(weights, x, jnp.tanh)

        def u_x(x: Any) -> Any:
            return jax.jvp(u, (x,), (along_x,))[1]

        _, u_t = jax.jvp(u, (x,), (along_t,))
        slope, u_xx = jax.jvp(u_x, (x,), (along_x,))
        return jnp.square(u_t + u(x) * slope - VISCOSITY * u_xx).mean()

    def one(weights: Any, first: Any, second: Any, x: Any) -> Any:
        value, gradients = jax.value_and_grad(jax_loss)(weights, x)
        return value, *moved(weights, first, second, gradients, jnp.sqrt)

    together = jax.jit(jax.vmap(one, in_axes=(0, 0, 0, None)))
    return lambda *given: jax.block_until_ready(together(*given))


def median_time(call: Callable[[], object], seconds: float) -> float:
    call()
    call()
    times, began = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - began < seconds:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def measure(members: int, args: argparse.Namespace) -> dict[str, Any]:
    weights = weights_of(members, args.width, args.depth)
    zeros = [np.zeros_like(w) for w in weights]
    points = np.random.default_rng(1).uniform(-1, 1, size=(args.points, 2)).astype(np.float32)
    given = [[dt.Tensor(x) for x in group] for group in (weights, zeros, zeros)]
    x = dt.Tensor(points)
    together, alone = dt.jit(dt.vmap(step, in_axes=(0, 0, 0, None))), dt.jit(step)
    each = [[[dt.Tensor(a[i]) for a in group] for group in (weights, zeros, zeros)] for i in range(members)]
    found: dict[str, Any] = {"members": members, "points": args.points, "width": args.width, "depth": args.depth}
    found["together_ms"] = 1e3 * median_time(lambda: np.asarray(together(*given, x)[0]), args.seconds)
    one_by_one = median_time(lambda: [np.asarray(alone(*own, x)[0]) for own in each], args.seconds)
    found["one_by_one_ms"] = 1e3 * one_by_one
    if find_spec("jax"):
        theirs = jax_step()
        found["jax_ms"] = 1e3 * median_time(lambda: theirs(weights, zeros, zeros, points), args.seconds)
        losses = np.asarray(theirs(weights, zeros, zeros, points)[0]), np.asarray(together(*given, x)[0])
        found["difference"] = float(np.abs(losses[0] / losses[1] - 1).max())
    return {name: round(value, 8) if isinstance(value, float) else value for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--points", type=int, default=1_000)
    parser.add_argument("--width", type=int, default=20)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=2.0)
    args = parser.parse_args()
    for members in args.members:
        print(json.dumps(measure(members, args)), flush=True)


if __name__ == "__main__":
    main()
