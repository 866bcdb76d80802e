"""OpenCL devices (placeholder until the device lands)."""

from __future__ import annotations

from dualtape.devices.device import Device


def opencl_devices() -> tuple[Device, ...]:
    return ()
