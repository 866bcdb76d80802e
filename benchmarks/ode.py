"""Ten thousand initial values of one equation, each with steps of its own, as one jitted call, beside JAX's `odeint`.

Both integrate by Dormand and Prince's method to the same tolerances, from the same points. The largest distance to the
solution in Float64 to much smaller tolerances is reported with the time of a call, and the two take turns in this
process; figures are medians.

    python benchmarks/ode.py [--count 10000] [--seconds 10] [--equation lorenz|van_der_pol] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import dualtape as dt

ENDS = {"lorenz": 1.0, "van_der_pol": 5.0}


def slopes(equation: str, stack: Callable[..., Any]) -> Callable[..., Any]:
    """The right-hand side, of a time and a state, in the operations of a library."""
    if equation == "lorenz":
        return lambda t, y: stack([10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - (8 / 3) * y[2]])
    return lambda t, y: stack([y[1], 2 * (1 - y[0] * y[0]) * y[1] - y[0]])


def engines(
    equation: str, points: np.ndarray, times: np.ndarray, tolerance: float
) -> dict[str, Callable[[], np.ndarray]]:
    f = slopes(equation, dt.ops.stack)
    place = next(iter(dt.devices()[1:]), dt.devices()[0])
    ours = dt.jit(dt.vmap(lambda y: dt.ode.integrate(f, y, times, rtol=tolerance, atol=tolerance)))
    given = dt.Tensor(points).to(place)
    found = {"dualtape": lambda: ours(given).asnumpy()}
    try:
        import jax
        from jax.experimental.ode import odeint
    except ImportError:
        return found
    g = slopes(equation, jax.numpy.stack)
    theirs = jax.jit(jax.vmap(lambda y: odeint(lambda y, t: g(t, y), y, times, rtol=tolerance, atol=tolerance)))
    return found | {"jax": lambda: np.asarray(theirs(points))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=2, help="how many output times, the first one among them")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--equation", choices=ENDS, default="lorenz")
    parser.add_argument("--json", help="write the figures to this file")
    options = parser.parse_args()
    size = 3 if options.equation == "lorenz" else 2
    points = np.random.default_rng(0).normal(1.0, 1.0, (options.count, size)).astype(np.float32)
    times = np.linspace(0, ENDS[options.equation], options.times, dtype=np.float32)
    runs = engines(options.equation, points, times, options.tolerance)
    f = slopes(options.equation, dt.ops.stack)
    exact = dt.vmap(lambda y: dt.ode.integrate(f, y, times, rtol=1e-10, atol=1e-10))
    few = exact(dt.Tensor(points[:100], dt.float64)).asnumpy()
    figures: dict[str, Any] = {"equation": options.equation, "count": options.count, "times": options.times}
    for name, run in runs.items():
        start = time.perf_counter()
        figures[f"{name} error"] = float(np.abs(run()[:100] - few).max())
        figures[f"{name} first s"] = time.perf_counter() - start
    spent: dict[str, list[float]] = {name: [] for name in runs}
    end = time.perf_counter() + options.seconds
    while time.perf_counter() < end or len(spent["dualtape"]) < 3:
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            spent[name].append(1e3 * (time.perf_counter() - start))
    figures |= {f"{name} ms": statistics.median(found) for name, found in spent.items()}
    if "jax" in runs:
        figures["ratio"] = figures["jax ms"] / figures["dualtape ms"]
    print(json.dumps(figures))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            file.write(json.dumps(figures) + "\n")
    for name, value in figures.items():
        print(f"{name:16} {value:.4g}" if isinstance(value, float) else f"{name:16} {value}")


if __name__ == "__main__":
    main()
