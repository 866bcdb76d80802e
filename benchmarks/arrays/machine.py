"""What an OpenCL device reaches: multiplications and additions, bytes from each level of memory, and launches.

Every figure is the best of several runs of a small kernel, which the device builds as it builds those of the compiler.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import dualtape as dt
from dualtape.dtypes import DType, int32

CHAINS = 16
"""Sums that one work-item adds to at the same time: as many as hide the time of one addition, in registers."""
ROUNDS = 20_000
SIZES = {"L1": 16 << 10, "L2": 256 << 10, "L3": 3 << 20, "memory": 64 << 20}
"""Bytes for each core."""


class Machine(NamedTuple):
    """Operations and bytes in a second, of all cores, and seconds.

    Attributes
    ----------
    flops
        Of multiplications and additions in registers.
    bandwidths
        Of reading what lies in each level of memory.
    launch, wait
        Of a launch among many, and of one that is waited for.
    """

    flops: float
    bandwidths: dict[str, float]
    launch: float
    wait: float

    def least_seconds(self, flops: int, nbytes: int, working_set: int) -> float:
        """The roofline: the longer time of computing and of moving from the level that holds the working set."""
        level = next((x for x, size in SIZES.items() if working_set <= 2 * size and x != "L1"), "memory")
        return max(flops / self.flops, nbytes / self.bandwidths[level])


def measured(device: Any, dtype: DType) -> Machine:
    """The figures of a device that is a processor."""
    cores = device.architecture.cores
    launch, wait = _launches(device)
    flops = _flops(device, dtype, cores)
    return Machine(flops, {name: _bandwidth(device, dtype, cores, size) for name, size in SIZES.items()}, launch, wait)


def _head(device: Any, dtype: DType) -> str:
    lanes = device.architecture.lanes[dtype]
    real = "float" if dtype is dt.float32 else "double"
    wide = f"__attribute__((min_vector_width({lanes * dtype.bits})))"
    return f"#define LANES {lanes}\n#define REAL {real}\n#define VECTOR {real}{lanes}\n#define WIDE {wide}\n"


def _best(run: Callable[[], Any], wait: Callable[[], Any], repeats: int = 7) -> float:
    run()
    wait()
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        wait()
        found.append(time.perf_counter() - start)
    return min(found)


def _flops(device: Any, dtype: DType, cores: int) -> float:
    names = [f"s{i}" for i in range(CHAINS)]
    text = "\n".join(
        [
            _head(device, dtype),
            "WIDE __attribute__((noinline)) static void chains(__global REAL *y, const VECTOR a, const int rounds) {",
            *(f"VECTOR {name} = a * {i};" for i, name in enumerate(names)),
            "for (int k = 0; k < rounds; k++) {",
            *(f"{name} += {name} * a;" for name in names),
            f"}}\nconst VECTOR all = {' + '.join(names)};",
            "for (int k = 0; k < LANES; k++) y[k] = ((const REAL *)&all)[k]; }",
            "WIDE __kernel void peak(__global REAL *y, const int rounds)",
            "{ chains(y + get_group_id(0) * LANES, (VECTOR)((REAL)1e-3 * get_group_id(0)), rounds); }",
        ]
    )
    lanes = device.architecture.lanes[dtype]
    kernel = device.build("peak", text, (None, int32))
    out = device.allocate((8 * cores * lanes,), dtype)
    seconds = _best(lambda: kernel(8 * cores, 1, out, ROUNDS), device.synchronize)
    return 2.0 * CHAINS * lanes * ROUNDS * 8 * cores / seconds


def _bandwidth(device: Any, dtype: DType, cores: int, size: int) -> float:
    text = "\n".join(
        [
            _head(device, dtype),
            "WIDE __attribute__((noinline)) static VECTOR add(__global const VECTOR *x, const int n) {",
            "VECTOR s0 = 0, s1 = 0, s2 = 0, s3 = 0;",
            "for (int i = 0; i < n; i += 4) { s0 += x[i]; s1 += x[i + 1]; s2 += x[i + 2]; s3 += x[i + 3]; }",
            "return s0 + s1 + s2 + s3; }",
            "WIDE __kernel void bytes(__global const VECTOR *x, __global REAL *y, const int n, const int times) {",
            "VECTOR all = 0;",
            "for (int k = 0; k < times; k++) all += add(x + get_group_id(0) * n, n - (k & 1) * 4);",
            "for (int k = 0; k < LANES; k++) y[get_group_id(0) * LANES + k] = ((const REAL *)&all)[k]; }",
        ]
    )
    lanes, itemsize = device.architecture.lanes[dtype], dtype.bits // 8
    vectors = size // (lanes * itemsize)
    times = max(1, (64 << 20) // size)
    kernel = device.build("bytes", text, (None, None, int32, int32))
    x = device.put(np.ones(cores * vectors * lanes, dtype.numpy))
    out = device.allocate((cores * lanes,), dtype)
    seconds = _best(lambda: kernel(cores, 1, x, out, vectors, times), device.synchronize)
    return float(cores * size * times / seconds)


def _launches(device: Any, count: int = 200) -> tuple[float, float]:
    kernel = device.build("nothing", "__kernel void nothing(const int n) {}", (int32,))
    many = _best(lambda: [kernel(1, 1, 0) for _ in range(count)], device.synchronize) / count
    return many, _best(lambda: kernel(1, 1, 0), device.synchronize, 200)
