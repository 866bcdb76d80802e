"""Part: training steps beside `torch.compile`, which takes long to compile and so comes last."""

from __future__ import annotations

from gpu_parts.part import Spec, tell
from gpu_parts.peer import has_torch
from gpu_parts.steps import measure


def run(spec: Spec) -> None:
    if has_torch():
        measure(spec, ("torch.compile",))
    else:
        tell({"skipped": "torch.compile: torch is not installed"})
