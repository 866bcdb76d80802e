"""What a device reaches: operations and bytes in a second, measured once with two small benchmarks.

The operations are those of a product of square matrices, the bytes those of a sum of two long vectors, each the best
of several runs, in float32. Launching costs are in them as they are in every program.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from dualtape.core.primitive import Primitive
from dualtape.devices.device import Device
from dualtape.primitives.arithmetic import add
from dualtape.primitives.contraction import matmul

SIDE = 512
LENGTH = 1 << 22
RUNS = 5


class Peaks(NamedTuple):
    """Operations and bytes in a second."""

    flops: float
    bandwidth: float

    def __str__(self) -> str:
        return f"{self.flops / 1e9:.3g} GFLOP/s, {self.bandwidth / 1e9:.3g} GB/s (measured, float32)"


_KNOWN: dict[str, Peaks] = {}


def peaks_of(device: Device) -> Peaks:
    """The peaks of ``device``; measured when first asked for, in some tenths of a second."""
    found = _KNOWN.get(device.name)
    if found is None:
        found = _KNOWN[device.name] = measure(device)
    return found


def measure(device: Device) -> Peaks:
    """Run both benchmarks."""
    flops = 2 * SIDE**3 / _fastest(device, matmul, (SIDE, SIDE))
    return Peaks(flops, 3 * 4 * LENGTH / _fastest(device, add, (LENGTH,)))


def _fastest(device: Device, primitive: Primitive, shape: tuple[int, ...]) -> float:
    operands = [device.put(np.ones(shape, np.float32)) for _ in range(2)]

    def run() -> Any:
        result = device.execute(primitive, operands, {})
        device.synchronize()
        return result

    run()
    return min(_duration(run) for _ in range(RUNS))


def _duration(run: Callable[[], Any]) -> float:
    start = perf_counter()
    run()
    return perf_counter() - start
