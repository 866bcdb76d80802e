"""Programs on whole arrays, without an axis of points, beside NumPy, JAX and PyTorch.

Every engine gets the same arrays. Its result is compared with NumPy's in float64 before anything is timed. Then engines
take turns, each in a process of its own, while nobody else's threads are awake (`arrays/processes.py`); `--together` is
for all in one process, step by step. This library runs each program eagerly and as `jit` compiles it, on an OpenCL
device, its arguments there. Figures are medians in milliseconds, with the fastest step in brackets; ``x`` is how many
times longer than ``dualtape jit``, and ``pass`` is one pass over the program's memory, by the eager addition or sum of
the same run.
Prints a JSON line for each engine and program, then a table.

    python benchmarks/beyond_points.py [--programs chain "product 20"] [--engines numpy jax "dualtape jit"]
        [--device opencl:0] [--dtype float64] [--threads 2] [--seconds 1] [--together] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from arrays.engines import Engine, Step, as_array, dualtape_engine, jax_engine, numpy_engine, torch_engine
from arrays.processes import EngineProcess, in_turns_apart
from arrays.workloads import PROGRAMS, ArrayProgram, N
from pinn.engines import limit_threads
from pinn.measuring import in_turns, summary
from pinn.report import table, write_lines

OURS = "dualtape jit"
LIBRARIES = {"jax": "jax", "torch": "torch"}
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


def disagreement(found: np.ndarray, known: np.ndarray) -> float:
    """The largest difference beside the largest element."""
    if found.shape != known.shape:
        raise AssertionError(f"a result of shape {found.shape} where {known.shape} was expected")
    return float(np.max(np.abs(found - known)) / np.max(np.abs(known)))


def prepared(engine: str, options: argparse.Namespace, name: str) -> dict[str, Step]:
    """The steps of an engine for a program, whose result is right: its own, and after the eager one that of a pass."""
    program = PROGRAMS[name]
    make = makers(options)[engine]()
    arrays = program.arguments(options.dtype)
    known = numpy_engine()(program.function, [x.astype(np.float64) for x in arrays])()
    steps = {engine: make(program.function, arrays)}
    error = disagreement(as_array(steps[engine]()), known)
    if error > ERROR[options.dtype]:
        raise AssertionError(f"{engine} on {name} differs by {error:.1e}")
    if program.reference and engine == "dualtape":
        reference = REFERENCES[program.reference[0]]
        steps["pass"] = make(reference.function, reference.arguments(options.dtype))
    return steps


def prepared_apart(engine: str, options: argparse.Namespace, name: str) -> dict[str, Step]:
    """The same in a process of its own."""
    limit_threads(options.threads)
    return prepared(engine, options, name)


def times_of(
    name: str, given: dict[str, EngineProcess] | list[str], options: argparse.Namespace
) -> dict[str, list[float]]:
    if isinstance(given, list):
        return in_turns(
            {x: step for engine in given for x, step in prepared(engine, options, name).items()}, options.seconds
        )
    return in_turns_apart(given, {engine: process.ask(name) for engine, process in given.items()}, options.seconds)


def measured(name: str, times: dict[str, list[float]], options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    reference = PROGRAMS[name].reference
    figures = {}
    for engine, found in times.items():
        scale = reference[1] if reference and engine == "pass" else 1
        what = {"program": name, "engine": engine, "dtype": options.dtype, "threads": options.threads}
        figures[engine] = what | {"device": options.device} | summary([x * scale for x in found])
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
    parser.add_argument("--together", action="store_true", help="all engines in this process, step by step")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args(arguments)
    os.environ.pop("OPENBLAS_CORETYPE", None)
    limit_threads(options.threads)
    there = [x for x in options.engines if find_spec(LIBRARIES.get(x, "numpy"))]
    given = there if options.together else {x: EngineProcess(prepared_apart, x, options) for x in there}
    figures = {name: measured(name, times_of(name, given, options), options) for name in options.programs}
    if options.json:
        write_lines(options.json, [x for rows in figures.values() for x in rows.values()])
    columns = [*there, "pass"]
    print(table("ms", columns, [(name, [cell(rows, x) for x in columns]) for name, rows in figures.items()]))


if __name__ == "__main__":
    main()
