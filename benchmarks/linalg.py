"""Functions of matrices on the host beside SciPy's and NumPy's own, what a gradient of a system adds, and stacks.

All run in this process in turn, with the threads that their BLAS takes; figures are medians of the rounds. Prints a
table, and with ``--json FILE`` writes the figures too.

    python benchmarks/linalg.py [--sizes 50 200 500] [--rounds 7] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg

import dualtape as dt
from dualtape.ops import linalg

Call = Callable[[], Any]
STACKS = ((10_000, 2), (1000, 3), (100, 10), (20, 50))


def calls(a: np.ndarray, b: np.ndarray) -> dict[str, tuple[Call, Call | None, Call | None]]:
    """For each function what dualtape runs, and what SciPy and NumPy, where they have it."""
    x, y = dt.Tensor(a), dt.Tensor(b)
    gradient = dt.grad(lambda x, y: linalg.solve(x, y).sum(), (0, 1))
    sp, lib = scipy.linalg, np.linalg
    return {
        "solve": (lambda: linalg.solve(x, y), lambda: sp.solve(a, b), lambda: lib.solve(a, b)),
        "inv": (lambda: linalg.inv(x), lambda: sp.inv(a), lambda: lib.inv(a)),
        "det": (lambda: linalg.det(x), lambda: sp.det(a), lambda: lib.det(a)),
        "slogdet": (lambda: linalg.slogdet(x), None, lambda: lib.slogdet(a)),
        "cholesky": (lambda: linalg.cholesky(x), lambda: sp.cholesky(a, lower=True), lambda: lib.cholesky(a)),
        "lu": (lambda: linalg.lu(x), lambda: sp.lu(a), None),
        "qr": (lambda: linalg.qr(x), lambda: sp.qr(a, mode="economic"), lambda: lib.qr(a)),
        "eigh": (lambda: linalg.eigh(x), lambda: sp.eigh(a), lambda: lib.eigh(a)),
        "eigvalsh": (lambda: linalg.eigvalsh(x), lambda: sp.eigvalsh(a), lambda: lib.eigvalsh(a)),
        "svd": (lambda: linalg.svd(x), lambda: sp.svd(a), lambda: lib.svd(a)),
        "svdvals": (lambda: linalg.svdvals(x), lambda: sp.svdvals(a), lambda: lib.svdvals(a)),
        "pinv": (lambda: linalg.pinv(x), lambda: sp.pinv(a), lambda: lib.pinv(a)),
        "lstsq": (lambda: linalg.lstsq(x, y), lambda: sp.lstsq(a, b), lambda: lib.lstsq(a, b)),
        "expm": (lambda: linalg.expm(x), lambda: sp.expm(a), None),
        "solve_triangular": (lambda: linalg.solve_triangular(x, y), lambda: sp.solve_triangular(a, b), None),
        "grad of solve, beside solve": (lambda: gradient(x, y), lambda: sp.solve(a, b), lambda: lib.solve(a, b)),
    }


def stack_calls(a: np.ndarray, b: np.ndarray) -> dict[str, tuple[Call, Call | None, Call | None]]:
    x, y = dt.Tensor(a), dt.Tensor(b)
    return {
        "solve": (lambda: linalg.solve(x, y), None, lambda: np.linalg.solve(a, b)),
        "inv": (lambda: linalg.inv(x), None, lambda: np.linalg.inv(a)),
        "cholesky": (lambda: linalg.cholesky(x), None, lambda: np.linalg.cholesky(a)),
        "eigh": (lambda: linalg.eigh(x), None, lambda: np.linalg.eigh(a)),
    }


def medians(runs: tuple[Call | None, ...], rounds: int) -> list[float | None]:
    """The median time of each in seconds, in turn."""
    times: list[list[float]] = [[] for _ in runs]
    for i in range(rounds + 1):
        for found, run in zip(times, runs, strict=True):
            if run is None:
                continue
            start = time.perf_counter()
            run()
            if i:  # the first one loads what it needs
                found.append(time.perf_counter() - start)
    return [statistics.median(found) if found else None for found in times]


def positive(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Symmetric matrices with eigenvalues near 1."""
    random = rng.normal(size=shape) / shape[-1]
    found: np.ndarray = random @ random.swapaxes(-1, -2) + np.eye(shape[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[50, 200, 500])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", help="write the figures to this file")
    options = parser.parse_args()
    rng, rows = np.random.default_rng(0), []
    several = {f"{n} x {n}": calls(positive(rng, n, n), rng.normal(size=n)) for n in options.sizes}
    several |= {
        f"{count} of {n} x {n}": stack_calls(positive(rng, count, n, n), rng.normal(size=(count, n, 1)))
        for count, n in STACKS
    }
    for matrices, functions in several.items():
        for name, runs in functions.items():
            ours, scipys, numpys = medians(runs, options.rounds)
            assert ours is not None
            row: dict[str, Any] = {"function": name, "matrices": matrices, "ms": 1e3 * ours}
            row |= {who: ours / theirs for who, theirs in (("by SciPy", scipys), ("by NumPy", numpys)) if theirs}
            rows.append(row)
            beside = ", ".join(f"{row[who]:5.2f} {who}'s" for who in ("by SciPy", "by NumPy") if who in row)
            print(f"{name:>27} of {matrices:<14} {row['ms']:9.3f} ms: {beside}", flush=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=2)


if __name__ == "__main__":
    main()
