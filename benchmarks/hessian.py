"""A dense Hessian of 1,000 variables beside 1,000 Hessian-vector products in one batch, and a sparse one of 10,000.

`hessian` must cost at most 1.2 of the batch, which does the same products without arranging them as a matrix. The two
take turns in this process; figures are the fastest of many runs. The sparse Hessian is tridiagonal; its time includes
that of finding the pattern.

    python benchmarks/hessian.py [--seconds 10] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np

import dualtape as dt
from dualtape import ops

SIZE, SPARSE_SIZE = 1_000, 10_000


def function(x: dt.Tensor) -> dt.Tensor:
    """Every variable meets every other one."""
    return (ops.tanh(x) ** 2).sum() * ops.sin(x).sum() + ops.exp(-(x * x).sum() / SIZE)


def chain(x: dt.Tensor) -> dt.Tensor:
    """The function of Rosenbrock, of which each variable meets its neighbours."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def runs() -> dict[str, Callable[[], np.ndarray]]:
    x = dt.Tensor(np.random.default_rng(0).normal(size=SIZE))
    identity = dt.Tensor(np.eye(SIZE))
    hessian = dt.hessian(function)
    batch = dt.vmap(lambda v: dt.hvp(function, x, v)[1])
    return {"hessian": lambda: hessian(x).asnumpy(), "batch of products": lambda: batch(identity).asnumpy()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", help="write the figures to this file")
    options = parser.parse_args()
    dense = runs()
    hessian, products = (run() for run in dense.values())
    np.testing.assert_allclose(hessian, products, rtol=1e-12, atol=1e-13)
    times: dict[str, list[float]] = {name: [] for name in dense}
    end = time.perf_counter() + options.seconds
    while time.perf_counter() < end or len(times["hessian"]) < 5:
        for name, run in dense.items():
            start = time.perf_counter()
            run()
            times[name].append(1e3 * (time.perf_counter() - start))
    figures = {name: min(found) for name, found in times.items()}
    figures["ratio"] = figures["hessian"] / figures["batch of products"]
    y = dt.Tensor(np.random.default_rng(1).normal(size=SPARSE_SIZE))
    start = time.perf_counter()
    found = dt.hessian(chain, sparsity=True)(y)
    figures["sparse, 10,000 variables"] = 1e3 * (time.perf_counter() - start)
    start = time.perf_counter()
    _, product = dt.hvp(chain, y, y)
    figures["one product of 10,000"] = 1e3 * (time.perf_counter() - start)
    np.testing.assert_allclose(found @ y.asnumpy(), product.asnumpy(), rtol=1e-10)
    for name, figure in figures.items():
        print(f"{name:26}{figure:10.2f}{'' if name == 'ratio' else ' ms'}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=2)


if __name__ == "__main__":
    main()
