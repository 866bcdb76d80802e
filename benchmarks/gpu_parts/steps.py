"""Part: the training steps of `pinn_step.py` on the device, beside PyTorch's."""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from pinn.dualtape_engine import eager, explanation
from pinn.engines import OURS, imported
from pinn.measuring import AGREEMENT, disagreement, in_turns, summary
from pinn.workloads import WORKLOADS, Problem, Step, problem

import dualtape as dt
from gpu_parts.part import Spec, tell
from gpu_parts.peer import has_torch, torch_place
from gpu_parts.selection import workload_names

EAGER = ("torch grad", "torch.func")
DTYPE = "float32"
SECONDS = 2.0
"""Of measuring, for each engine."""


def run(spec: Spec) -> None:
    measure(spec, EAGER)


def measure(spec: Spec, peers: tuple[str, ...]) -> None:
    """Workloads, for this library and those peers."""
    for name in [spec.workload] if spec.workload else workload_names(spec.quick):
        if spec.is_over(f"{name}: {', '.join(peers)}"):
            break
        workload = WORKLOADS[name].scaled(points=512 if spec.quick else 0)
        known = eager(problem(workload, "float64"))()
        given = problem(workload, DTYPE)
        with dt.device(spec.device):
            tell({"workload": name, "explanation": explanation(given)})
        steps, first = {}, {}
        for engine in (OURS, *(peers if has_torch() else ())):
            if not spec.is_over(f"{name}: {engine}"):
                step, found = prepared(engine, given, known, spec)
                tell({"workload": name, "engine": engine, **found})
                if step is not None:
                    steps[engine], first[engine] = step, found
        timed = in_turns(steps, 0.3 if spec.quick else SECONDS) if steps else {}
        for engine, times in timed.items():
            tell({"workload": name, "engine": engine, **first[engine], **summary(times)})


def prepared(engine: str, given: Problem, known: tuple[float, Any], spec: Spec) -> tuple[Step | None, dict[str, Any]]:
    """A step that agrees with float64, and how long the first one took; or why there is none."""
    place: AbstractContextManager[Any] = nullcontext()
    if engine == OURS:
        place = dt.device(spec.device)
    else:
        import torch

        place = torch.device(torch_place())
    start = time.perf_counter()
    try:
        with place:
            step = imported(engine, os.cpu_count() or 1, DTYPE)(given)
        result = step()
    except Exception as reason:  # a driver may refuse in many ways, and the other engines are still to be measured
        return None, {"error": f"{type(reason).__name__}: {str(reason).splitlines()[:1]}"}
    took = time.perf_counter() - start
    loss, gradient = disagreement(result, known)
    figure: dict[str, Any] = {"first_step_s": round(took, 3), "loss_error": loss, "gradient_error": gradient}
    if not max(loss, gradient) <= AGREEMENT[DTYPE]:
        return None, {**figure, "error": f"loss differs by {loss:.1e}, gradient by {gradient:.1e}"}
    return step, figure
