"""Part: which devices there are, and what the chosen one says of itself."""

from __future__ import annotations

import warnings
from typing import Any

import dualtape as dt
from dualtape.devices.opencl import opencl_devices
from gpu_parts.part import Spec, tell

_ASKED = (
    "name",
    "vendor",
    "version",
    "driver_version",
    "opencl_c_version",
    "max_compute_units",
    "max_clock_frequency",
    "max_work_group_size",
    "local_mem_size",
    "global_mem_size",
    "global_mem_cache_size",
    "max_mem_alloc_size",
)


def run(spec: Spec) -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        found = dt.devices()
    tell({"devices": [str(device) for device in found], "warnings": [str(warning.message) for warning in heard]})
    tell({"torch": torch_facts()})
    device = chosen(spec.device)
    tell({"chosen": device.name, "hardware": device.info.hardware})
    tell({"opencl": {name: getattr(device._handle, name, None) for name in _ASKED}})
    architecture = device.architecture
    tell({"architecture": {key: str(value) for key, value in architecture._asdict().items()}})


def chosen(name: str) -> Any:
    """The device of that name; without one, the first OpenCL device, for GPUs come before processors."""
    devices = opencl_devices()
    if not devices:
        raise SystemExit("no OpenCL device: see docs/devices.md")
    return next((device for device in devices if device.name == name), devices[0]) if not name else _named(name)


def _named(name: str) -> Any:
    for device in opencl_devices():
        if device.name == name:
            return device
    raise SystemExit(f"there is no device {name!r}; there are {', '.join(map(str, opencl_devices()))}")


def torch_facts() -> dict[str, Any]:
    """What PyTorch computes on."""
    try:
        import torch
    except ImportError:
        return {"missing": "torch is not installed: nothing is compared with it"}
    place = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    return {"version": torch.__version__, "on": place}
