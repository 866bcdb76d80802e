"""Integrators at each point: Runge-Kutta steps of two equations, beside JAX's `lax.scan`.

The Lorenz system with its three coefficients, and a network (3-32-32-3, tanh) as the right-hand side, as in a neural
ordinary differential equation. Measured are the last states at 10^5 points, and the mean of their squares with its
gradient by the initial states and all coefficients or weights, in float32. JAX is given the ways that might suit it:
states of shape (n, 3), for the Lorenz system also as three arrays (which its users do by hand, for speed), and for the
gradient these with each step under `jax.checkpoint`. All have the same points, run in this process and take turns;
states and gradients must agree before anything is timed. Figures are the fastest of some runs and their median, in
milliseconds.

    python benchmarks/loops.py [--equation network] [--points 100000] [--steps 100] [--runs 7] [--device opencl:0]
                               [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

import numpy as np

import dualtape as dt

Arrays = list[np.ndarray]
Run = Callable[[], Arrays]
Made = Callable[[np.ndarray, Arrays], dict[str, Run]]
STEP = 0.01


class Equation(NamedTuple):
    """u' = rate(functions, u, values), with the functions of NumPy's names; ``apart`` if u may be three arrays."""

    rate: Callable[[Any, Any, Any], Any]
    values: Arrays
    apart: bool


def lorenz(_: Any, u: Any, values: Any) -> tuple[Any, Any, Any]:
    (p,) = values
    x, y, z = u
    return p[0] * (y - x), x * (p[1] - z) - y, x * y - p[2] * z


def of_columns(rate: Callable[[Any, Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    """The same for states of shape (n, 3)."""

    def of_one(functions: Any, u: Any, values: Any) -> Any:
        if isinstance(u, tuple):
            return rate(functions, u, values)
        return functions.stack(list(rate(functions, (u[:, 0], u[:, 1], u[:, 2]), values)), axis=1)

    return of_one


def network(functions: Any, u: Any, values: Any) -> Any:
    for i in range(0, len(values) - 2, 2):
        u = functions.tanh(u @ values[i] + values[i + 1])
    return u @ values[-2] + values[-1]


def weights(*sizes: int) -> Arrays:
    rng = np.random.default_rng(1)
    shapes = [shape for a, b in pairwise(sizes) for shape in ((a, b), (b,))]
    return [(rng.normal(size=shape) / np.sqrt(shape[0])).astype(np.float32) for shape in shapes]


EQUATIONS = {
    "lorenz": Equation(of_columns(lorenz), [np.array([10.0, 28.0, 8 / 3], np.float32)], True),
    "network": Equation(network, weights(3, 32, 32, 3), False),
}


def runge_kutta(rate: Callable[[Any], Any], along: Callable[[Any, float, Any], Any], u: Any) -> Any:
    """A step of the classical method; ``along(u, h, k)`` is u + h k."""
    first = rate(u)
    second = rate(along(u, STEP / 2, first))
    third = rate(along(u, STEP / 2, second))
    fourth = rate(along(u, STEP, third))
    for weight, k in ((1, first), (2, second), (2, third), (1, fourth)):
        u = along(u, STEP * weight / 6, k)
    return u


def ours(equation: Equation, steps: int, device: str) -> Made:
    def last(u: Any, values: Any) -> Any:
        rate = lambda u: equation.rate(dt.ops, u, values)
        return dt.ops.fori_loop(0, steps, lambda i, u: runge_kutta(rate, lambda u, h, k: u + h * k, u), u)

    def made(points: np.ndarray, values: Arrays) -> dict[str, Run]:
        u, p = dt.Tensor(points), [dt.Tensor(x) for x in values]
        forward = dt.jit(last, device=device)
        gradient = dt.jit(dt.value_and_grad(lambda u, p: dt.ops.square(last(u, p)).mean(), (0, 1)), device=device)
        print(dt.explain(gradient, u, p))

        def run_gradient() -> Arrays:
            value, (by_u, by_p) = gradient(u, p)
            return [x.asnumpy() for x in (value, by_u, *by_p)]

        return {"forward": lambda: [forward(u, p).asnumpy()], "gradient": run_gradient}

    return made


def jax_scan(equation: Equation, steps: int, apart: bool, again: bool) -> Made:
    """States ``apart`` in three arrays, or in one; ``again`` says that reverse mode computes each step again."""
    import jax
    import jax.numpy as jnp

    def along(u: Any, h: float, k: Any) -> Any:
        return tuple(x + h * y for x, y in zip(u, k, strict=True)) if apart else u + h * k

    def last(u: Any, values: Any) -> Any:
        step = lambda u: runge_kutta(lambda u: equation.rate(jnp, u, values), along, u)
        step = jax.checkpoint(step) if again else step
        start = (u[:, 0], u[:, 1], u[:, 2]) if apart else u
        end = jax.lax.scan(lambda u, _: (step(u), None), start, None, length=steps)[0]
        return jnp.stack(end, axis=1) if apart else end

    def made(points: np.ndarray, values: Arrays) -> dict[str, Run]:
        u, p = jnp.asarray(points), [jnp.asarray(x) for x in values]
        forward = jax.jit(last)
        gradient = jax.jit(jax.value_and_grad(lambda u, p: jnp.square(last(u, p)).mean(), (0, 1)))

        def run_gradient() -> Arrays:
            value, (by_u, by_p) = jax.block_until_ready(gradient(u, p))
            return [np.asarray(x) for x in (value, by_u, *by_p)]

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
    parser.add_argument("--equation", choices=sorted(EQUATIONS), default="lorenz")
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--device", default="opencl:0")
    parser.add_argument("--json", help="a file for the figures")
    given = parser.parse_args()
    points = np.random.default_rng(0).uniform(0, 1, (given.points, 3)).astype(np.float32)
    equation = EQUATIONS[given.equation]
    engines = {"dualtape": ours(equation, given.steps, given.device)}
    for again, ending in ((False, ""), (True, ", checkpoint")):
        engines[f"JAX, one array{ending}"] = jax_scan(equation, given.steps, False, again)
        if equation.apart:
            engines[f"JAX, three arrays{ending}"] = jax_scan(equation, given.steps, True, again)
    made = {name: engine(points, equation.values) for name, engine in engines.items()}
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
