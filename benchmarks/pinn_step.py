"""One training step of a physics-informed network: loss and gradient of all weights, beside JAX and PyTorch.

Every engine gets the same weights and points and runs in this process; loss and gradient must agree before anything
is timed. Engines take turns, so that a change of the machine's speed meets all of them; figures are medians in
milliseconds, with the fastest step in brackets. Peers that are not installed are left out.

    python benchmarks/pinn_step.py [--json FILE] [WORKLOAD ...]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

import dualtape as dt

Arrays = list[np.ndarray]
Step = Callable[[], tuple[float, Arrays]]


class Workload(NamedTuple):
    """An equation of u(x, y): its residual, from u and the derivatives that it names."""

    sizes: tuple[int, ...]
    points: int
    indices: tuple[tuple[int, int], ...]
    residual: Callable[..., Any]


WORKLOADS = {
    "burgers": Workload(
        (2, *[20] * 8, 1),
        10_000,
        ((0, 0), (1, 0), (0, 1), (2, 0)),
        lambda u, u_x, u_t, u_xx: u_t + u * u_x - 0.0032 * u_xx,
    ),
    "poisson": Workload((2, *[50] * 4, 1), 16_384, ((2, 0), (0, 2)), lambda u_xx, u_yy: u_xx + u_yy + 1.0),
    "wave": Workload(
        (2, *[128] * 4, 1), 8_192, ((0, 0), (2, 0), (0, 2)), lambda u, u_xx, u_tt: u_tt - u_xx + u * u * u
    ),
}


def data(workload: Workload) -> tuple[Arrays, np.ndarray]:
    rng = np.random.default_rng(0)
    weights: Arrays = []
    for rows, columns in pairwise(workload.sizes):
        weights.append(rng.normal(0, np.sqrt(2 / (rows + columns)), (rows, columns)).astype(np.float32))
        weights.append(rng.normal(0, 0.1, columns).astype(np.float32))
    return weights, rng.uniform(-1, 1, (workload.points, 2)).astype(np.float32)


def network(tanh: Callable[[Any], Any], weights: Any, x: Any) -> Any:
    for i in range(0, len(weights) - 2, 2):
        x = tanh(x @ weights[i] + weights[i + 1])
    return x @ weights[-2] + weights[-1]


def dualtape_step(workload: Workload, weights: Arrays, points: np.ndarray) -> Step:
    def loss(weights: list[dt.Tensor], points: dt.Tensor) -> dt.Tensor:
        derivatives = dt.partials(lambda z: network(dt.ops.tanh, weights, z), list(workload.indices))(points)
        return dt.ops.square(workload.residual(*derivatives)).mean()

    step = dt.jit(dt.value_and_grad(loss))
    given, at = [dt.Tensor(w) for w in weights], dt.Tensor(points)
    print(" ", step.lower(given, at).explanation)

    def run() -> tuple[float, Arrays]:
        value, gradient = step(given, at)
        return value.item(), [g.asnumpy() for g in gradient]

    return run


def jax_step(workload: Workload, weights: Arrays, points: np.ndarray) -> Step:
    import jax
    import jax.numpy as jnp

    def derivative(f: Callable[..., Any], index: tuple[int, int]) -> Callable[..., Any]:
        for axis, count in enumerate(index):
            for _ in range(count):
                f = _jax_slope(jax, jnp, f, axis)
        return f

    def loss(weights: Any, points: Any) -> Any:
        def f(z: Any) -> Any:
            return network(jnp.tanh, weights, z)

        return jnp.mean(jnp.square(workload.residual(*(derivative(f, index)(points) for index in workload.indices))))

    step = jax.jit(jax.value_and_grad(loss))
    given, at = [jnp.asarray(w) for w in weights], jnp.asarray(points)

    def run() -> tuple[float, Arrays]:
        value, gradient = step(given, at)
        return float(value), [np.asarray(g) for g in gradient]

    return run


def _jax_slope(jax: Any, jnp: Any, f: Callable[..., Any], axis: int) -> Callable[..., Any]:
    def slope(z: Any) -> Any:
        return jax.jvp(f, (z,), (jnp.zeros_like(z).at[:, axis].set(1.0),))[1]

    return slope


def torch_step(workload: Workload, weights: Arrays, points: np.ndarray) -> Step:
    import torch

    torch.set_num_threads(2)
    given = [torch.tensor(w, requires_grad=True) for w in weights]
    at = torch.tensor(points, requires_grad=True)

    def run() -> tuple[float, Arrays]:
        slopes: dict[tuple[int, ...], Any] = {(): network(torch.tanh, given, at)}

        def derivative(path: tuple[int, ...]) -> Any:
            if path not in slopes:
                inner = derivative(path[:-1])
                slopes[path] = torch.autograd.grad(inner.sum(), at, create_graph=True)[0][:, path[-1] : path[-1] + 1]
            return slopes[path]

        values = [derivative((0,) * i + (1,) * j) for i, j in workload.indices]
        value = torch.mean(torch.square(workload.residual(*values)))
        gradient = torch.autograd.grad(value, given, allow_unused=True)
        found = [np.zeros_like(w) if g is None else g.numpy() for g, w in zip(gradient, weights, strict=True)]
        return value.item(), found

    return run


ENGINES = {"dualtape": dualtape_step, "jax, nested jvp": jax_step, "torch, nested grad": torch_step}


def prepared(workload: Workload) -> dict[str, Step]:
    """The engines that are installed, after a first step, checked against each other."""
    weights, points = data(workload)
    steps: dict[str, Step] = {}
    expected: tuple[float, Arrays] | None = None
    for name, make in ENGINES.items():
        try:
            step = make(workload, weights, points)
        except ImportError:
            continue
        start = time.perf_counter()
        value, gradient = step()
        print(f"  {name}: first step {time.perf_counter() - start:.2f} s")
        if expected is None:
            expected = value, gradient
        norm = max(float(np.abs(g).max()) for g in expected[1])
        np.testing.assert_allclose(value, expected[0], rtol=1e-4)
        for found, known in zip(gradient, expected[1], strict=True):
            np.testing.assert_allclose(found, known, atol=1e-4 * norm)
        steps[name] = step
    return steps


def measured(steps: dict[str, Step], seconds: float) -> dict[str, list[float]]:
    """Milliseconds of steps, six of each engine in turn."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for name, step in steps.items():
            for _ in range(6):
                start = time.perf_counter()
                step()
                times[name].append(1e3 * (time.perf_counter() - start))
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", default=list(WORKLOADS), help=f"of {', '.join(WORKLOADS)}")
    parser.add_argument("--seconds", type=float, default=10.0, help="of measuring, for each workload")
    parser.add_argument("--json", help="write the figures to this file")
    options = parser.parse_args()
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for name in options.workloads:
        print(name)
        times = measured(prepared(WORKLOADS[name]), options.seconds)
        ours = statistics.median(times["dualtape"])
        figures[name] = {}
        for engine, found in times.items():
            median = statistics.median(found)
            figures[name][engine] = {"median_ms": median, "min_ms": min(found)}
            print(f"  {engine:20} {median:9.2f} ({min(found):.2f}) ms   x{median / ours:.1f}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=2)


if __name__ == "__main__":
    main()
