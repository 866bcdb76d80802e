"""How much memory the engine may take on a device: less than there is, for drivers die where there is no more.

PoCL ends the process in an assertion (3.1) or with SIGSEGV (3.0) when its memory is used up, and the system ends it
when the machine's is. So there is a limit, below both, at which the engine stops by itself, with an error.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple

from dualtape.errors import ArgumentError

LIMIT_VARIABLE = "DUALTAPE_MEMORY_LIMIT"

_SHARE_OF_DEVICE = 0.9
_SHARE_OF_FREE = 0.8
_UNITS = {"": 1, "B": 1} | {
    f"{prefix}{unit}": base**power
    for power, prefix in enumerate("KMGT", 1)
    for unit, base in (("", 1024), ("B", 1000), ("IB", 1024))
}


class Limit(NamedTuple):
    """How much may be taken: in bytes, and why not more."""

    size: int
    reason: str


def read_limit(device_memory: int, is_cpu: bool) -> Limit:
    """The limit of a device: what the user says, else a share of the device's memory, and of what is free."""
    most = int(_SHARE_OF_DEVICE * device_memory)
    given = os.environ.get(LIMIT_VARIABLE)
    if given:
        size = parse_size(given, device_memory)
        return min(Limit(size, f"what {LIMIT_VARIABLE} says"), Limit(most, "nearly all that the device has"))
    limits = [Limit(most, "nearly all that the device has")]
    free = free_memory() if is_cpu else None
    if free is not None:
        limits.append(Limit(int(_SHARE_OF_FREE * free), f"{_SHARE_OF_FREE:.0%} of what was free on the machine"))
    return min(limits)


def parse_size(text: str, whole: int) -> int:
    """Bytes, from ``'4GiB'``, ``'500 MB'``, ``'1e9'`` or a share of the ``whole`` as in ``'50%'``."""
    word = text.strip().upper()
    number = word.rstrip("%ABCDEFGHIJKLMNOPQRSTUVWXYZ ")
    unit = word[len(number) :].strip()
    try:
        factor = whole / 100 if unit == "%" else _UNITS[unit]
        size = int(float(number) * factor)
    except (ValueError, KeyError, OverflowError):
        size = 0
    if size <= 0:
        raise ArgumentError(f"{LIMIT_VARIABLE} must be a size such as '4GiB', '500MB' or '50%', got {text!r}")
    return size


def shown(size: int) -> str:
    """Bytes, for people."""
    value, units = float(size), iter(("bytes", "KiB", "MiB", "GiB", "TiB"))
    unit = next(units)
    while abs(value) >= 1024 and unit != "TiB":
        value, unit = value / 1024, next(units)
    return f"{size} bytes" if unit == "bytes" else f"{value:.1f} {unit}"


def free_memory() -> int | None:
    """What the process may still take of the machine's memory, in bytes; None where the system does not tell."""
    if sys.platform != "linux":
        return None
    found = [_available(Path("/proc/meminfo")), _left_of_group(Path("/proc/self/cgroup")), _left_of_addresses()]
    known = [x for x in found if x is not None]
    return max(0, min(known)) if known else None


def _available(path: Path) -> int | None:
    for line in _lines(path):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _left_of_group(path: Path, root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """What the process's control groups leave it, a container's among them."""
    left = []
    for line in _lines(path):
        _, controllers, name = line.split(":", 2)
        second = controllers == ""
        if not second and "memory" not in controllers.split(","):
            continue
        top = root if second else root / "memory"
        files = ("memory.max", "memory.current") if second else ("memory.limit_in_bytes", "memory.usage_in_bytes")
        group = top / name.lstrip("/")
        # Inside a container the own group is at the top, under whatever name.
        for folder in {top, group, *(x for x in group.parents if x.is_relative_to(top))}:
            limit, used = (_number(folder / file) for file in files)
            if limit is not None and used is not None:
                left.append(limit - used + _reclaimable(folder / "memory.stat"))
    return min(left, default=None)


def _reclaimable(path: Path) -> int:
    """Of what a group uses: the copies of files, which the system drops when memory is short."""
    numbers = dict(line.split() for line in _lines(path) if len(line.split()) == 2)
    return int(numbers.get("total_inactive_file", numbers.get("inactive_file", 0)))


def _left_of_addresses() -> int | None:
    """What a limit on addresses leaves (``ulimit -v``)."""
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    lines = _lines(Path("/proc/self/statm"))
    if limit == resource.RLIM_INFINITY or not lines:
        return None
    return limit - int(lines[0].split()[0]) * resource.getpagesize()


def _number(path: Path) -> int | None:
    lines = _lines(path)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
