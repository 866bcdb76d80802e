"""One training step of a physics-informed network: loss and gradient of all weights, beside JAX and PyTorch.

Every engine gets the same weights and points. Loss and gradient of each are compared with float64 before anything is
timed; then engines take turns in one process. Figures are medians in milliseconds, with the fastest step in brackets;
``x`` is how many times longer than this library. Then each engine runs in a process of its own, for the seconds of its
first step, compilation included, kernels of earlier runs in the cache, and the most resident memory of the process.
Engines that are not installed, or cannot compute what a workload needs, are left out and say why. Prints a JSON line
for each engine and workload, then a table.

    python benchmarks/pinn_step.py [--workloads burgers wave] [--engines dualtape "jax jvp"] [--dtype float64]
        [--threads 2] [--seconds 5] [--no-alone] [--json FILE] [--plot FILE]
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from pinn.engines import AT_ONCE, ENGINES, OURS, imported, limit_threads
from pinn.measuring import AGREEMENT, alone, disagreement, in_turns, summary
from pinn.report import bars, table, write_lines
from pinn.workloads import FIRST_FIVE, WORKLOADS, Step, problem

Figure = dict[str, Any]


def prepared(name: str, options: argparse.Namespace) -> tuple[dict[str, Step], dict[str, Figure]]:
    """The engines that agree with eager float64, after a first step, and by how much they differ from it."""
    from pinn.dualtape_engine import eager, explanation

    known = eager(problem(WORKLOADS[name], "float64"))()
    given = problem(WORKLOADS[name], options.dtype)
    steps: dict[str, Step] = {}
    figures: dict[str, Figure] = {}
    for engine in options.engines:
        try:
            step = imported(engine, options.threads, options.dtype)(given)
            loss, gradient = disagreement(step(), known)
        except (ImportError, NotImplementedError) as reason:
            print(f"# {name}: {engine} is left out: {str(reason).splitlines()[0]}")
            continue
        if max(loss, gradient) > AGREEMENT[options.dtype]:
            raise AssertionError(f"{engine} on {name}: loss differs by {loss:.1e}, gradient by {gradient:.1e}")
        steps[engine] = step
        figures[engine] = {"workload": name, "engine": engine, "dtype": options.dtype, "threads": options.threads}
        figures[engine] |= {"loss_error": loss, "gradient_error": gradient}
    if OURS in steps:
        print(f"# {name}: {explanation(given)}", flush=True)
    return steps, figures


def measured(name: str, options: argparse.Namespace) -> dict[str, Figure]:
    steps, figures = prepared(name, options)
    for engine, times in in_turns(steps, options.seconds).items():
        figures[engine] |= summary(times)
        if options.alone:
            spec = {"engine": engine, "workload": name, "dtype": options.dtype, "threads": options.threads}
            found = alone({**spec, "seconds": 0})
            figures[engine] |= {
                key: found[key] for key in ("first_step_s", "peak_mb", "growth_mb", "pool_mb") if key in found
            }
        print(json.dumps(figures[engine]), flush=True)
    return figures


def cell(figures: dict[str, Figure], engine: str) -> str:
    if engine not in figures:
        return "-"
    found = figures[engine]
    text = f"{found['median_ms']:.1f} ({found['min_ms']:.1f})"
    if engine != OURS and OURS in figures:
        text += f" x{found['median_ms'] / figures[OURS]['median_ms']:.1f}"
    if "peak_mb" in found:
        text += f" {found['first_step_s']:.1f} s {found['peak_mb']:.0f} MB"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = f"of {', '.join(WORKLOADS)}; the first five unless told otherwise"
    parser.add_argument("--workloads", nargs="*", default=FIRST_FIVE, choices=[*WORKLOADS, "all"], help=names)
    parser.add_argument("--engines", nargs="*", default=AT_ONCE, choices=list(ENGINES))
    parser.add_argument("--dtype", default="float32", choices=list(AGREEMENT))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0, help="of measuring, for each engine and workload")
    parser.add_argument(
        "--alone", action=argparse.BooleanOptionalAction, default=True, help="first step and memory too"
    )
    parser.add_argument("--json", help="write the figures to this file, one line each")
    parser.add_argument("--plot", help="draw the medians")
    options = parser.parse_args()
    limit_threads(options.threads)
    workloads = list(WORKLOADS) if "all" in options.workloads else options.workloads
    found = {name: measured(name, options) for name in workloads}
    rows = [(name, [cell(found[name], engine) for engine in options.engines]) for name in workloads]
    print(f"\n{options.dtype}, {options.threads} threads: median (fastest) ms, times ours, first step, memory")
    print(table("", options.engines, rows))
    if options.json:
        write_lines(options.json, [figure for figures in found.values() for figure in figures.values()])
    if options.plot:
        heights = {e: [found[w].get(e, {}).get("median_ms") for w in workloads] for e in options.engines}
        bars(options.plot, workloads, heights, "ms for one step")


if __name__ == "__main__":
    main()
