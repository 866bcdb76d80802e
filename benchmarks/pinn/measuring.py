"""How steps are measured: agreement first, then in turns; and an engine alone, in a process of its own."""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pinn.engines import OURS, imported, limit_threads
from pinn.workloads import WORKLOADS, Arrays, Step, problem

BATCH = 6
"""Steps of an engine before the next one's turn."""
LONGEST_TURN = 0.5
"""Seconds after which a turn ends early."""
AGREEMENT = {"float32": 1e-4, "float64": 1e-9}


def disagreement(found: tuple[float, Arrays], known: tuple[float, Arrays]) -> tuple[float, float]:
    """The relative errors of the loss and of the gradient, as one vector."""
    value, gradient = found
    apart = sum(float(np.sum((g.astype(np.float64) - k) ** 2)) for g, k in zip(gradient, known[1], strict=True))
    size = sum(float(np.sum(k.astype(np.float64) ** 2)) for k in known[1])
    return abs(value - known[0]) / abs(known[0]), float(np.sqrt(apart / size))


def in_turns(steps: Mapping[str, Step], seconds: float) -> dict[str, list[float]]:
    """Milliseconds of each step, some of each engine in turn: a change of the machine's speed meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    end = time.perf_counter() + seconds * len(steps)
    while time.perf_counter() < end or min(map(len, times.values())) < 3:
        for name, step in steps.items():
            turn = time.perf_counter()
            for _ in range(BATCH):
                start = time.perf_counter()
                step()
                times[name].append(1e3 * (time.perf_counter() - start))
                if time.perf_counter() - turn > LONGEST_TURN:
                    break
    return times


def summary(times: list[float]) -> dict[str, float]:
    return {"median_ms": round(statistics.median(times), 4), "min_ms": round(min(times), 4), "steps": len(times)}


def alone(spec: Mapping[str, Any], environment: Mapping[str, str] | None = None, most_mb: float = 0) -> dict[str, Any]:
    """What :func:`measure` finds in a fresh process; with an ``"error"`` if it does not come to an end.

    ``most_mb`` is resident memory beyond which the process is ended.
    """
    folder = str(Path(__file__).parent.parent)
    path = os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "pinn.measuring", json.dumps(dict(spec))]
    child = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {}), "PYTHONPATH": path},
    )
    while True:
        try:
            output, errors = child.communicate(timeout=0.2)
            break
        except subprocess.TimeoutExpired:
            if most_mb and _memory_mb("VmRSS", child.pid) > most_mb:
                child.kill()
                child.communicate()
                return {**spec, "error": f"more than {most_mb:.0f} MB"}
    if child.returncode:
        return {**spec, "error": (errors.strip().splitlines() or ["ended by a signal"])[-1]}
    return {**spec, **json.loads(output.splitlines()[-1])}


def _memory_mb(kind: str, process: int | str = "self") -> float:
    # Not `ru_maxrss`, which a process inherits from the one that started it.
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(kind)), 0.0)


def measure(spec: Mapping[str, Any]) -> dict[str, Any]:
    """An engine on a workload in this process: seconds to import it and of the first step, memory, later steps."""
    limit_threads(spec["threads"])
    workload = WORKLOADS[spec["workload"]].scaled(*(spec.get(k, 0) for k in ("points", "width", "depth")))
    given = problem(workload, spec["dtype"])
    start = time.perf_counter()
    engine = imported(spec["engine"], spec["threads"], spec["dtype"])
    result: dict[str, Any] = {"import_s": round(time.perf_counter() - start, 3)}
    before = _memory_mb("VmRSS")
    gc.collect()
    start = time.perf_counter()
    step = engine(given)
    step()
    result["first_step_s"] = round(time.perf_counter() - start, 3)
    result |= summary(in_turns({spec["engine"]: step}, spec["seconds"])[spec["engine"]])
    result["points"] = workload.points
    result["points_per_s"] = round(1e3 * workload.points / result["median_ms"])
    peak = _memory_mb("VmHWM")
    result |= {"peak_mb": round(peak, 1), "growth_mb": round(peak - before, 1)}
    if spec["engine"] == OURS:
        from pinn.dualtape_engine import pool_bytes

        inputs = given.points.nbytes + (given.source.nbytes if workload.reads_source else 0)
        result["pool_mb"] = round(max(0, pool_bytes() - inputs) / 2**20, 3)
    return result


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]))))
