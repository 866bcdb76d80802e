"""The host device: NumPy, where a first script runs at once."""

from __future__ import annotations

import contextvars
import os
import platform
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from dualtape.core.primitive import Primitive
from dualtape.devices.device import Device, DeviceInfo, spec_of
from dualtape.errors import ArgumentError, DeviceMemoryError, DualtapeError

_FAILURES = (ValueError, TypeError, IndexError, OverflowError)


@contextmanager
def host_memory(shape: tuple[int, ...]) -> Iterator[None]:
    """Where NumPy makes an array of that shape: if there is no memory, that is said in the engine's words."""
    try:
        yield
    except DeviceMemoryError:
        raise
    except MemoryError as failure:
        raise _no_memory(f"a tensor of shape {shape}", failure) from failure


def _no_memory(purpose: str, failure: MemoryError) -> DeviceMemoryError:
    return DeviceMemoryError(f"the host has no memory for {purpose}: {failure}")


class _Quiet(threading.local):
    """A context in which NumPy does not warn: infinities and NaNs are values here, as on any device.

    Entering it costs a fraction of `numpy.errstate`, which would dominate small operations.
    """

    def __init__(self) -> None:
        context = contextvars.copy_context()
        context.run(np.seterr, all="ignore")
        self.run = context.run

    def renew(self, failure: RuntimeError) -> None:
        """Take another context if ``failure`` says that this one is entered: by what a signal handler interrupted."""
        if not str(failure).startswith("cannot enter context"):
            raise failure
        self.run = contextvars.copy_context().run


_quiet = _Quiet()


class Host(Device):
    """NumPy on the processor; storage is an array."""

    name = "host"

    def __init__(self) -> None:
        self.platform = f"NumPy {np.__version__}, {platform.machine()}"

    @property
    def info(self) -> DeviceInfo:
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
        return DeviceInfo("NumPy", np.__version__, platform.machine(), pages, True)

    def put(self, array: np.ndarray) -> np.ndarray:
        try:
            return array.copy()
        except MemoryError as failure:
            raise _no_memory(f"a tensor of shape {array.shape}", failure) from failure

    def full(self, shape: tuple[int, ...], value: float, dtype: np.dtype) -> np.ndarray:
        try:
            return np.full(shape, value, dtype)
        except MemoryError as failure:
            raise _no_memory(f"a tensor of shape {shape}", failure) from failure

    def get(self, storage: np.ndarray) -> np.ndarray:
        # Nothing may be added in place to what others see.
        owner: Any = storage
        while isinstance(owner, np.ndarray):
            owner.flags.writeable = False
            owner = owner.base
        # NumPy makes a view of an array writable again on demand, but not one of memory that is lent for reading only.
        return np.asarray(storage.data.toreadonly())

    def execute(self, primitive: Primitive, operands: Sequence[Any], params: dict[str, Any]) -> np.ndarray:
        try:
            result = _quiet.run(primitive.numpy, *operands, **params)
        except DualtapeError:
            raise
        except _FAILURES as failure:
            # The shape rule runs only now: it words the error, and costs nothing when all is well.
            primitive.infer(*map(spec_of, operands), **params)
            raise ArgumentError(f"`{primitive.name}`: {failure}") from failure
        except MemoryError as failure:
            raise _no_memory(f"what `{primitive.name}` gives", failure) from failure
        except RuntimeError as failure:
            _quiet.renew(failure)
            return self.execute(primitive, operands, params)
        return result if type(result) is np.ndarray else np.asarray(result)

    def add_in_place(self, target: np.ndarray, addend: np.ndarray) -> bool:
        if not target.flags.writeable:
            return False
        try:
            _quiet.run(np.add, target, addend, target)
        except RuntimeError as failure:
            _quiet.renew(failure)
            _quiet.run(np.add, target, addend, target)
        return True
