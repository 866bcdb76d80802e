"""A Laplacian in many dimensions beside folx: time and memory of value and gradient of mean (lap u - f)^2.

u is a tanh network d-128-128-128-128-1 at 256 points in float32. The forward Laplacian carries a value, d first
derivatives as one tensor with an axis of directions, and one stream that is the sum of all second derivatives: time and
memory grow with d, and the number of operations does not. folx does the same in JAX. Each engine and each dimension
runs in a process of its own, whose peak of resident memory, less what it had when it started to compute, is the
figure; loss and gradient must agree before anything is reported. Prints one JSON line for each, then a table.

    python benchmarks/laplacian.py [--dimensions 25 50 100 200] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import dualtape as dt

Arrays = list[np.ndarray]
Step = Callable[[], Arrays]
POINTS, WIDTH, DEPTH = 256, 128, 4


def data(dimension: int) -> tuple[Arrays, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    weights: Arrays = []
    for rows, columns in pairwise((dimension, *[WIDTH] * DEPTH, 1)):
        weights.append(rng.normal(0, np.sqrt(2 / (rows + columns)), (rows, columns)).astype(np.float32))
        weights.append(rng.normal(0, 0.1, columns).astype(np.float32))
    points = rng.uniform(0, 1, (POINTS, dimension)).astype(np.float32)
    return weights, points, np.sin(np.pi * points).mean(1).astype(np.float32)


def network(tanh: Callable[[Any], Any], weights: Any, x: Any) -> Any:
    for i in range(0, len(weights) - 2, 2):
        x = tanh(x @ weights[i] + weights[i + 1])
    return (x @ weights[-2] + weights[-1])[..., 0]


def ours(transform: Callable[[Any], Any]) -> Callable[[Arrays, np.ndarray, np.ndarray], Step]:
    def make(weights: Arrays, points: np.ndarray, source: np.ndarray) -> Step:
        def loss(weights: list[dt.Tensor], points: dt.Tensor, source: dt.Tensor) -> dt.Tensor:
            laplacian = dt.laplacian(lambda x: network(dt.ops.tanh, weights, x))(points)[1]
            return dt.ops.square(laplacian - source).mean()

        step = transform(dt.value_and_grad(loss))
        given, at, f = [dt.Tensor(w) for w in weights], dt.Tensor(points), dt.Tensor(source)

        def run() -> Arrays:
            value, gradient = step(given, at, f)
            return [value.asnumpy(), *(g.asnumpy() for g in gradient)]

        return run

    return make


def folx_step(weights: Arrays, points: np.ndarray, source: np.ndarray) -> Step:
    import jax
    import jax.numpy as jnp
    from folx import forward_laplacian

    def loss(weights: Any, points: Any, source: Any) -> Any:
        field = forward_laplacian(lambda x: network(jnp.tanh, weights, x))
        return jnp.mean((jax.vmap(lambda x: field(x).laplacian)(points) - source) ** 2)

    step = jax.jit(jax.value_and_grad(loss))
    given = [jnp.asarray(w) for w in weights]

    def run() -> Arrays:
        value, gradient = step(given, points, source)
        return [np.asarray(value), *map(np.asarray, gradient)]

    return run


ENGINES = {"dualtape": ours(lambda f: f), "dualtape, jit": ours(dt.jit), "folx": folx_step}


def child(engine: str, dimension: int, seconds: float, result: str) -> None:
    """Measure one engine at one dimension in this process."""
    given = data(dimension)
    step = ENGINES[engine](*given)
    ENGINES[engine](*(data(2)))()  # what the first use of an engine loads is not what it computes with
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = step()
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - start))
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    np.savez(result, *found)
    print(json.dumps({"engine": engine, "dimension": dimension, "min_ms": min(times), "peak_mb": peak}))


def measured(engine: str, dimension: int, seconds: float, result: str) -> dict[str, Any] | None:
    command = [sys.executable, __file__, "--child", engine, str(dimension), result, "--seconds", str(seconds)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if "ModuleNotFoundError" in run.stderr:
        return None
    if run.returncode:
        raise RuntimeError(run.stderr)
    return json.loads(run.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def agree(one: str, other: str) -> None:
    with np.load(one) as a, np.load(other) as b:
        size = max(float(np.abs(b[name]).max()) for name in b)
        for name in b:
            np.testing.assert_allclose(a[name], b[name], rtol=0, atol=2e-4 * size)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dimensions", type=int, nargs="*", default=[25, 50, 100, 200])
    parser.add_argument("--seconds", type=float, default=5.0, help="of measuring, for each engine and dimension")
    parser.add_argument("--json", help="write the measurements to this file, one line each")
    parser.add_argument("--child", nargs=3, metavar=("ENGINE", "DIMENSION", "RESULT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        engine, dimension, result = options.child
        child(engine, int(dimension), options.seconds, result)
        return
    import tempfile

    figures: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for dimension in options.dimensions:
            for engine in ENGINES:
                figure = measured(engine, dimension, options.seconds, f"{folder}/{engine}.npz")
                if figure is not None:
                    agree(f"{folder}/{engine}.npz", f"{folder}/dualtape.npz")
                    figures.append(figure)
                    print(json.dumps(figure), flush=True)
    print(f"\n{'':16}" + "".join(f"{f'd = {d}':>22}" for d in options.dimensions))
    for engine in ENGINES:
        cells = [f"{f['min_ms']:.1f} ms {f['peak_mb']:.0f} MB" for f in figures if f["engine"] == engine]
        print(f"{engine:16}" + "".join(f"{cell:>22}" for cell in cells))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(figure) + "\n" for figure in figures)


if __name__ == "__main__":
    main()
