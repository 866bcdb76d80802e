"""Steps that several devices of one process share: each takes as many points as it is fast."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, DeviceError
from dualtape.pinn.division import SummedWork
from dualtape.pinn.objective import Batch, Objective
from dualtape.pinn.shares import share_of

Devices = Sequence[str | dt.Device] | Mapping[str | dt.Device, float]


class SeveralDevices(SummedWork):
    """As :class:`Work`; loss and gradients are computed on several devices at the same time.

    Parameters
    ----------
    devices
        Their names, or themselves; or with each its share of the points, which is measured otherwise.
    """

    def __init__(self, objective: Objective, parameters: dt.ParameterTuple, devices: Devices) -> None:
        super().__init__(objective, parameters)
        names, self._parts = read_devices(devices)
        self._programs = [dt.jit(self.packed, device=name) for name in names]
        self._threads = ThreadPoolExecutor(len(names), "dualtape device")
        self._whole: list[Batch] | None = None
        self._shares: list[list[Batch]] = []

    def sums(self, batches: list[Batch]) -> np.ndarray:
        if self._whole is not batches:
            if self._parts is None:
                self._parts = self._measured(batches)
            self._shares, self._whole = self._divided(batches, self._parts), batches
        return _in_order(list(self._threads.map(_run, self._programs, self._shares)))

    def _measured(self, batches: list[Batch]) -> list[float]:
        """The speed of each device, alone, with an equal share."""
        equal = [1.0] * len(self._programs)
        seconds = []
        for program, share in zip(self._programs, self._divided(batches, equal), strict=True):
            _run(program, share)  # builds kernels
            began = time.perf_counter()
            _run(program, share)
            seconds.append(time.perf_counter() - began)
        return [1 / x for x in seconds]

    def _divided(self, batches: list[Batch], parts: list[float]) -> list[list[Batch]]:
        ends = np.cumsum([0.0, *parts]) / sum(parts)
        found = []
        for i, (start, stop) in enumerate(pairwise(ends)):
            found.append(share_of(self.objective, batches, partial(_rows_between, start, stop), i == 0))
        return found


def _rows_between(start: float, stop: float, count: int) -> slice:
    return slice(round(start * count), round(stop * count))


def _run(program: Any, batches: list[Batch]) -> np.ndarray:
    return np.asarray(program(batches), np.float64)


def _in_order(parts: list[np.ndarray]) -> np.ndarray:
    total = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total


def read_devices(devices: object) -> tuple[list[dt.Device], list[float] | None]:
    """Devices, of which some may be named, and the share of each if that is given."""
    if isinstance(devices, str) or not isinstance(devices, (Sequence, Mapping)):
        raise ArgumentTypeError(
            "`devices` must be a list of names such as ['opencl:0', 'opencl:1'], or a dict with the share of each; got "
            f"{type(devices).__name__}"
        )
    found = [_read_device(device) for device in devices]
    if not found or len(set(found)) < len(found):
        names = [device.name for device in found]
        raise ArgumentError(f"`devices` must name one or more devices, each once; got {names}")
    if not isinstance(devices, Mapping):
        return found, None
    shares = list(devices.values())
    for share in shares:
        if isinstance(share, bool) or not isinstance(share, (int, float, np.number)) or not 0 < share < float("inf"):
            raise ArgumentError(f"shares of `devices` must be positive and finite, got {shares}")
    return found, [float(share) for share in shares]


def _read_device(device: Any) -> dt.Device:
    try:
        return dt.device(device).chosen
    except DeviceError:
        known = ", ".join(sorted(each.name for each in dt.devices()))
        raise ArgumentError(f"`devices` names {device!r}; there are {known}") from None
    except ArgumentTypeError as failure:
        raise ArgumentTypeError(f"in `devices` {failure}") from None
