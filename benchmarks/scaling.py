"""How the cost of a training step grows with points, width, depth and threads, and what memory it takes.

Every measurement is a process of its own; other sizes stay as the workload has them. ``pool`` is the most memory that
the step held on the OpenCL device beyond the points that it was given; ``peak`` is the most resident memory of the
whole process, kernels of earlier runs in the cache. An engine whose process grows beyond ``--most-memory`` is ended,
and its cell says so. Threads are limited by ``POCL_MAX_PTHREAD_COUNT`` and by the cores that the process may use.
Prints a JSON line for each measurement, then a table for each quantity; ``--plot FILE`` draws them.

    python benchmarks/scaling.py [--workload burgers] [--engines dualtape "jax jvp"] [--points 1000 ... 1000000]
        [--widths 16 ...] [--depths 2 ...] [--threads 1 2] [--seconds 3] [--json FILE] [--plot FILE]
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from pinn.engines import ENGINES, OURS
from pinn.measuring import alone
from pinn.report import curves, table, write_lines
from pinn.workloads import WORKLOADS

Figure = dict[str, Any]
POINTS = {"wave": [1_000, 10_000, 100_000]}
MORE_POINTS = [1_000, 10_000, 100_000, 1_000_000]
WIDTHS, DEPTHS = [16, 20, 32, 64, 128, 256], [2, 4, 8, 16]


def available_mb() -> float:
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("MemAvailable"))


def sweep(quantity: str, values: list[int], options: argparse.Namespace) -> list[Figure]:
    figures = []
    for value in values:
        for engine in options.engines:
            spec = {"engine": engine, "workload": options.workload, "dtype": options.dtype}
            spec |= {"threads": options.cores, "seconds": options.seconds, quantity: value}
            if engine == OURS:
                alone({**spec, "seconds": 0})  # the kernels of this size are in the cache from here on
            figures.append({"quantity": quantity, "value": value, **alone(spec, most_mb=options.most_memory)})
            print(json.dumps(figures[-1]), flush=True)
    return figures


def rows(figures: list[Figure]) -> list[tuple[str, list[str]]]:
    found = []
    for figure in figures:
        name = f"{figure['value']:,} {figure['engine']}"
        if "error" in figure:
            found.append((name, [figure["error"], *["-"] * 4]))
            continue
        pool = f"{figure['pool_mb']:.1f} MB" if "pool_mb" in figure else "-"
        time = f"{figure['median_ms']:.1f} ({figure['min_ms']:.1f}) ms"
        rate = f"{figure['points_per_s'] / 1e6:.2f} M/s"
        found.append((name, [time, rate, pool, f"{figure['peak_mb']:.0f} MB", f"{figure['first_step_s']:.1f} s"]))
    return found


def draw(path: str, sweeps: dict[str, list[Figure]]) -> None:
    panels: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for quantity, figures in sweeps.items():
        panel = panels.setdefault(quantity, {})
        for figure in figures:
            if "median_ms" in figure:
                panel.setdefault(figure["engine"], []).append((figure["value"], figure["median_ms"]))
    curves(path, panels, "ms for one step")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    parser.add_argument("--workload", default="burgers", choices=list(WORKLOADS))
    parser.add_argument("--engines", nargs="*", default=[OURS, "jax jvp"], choices=list(ENGINES))
    parser.add_argument("--points", type=int, nargs="*", help="up to 10^6, on `wave` up to 10^5, unless told otherwise")
    parser.add_argument("--widths", type=int, nargs="*", default=WIDTHS)
    parser.add_argument("--depths", type=int, nargs="*", default=DEPTHS)
    parser.add_argument("--threads", type=int, nargs="*", default=list(range(1, cores + 1)))
    parser.add_argument("--cores", type=int, default=cores, help="threads of the other measurements")
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    parser.add_argument("--seconds", type=float, default=3.0, help="of measuring, in each process")
    parser.add_argument("--most-memory", type=float, default=0.7 * available_mb(), help="MB of a process")
    parser.add_argument("--json", help="write the figures to this file, one line each")
    parser.add_argument("--plot", help="draw the medians")
    options = parser.parse_args()
    points = POINTS.get(options.workload, MORE_POINTS) if options.points is None else options.points
    wanted = {"points": points, "width": options.widths, "depth": options.depths, "threads": options.threads}
    sweeps = {quantity: sweep(quantity, values, options) for quantity, values in wanted.items() if values}
    for quantity, figures in sweeps.items():
        print(f"\n{options.workload}, {options.dtype}")
        print(table(quantity, ["median (fastest)", "points", "pool", "peak", "first step"], rows(figures)))
    if options.json:
        write_lines(options.json, [figure for figures in sweeps.values() for figure in figures])
    if options.plot:
        draw(options.plot, sweeps)


if __name__ == "__main__":
    main()
