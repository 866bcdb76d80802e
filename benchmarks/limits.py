"""What a device reaches, and which share of that every workload does: those of `pinn_step.py` and `beyond_points.py`.

First operations, bytes and launches of the device, by kernels that do nothing else. Then for each workload the time of
its jitted program, the least time in which the device could do its operations and move its arguments and results once
(its roofline), and the share. Operations are those that the program is written with, a call of a function being one, so
that shares of programs with many functions look smaller than they are. Prints a JSON line for each, then tables.

    python benchmarks/limits.py [--device opencl:0] [--dtype float64] [--threads 2] [--workloads burgers]
        [--programs chain] [--seconds 0.5] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from arrays.engines import dualtape_functions
from arrays.workloads import PROGRAMS
from pinn.engines import limit_threads
from pinn.measuring import in_turns
from pinn.report import table, write_lines
from pinn.workloads import WORKLOADS, problem


def training_step(name: str, dtype: str) -> tuple[Callable[[], Any], Any]:
    """A step, and the cost of its program."""
    from pinn.dualtape_engine import tensors, value_and_gradient

    import dualtape as dt

    given = problem(WORKLOADS[name], dtype)
    jitted = dt.jit(value_and_gradient(given))
    arguments = tensors(given)
    return lambda: jitted(*arguments)[0].item(), jitted.lower(*arguments).cost()


def array_program(name: str, dtype: str, device: Any) -> Callable[[], Any]:
    import dualtape as dt

    program, xp = PROGRAMS[name], dualtape_functions()
    given = [dt.Tensor(x).to(device) for x in program.arguments(dtype)]
    jitted = dt.jit(lambda *x: program.function(xp, *x))

    def step() -> None:
        jitted(*given)
        device.synchronize()

    return step


def share(what: str, step: Callable[[], Any], seconds: float, flops: int, least: float) -> dict[str, Any]:
    times = in_turns({what: step}, seconds)[what]
    median = statistics.median(times)
    return {
        "workload": what, "median_ms": round(median, 4), "least_ms": round(1e3 * least, 4),
        "gflops": round(flops / median / 1e6, 1), "share": round(1e3 * least / median, 3),
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="opencl:0")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workloads", nargs="*", choices=WORKLOADS, default=list(WORKLOADS), metavar="NAME")
    parser.add_argument("--programs", nargs="*", choices=PROGRAMS, default=list(PROGRAMS), metavar="NAME")
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args(arguments)
    os.environ.pop("OPENBLAS_CORETYPE", None)
    limit_threads(options.threads)

    from arrays.machine import measured

    import dualtape as dt

    device = next(x for x in dt.devices() if x.name == options.device)
    machine = measured(device, getattr(dt, options.dtype))
    figures: list[dict[str, Any]] = [{"device": device.name, "dtype": options.dtype, **machine._asdict()}]
    print(json.dumps(figures[0]))
    print(f"{machine.flops / 1e9:.0f} GFLOP/s of multiplications and additions")
    print(", ".join(f"{name} {x / 1e9:.0f} GB/s" for name, x in machine.bandwidths.items()))
    print(f"a launch {machine.launch * 1e6:.1f} us, with a wait {machine.wait * 1e6:.1f} us")
    itemsize = np.dtype(options.dtype).itemsize
    for name in options.workloads:
        step, cost = training_step(name, options.dtype)
        least = machine.least_seconds(cost.flops, cost.least_bytes, cost.least_bytes)
        figures.append(share(name, step, options.seconds, cost.flops, least))
        print(json.dumps(figures[-1]), flush=True)
    for name in options.programs:
        program = PROGRAMS[name]
        nbytes = program.least_bytes(itemsize)
        least = machine.least_seconds(program.flops, nbytes, nbytes)
        step = array_program(name, options.dtype, device)
        figures.append(share(name, step, options.seconds, program.flops, least))
        print(json.dumps(figures[-1]), flush=True)
    if options.json:
        write_lines(options.json, figures)
    columns = ["median_ms", "least_ms", "gflops", "share"]
    print(table("", columns, [(x["workload"], [str(x[key]) for key in columns]) for x in figures[1:]]))


if __name__ == "__main__":
    main()
