"""Where compiled kernels lie on the disk: a store that outlives the process, and a folder that the driver works in.

A driver loads as code whatever it finds in its folder, and dies of what is damaged there. So it gets a new and empty
one in each process, which nobody else can write to, and what is put into it from the store has been checked before
(:mod:`~dualtape.devices.opencl.kernel_cache`).
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import platformdirs

from dualtape.files import is_at, lock

STORE_VARIABLE = "DUALTAPE_CACHE_DIR"
"""The environment variable that names the store."""

_PREFIX = "dualtape-work-"
_LEAST_ROOM = 32 << 20  # bytes


class Folders(NamedTuple):
    """Where kernels are kept.

    Attributes
    ----------
    store
        Across processes; None where no folder can be used.
    work
        While the process lives.
    remark
        A line for the user where the store is not what was asked for, else empty.
    """

    store: Path | None
    work: Path
    remark: str


def make_folders() -> Folders:
    """Both folders; an OSError that says what was tried if there is no place for the second one."""
    store: Path | None = None
    running: Path | None = None
    reason = ""
    try:
        store = _private(_wanted())
        running = _private(store / "running")
    except OSError as failure:
        store, reason = None, str(failure)
    work = _working_folder(running)
    remark = (
        f"OpenCL kernels are kept in {work} and compiled anew in each process: {reason}; "
        f"to keep them, set {STORE_VARIABLE} to a folder of yours"
    )
    return Folders(store, work, "" if store is not None else remark)


def is_ours(found: os.stat_result) -> bool:
    """Whether this user owns it; on Windows, where user folders are private, always."""
    return sys.platform == "win32" or found.st_uid == os.geteuid()


def _wanted() -> Path:
    given = os.environ.get(STORE_VARIABLE)
    if given:
        return Path(given).absolute()
    found = Path(platformdirs.user_cache_dir("dualtape", appauthor=False))
    home = Path(os.path.expanduser("~"))
    if not found.is_absolute() or not (home.is_dir() or os.environ.get("XDG_CACHE_HOME")):
        raise FileNotFoundError("this user has no home folder")
    return found


def _private(folder: Path) -> Path:
    """The folder, made if need be, if it is this user's alone and can be written to."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if not is_ours(found):
        raise PermissionError(f"{str(folder)!r} belongs to another user")
    if stat.S_IMODE(found.st_mode) & 0o077 and sys.platform != "win32":
        folder.chmod(0o700)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(f"{str(folder)!r} cannot be written to")
    return folder


def _working_folder(preferred: Path | None) -> Path:
    """A new folder, private and locked, on a disk with room from which code may be loaded."""
    failures = []
    for place in _places(preferred):
        try:
            _remove_abandoned(place)
            return _claimed(place)
        except OSError as failure:
            failures.append(f"{place}: {failure}")
    raise OSError(
        f"there is no place for compiled kernels ({'; '.join(failures)}); set {STORE_VARIABLE} to a folder of yours"
    )


def _places(preferred: Path | None) -> Iterator[Path]:
    if preferred is not None:
        yield preferred
    for name in (os.environ.get("XDG_RUNTIME_DIR"), os.environ.get("TMPDIR"), "/tmp", "/var/tmp", "/dev/shm"):
        if name:
            yield Path(name)
    yield Path(tempfile.gettempdir())


def _claimed(place: Path) -> Path:
    if sys.platform != "win32":
        disk = os.statvfs(place)
        if disk.f_flag & getattr(os, "ST_NOEXEC", 0):
            raise OSError("no code may be loaded from there")
        if disk.f_bavail * disk.f_frsize < _LEAST_ROOM:
            raise OSError("the disk is full")
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        if sys.platform == "win32":
            return folder
        # Open and locked as long as the process lives: so others know that it is in use, systemd's cleaner of /tmp too.
        descriptor = os.open(folder, os.O_RDONLY)
        if lock(descriptor) and is_at(folder, descriptor):
            return folder
        os.close(descriptor)


def _remove_abandoned(place: Path) -> None:
    """Remove the folders of processes that were killed."""
    if sys.platform == "win32":
        return
    with os.scandir(place) as entries:
        names = [x.name for x in entries if x.name.startswith(_PREFIX)]
    for name in names:
        folder = place / name
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if is_ours(os.fstat(descriptor)) and lock(descriptor, unknown=False) and is_at(folder, descriptor):
                    shutil.rmtree(folder)
            finally:
                os.close(descriptor)
