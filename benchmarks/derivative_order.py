"""The cost of the k-th derivative of a network, k = 1 ... 10, beside JAX's nested jvp and its `jet`.

u is a tanh network of one input, 1-64-64-64-64-1, at 1024 points in float32. Measured are d^k u / dx^k alone
(``forward``) and the mean of its square with the gradient by all weights (``gradient``). All engines have the same
weights and points, run in this process and take turns; values and gradients must agree before anything is timed. The
cost of nested transformations doubles with every order; Taylor mode is quadratic at most. Figures are the fastest of
many steps, in milliseconds, and the ratio to the same engine's k = 1. Prints one JSON line for each measurement, then
a table; ``--plot FILE`` draws it.

    python benchmarks/derivative_order.py [--orders 1 2 4 8] [--json FILE] [--plot FILE]
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import dualtape as dt

Arrays = list[np.ndarray]
Run = Callable[[], Arrays]
Engine = Callable[[int, Arrays, np.ndarray], tuple[Run, Run]]
SIZES, POINTS = (1, 64, 64, 64, 64, 1), 1024
# Nested transformations take minutes to compile beyond this order.
HIGHEST_NESTED = 8


def data() -> tuple[Arrays, np.ndarray]:
    rng = np.random.default_rng(0)
    weights: Arrays = []
    for rows, columns in pairwise(SIZES):
        weights.append(rng.normal(0, np.sqrt(2 / (rows + columns)), (rows, columns)).astype(np.float32))
        weights.append(rng.normal(0, 0.1, columns).astype(np.float32))
    return weights, rng.uniform(-1, 1, (POINTS, 1)).astype(np.float32)


def network(tanh: Callable[[Any], Any], weights: Any, x: Any) -> Any:
    for i in range(0, len(weights) - 2, 2):
        x = tanh(x @ weights[i] + weights[i + 1])
    return x @ weights[-2] + weights[-1]


def ours(transform: Callable[[Any], Any]) -> Engine:
    def make(order: int, weights: Arrays, points: np.ndarray) -> tuple[Run, Run]:
        def derivative(weights: list[dt.Tensor], points: dt.Tensor) -> dt.Tensor:
            return dt.partials(lambda x: network(dt.ops.tanh, weights, x), [(order,)])(points)[0]

        def loss(weights: list[dt.Tensor], points: dt.Tensor) -> dt.Tensor:
            return dt.ops.square(derivative(weights, points)).mean()

        forward, gradient = transform(derivative), transform(dt.value_and_grad(loss))
        given, at = [dt.Tensor(w) for w in weights], dt.Tensor(points)

        def run_gradient() -> Arrays:
            value, found = gradient(given, at)
            return [value.asnumpy(), *(g.asnumpy() for g in found)]

        return lambda: [forward(given, at).asnumpy()], run_gradient

    return make


def jax_engine(derivative_of: Callable[[Any, Any, int], Callable[[Any], Any]]) -> Engine:
    def make(order: int, weights: Arrays, points: np.ndarray) -> tuple[Run, Run]:
        import jax
        import jax.numpy as jnp

        def derivative(weights: Any, points: Any) -> Any:
            return derivative_of(jax, lambda x: network(jnp.tanh, weights, x), order)(points)

        forward = jax.jit(derivative)
        gradient = jax.jit(jax.value_and_grad(lambda weights, points: jnp.mean(derivative(weights, points) ** 2)))
        given, at = [jnp.asarray(w) for w in weights], jnp.asarray(points)

        def run_gradient() -> Arrays:
            value, found = gradient(given, at)
            return [np.asarray(value), *map(np.asarray, found)]

        return lambda: [np.asarray(forward(given, at))], run_gradient

    return make


def nested(jax: Any, f: Callable[[Any], Any], order: int) -> Callable[[Any], Any]:
    if order > HIGHEST_NESTED:
        raise NotImplementedError
    for _ in range(order):
        f = lambda x, f=f: jax.jvp(f, (x,), (jax.numpy.ones_like(x),))[1]
    return f


def taylor(jax: Any, f: Callable[[Any], Any], order: int) -> Callable[[Any], Any]:
    from jax.experimental.jet import jet

    def derivative(x: Any) -> Any:
        one, zero = jax.numpy.ones_like(x), jax.numpy.zeros_like(x)
        return jet(f, (x,), ((one, *[zero] * (order - 1)),))[1][-1]

    return derivative


ENGINES: dict[str, Engine] = {
    "dualtape": ours(lambda f: f),
    "dualtape, jit": ours(dt.jit),
    "dualtape, jit, OpenCL": ours(lambda f: dt.jit(f, device=dt.devices()[1])),
    "jax, nested jvp": jax_engine(nested),
    "jax, jet": jax_engine(taylor),
}


def prepared(order: int, engines: list[str]) -> dict[tuple[str, str], Run]:
    """The runs of all engines that are installed and reach the order, checked against the first one."""
    weights, points = data()
    runs: dict[tuple[str, str], Run] = {}
    expected: dict[str, Arrays] = {}
    for name in engines:
        try:
            both = dict(zip(("forward", "gradient"), ENGINES[name](order, weights, points), strict=True))
            for measure, run in both.items():
                found = run()
                known = expected.setdefault(measure, found)
                for a, b in zip(found, known, strict=True):
                    # Rounding in the Taylor coefficients grows with their order, in every engine.
                    np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * 2**order * np.abs(known[-2:][0]).max())
                runs[name, measure] = run
        except (ImportError, IndexError, NotImplementedError):
            continue
    return runs


def measured(runs: dict[tuple[str, str], Run], seconds: float) -> dict[tuple[str, str], list[float]]:
    """Milliseconds of steps, four of each in turn."""
    times: dict[tuple[str, str], list[float]] = {key: [] for key in runs}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or min(map(len, times.values())) < 8:
        for key, run in runs.items():
            for _ in range(4):
                start = time.perf_counter()
                run()
                times[key].append(1e3 * (time.perf_counter() - start))
    return times


def table(figures: dict[tuple[str, str], dict[int, float]], orders: list[int]) -> None:
    for measure in ("forward", "gradient"):
        print(f"\n{measure}: ms (times its own cost at k = {orders[0]})")
        print(f"{'':24}" + "".join(f"{f'k = {order}':>16}" for order in orders))
        for (name, kind), costs in figures.items():
            if kind == measure:
                cells = [f"{costs[k]:.2f} ({costs[k] / costs[orders[0]]:.1f})" if k in costs else "" for k in orders]
                print(f"{name:24}" + "".join(f"{cell:>16}" for cell in cells))


def plot(figures: dict[tuple[str, str], dict[int, float]], path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4), sharey=True)
    for (name, measure), costs in figures.items():
        axis = axes[0 if measure == "forward" else 1]
        axis.semilogy(list(costs), list(costs.values()), marker="o", label=name)
        axis.set(title=measure, xlabel="order k", ylabel="ms")
    axes[1].legend()
    figure.savefig(path, bbox_inches="tight", dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, nargs="*", default=list(range(1, 11)))
    parser.add_argument("--engines", nargs="*", default=list(ENGINES), choices=list(ENGINES))
    parser.add_argument("--seconds", type=float, default=6.0, help="of measuring, for each order")
    parser.add_argument("--json", help="write the measurements to this file, one line each")
    parser.add_argument("--plot", help="draw the figures to this file")
    options = parser.parse_args()
    figures: dict[tuple[str, str], dict[int, float]] = {}
    lines = []
    for order in options.orders:
        for (name, measure), times in measured(prepared(order, options.engines), options.seconds).items():
            figures.setdefault((name, measure), {})[order] = min(times)
            lines.append(json.dumps({"engine": name, "measure": measure, "order": order, "min_ms": min(times)}))
            print(lines[-1], flush=True)
    table(figures, options.orders)
    for (name, measure), costs in figures.items():
        ks = [k for k in costs if k > 1]
        if 1 in costs and ks:
            steepest = max(math.log(costs[k] / costs[1]) / math.log(k) for k in ks)
            print(f"{name}, {measure}: cost(k) <= cost(1) k^{steepest:.2f}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    if options.plot:
        plot(figures, options.plot)


if __name__ == "__main__":
    main()
