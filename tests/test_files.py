"""Files that are replaced whole: never half a file, nobody else's file, no rights that the old one did not give."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from dualtape.files import replacing, require_writable

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such thing")
as_root = pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root may do that")

OTHER_USER = 65534


def write(path: Path, content: bytes) -> None:
    with replacing(path) as file:
        file.write(content)


def fail_halfway(path: Path, failure: type[BaseException]) -> None:
    with replacing(path) as file:
        file.write(b"half of the n")
        raise failure


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )


def test_the_new_content_is_there_and_nothing_else(tmp_path: Path) -> None:
    for content in (b"one", b"two", b""):
        write(tmp_path / "file", content)
        assert (tmp_path / "file").read_bytes() == content
        assert left_in(tmp_path) == ["file"]


@pytest.mark.parametrize("failure", [OSError, ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_in_between_leaves_the_old_content(tmp_path: Path, failure: type[BaseException]) -> None:
    path = tmp_path / "file"
    write(path, b"old")
    with pytest.raises(failure):
        fail_halfway(path, failure)
    assert path.read_bytes() == b"old"
    assert left_in(tmp_path) == ["file"]


def test_a_long_name_leaves_room_for_the_other(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 127)
    write(path, b"x")
    assert left_in(tmp_path) == [path.name]


@posix
def test_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    path, contents = tmp_path / "file", [bytes([i]) * 200_000 for i in range(8)]
    seen: list[bytes] = []
    write(path, contents[0])

    def save(content: bytes) -> None:
        for _ in range(10):
            write(path, content)
            seen.append(path.read_bytes())

    threads = [threading.Thread(target=save, args=[content]) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 80
    assert {*seen} <= {*contents}
    assert left_in(tmp_path) == ["file"]


@posix
def test_a_link_that_was_planted_for_the_new_file_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim, names = tmp_path / "victim", iter(["0" * 16, "1" * 16])
    victim.write_bytes(b"precious")
    (tmp_path / f".file.{'0' * 16}.tmp").symlink_to(victim)
    monkeypatch.setattr("secrets.token_hex", lambda _: next(names))
    with pytest.raises(FileExistsError):
        write(tmp_path / "file", b"new")
    write(tmp_path / "file", b"new")
    assert victim.read_bytes() == b"precious"


@posix
def test_a_link_stays_and_its_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "near").symlink_to("far")
    (tmp_path / "far").symlink_to(tmp_path / "store" / "file")
    for content in (b"made", b"changed"):  # first it leads nowhere
        write(tmp_path / "near", content)
        assert (tmp_path / "store" / "file").read_bytes() == content
        assert (tmp_path / "near").is_symlink()
        assert (tmp_path / "far").is_symlink()
        assert left_in(tmp_path / "store") == ["file"]
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone").symlink_to("nowhere/file")
    for name in ("loop", "gone"):
        with pytest.raises(OSError):
            write(tmp_path / name, b"x")


@as_root
def test_another_users_link_in_a_public_folder_is_not_followed(tmp_path: Path) -> None:
    public, victim = tmp_path / "public", tmp_path / "victim"
    public.mkdir()
    public.chmod(0o1777)
    victim.write_bytes(b"precious")
    (public / "file").symlink_to(victim)
    os.lchown(public / "file", OTHER_USER, OTHER_USER)
    with pytest.raises(PermissionError, match="another user's link"):
        write(public / "file", b"new")
    assert victim.read_bytes() == b"precious"


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o666, 0o755])
def test_a_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    path.touch()
    path.chmod(mode)
    with replacing(path) as file:
        (temporary,) = (x for x in tmp_path.iterdir() if x != path)
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
        file.write(b"x")
    assert stat.S_IMODE(path.stat().st_mode) == mode


@posix
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o007])
def test_a_new_file_has_the_permissions_of_new_files(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write(tmp_path / "file", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~mask


@as_root
def test_a_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    os.chown(path, OTHER_USER, OTHER_USER)
    write(path, b"x")
    assert (path.stat().st_uid, path.stat().st_gid) == (OTHER_USER, OTHER_USER)


def make_folder(path: Path) -> None:
    path.mkdir()


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_device(path: Path) -> None:
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3))  # a null device of our own


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (make_folder, "a folder"),
        pytest.param(make_pipe, "a pipe", marks=posix),
        pytest.param(make_device, "a device", marks=as_root),
    ],
)
@pytest.mark.parametrize("through_link", [False, pytest.param(True, marks=posix)])
def test_what_is_no_file_is_not_replaced(
    tmp_path: Path, make: Callable[[Path], None], kind: str, through_link: bool
) -> None:
    path = given = tmp_path / "thing"
    try:
        make(path)
    except PermissionError:
        pytest.skip("this container makes no device nodes")
    if through_link:
        given = tmp_path / "link"
        given.symlink_to(path)
    before = path.lstat()
    for use in (lambda: write(given, b"x"), lambda: require_writable(given)):
        with pytest.raises(OSError, match=f"thing' is {kind}, not a file"):
            use()
    assert os.path.samestat(path.lstat(), before)
    assert {*left_in(tmp_path)} <= {"thing", "link"}


@posix
def test_what_may_not_be_written_is_refused_in_time(tmp_path: Path) -> None:
    """As a user who is not root, for root may write everywhere."""
    code = """
import os, sys
from pathlib import Path
from dualtape.files import replacing, require_writable
os.chdir(sys.argv[1])  # from here on paths are relative: the folders above are closed to the other user
if os.geteuid() == 0:
    os.setgid(65534), os.setuid(65534)
for path in Path("closed/file"), Path("open/kept"):
    for use in (require_writable, lambda path: replacing(path).__enter__()):
        try:
            use(path)
        except PermissionError as failure:
            print("refused")
"""
    tmp_path.chmod(0o755)
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed").chmod(0o555)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "open" / "kept").touch(0o444)
    process = run(code, tmp_path)
    assert process.communicate()[0].split() == ["refused"] * 4
    assert left_in(tmp_path / "closed") == []
    assert left_in(tmp_path / "open") == ["kept"]


@posix
def test_what_killed_writers_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    code = """
import sys, time
from dualtape.files import replacing
with replacing(sys.argv[1]) as file:
    file.write(b"half"), file.flush()
    print("writing", flush=True)
    time.sleep(60)
"""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    others = [".file.tmp", ".file.12345.tmp", ".file.0123456789abcdef.tm", ".other.0123456789abcdef.tmp"]
    for name in others:
        (tmp_path / name).touch()
    killed, living = run(code, path), run(code, path)
    try:
        for process in (killed, living):
            assert process.stdout is not None
            assert process.stdout.readline() == "writing\n"
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert path.read_bytes() == b"old"
        write(path, b"new")
        assert path.read_bytes() == b"new"
        assert len(left_in(tmp_path)) == len(others) + 2  # the file, and what the living one is writing
    finally:
        for process in (killed, living):
            process.kill()
            process.communicate()
    write(path, b"newer")
    assert left_in(tmp_path) == sorted([*others, "file"])


@posix
def test_a_disk_that_is_full_changes_nothing(tmp_path: Path) -> None:
    code = """
import resource, signal, sys
from dualtape.files import replacing
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with replacing(sys.argv[1]) as file:
        file.write(bytes(2000))
except OSError as failure:
    print(failure.strerror)
"""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    assert run(code, path).communicate()[0] == "File too large\n"
    assert path.read_bytes() == b"old"
    assert left_in(tmp_path) == ["file"]
