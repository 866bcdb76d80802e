"""Compiled kernels on the disk, checked before a driver sees them.

PoCL keeps what it compiles in a folder, one folder in it for each program, named by a number that only PoCL computes,
and loads it from there as code. A file that is cut short or changed kills the process. So PoCL's folder is a new one in
each process, and what it compiled is kept in a store of our own, one file for each program, with a checksum of each of
PoCL's files. Before a program is built they are read from there, checked, and put where PoCL looks for them.
"""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import numpy as np

from dualtape.devices.opencl.folders import Folders, is_ours, make_folders
from dualtape.errors import DeviceError
from dualtape.files import replacing
from dualtape.tensor_file import FormatError, read_arrays, read_header, write_arrays

Built = TypeVar("Built")

POCL_VARIABLE = "POCL_CACHE_DIR"
_SUFFIX = ".kernel"
_VERSION = "1"
_NOT_KEPT = ("last_accessed", "build.log")
_MOST_BYTES = 1 << 30
_LEAST_ROOM = 8 << 20  # bytes, that the driver may need for one program
_BYTES = np.dtype(np.uint8)

Files = frozenset[str]


class KernelCache:
    """What was compiled, in this process and before.

    Parameters
    ----------
    folders
        Where.

    Attributes
    ----------
    work
        The driver's folder.
    remark
        A line for the user where kernels are not kept.
    """

    def __init__(self, folders: Folders) -> None:
        self._store, self.work, self.remark = folders
        self._process = os.getpid()
        self._lock = threading.RLock()  # a signal handler may come in the middle of a build, and build, too
        self._known: set[str] = set()
        self._folders: dict[str, str] = {}  # the driver's folder of a program, by key
        self._kept: dict[str, Files] = {}  # what the store has of a program
        self._waiting: set[str] = set()  # keys of programs whose kernels have not run yet
        self._warned = False
        self._queues: list[Any] = []

    def build(self, queue: Any, key: str, build: Callable[[], Built]) -> Built:
        """Build a program, of which the store may have the kernels."""
        with self._lock:
            self._require_room()
            if queue not in self._queues:
                self._queues.append(queue)
            if key not in self._folders:
                self._restore(key)
            built = build()
            new = set(self._programs()) - self._known
            self._known |= new
            if len(new) == 1:  # else somebody else builds programs at the same time
                self._folders[key] = new.pop()
                self._waiting.add(key)
            for other in [*self._waiting]:
                if any(name.endswith(".so") for name in _files_in(self.work / self._folders[other])):
                    self._keep(other)
        return built

    def close(self) -> None:
        """Keep what has been compiled since, and remove the driver's folder; at the end of the process."""
        if os.getpid() != self._process:
            return  # a forked child, which shares the folder
        for queue in self._queues:
            with suppress(Exception):
                queue.finish()  # it may be compiling still
        with self._lock:
            for key in self._folders:
                self._keep(key)
            if self._kept and self._store is not None:
                with suppress(OSError):
                    prune(self._store)
        shutil.rmtree(self.work, ignore_errors=True)

    def _require_room(self) -> None:
        """A driver dies when it finds none."""
        if hasattr(os, "statvfs"):
            try:
                disk = os.statvfs(self.work)
            except OSError as failure:
                raise DeviceError(f"the folder of compiled kernels, {self.work}, is gone: {failure}") from failure
            if disk.f_bavail * disk.f_frsize < _LEAST_ROOM:
                raise DeviceError(f"there is no room for one more compiled kernel in {self.work}: the disk is full")

    def _programs(self) -> Iterator[str]:
        """The driver's folders, as ``AB/CDEF``."""
        for group in os.scandir(self.work):
            if group.is_dir(follow_symlinks=False):
                for program in os.scandir(group.path):
                    yield f"{group.name}/{program.name}"

    def _restore(self, key: str) -> None:
        """Put what the store has of a program where the driver looks for it."""
        if self._store is None:
            return
        path = self._store / f"{key}{_SUFFIX}"
        try:
            folder, files = _read(path, key)
            scratch = Path(tempfile.mkdtemp(prefix="restored-", dir=self.work))
            for name, content in files.items():
                (scratch / name).parent.mkdir(parents=True, exist_ok=True)
                (scratch / name).write_bytes(content)
                (scratch / name).chmod(0o700)
            (self.work / folder).parent.mkdir(mode=0o700, exist_ok=True)
            scratch.rename(self.work / folder)
            os.utime(path)
        except FileNotFoundError:
            return
        except (OSError, FormatError) as failure:
            self._warn(f"the compiled kernel {path} cannot be used and is compiled anew: {failure}")
            with suppress(OSError):
                path.unlink()
            return
        self._known.add(folder)
        self._folders[key], self._kept[key] = folder, frozenset(files)

    def _keep(self, key: str) -> None:
        """Put what the driver has of a program into the store, if that is more than the store has."""
        folder = self.work / self._folders[key]
        names = frozenset(_files_in(folder))
        if self._store is None or names == self._kept.get(key):
            return
        try:
            contents = {name: np.fromfile(folder / name, _BYTES) for name in sorted(names)}
            specs = {name: (content.shape, content.dtype) for name, content in contents.items()}
            with replacing(self._store / f"{key}{_SUFFIX}", durable=False) as file:
                write_arrays(file, specs, contents.__getitem__, {"key": key, "folder": self._folders[key]})
        except OSError as failure:
            self._warn(f"compiled kernels are not kept in {self._store}: {failure}")
            self._store = None
            return
        self._kept[key] = names
        self._waiting.discard(key)

    def _warn(self, message: str) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(message, RuntimeWarning, stacklevel=8)


