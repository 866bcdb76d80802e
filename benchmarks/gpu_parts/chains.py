"""Part: chains of elementwise operations by `torch.compile`."""

from __future__ import annotations

from gpu_parts.operations import measure
from gpu_parts.part import Spec, tell
from gpu_parts.peer import has_torch


def run(spec: Spec) -> None:
    if has_torch():
        measure(spec, compiled=True)
    else:
        tell({"skipped": "chains by torch.compile: torch is not installed"})
