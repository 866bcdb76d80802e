"""How the time of a step of data-parallel training falls with the number of processes, each with one thread.

A step is loss and gradient of Burgers' equation at all points, and their sum over the processes, as
`pinn.solve(comm=...)` takes it. Strong scaling keeps the points of all together, weak scaling those of each. Prints a
JSON line for each number of ranks and points, and a table; `--sum-only` measures the sum alone, for gradients of
several sizes. The environment variable MPIEXEC names another launcher.

    python benchmarks/scaling_mpi.py [--ranks 1 2] [--points 100000 1000000] [--weak] [--sum-only] [--seconds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

MPIEXEC = os.environ.get("MPIEXEC") or shutil.which("mpiexec", path=os.path.dirname(sys.executable)) or "mpiexec"


def median_time(step: Callable[[], object], ranks: Any, seconds: float) -> float:
    """Of the slowest rank; how many steps is what rank 0 says, lest one wait for another."""
    step()
    began = time.perf_counter()
    step()
    each = ranks.of_first(np.array([time.perf_counter() - began]))[0]
    times = []
    for _ in range(max(3, int(seconds / each))):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return float(ranks.each([float(np.median(times))]).max())


def measure(points: int, seconds: float) -> None:
    """What one rank does: the step, and the sum alone."""
    os.environ |= {"POCL_MAX_PTHREAD_COUNT": "1", "OMP_NUM_THREADS": "1"}
    import dualtape as dt
    from dualtape import nn, pinn
    from dualtape.pinn.collocation import Fixed
    from dualtape.pinn.training import Settings, Training

    comm = dt.parallel.world()
    dt.parallel.divide_cores(comm)
    ranks = dt.parallel.Ranks(comm)
    with dt.device(dt.parallel.own_device(comm)):
        network = nn.MLP(2, 1, width=20, depth=4, dtype=dt.float64, seed=0)
        settings = Settings((pinn.Adam(1),), points, "uniform", Fixed(), pinn.Balanced(), True, 0)
        training = Training(pinn.burgers(), network, tuple(network.trainable_params()), settings, ranks)
        step = median_time(lambda: training.work.evaluate(training.batches), ranks, seconds)
    gradient = np.zeros(sum(parameter.size for parameter in training.parameters) + 4)
    alone = median_time(lambda: ranks.sum(gradient), ranks, 0.2)
    if ranks.is_first:
        print(json.dumps({"ranks": ranks.size, "points": points, "step": step, "sum": alone}), flush=True)


def measure_sums(seconds: float) -> None:
    """The sum of vectors over all ranks, by their length."""
    import dualtape as dt

    ranks = dt.parallel.Ranks(dt.parallel.world())
    for length in (1_000, 10_000, 100_000, 1_000_000, 10_000_000):
        vector = np.zeros(length)
        took = median_time(lambda: ranks.sum(vector), ranks, seconds / 5)  # noqa: B023
        if ranks.is_first:
            print(json.dumps({"ranks": ranks.size, "numbers": length, "sum": took}), flush=True)


def run(ranks: int, *arguments: object) -> list[dict[str, float]]:
    """The lines of a job."""
    own = [sys.executable, __file__, "--as-rank", *map(str, arguments)]
    start = [MPIEXEC, "-n", str(ranks)] if ranks > 1 else []
    done = subprocess.run([*start, *own], stdout=subprocess.PIPE, text=True, check=True)
    print(done.stdout, end="", flush=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--points", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--weak", action="store_true", help="as many points for each rank")
    parser.add_argument("--sum-only", action="store_true", help="the sum over ranks alone")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--as-rank", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.as_rank:
        measure_sums(given.seconds) if given.sum_only else measure(given.points[0], given.seconds)
        return
    if given.sum_only:
        for ranks in given.ranks:
            run(ranks, "--sum-only", "--seconds", given.seconds)
        return
    print_table(given)


def print_table(given: argparse.Namespace) -> None:
    """Milliseconds of a step, and how many times as fast as the first number of ranks it is, or does as much work."""
    for points in given.points:
        rows = []
        for ranks in given.ranks:
            whole = points * ranks if given.weak else points
            rows += run(ranks, "--points", whole, "--seconds", given.seconds)
        first = rows[0]
        for row in rows:
            work = row["points"] / first["points"]
            faster = work * first["step"] / row["step"]
            print(
                f"{int(row['points']):>10} points  {int(row['ranks']):>3} ranks  {1e3 * row['step']:8.1f} ms a step  "
                f"{faster:5.2f} times  sum {1e6 * row['sum']:7.1f} us"
            )


if __name__ == "__main__":
    main()
