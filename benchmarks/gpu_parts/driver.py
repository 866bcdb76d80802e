"""Where a GPU's OpenCL driver is, on a machine that has the library but no .icd file that names it."""

from __future__ import annotations

import os
from pathlib import Path

LIBRARY = "libnvidia-opencl.so.1"
_FOLDERS = ("/usr/local/nvidia/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib/wsl/lib", "/usr/local/lib")
"""Where containers and distributions have it."""
_VENDORS = Path("/etc/OpenCL/vendors")


def driver_environment(library: str | None) -> dict[str, str]:
    """Environment variables by which the loader finds a driver: the one told, or NVIDIA's where no file names it."""
    if library is None and ("OCL_ICD_VENDORS" in os.environ or _is_named()):
        return {}
    folders = [*filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)), *_FOLDERS]
    places = [Path(library)] if library is not None else [Path(folder) / LIBRARY for folder in folders]
    found = next((place for place in places if place.exists()), None)
    if found is None:
        return {} if library is None else {"OCL_ICD_VENDORS": library}
    # The driver opens its compiler by name, from the same folder.
    paths = os.pathsep.join(filter(None, (str(found.parent), os.environ.get("LD_LIBRARY_PATH"))))
    return {"OCL_ICD_VENDORS": str(found), "LD_LIBRARY_PATH": paths}


def _is_named() -> bool:
    return any("nvidia" in file.read_text(encoding="utf-8") for file in _VENDORS.glob("*.icd"))
