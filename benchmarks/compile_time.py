"""The first training step, compilation included, beside JAX's: with empty caches, and with those of a run before.

Each figure is the median over fresh processes. *Cold* is a process whose caches of kernels are empty folders
(``POCL_CACHE_DIR`` for PoCL, ``XDG_CACHE_HOME`` for pyopencl); *warm* is the process after it, with the same folders.
JAX keeps no cache between processes unless told to, so its two columns are the same work. Times are seconds from the
problem to the first loss and gradient; imports are not counted, and are in the JSON lines. The last column is a later
step in milliseconds. Prints a JSON line for each process, then a table.

    python benchmarks/compile_time.py [--workloads burgers wave] [--engines dualtape "jax jvp"] [--repeats 3]
        [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from typing import Any

from pinn.engines import ENGINES, OURS
from pinn.measuring import alone
from pinn.report import table, write_lines
from pinn.workloads import FIRST_FIVE, WORKLOADS

Figure = dict[str, Any]


def measured(engine: str, workload: str, options: argparse.Namespace) -> list[Figure]:
    spec = {"engine": engine, "workload": workload, "dtype": options.dtype, "threads": options.threads, "seconds": 1}
    figures = []
    for _ in range(options.repeats):
        with tempfile.TemporaryDirectory() as folder:
            caches = {"POCL_CACHE_DIR": f"{folder}/pocl", "XDG_CACHE_HOME": f"{folder}/xdg"}
            for state in ("cold", "warm"):
                figures.append({"caches": state, **alone(spec, caches)})
                print(json.dumps(figures[-1]), flush=True)
    return figures


def cells(figures: list[Figure]) -> list[str]:
    if any("error" in figure for figure in figures):
        return ["-"] * 3
    first = {s: statistics.median(f["first_step_s"] for f in figures if f["caches"] == s) for s in ("cold", "warm")}
    later = min(figure["min_ms"] for figure in figures)
    return [f"{first['cold']:.2f} s", f"{first['warm']:.2f} s", f"{later:.1f} ms"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", nargs="*", default=FIRST_FIVE, choices=list(WORKLOADS))
    parser.add_argument("--engines", nargs="*", default=[OURS, "jax jvp", "jax jet"], choices=list(ENGINES))
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3, help="pairs of processes for each engine and workload")
    parser.add_argument("--json", help="write the figures to this file, one line each")
    options = parser.parse_args()
    figures: list[Figure] = []
    rows = []
    for workload in options.workloads:
        for engine in options.engines:
            found = measured(engine, workload, options)
            figures += found
            rows.append((f"{workload}, {engine}", cells(found)))
    print(f"\nfirst step, {options.dtype}, {options.threads} threads")
    print(table("", ["cold", "warm", "later steps"], rows))
    if options.json:
        write_lines(options.json, figures)


if __name__ == "__main__":
    main()
