"""A device as a package in another repository would bring it: the system's C compiler builds the kernels.

Tensors are NumPy arrays. A tile is one point on one work-item, so nothing in a kernel is a vector, and the definitions
below make C of OpenCL C. Without a compiler, kernels do nothing; `asked` lists in any case what was asked for.
"""

from __future__ import annotations

import ctypes
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dualtape.core.primitive import Primitive
from dualtape.devices.device import DeviceInfo
from dualtape.devices.kernels import Architecture, BuiltKernel, KernelDevice
from dualtape.dtypes import DType, float32, float64

# Kernels mean 64 bits by `long`, as C does on these systems.
COMPILER = shutil.which("cc") if os.name == "posix" else None

DEFINITIONS = """
#include <math.h>
typedef unsigned char uchar;
typedef unsigned int uint;
typedef unsigned long ulong;
#define __kernel
#define __global
#define barrier(fence)
#define CAST(x, FROM, TO) ((union { FROM from; TO to; }){ .from = (x) }).to
#define as_float(x) CAST(x, __typeof__(x), float)
#define as_double(x) CAST(x, __typeof__(x), double)
#define as_int(x) CAST(x, __typeof__(x), int)
#define as_uint(x) CAST(x, __typeof__(x), uint)
#define as_long(x) CAST(x, __typeof__(x), long)
#define as_ulong(x) CAST(x, __typeof__(x), ulong)
ulong group_id, group_count;
#define get_group_id(axis) group_id
#define get_num_groups(axis) group_count
#define get_local_id(axis) 0
"""


class CDevice(KernelDevice):
    name = "c:0"
    platform = "C"

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo("C", "", COMPILER or "nothing", 0, True)

    @property
    def architecture(self) -> Architecture:
        return Architecture(
            cores=2,
            cache_bytes=1 << 18,
            lanes={float32: 1, float64: 1},
            largest_group=1,
            points_on_work_items=True,
            is_processor=False,
        )

    def put(self, array: np.ndarray) -> np.ndarray:
        self.asked.append(("put", array.shape))
        return array.copy()

    def get(self, storage: np.ndarray) -> np.ndarray:
        return storage.copy()

    def get_all(self, storages: Sequence[np.ndarray]) -> list[np.ndarray]:
        self.asked.append(("get all", len(storages)))
        return [storage.copy() for storage in storages]

    def execute(self, primitive: Primitive, operands: Sequence[Any], params: dict[str, Any]) -> np.ndarray:
        return np.asarray(primitive.numpy(*operands, **params))

    def allocate(self, shape: tuple[int, ...], dtype: DType) -> np.ndarray:
        self.asked.append(("allocate", shape, dtype))
        return np.zeros(shape, dtype.numpy)

    def parts(
        self, storage: np.ndarray, layout: Sequence[tuple[int, tuple[int, ...], DType]], known: np.ndarray | None = None
    ) -> list[np.ndarray]:
        self.asked.append(("parts", len(layout)))

        def part(offset: int, shape: tuple[int, ...], dtype: DType) -> np.ndarray:
            return storage[offset : offset + math.prod(shape) * dtype.numpy.itemsize].view(dtype.numpy).reshape(shape)

        return [part(*each) for each in layout]

    def place(self, storage: np.ndarray) -> tuple[np.ndarray, int]:
        whole = storage
        while isinstance(whole.base, np.ndarray):
            whole = whole.base
        return whole, storage.ctypes.data - whole.ctypes.data

    def copy(self, source: np.ndarray, target: np.ndarray, offset: int) -> None:
        self.asked.append(("copy", source.shape, offset))
        target[offset : offset + source.nbytes] = source.reshape(-1).view(np.uint8)

    def build(self, name: str, source: str, arguments: tuple[DType | None, ...]) -> BuiltKernel:
        self.asked.append(("build", name, arguments))
        types = [ctypes.c_void_p if dtype is None else ctypes.c_uint64 for dtype in arguments]
        library = _library(source) if COMPILER else None
        if library is not None:
            getattr(library, name).argtypes = types

        def run(groups: int, work_items: int, *given: Any) -> None:
            self.asked.append(("run", groups, work_items, len(given)))
            if library is None:
                return
            values = [x.ctypes.data if isinstance(x, np.ndarray) else x for x in given]
            ctypes.c_uint64.in_dll(library, "group_count").value = groups
            for group in range(groups):
                ctypes.c_uint64.in_dll(library, "group_id").value = group
                getattr(library, name)(*values)

        return run


def _library(source: str) -> ctypes.CDLL:
    command = [str(COMPILER), "-std=gnu11", "-O1", "-w", "-shared", "-fPIC", "kernel.c", "-o", "kernel.so", "-lm"]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "kernel.c").write_text(DEFINITIONS + source, encoding="utf-8")
        subprocess.run(command, check=True, cwd=folder)
        return ctypes.CDLL(str(Path(folder, "kernel.so")))


DEVICE = CDevice()


def devices() -> list[CDevice]:
    """What the entry point names."""
    return [DEVICE]
