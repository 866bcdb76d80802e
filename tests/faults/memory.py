"""Devices that have no more memory: an error, every tensor as it was, and the next one finds room."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import ops
from faults.registry import Counts, injection

MIB = 1 << 20


def outcome(device: Any, chance: random.Random) -> Counts:
    """Ask for tensors of chance sizes until one is refused, and look at all that are held."""
    held: list[tuple[int, dt.Tensor]] = []
    tensor: dt.Tensor | None = None
    for i in range(200):
        size = chance.choice([1, 100, 10_000, MIB, 2 * MIB, 4 * MIB])
        try:
            match chance.randrange(4):
                case 0:
                    held.append((i, dt.Tensor(np.full(size, i, np.float32), device=device)))
                case 1 if held:
                    value, tensor = chance.choice(held)
                    held.append((value, ops.concat([tensor, tensor])))
                case 2 if held:
                    value, tensor = chance.choice(held)
                    held.append((value + 1, tensor + 1))
                case _:
                    del held[: chance.randrange(len(held) + 1) // 2]
        except dt.errors.DeviceMemoryError as failure:
            if "DUALTAPE_MEMORY_LIMIT" not in str(failure):
                return Counts(lost=1)
            break
        except Exception:
            return Counts(lost=1)
    if any((tensor.asnumpy() != value).any() for value, tensor in held):
        return Counts(silent=1)
    held.clear()
    tensor = None
    try:
        ones = dt.Tensor(np.ones(MIB, np.float32), device=device).asnumpy()
        return Counts(recovered=1) if (ones == 1).all() else Counts(silent=1)
    except dt.errors.DeviceMemoryError:
        return Counts(lost=1)


@injection("no more memory on a device", full=1000, few=20)
def limits(times: int) -> Counts:
    chance, found = random.Random(0), Counts()
    pools = [(device, device.runtime.pool) for device in dt.devices() if hasattr(device, "runtime")]
    before = [pool.limit for _, pool in pools]
    try:
        for i in range(times):
            device, pool = pools[i % len(pools)]
            taken = device.memory().in_use
            pool.limit = before[0]._replace(size=taken + chance.randrange(8 * MIB, 64 * MIB))
            found += outcome(device, chance)
    finally:
        for (_, pool), limit in zip(pools, before, strict=True):
            pool.limit = limit
    return found
