"""Programs on whole arrays, without an axis of points, beside NumPy, JAX and PyTorch.

Every engine gets the same arrays. Its result is compared with NumPy's in float64 before anything is timed; then engines
take turns in one process. This library runs each program eagerly and as `jit` compiles it, on an OpenCL device, its
arguments there. Figures are medians in milliseconds, with the fastest step in brackets; ``x`` is how many times longer
than ``dualtape jit``, and ``pass`` is one pass over the program's memory, by the eager addition or sum of the same run.
Prints a JSON line for each engine and program, then a table.

    python benchmarks/beyond_points.py [--programs chain "product 20"] [--engines numpy jax "dualtape jit"]
        [--device opencl:0] [--dtype float64] [--threads 2] [--seconds 1] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from arrays.engines import Engine, Step, as_array, dualtape_engine, jax_engine, numpy_engine, torch_engine
from arrays.workloads import PROGRAMS, ArrayProgram, N
from pinn.engines import limit_threads
from pinn.measuring import in_turns, summary
from pinn.report import table, write_lines

OURS = "dualtape jit"
ERROR = {"float32": 1e-4, "float64": 1e-11}
REFERENCES: dict[str, ArrayProgram] = {
    "add": ArrayProgram(lambda xp, a, b: a + b, ((N,), (N,)), (N,), N),
    "sum": ArrayProgram(lambda xp, a: a.sum(), ((N,),), (), N),
}


def makers(options: argparse.Namespace) -> dict[str, Callable[[], Engine]]:
    return {
        OURS: lambda: dualtape_engine(options.device, jitted=True),
        "dualtape": lambda: dualtape_engine(options.device, jitted=False),
        "numpy": numpy_engine,
        "jax": lambda: jax_engine(options.dtype),
        "torch": lambda: torch_engine(options.threads),
    }


def engines(options: argparse.Namespace) -> dict[str, Engine]:
    """Those that are installed, of those asked for."""
    found = {}
    for name, make in makers(options).items():
        try:
            if name in options.engines:
                found[name] = make()
        except ImportError as reason:
            print(f"# {name} is left out: {str(reason).splitlines()[0]}")
    return found


def disagreement(found: np.ndarray, known: np.ndarray) -> float:
    """The largest difference beside the largest element."""
    if found.shape != known.shape:
        raise AssertionError(f"a result of shape {found.shape} where {known.shape} was expected")
    return float(np.max(np.abs(found - known)) / np.max(np.abs(known)))


def measured(name: str, given: dict[str, Engine], options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    program = PROGRAMS[name]
    arrays = program.arguments(options.dtype)
    known = numpy_engine()(program.function, [x.astype(np.float64) for x in arrays])()
    steps: dict[str, Step] = {}
    for engine, make in given.items():
        steps[engine] = make(program.function, arrays)
        error = disagreement(as_array(steps[engine]()), known)
        if error > ERROR[options.dtype]:
            raise AssertionError(f"{engine} on {name} differs by {error:.1e}")
    if program.reference and "dualtape" in given:
        reference = REFERENCES[program.reference[0]]
        steps["pass"] = given["dualtape"](reference.function, reference.arguments(options.dtype))
        steps["pass"]()
    figures = {}
    for engine, times in in_turns(steps, options.seconds).items():
        scale = program.reference[1] if program.reference and engine == "pass" else 1
        what = {"program": name, "engine": engine, "dtype": options.dtype, "threads": options.threads}
        figures[engine] = what | {"device": options.device} | summary([x * scale for x in times])
        print(json.dumps(figures[engine]), flush=True)
    return figures


def cell(figures: dict[str, dict[str, Any]], engine: str) -> str:
    if engine not in figures:
        return "-"
    found = figures[engine]
    text = f"{found['median_ms']:.2f} ({found['min_ms']:.2f})"
    if engine != OURS and OURS in figures:
        text += f" x{found['median_ms'] / figures[OURS]['median_ms']:.2f}"
    return text


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", nargs="+", choices=PROGRAMS, default=list(PROGRAMS), metavar="NAME")
    parser.add_argument("--engines", nargs="+", default=[OURS, "dualtape", "numpy", "jax", "torch"])
    parser.add_argument("--device", default="opencl:0")
    parser.add_argument("--dtype", choices=ERROR, default="float32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args(arguments)
    os.environ.pop("OPENBLAS_CORETYPE", None)
    limit_threads(options.threads)
    found = engines(options)
    figures = {name: measured(name, found, options) for name in options.programs}
    if options.json:
        write_lines(options.json, [x for rows in figures.values() for x in rows.values()])
    columns = [*found, "pass"]
    print(table("ms", columns, [(name, [cell(rows, x) for x in columns]) for name, rows in figures.items()]))


if __name__ == "__main__":
    main()
