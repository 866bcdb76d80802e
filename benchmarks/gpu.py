"""A machine with a GPU in eight minutes: its OpenCL devices, the kernels' tests, training steps and single operations.

Prepared for machines that one has for a short while. It needs nothing but wheels: this library (`pip install -e .`),
pytest for the tests, and PyTorch as the peer, on the same GPU where it has CUDA and on the processor elsewhere; what is
not installed is left out. Each part is a process of its own with a number of seconds: what does not fit is skipped and
said so, and what a part has found until then is kept. Parts are

- facts: the devices; the one named with ``--device``, or else the first, and what it says of itself;
- kernel_tests: the repository's tests of kernels on that device;
- steps: the training steps of `pinn_step.py` (`--quick`: two of them, with 512 points), the gradient read back;
- training: steps of Adam as in `training_step.py`, one by one and many as one call; without a peer;
- operations: products, sums, chains of elementwise operations and bandwidth, results waited for but not read back;
- chains: the chains by `torch.compile`;
- compiled: training steps beside `torch.compile`, a process for each, while there is time.

Results are compared with the host's before anything is timed. Prints a JSON line for each figure, then a table, and
writes all figures into one file.

    python benchmarks/gpu.py [--device opencl:0] [--driver LIBRARY] [--seconds 450] [--parts facts steps] [--quick]
        [--json gpu.json]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gpu_parts.driver import driver_environment
from gpu_parts.part import Spec, run_part
from gpu_parts.selection import workload_names
from pinn.report import table

Figure = dict[str, Any]

PARTS = {
    "facts": 30,
    "kernel_tests": 120,
    "steps": 100,
    "training": 30,
    "operations": 50,
    "chains": 30,
    "compiled": 90,
}
"""Seconds of each of 450; what one leaves over is for those after it."""
LONGEST, SHORTEST = 75, 15
"""Seconds for a workload that `torch.compile` compiles, and for fewer it is not begun."""
COLUMNS = {
    "dualtape": ("dualtape",),
    "dualtape eager": ("eager",),
    "torch": ("torch", "torch grad"),
    "torch.func": ("torch.func",),
    "torch.compile": ("torch.compile",),
}


def cell(figures: list[Figure], engines: tuple[str, ...]) -> str:
    """One engine's figure for a workload or an operation."""
    told = [figure for figure in figures if figure["engine"] in engines]
    if not told:
        return "-"
    # Before it is timed an engine tells of its first step, which may stay the last.
    found = next((figure for figure in told if "median_ms" in figure), told[-1])
    if "error" in found:
        return "error"
    if "median_ms" not in found:
        return f"first {found['first_step_s']:.1f} s"
    text = f"{found['median_ms']:.3f}"
    if "gflop_s" in found:
        text += f" {found['gflop_s']:.0f} GFLOP/s"
    if "gb_s" in found:
        text += f" {found['gb_s']:.0f} GB/s"
    return text


def summary(figures: list[Figure]) -> str:
    """The table: a row for each workload and each operation."""
    rows: dict[str, list[Figure]] = {}
    for figure in figures:
        if "engine" in figure:
            rows.setdefault(figure.get("workload") or figure["operation"], []).append(figure)
    lines = [(name, [cell(found, engines) for engines in COLUMNS.values()]) for name, found in rows.items()]
    return table("median ms", list(COLUMNS), lines)


def remarks(figures: list[Figure]) -> list[str]:
    """What people must know beside the table: the device, tests, what was skipped and what failed."""
    lines = []
    for figure in figures:
        if "chosen" in figure:
            lines.append(f"{figure['chosen']}: {figure['hardware']}")
        if "torch" in figure:
            lines.append(f"torch: {figure['torch']}")
        if "file" in figure:
            counts = ", ".join(f"{figure[k]} {k}" for k in ("passed", "failed", "error", "skipped") if k in figure)
            lines.append(
                f"{figure['file']}: {counts or 'no test ran'}{', not finished' * figure.get('unfinished', False)}"
            )
        elif "skipped" in figure:
            lines.append(f"skipped: {figure['part']}: {figure['skipped']}")
        if isinstance(figure.get("error"), str):
            where = figure.get("workload") or figure.get("operation") or ""
            lines.append(
                f"error: {' '.join(filter(None, (figure['part'], where, figure.get('engine'))))}: {figure['error']}"
            )
    return lines


def run_parts(options: argparse.Namespace, environment: dict[str, str]) -> Iterator[list[Figure]]:
    """What each process finds."""
    end = time.monotonic() + options.seconds
    device = options.device
    # Which device it is, is a question to the first part, whether its figures are wanted or not.
    parts = ["facts", *(part for part in PARTS if part in options.parts and part != "facts")]
    for i, part in enumerate(parts):
        weight = PARTS[part] / sum(PARTS[later] for later in parts[i:])
        until = time.monotonic() + (end - time.monotonic()) * weight
        for name in workload_names(options.quick) if part == "compiled" else [""]:
            if name:
                until = min(time.monotonic() + LONGEST, end)
                if until < time.monotonic() + SHORTEST:
                    yield [{"part": part, "workload": name, "skipped": f"{name}: no time is left"}]
                    continue
            figures = run_part(part, Spec(device, options.quick, until, name), environment)
            yield figures
            device = next((figure["chosen"] for figure in figures if "chosen" in figure), device)
        if not device:
            break


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="", help="as in opencl:0; by default the first, GPUs before processors")
    parser.add_argument("--driver", help="the OpenCL driver's library, where no .icd file names it")
    parser.add_argument("--seconds", type=float, default=0, help="for everything: 450, and 170 with --quick")
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--quick", action="store_true", help="small sizes: a rehearsal")
    parser.add_argument("--json", default="gpu.json", help="write all figures to this file")
    options = parser.parse_args()
    options.seconds = options.seconds or (170 if options.quick else 450)
    environment = driver_environment(options.driver)
    figures: list[Figure] = [{"part": "start", "seconds": options.seconds, "environment": environment}]
    print(json.dumps(figures[0]), flush=True)
    for found in run_parts(options, environment):
        figures += found
        # After each part, for the machine may be taken away.
        Path(options.json).write_text(json.dumps(figures, indent=1), encoding="utf-8")
    print("\n" + "\n".join(remarks(figures)) + "\n\n" + summary(figures))


if __name__ == "__main__":
    main()
