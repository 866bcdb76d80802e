"""What a device reaches: operations and bytes in a second, measured once with two small benchmarks.

The operations are those of a product of square matrices, the bytes those of a sum of two long vectors, each the best
of several runs, in float32. Launching costs are in them as they are in every program.
"""

from __future__ import annotations

import timeit
from typing import NamedTuple

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

    def seconds(self, flops: int, nbytes: int) -> float:
        """The longer time of computing and of moving."""
        return max(flops / self.flops, nbytes / self.bandwidth)

    def __str__(self) -> str:
        return f"{self.flops / 1e9:.3g} GFLOP/s, {self.bandwidth / 1e9:.3g} GB/s (measured, float32)"


_KNOWN: dict[str, Peaks] = {}


def peaks_of(device: Device) -> Peaks:
    """The peaks of ``device``; measured when first asked for, in some tenths of a second."""
    if device.name not in _KNOWN:
        flops = 2 * SIDE**3 / _fastest(device, matmul, (SIDE, SIDE))
        _KNOWN[device.name] = Peaks(flops, 3 * 4 * LENGTH / _fastest(device, add, (LENGTH,)))
    return _KNOWN[device.name]


def _fastest(device: Device, primitive: Primitive, shape: tuple[int, ...]) -> float:
    operands = [device.put(np.ones(shape, np.float32)) for _ in range(2)]

    def run() -> None:
        device.execute(primitive, operands, {})
        device.synchronize()

    run()
    return min(timeit.repeat(run, number=1, repeat=RUNS))
