"""`ops.fft.rfft` and its gradient beside SciPy's transforms.

The gradient of a function of the spectrum is one transform more: SciPy's side is `rfft`, the same arithmetic on the
spectrum, and `irfft`. Both run in this process, in turn; the figures are medians of the rounds. Prints a table, and
with ``--json FILE`` writes the figures too.

    python benchmarks/fft.py
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
from scipy import fft

import dualtape as dt
from dualtape import ops

SIZES = (1 << 10, 1 << 14, 1 << 18)
ROUNDS = 30


def steps(n: int) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """For each quantity what dualtape runs, and what SciPy."""
    array = np.random.default_rng(0).normal(size=n)
    x, weights = dt.Tensor(array), np.arange(n // 2 + 1) / n
    w = dt.Tensor(weights.astype(np.complex128))
    gradient = dt.grad(lambda x: ops.real(ops.fft.rfft(x) * w).sum())

    def by_hand() -> np.ndarray:
        np.real(fft.rfft(array) * weights).sum()
        # Of the pairs of coefficients that one stands for, irfft adds up both.
        halved = weights * 0.5
        halved[[0, -1]] *= 2
        found: np.ndarray = fft.irfft(halved, n) * n
        return found

    np.testing.assert_allclose(gradient(x).asnumpy(), by_hand(), rtol=1e-9, atol=1e-9)
    return {
        "rfft": (lambda: ops.fft.rfft(x), lambda: fft.rfft(array)),
        "its gradient": (lambda: gradient(x), by_hand),
    }


def median_ms(runs: tuple[Callable[[], object], ...]) -> list[float]:
    """The median time of each, in turn."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(ROUNDS):
        for found, run in zip(times, runs, strict=True):
            start = time.perf_counter()
            run()
            found.append(1e3 * (time.perf_counter() - start))
    return [statistics.median(found) for found in times]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json")
    options = parser.parse_args()
    rows = []
    for n in SIZES:
        for name, runs in steps(n).items():
            ours, theirs = median_ms(runs)
            rows.append({"n": n, "what": name, "dualtape_ms": ours, "scipy_ms": theirs, "ratio": ours / theirs})
            print(f"{name:>14} of {n:>7}: dualtape {ours:8.3f} ms, SciPy {theirs:8.3f} ms, ratio {ours / theirs:5.2f}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=2)


if __name__ == "__main__":
    main()
