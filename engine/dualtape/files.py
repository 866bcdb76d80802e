"""Files that are replaced whole: readers find the old content or the new one, whatever becomes of the writer.

The new content is written beside the file, forced to the disk, and renamed. That name is made by chance, must not exist
before, and is locked while its writer lives: writers of one file do not meet, a link that somebody planted is not
followed, and what a killed writer left is told from what another one is writing now.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

_MOST_LINKS = 40
_LONGEST_STEM = 200  # bytes of a name, of which file systems take 255
_SUFFIX = ".tmp"
_RANDOM_DIGITS = 16
_ABANDONED_SECONDS = 24 * 3600.0
"""After that nobody writes any more, where locks do not tell."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


@contextmanager
def replacing(path: str | os.PathLike[str], *, durable: bool = True) -> Iterator[BinaryIO]:
    """A new file to write, which takes the place of the one at ``path`` when the block ends without an error.

    A link at ``path`` itself stays, and what it points to is replaced. A file keeps its permissions, a new one gets
    what the process gives new files.

    Parameters
    ----------
    path
        The file.
    durable
        Force it to the disk, and remove what killed writers left: not for what can be made anew and is checked.

    Raises
    ------
    OSError
        The file cannot be written; it is what it was before.
    """
    target, old = _target(Path(path))
    if durable:
        _remove_leftovers(target)
    file, temporary = _create_beside(target, old)
    try:
        with file:
            yield file
            file.flush()
            if old is not None:
                _give_rights(file, old)
            if durable:
                os.fsync(file.fileno())
            if sys.platform == "win32":
                file.close()  # there, no open file can be renamed
            # While it is locked: unlocked, another writer would take it for a leftover.
            os.replace(temporary, target)
        if durable:
            _sync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def require_writable(path: str | os.PathLike[str]) -> None:
    """Raise the OSError now that :func:`replacing` would raise later, after much work."""
    target, old = _target(Path(path))
    file, temporary = _create_beside(target, old)
    file.close()
    temporary.unlink(missing_ok=True)


def require_regular(path: str | os.PathLike[str], found: os.stat_result) -> None:
    """Raise an OSError that says what stands there instead of a file."""
    for is_kind, name in _KINDS:
        if is_kind(found.st_mode):
            raise OSError(f"{str(path)!r} is {name}, not a file")


def _target(path: Path) -> tuple[Path, os.stat_result | None]:
    """The file that writing would reach, through links at the path itself, and what it is now."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no directory {str(path.parent)!r}")
    for _ in range(_MOST_LINKS):
        try:
            found = os.lstat(path)
        except FileNotFoundError:
            if not path.parent.is_dir():
                raise FileNotFoundError(f"a link leads to {str(path.parent)!r}, which is no directory") from None
            return path, None
        if not stat.S_ISLNK(found.st_mode):
            require_regular(path, found)
            if not os.access(path, os.W_OK):
                raise PermissionError(f"{str(path)!r} is not yours to write")
            return path, found
        _require_trusted(path, found)
        path = path.parent / os.readlink(path)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def _require_trusted(path: Path, link: os.stat_result) -> None:
    """Refuse a link that another user may have planted; so does Linux, where it follows links itself."""
    folder = os.stat(path.parent)
    is_shared = folder.st_mode & stat.S_ISVTX and folder.st_mode & stat.S_IWOTH
    if sys.platform != "win32" and is_shared and link.st_uid not in (os.geteuid(), folder.st_uid):
        raise PermissionError(f"{str(path)!r} is another user's link, in a folder that everybody can write to")


def _create_beside(target: Path, old: os.stat_result | None) -> tuple[BinaryIO, Path]:
    """A new and locked file in the target's folder."""
    # Nobody may read more of the new file than of the old one; one without a predecessor is public as the umask says.
    mode = 0o666 if old is None else 0o600
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    while True:
        digits = secrets.token_hex(_RANDOM_DIGITS // 2)
        temporary = target.with_name(f"{_prefix(target)}{digits}{_SUFFIX}")
        file = os.fdopen(os.open(temporary, flags, mode), "wb")
        try:
            # Until it was locked, another writer may have taken it for a leftover.
            if lock(file.fileno()) and is_at(temporary, file.fileno()):
                return file, temporary
        except BaseException:
            file.close()
            temporary.unlink(missing_ok=True)
            raise
        file.close()


def _prefix(target: Path) -> str:
    return f".{os.fsdecode(os.fsencode(target.name)[:_LONGEST_STEM])}."


def lock(descriptor: int, *, unknown: bool = True) -> bool:
    """Lock an open file as long as it stays open; whether nobody else holds it, or ``unknown`` where no locks are."""
    if sys.platform == "win32":
        return unknown
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return unknown
    return True


def is_at(path: Path, descriptor: int) -> bool:
    """Whether the open file is still the one of that name."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _remove_leftovers(target: Path) -> None:
    """Remove what killed writers of the target left: our own files of that name which nobody writes any more."""
    prefix = _prefix(target)
    length = len(prefix) + _RANDOM_DIGITS + len(_SUFFIX)
    with os.scandir(target.parent) as entries:
        names = [x.name for x in entries if x.name.startswith(prefix) and x.name.endswith(_SUFFIX)]
    for name in names:
        if len(name) == length:
            with suppress(OSError):
                _remove_if_abandoned(target.with_name(name))


def _remove_if_abandoned(path: Path) -> None:
    if sys.platform == "win32":
        if time.time() - os.lstat(path).st_mtime > _ABANDONED_SECONDS:
            path.unlink()
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            return
        if lock(descriptor, unknown=False) and is_at(path, descriptor):
            path.unlink()
    finally:
        os.close(descriptor)


def _give_rights(file: BinaryIO, old: os.stat_result) -> None:
    """Give a new file owner and permissions of the one whose place it takes, as far as the process may."""
    if sys.platform != "win32":
        new = os.fstat(file.fileno())
        if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
            with suppress(OSError):
                os.fchown(file.fileno(), old.st_uid, old.st_gid)
        os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode) & 0o777)


def _sync_folder(folder: Path) -> None:
    """Force the new name to the disk too, where folders can be opened."""
    if sys.platform == "win32":
        return
    with suppress(OSError):  # the content is safe; some file systems sync no folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
