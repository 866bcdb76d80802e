"""The safetensors format, with a checksum for each tensor: arrays by name, one at a time, and a header of text.

A file is the header's length (8 bytes), the header (JSON: element type, shape and place of each tensor), and the
elements; see https://huggingface.co/docs/safetensors. Checksums are among the texts that the format lets a file carry:
every reader of the format reads ours, and files without them are read here. Each covers a tensor's name, type, shape
and elements, and one more the other texts, so that a bit that flips anywhere is found.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BufferedReader
from itertools import pairwise
from math import prod
from typing import Any, BinaryIO, NamedTuple, NoReturn

import numpy as np

_TEXTS = "__metadata__"
_CHECKSUMS, _CHECKSUM = "checksums", "checksum"
_LARGEST_HEADER = 100_000_000
_TYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4", "U64": "<u8",
    "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8", "C64": "<c8",
}  # fmt: skip
_NAMES = {np.dtype(type): name for name, type in _TYPES.items()}


class FormatError(ValueError):
    """A file that is no safetensors file, is damaged, or holds what no array can."""


class TensorEntry(NamedTuple):
    """One tensor of a file: its element type as the format names it, its shape and its place behind the header."""

    type: str
    shape: tuple[int, ...]
    begin: int
    end: int


class Header(NamedTuple):
    """What a file says before its elements: where they begin, its tensors in their order, and its texts."""

    size: int
    entries: dict[str, TensorEntry]
    texts: dict[str, str]


# Writing


def write_arrays(
    file: BinaryIO,
    specs: Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]],
    array_of: Callable[[str], np.ndarray],
    texts: Mapping[str, str],
) -> None:
    """Write a file.

    Parameters
    ----------
    file
        Empty; may be written to at any place.
    specs
        Shape and element type by name.
    array_of
        Gives the array of a name. Each is asked for once, and dropped before the next: memory holds one at a time.
    texts
        What else the file says, by name.
    """
    # Wide elements first: then all are aligned. Files of the format have no gaps.
    names = sorted(specs, key=lambda name: -specs[name][1].itemsize)
    entries, end = {}, 0
    for name in names:
        shape, dtype = specs[name]
        begin, end = end, end + prod(shape) * dtype.itemsize
        entries[name] = TensorEntry(_NAMES[dtype.newbyteorder("<")], shape, begin, end)
    # The checksums are known when the elements have been written, and take as much room before.
    head = _encode(entries, texts, dict.fromkeys(specs, 0))
    file.write(head)
    found = {}
    for name in names:
        array = np.ascontiguousarray(array_of(name), specs[name][1].newbyteorder("<"))
        content = array.reshape(-1).view(np.uint8).data
        found[name] = _checksum(name, entries[name], content)
        file.write(content)
        del array, content
    file.seek(0)
    file.write(_encode(entries, texts, {name: found[name] for name in specs}))
    file.seek(0, 2)


def _encode(entries: Mapping[str, TensorEntry], texts: Mapping[str, str], checksums: Mapping[str, int]) -> bytes:
    full = {**texts, _CHECKSUMS: json.dumps({name: f"{value:08x}" for name, value in checksums.items()})}
    full[_CHECKSUM] = f"{_checksum_of_texts(full):08x}"
    tensors = {
        name: {"dtype": x.type, "shape": list(x.shape), "data_offsets": [x.begin, x.end]} for name, x in entries.items()
    }
    text = json.dumps({_TEXTS: full, **tensors}, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _checksum(name: str, entry: TensorEntry, content: Any) -> int:
    return zlib.crc32(content, zlib.crc32(json.dumps([name, entry.type, entry.shape]).encode()))


def _checksum_of_texts(texts: Mapping[str, str]) -> int:
    return zlib.crc32(json.dumps(sorted((k, v) for k, v in texts.items() if k != _CHECKSUM)).encode())


# Reading


def read_header(file: BinaryIO) -> Header:
    """What a file says of its tensors, all of it checked against the file's size; or :class:`FormatError`."""
    total = file.seek(0, 2)
    file.seek(0)
    size = int.from_bytes(file.read(8), "little")
    if not 2 <= size <= min(_LARGEST_HEADER, total - 8):
        raise FormatError(f"of its {total} bytes the header would take {size}")
    try:
        found = json.loads(file.read(size).decode(), object_pairs_hook=_without_repeats, parse_constant=_refuse)
    except (ValueError, RecursionError) as failure:
        raise FormatError(f"its header cannot be read: {failure}") from failure
    if not isinstance(found, dict):
        raise FormatError(f"its header is not a table but {type(found).__name__}")
    texts = found.pop(_TEXTS, {})
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise FormatError("the texts in its header are no texts")
    entries = {name: _read_entry(name, entry) for name, entry in found.items()}
    _check_places(entries, total - 8 - size)
    return Header(8 + size, entries, texts)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise FormatError("a name stands twice in it")
    return found