def _files_in(folder: Path) -> Iterator[str]:
    for place, _, names in os.walk(folder):
        for name in names:
            if name not in _NOT_KEPT:
                yield (Path(place) / name).relative_to(folder).as_posix()


def _read(path: Path, key: str) -> tuple[str, dict[str, bytes]]:
    """The driver's folder of a program and the files in it; OSError or FormatError where they are not what was kept."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise FormatError("it is no file")
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not is_ours(os.fstat(file.fileno())):
            raise FormatError("it belongs to another user")
        header = read_header(file)
        folder = header.texts.get("folder", "")
        if header.texts.get("key") != key or "checksum" not in header.texts:
            raise FormatError("it is of another program")
        if not all(map(_is_below, (folder, *header.entries))):
            raise FormatError("its names lead elsewhere")
        return folder, {name: array.tobytes() for name, array in read_arrays(file, header, header.entries)}


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\\" not in name


def key_of(source: str, options: list[str], device: str) -> str:
    """What a compiled program depends on, in one word: its source, and the versions of all that compiles it."""
    digest = blake2b(digest_size=20)
    for part in (_VERSION, device, *options, source):
        digest.update(len(part).to_bytes(8, "little") + part.encode())
    return digest.hexdigest()


def prune(store: Path, most: int = _MOST_BYTES) -> None:
    """Remove the kernels that have not been used for the longest time, if there are too many, and torn writes."""
    found = []
    for entry in os.scandir(store):
        with suppress(OSError):
            about = entry.stat(follow_symlinks=False)
            if entry.name.endswith(_SUFFIX):
                found.append((about.st_mtime, about.st_size, entry.path))
            elif entry.name.endswith(".tmp") and time.time() - about.st_mtime > 24 * 3600:
                os.unlink(entry.path)
    held = sum(size for _, size, _ in found)
    if held > most:
        for _, size, path in sorted(found):
            if held <= most * 3 // 4:
                break
            with suppress(OSError):
                os.unlink(path)
                held -= size


@cache
def _made() -> tuple[KernelCache | None, str]:
    if os.environ.get(POCL_VARIABLE):
        return None, ""  # the user's own folder
    try:
        folders = make_folders()
    except OSError as failure:
        return None, str(failure)
    made = KernelCache(folders)
    atexit.register(made.close)
    return made, ""


def kernel_cache() -> KernelCache | None:
    """The cache of this process; None where the user gave PoCL a folder, or where there is no place for one."""
    return _made()[0]


def why_no_cache() -> str:
    """Why there is no place for one; empty where there is."""
    return _made()[1]


@contextmanager
def folder_for_pocl() -> Iterator[None]:
    """Tell PoCL its folder while it is loaded; processes begun later have folders of their own."""
    made = kernel_cache()
    if made is None:
        yield
        return
    os.environ[POCL_VARIABLE] = str(made.work)
    try:
        yield
    finally:
        os.environ.pop(POCL_VARIABLE, None)
