"""Which workloads of `pinn_step.py` are measured."""

from __future__ import annotations

from pinn.workloads import WORKLOADS


def workload_names(quick: bool) -> list[str]:
    return ["burgers", "ks4"] if quick else list(WORKLOADS)
