"""An integrator at each point: 100 Runge-Kutta steps of the Lorenz system, beside JAX's `lax.scan`.

Measured are the last states at 10^5 points, and the mean of their squares with its gradient by the initial states and
the three coefficients, in float32. JAX is given the ways that might suit it: states of shape (n, 3), states as three
arrays (which its users do by hand, for speed), and for the gradient these with each step under `jax.checkpoint`. All
have the same points, run in this process and take turns; states and gradients must agree before anything is timed.
Figures are the fastest of some runs and their median, in milliseconds.

    python benchmarks/loops.py [--points 100000] [--steps 100] [--runs 7] [--device opencl:0] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

import dualtape as dt

Arrays = list[np.ndarray]
Run = Callable[[], Arrays]
STEP = 0.01
COEFFICIENTS = (10.0, 28.0, 8 / 3)


def slopes(u: Any, p: Any) -> tuple[Any, Any, Any]:
    x, y, z = u
    return p[0] * (y - x), x * (p[1] - z) - y, x * y - p[2] * z


def runge_kutta(rate: Callable[[Any], Any], along: Callable[[Any, float, Any], Any], u: Any) -> Any:
    """A step of the classical method; ``along(u, h, k)`` is u + h k."""
    first = rate(u)
    second = rate(along(u, STEP / 2, first))
    third = rate(along(u, STEP / 2, second))
    fourth = rate(along(u, STEP, third))
    for weight, k in ((1, first), (2, second), (2, third), (1, fourth)):
        u = along(u, STEP * weight / 6, k)
    return u


def ours(steps: int, device: str) -> Callable[[np.ndarray, np.ndarray], dict[str, Run]]:
    def rate(u: Any, p: Any) -> Any:
        return dt.ops.stack(list(slopes((u[:, 0], u[:, 1], u[:, 2]), p)), axis=1)

    def last(u: Any, p: Any) -> Any:
        step = lambda i, u: runge_kutta(lambda u: rate(u, p), lambda u, h, k: u + h * k, u)
        return dt.ops.fori_loop(0, steps, step, u)

    def made(points: np.ndarray, coefficients: np.ndarray) -> dict[str, Run]:
        u, p = dt.Tensor(points), dt.Tensor(coefficients)
        forward = dt.jit(last, device=device)
        gradient = dt.jit(dt.value_and_grad(lambda u, p: dt.ops.square(last(u, p)).mean(), (0, 1)), device=device)
        print(dt.explain(gradient, u, p))

        def run_gradient() -> Arrays:
            value, (by_u, by_p) = gradient(u, p)
            return [value.asnumpy(), by_u.asnumpy(), by_p.asnumpy()]

        return {"forward": lambda: [forward(u, p).asnumpy()], "gradient": run_gradient}

    return made


def jax_scan(steps: int, apart: bool, again: bool) -> Callable[[np.ndarray, np.ndarray], dict[str, Run]]:
    """States ``apart`` in three arrays, or in one; ``again`` says that reverse mode computes each step again."""
    import jax
    import jax.numpy as jnp

    def rate(u: Any, p: Any) -> Any:
        return slopes(u, p) if apart else jnp.stack(slopes((u[:, 0], u[:, 1], u[:, 2]), p), axis=1)

    def along(u: Any, h: float, k: Any) -> Any:
        return tuple(x + h * y for x, y in zip(u, k, strict=True)) if apart else u + h * k

    def last(u: Any, p: Any) -> Any:
        step = lambda u: runge_kutta(lambda u: rate(u, p), along, u)
        step = jax.checkpoint(step) if again else step
        start = (u[:, 0], u[:, 1], u[:, 2]) if apart else u
        end = jax.lax.scan(lambda u, _: (step(u), None), start, None, length=steps)[0]
        return jnp.stack(end, axis=1) if apart else end

    def made(points: np.ndarray, coefficients: np.ndarray) -> dict[str, Run]:
        u, p = jnp.asarray(points), jnp.asarray(coefficients)
        forward = jax.jit(last)
        gradient = jax.jit(jax.value_and_grad(lambda u, p: jnp.square(last(u, p)).mean(), (0, 1)))

        def run_gradient() -> Arrays:
            value, (by_u, by_p) = jax.block_until_ready(gradient(u, p))
            return [np.asarray(value), np.asarray(by_u), np.asarray(by_p)]

        return {"forward": lambda: [np.asarray(jax.block_until_ready(forward(u, p)))], "gradient": run_gradient}

    return made


def largest_difference(found: Arrays, expected: Arrays) -> float:
    pairs = zip(found, expected, strict=True)
    return max(float(np.abs(x - y).max() / np.abs(y).max()) for x, y in pairs)


def measured(runs: dict[str, Run], count: int) -> dict[str, list[float]]:
    """Seconds of each, which take turns."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(count):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--device", default="opencl:0")
    parser.add_argument("--json", help="a file for the figures")
    given = parser.parse_args()
    points = np.random.default_rng(0).uniform(0, 1, (given.points, 3)).astype(np.float32)
    coefficients = np.array(COEFFICIENTS, np.float32)
    engines = {
        "dualtape": ours(given.steps, given.device),
        "JAX, one array": jax_scan(given.steps, False, False),
        "JAX, three arrays": jax_scan(given.steps, True, False),
        "JAX, one array, checkpoint": jax_scan(given.steps, False, True),
        "JAX, three arrays, checkpoint": jax_scan(given.steps, True, True),
    }
    made = {name: engine(points, coefficients) for name, engine in engines.items()}
    figures = []
    for what in ("forward", "gradient"):
        runs = {name: run[what] for name, run in made.items() if what == "gradient" or "checkpoint" not in name}
        expected = runs["dualtape"]()
        for name, run in runs.items():
            difference = largest_difference(run(), expected)
            if not difference < 1e-3:
                raise SystemExit(f"{name} differs by {difference:.1e} in the {what}")
        times = measured(runs, given.runs)
        best = min(times["dualtape"])
        for name, seconds in times.items():
            figures.append({"what": what, "engine": name, "fastest": min(seconds), "median": median(seconds)})
            ratio = f"{min(seconds) / best:6.1f}x"
            print(f"{what:9} {name:30} {min(seconds) * 1e3:9.1f} {median(seconds) * 1e3:9.1f} ms {ratio}")
    if given.json:
        with open(given.json, "w") as file:
            json.dump(figures, file, indent=1)


if __name__ == "__main__":
    main()