def _refuse(constant: str) -> NoReturn:
    raise FormatError(f"{constant} is no JSON")


def _read_entry(name: str, entry: Any) -> TensorEntry:
    match entry:
        case {"dtype": str(type), "shape": [*shape], "data_offsets": [begin, end]} if len(entry) == 3 and all(
            x.__class__ is int and x >= 0 for x in (*shape, begin, end)
        ):
            pass
        case _:
            raise FormatError(f"its header does not say type, shape and place of {name!r}")
    if type not in _TYPES:
        raise FormatError(f"{name!r} is of type {type}, which no Tensor can hold; those are {', '.join(_TYPES)}")
    needed = prod(shape) * np.dtype(_TYPES[type]).itemsize
    if end - begin != needed:
        raise FormatError(f"{name!r} of shape {tuple(shape)} and type {type} needs {needed} bytes, not {end - begin}")
    return TensorEntry(type, tuple(shape), begin, end)


def _check_places(entries: Mapping[str, TensorEntry], room: int) -> None:
    spans = sorted((x.begin, x.end) for x in entries.values())
    places = [(0, 0), *spans, (room, room)]
    if any(before[1] != after[0] for before, after in pairwise(places)):
        raise FormatError(f"its tensors do not fill the {room} bytes behind the header without gap and overlap")


def read_arrays(file: BufferedReader, header: Header, names: Iterable[str]) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of those names, one at a time, each compared with its checksum where the file has one."""
    checksums = _read_checksums(header)
    for name in names:
        entry = header.entries[name]
        try:
            array = np.empty(entry.shape, _TYPES[entry.type])
        except (ValueError, OverflowError) as failure:
            raise FormatError(f"no array has the shape of {name!r}, {entry.shape}: {failure}") from failure
        content = array.reshape(-1).view(np.uint8).data
        file.seek(header.size + entry.begin)
        if file.readinto(content) != len(content):
            raise FormatError(f"it ended while {name!r} was read")
        if checksums is not None and checksums[name] != f"{_checksum(name, entry, content):08x}":
            raise FormatError(f"{name!r} is not what was written: its checksum differs")
        if entry.type == "BOOL" and array.size and array.view(np.uint8).max() > 1:
            raise FormatError(f"{name!r} holds bytes that are neither true nor false")
        yield name, array


def _read_checksums(header: Header) -> dict[str, Any] | None:
    """The checksum of each tensor; None for a file that has none, as those of other programs."""
    if _CHECKSUM not in header.texts and _CHECKSUMS not in header.texts:
        return None
    if header.texts.get(_CHECKSUM) != f"{_checksum_of_texts(header.texts):08x}":
        raise FormatError("its header is not what was written: its checksum differs")
    try:
        found = json.loads(header.texts[_CHECKSUMS])
    except (ValueError, KeyError, RecursionError) as failure:
        raise FormatError(f"its checksums cannot be read: {failure}") from failure
    if not isinstance(found, dict) or found.keys() != header.entries.keys():
        raise FormatError("its checksums are those of other tensors")
    return found
