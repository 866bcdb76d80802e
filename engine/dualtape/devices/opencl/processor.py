"""A compiler target for processors that are newer than the compiler.

PoCL 3.0, which comes with the package, asks LLVM 14 for the processor's name. For one that LLVM does not know (AMD's
Zen 5, say) the answer is `generic`, which clang then refuses as a target: every build fails
(https://github.com/pocl/pocl/issues/1049), and no option or environment variable of PoCL overrides it. What is left
is the name itself, a C string that the device's record points to. This module points it to the name of a known
processor that has the same vectors.
"""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import pyopencl as cl

_VERSION = "3.0-rc2"
_TRIPLE = b"x86_64-unknown-linux-gnu"
_VERSION_AT, _TRIPLE_AT, _PROCESSOR_AT = 568, 632, 640
"""Where that one build's device record holds pointers to its version, its target and the processor's name."""

_AVX512 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
_AVX2 = {"avx2", "fma", "bmi1", "bmi2"}

_names = {name: ctypes.create_string_buffer(name) for name in (b"skylake-avx512", b"haswell", b"x86-64")}


def name_unknown_processor(handle: Any) -> None:
    """Give a device of the PoCL that comes with the package a processor that its compiler knows, if it has none.

    Any other device is left as it is, and so is a record that does not look as expected in every place.
    """
    if handle.driver_version != _VERSION:
        return
    pointers = {
        at: ctypes.c_void_p.from_address(handle.int_ptr + at) for at in (_VERSION_AT, _TRIPLE_AT, _PROCESSOR_AT)
    }
    expected = {_VERSION_AT: _VERSION.encode(), _TRIPLE_AT: _TRIPLE, _PROCESSOR_AT: b"generic"}
    readable = _readable_ranges()
    if all(_points_to(pointers[at].value, text, readable) for at, text in expected.items()):
        pointers[_PROCESSOR_AT].value = ctypes.addressof(_names[_like(_features())])


def compiler_of(handle: Any) -> str:
    """What decides which code a program becomes, and where the driver keeps it.

    That is the driver, its version, the processor that it compiles for, and where pyopencl is installed: it tells the
    driver to look for files there, and PoCL names what it keeps by all that it is told.
    """
    facts = (handle.platform.version, handle.driver_version, handle.vendor, handle.name, cl.VERSION_TEXT, cl.__file__)
    return "\n".join((*facts, *sorted(_features())))


def _points_to(address: int | None, text: bytes, readable: list[tuple[int, int]]) -> bool:
    size = len(text) + 1
    if address is None or not any(low <= address <= high - size for low, high in readable):
        return False
    return ctypes.string_at(address, size) == text + b"\0"


def _readable_ranges() -> list[tuple[int, int]]:
    ranges = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights, *_ = line.split()
        if rights.startswith("r"):
            low, high = (int(end, 16) for end in span.split("-"))
            ranges.append((low, high))
    return ranges


@cache
def _features() -> frozenset[str]:
    path = Path("/proc/cpuinfo")
    for line in path.read_text().splitlines() if path.exists() else ():
        if line.startswith("flags"):
            return frozenset(line.split())
    return frozenset()


def _like(features: frozenset[str]) -> bytes:
    """A processor that LLVM knows and that has no vectors which this one lacks."""
    if features >= _AVX512 | _AVX2:
        return b"skylake-avx512"
    return b"haswell" if features >= _AVX2 else b"x86-64"
