"""Part: a step of Adam as `training_step.py` takes it, with weights on the device, and many as one call."""

from __future__ import annotations

from functools import partial
from typing import Any

from pinn.measuring import in_turns, summary
from training import dualtape_steps as ours
from training.rows import LOOP
from training_step import CHECKED, checked

from gpu_parts.part import Spec, tell


def run(spec: Spec) -> None:
    for points in (256,) if spec.quick else (256, 2_500, 50_000):
        if spec.is_over(f"Adam with {points} points"):
            break
        losses = ours.reference(points, CHECKED)
        makers = (ours.gradient, ours.adam, partial(ours.loop, count=CHECKED))
        for make in makers:
            row = checked(make(points, spec.device), losses)
            if row.work == LOOP:
                row = ours.loop(points, spec.device, 20 if spec.quick else 200)
            turns: Any = {"dualtape": row.step}
            times = in_turns(turns, 0.3 if spec.quick else 1.5)["dualtape"]
            name = f"{row.work}, {points} points"
            tell({"workload": name, "engine": "dualtape", **summary([time / row.steps for time in times])})
