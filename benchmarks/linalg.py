"""Functions of matrices on the host beside SciPy's and NumPy's own, and what the gradient of a system adds."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg

import dualtape as dt
from dualtape.ops import linalg

PEERS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "solve": (linalg.solve, scipy.linalg.solve),
    "cholesky": (lambda a, b: linalg.cholesky(a), lambda a, b: np.linalg.cholesky(a)),
    "inv": (lambda a, b: linalg.inv(a), lambda a, b: np.linalg.inv(a)),
    "det": (lambda a, b: linalg.det(a), lambda a, b: np.linalg.det(a)),
    "qr": (lambda a, b: linalg.qr(a), lambda a, b: np.linalg.qr(a)),
    "eigh": (lambda a, b: linalg.eigh(a), lambda a, b: np.linalg.eigh(a)),
    "svd": (lambda a, b: linalg.svd(a), lambda a, b: np.linalg.svd(a, full_matrices=False)),
    "expm": (lambda a, b: linalg.expm(a), lambda a, b: scipy.linalg.expm(a)),
    "grad of solve, beside solve": (dt.grad(lambda a, b: linalg.solve(a, b).sum(), (0, 1)), scipy.linalg.solve),
}


def best_of(function: Callable[[], Any], repeats: int) -> float:
    """The least time of a call, in seconds."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 200, 500])
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    numbers = np.random.default_rng(0)
    for n in options.sizes:
        random = numbers.normal(size=(n, n)) / n
        a, b = random @ random.T + np.eye(n), numbers.normal(size=n)
        ours = dt.Tensor(a), dt.Tensor(b)
        for name, (function, peer) in PEERS.items():
            seconds = best_of(lambda f=function, x=ours: f(*x), options.repeats)
            reference = best_of(lambda f=peer, a=a, b=b: f(a, b), options.repeats)
            print(json.dumps({"function": name, "n": n, "seconds": seconds, "ratio": seconds / reference}))


if __name__ == "__main__":
    main()
