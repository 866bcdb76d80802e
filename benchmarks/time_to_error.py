"""From loss to answer: the relative L2 error over wall time, of known problems, by each optimizer.

Each problem is solved with the defaults of `pinn.solve`, or with the optimizers that are asked for, on the same network
(four layers of 20), seeds and points, in float64; and, with `--peers`, with DeepXDE on PyTorch (Adam, then L-BFGS) and
with JAX (Optax's Adam, then Optimistix's BFGS), on two threads, on the same network, with the same conditions held by
construction, and the points and weights that ours begins with. Errors are taken on a grid that training never saw,
against analytic solutions, or spectral ones that this script computes and keeps in `--cache`. Time runs from the call,
kernels compiled in it included; taking an error is not counted.

Prints a JSON line for each error, then a table: the first second at which each error was below 1e-2, 1e-3, ..., and the
last error. `--plot` draws errors over seconds.

    python benchmarks/time_to_error.py [--problems burgers heat ...] [--optimizers default lbfgs ...] [--seeds 0 1 2]
        [--peers deepxde jax] [--seconds 60] [--json FILE] [--plot FILE] [--cache FOLDER]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from error import deepxde_runs, jax_runs
from error.dualtape_runs import OPTIMIZERS, curve
from error.problems import PROBLEMS, Case
from pinn.engines import limit_threads
from pinn.report import table, write_lines

PEERS = {"deepxde": deepxde_runs.curve, "jax": jax_runs.curve}
LEVELS = [10.0**-k for k in range(2, 8)]
Line = dict[str, Any]


def measured(options: argparse.Namespace) -> list[Line]:
    """One line for each error, printed as it comes."""
    lines: list[Line] = []
    for name in options.problems:
        for seed in options.seeds:
            for engine in (*options.optimizers, *options.peers):
                # Each run has a case of its own, whose coefficients nothing has found yet.
                for point in run(name, engine, PROBLEMS[name](Path(options.cache)), seed, options.seconds):
                    lines.append({"problem": name, "optimizer": engine, "seed": seed, **point})
                    print(json.dumps(lines[-1]), flush=True)
    return lines


def run(name: str, engine: str, case: Case, seed: int, seconds: float) -> Iterator[dict[str, float]]:
    """Steps, seconds and errors, of one of our optimizers or of a peer."""
    return PEERS[engine](name, case, seed, seconds) if engine in PEERS else curve(case, engine, seed, seconds)


def rows(lines: list[Line]) -> list[tuple[str, list[str]]]:
    """For each run the second at which each level was passed for the first time, and the last error."""
    runs: dict[tuple[str, str, int], list[Line]] = {}
    for line in lines:
        runs.setdefault((line["problem"], line["optimizer"], line["seed"]), []).append(line)
    found = []
    for (problem, optimizer, seed), points in runs.items():
        passed = [next((f"{p['seconds']:.0f}" for p in points if p["error"] <= level), "") for level in LEVELS]
        found.append((f"{problem}, {optimizer}, seed {seed}", [*passed, f"{points[-1]['error']:.1e}"]))
    return found


def draw(lines: list[Line], path: str) -> None:
    """Errors over seconds, a picture for each problem."""
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(line["problem"] for line in lines))
    figure, places = plt.subplots(1, len(names), figsize=(5 * len(names), 4), squeeze=False)
    for axes, name in zip(places[0], names, strict=True):
        runs = dict.fromkeys((line["optimizer"], line["seed"]) for line in lines if line["problem"] == name)
        for optimizer, seed in runs:
            points = [x for x in lines if (x["problem"], x["optimizer"], x["seed"]) == (name, optimizer, seed)]
            axes.semilogy([p["seconds"] for p in points], [p["error"] for p in points], label=f"{optimizer}, {seed}")
        axes.set(title=name, xlabel="seconds", ylabel="relative L2 error")
        axes.legend(fontsize="x-small")
    figure.tight_layout()
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=list(PROBLEMS))
    parser.add_argument("--optimizers", nargs="*", choices=OPTIMIZERS, default=["default"])
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=[])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="for each run")
    parser.add_argument("--cache", default=".time_to_error", help="a folder for references")
    parser.add_argument("--json", help="write the lines there")
    parser.add_argument("--plot", help="draw the errors there")
    options = parser.parse_args()
    limit_threads(2)
    lines = measured(options)
    if options.json:
        write_lines(options.json, lines)
    print(table("seconds to", [*(f"{level:.0e}" for level in LEVELS), "last error"], rows(lines)))
    if options.plot:
        draw(lines, options.plot)


if __name__ == "__main__":
    main()
