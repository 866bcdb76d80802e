"""Running a program of pairs of reals on complex arguments, for complex results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dualtape.compiler.passes import RealProgram
from dualtape.compiler.replay import Runner
from dualtape.devices.device import Device, Storage
from dualtape.primitives.complex_parts import imag, join, real


def on_pairs(halves: RealProgram, run: Runner, home: Device) -> Runner:
    """What takes apart the storages of complex inputs, runs, and joins the parts of complex outputs."""

    def run_on_pairs(storages: Sequence[Storage]) -> list[Any]:
        parts: list[Storage] = []
        for storage, two in zip(storages, halves.inputs, strict=True):
            parts += [home.execute(part, [storage], {}) for part in (real, imag)] if two else [storage]
        found = iter(run(parts))
        return [join(next(found), next(found)) if two else next(found) for two in halves.outputs]

    return run_on_pairs
