"""Compiled kernels on the disk: whatever happened to them, a driver sees only what was kept, and kernels run."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dualtape.devices.opencl import folders
from dualtape.devices.opencl.folders import Folders, make_folders
from dualtape.devices.opencl.kernel_cache import KernelCache, key_of, prune

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="PoCL has no such folders there")

OTHER_USER = 65534
FOLDER = "AB/CDEFGH"
CONTENT = {"program.bc": b"intermediate", "dt_add/16-1-1/dt_add.so": b"machine code" * 100}
KEY = key_of("source", [], "device")


class Driver:
    """Keeps what it compiles in its folder, as PoCL does, and says what it found there."""

    def __init__(self, work: Path, content: dict[str, bytes] = CONTENT, folder: str = FOLDER) -> None:
        self.folder, self.content = work / folder, content
        self.found: dict[str, bytes] = {}
        self.compiled = 0

    def build(self) -> str:
        self.found = {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
        }
        self.compiled += self.found != self.content
        for name, content in self.content.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(content)
        return "built"

    def finish(self) -> None:
        """As a queue does."""


def process(store: Path | None, place: Path, **options: Any) -> tuple[KernelCache, Driver]:
    """What a process has: a cache, and a driver that works in its folder."""
    work = place / f"work{len([*place.iterdir()])}"
    work.mkdir()
    return KernelCache(Folders(store, work, "")), Driver(work, **options)


def run(store: Path | None, place: Path, **options: Any) -> Driver:
    cache, driver = process(store, place, **options)
    assert cache.build(driver, KEY, driver.build) == "built"
    cache.close()
    assert not cache.work.exists()
    return driver


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def kept(store: Path, tmp_path: Path) -> Path:
    """The file of a program that another process has compiled."""
    assert run(store, tmp_path).compiled == 1
    (file,) = store.iterdir()
    return file


def test_what_one_process_compiled_the_next_one_finds(kept: Path, store: Path, tmp_path: Path) -> None:
    driver = run(store, tmp_path)
    assert driver.found == CONTENT
    assert driver.compiled == 0
    assert [*store.iterdir()] == [kept]


def test_what_a_killed_process_compiled_is_kept_from_the_next_build_on(store: Path, tmp_path: Path) -> None:
    cache, driver = process(store, tmp_path)
    cache.build(driver, KEY, driver.build)
    other = Driver(cache.work, folder="XY/Z")
    cache.build(other, key_of("other", [], "device"), other.build)
    assert run(store, tmp_path).compiled == 0  # without a close of the first


def test_more_kernels_of_a_program_are_kept_too(kept: Path, store: Path, tmp_path: Path) -> None:
    more = CONTENT | {"dt_add/1-1-1/dt_add.so": b"more"}
    assert run(store, tmp_path, content=more).found == CONTENT
    assert run(store, tmp_path, content=more).found == more


def test_another_source_option_or_device_is_another_program() -> None:
    keys = {key_of(*x) for x in [("a", [], "b"), ("b", [], "b"), ("a", ["-w"], "b"), ("a", [], "c"), ("", ["a"], "b")]}
    assert len(keys) == 5


def flip(at: int) -> Callable[[Path], object]:
    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[at] ^= 4
        path.write_bytes(content)

    return damage


def cut(share: float) -> Callable[[Path], object]:
    return lambda path: os.truncate(path, int(path.stat().st_size * share))


def replace_by(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


def link_elsewhere(path: Path) -> None:
    path.rename(path.with_suffix(".moved"))
    path.symlink_to(path.with_suffix(".moved"))


def take_another(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(KEY.encode(), key_of("other", [], "device").encode()))


def give_away(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(path, OTHER_USER, OTHER_USER)


def lead_outside(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"AB/CDEFGH", b"../CDEFGH"))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "flipped length": flip(0),
    "flipped header": flip(20),
    "flipped text": flip(200),
    "flipped code": flip(-1),
    "flipped elsewhere": flip(-500),
    "empty": cut(0),
    "cut in the length": cut(0.002),
    "cut in the header": cut(0.2),
    "cut in the code": cut(0.8),
    "cut by little": cut(0.999),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"more"),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "text": lambda path: path.write_text("not a kernel"),
    "machine code": lambda path: path.write_bytes(b"\x7fELF" + os.urandom(500)),
    "a folder": replace_by(Path.mkdir),
    "a pipe": replace_by(os.mkfifo),
    "a link": link_elsewhere,
    "of another program": take_another,
    "of another user": give_away,
    "names outside": lead_outside,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_kernel_is_compiled_anew(
    damage: Callable[[Path], object], kept: Path, store: Path, tmp_path: Path
) -> None:
    damage(kept)
    with pytest.warns(
        RuntimeWarning, match=r"the compiled kernel .*\.kernel cannot be used and is compiled anew"
    ) as seen:
        driver = run(store, tmp_path)
    assert len([x for x in seen if "cannot be used" in str(x.message)]) == 1
    assert driver.found == {}
    assert driver.compiled == 1


@pytest.mark.parametrize("name", [name for name in DAMAGES if name != "a folder"])
def test_a_damaged_kernel_is_made_good(name: str, kept: Path, store: Path, tmp_path: Path) -> None:
    DAMAGES[name](kept)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run(store, tmp_path)
    assert run(store, tmp_path).compiled == 0


def test_a_store_that_cannot_be_written_to_is_done_without(kept: Path, store: Path, tmp_path: Path) -> None:
    kept.unlink()
    store.rmdir()
    with pytest.warns(RuntimeWarning, match="compiled kernels are not kept in"):
        assert run(store, tmp_path).compiled == 1


def test_one_warning_is_enough(store: Path, tmp_path: Path) -> None:
    keys = [key_of(str(i), [], "device") for i in range(5)]
    for key in keys:
        (store / f"{key}.kernel").write_text("damaged")
    cache, driver = process(store, tmp_path)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for key in keys:
            cache.build(driver, key, driver.build)
    assert len(seen) == 1


def test_a_full_disk_is_an_error_before_the_driver_finds_out(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, driver = process(store, tmp_path)
    full = os.statvfs_result((4096, 4096, 100, 0, 0, 0, 0, 0, 0, 255))
    monkeypatch.setattr("os.statvfs", lambda _: full)
    with pytest.raises(RuntimeError, match="the disk is full"):
        cache.build(driver, KEY, driver.build)
    assert driver.compiled == 0


def test_the_oldest_kernels_go_first(store: Path) -> None:
    for i in range(10):
        (store / f"{i}.kernel").write_bytes(bytes(100))
        os.utime(store / f"{i}.kernel", (i, i))
    (store / "torn.tmp").touch()
    os.utime(store / "torn.tmp", (0, 0))
    (store / "other").touch()
    prune(store, most=1000)
    assert len([*store.iterdir()]) == 11
    prune(store, most=800)
    assert sorted(path.name for path in store.iterdir()) == [
        "4.kernel",
        *(f"{i}.kernel" for i in range(5, 10)),
        "other",
    ]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine on which only this folder can be used."""
    monkeypatch.delenv("DUALTAPE_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "home").mkdir()
    return tmp_path


def test_kernels_are_kept_in_the_users_own_cache(place: Path) -> None:
    made = make_folders()
    assert made.store is not None
    assert made.store.is_relative_to(place / "home")
    assert made.work.is_relative_to(made.store)
    assert made.remark == ""
    for folder in (made.store, made.work):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_user_may_say_where(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUALTAPE_CACHE_DIR", str(place / "mine"))
    assert make_folders().store == place / "mine"


def no_home(place: Path) -> None:
    (place / "home").rmdir()


def home_is_a_file(place: Path) -> None:
    (place / "home").rmdir()
    (place / "home").touch()


def cache_is_a_file(place: Path) -> None:
    (place / "home" / ".cache").touch()


def cache_of_another_user(place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives folders away")
    (place / "home" / ".cache" / "dualtape").mkdir(parents=True)
    os.chown(place / "home" / ".cache" / "dualtape", OTHER_USER, OTHER_USER)


@pytest.mark.skipif(sys.platform != "linux", reason="says where Linux has its caches")
@pytest.mark.parametrize("spoil", [no_home, home_is_a_file, cache_is_a_file, cache_of_another_user])
def test_without_a_cache_of_ones_own_there_is_a_private_one_and_a_line(
    place: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(place)
    made = make_folders()
    assert made.store is None
    assert made.work.parent == place / "temporary"
    assert stat.S_IMODE(made.work.stat().st_mode) == 0o700
    assert f"OpenCL kernels are kept in {made.work}" in made.remark
    assert len(made.remark.splitlines()) == 1


def test_a_cache_that_others_may_write_to_is_closed(place: Path) -> None:
    first = make_folders().store
    assert first is not None
    first.chmod(0o777)
    assert make_folders().store == first
    assert stat.S_IMODE(first.stat().st_mode) == 0o700


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_disk_without_room_or_without_code_is_not_used(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs

    def statvfs(path: Any) -> os.statvfs_result:
        found = list(real(path))
        if not str(path).startswith(str(place / "temporary")):
            found[8 if "home" in str(path) else 4] = os.ST_NOEXEC if "home" in str(path) else 0
        return os.statvfs_result(found)

    monkeypatch.setattr("os.statvfs", statvfs)
    made = make_folders()
    assert made.store is not None
    assert made.work.parent == place / "temporary"
    monkeypatch.setattr(folders, "_LEAST_ROOM", 1 << 62)
    with pytest.raises(OSError, match=r"no place for compiled kernels .* the disk is full"):
        make_folders()


def test_folders_of_killed_processes_are_removed(place: Path) -> None:
    code = "from dualtape.devices.opencl.folders import make_folders as m; import time; print(m().work, flush=True)"
    living = subprocess.Popen([sys.executable, "-c", f"{code}; time.sleep(60)"], stdout=subprocess.PIPE, text=True)
    try:
        assert living.stdout is not None
        busy = Path(living.stdout.readline().strip())  # first: it would remove the other one
        dead = Path(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip())
        assert dead.is_dir()
        (dead / "AB").mkdir()
        (busy.parent / "dualtape-work-planted").symlink_to(place / "temporary")
        make_folders()
        assert not dead.exists()
        assert busy.is_dir()
        assert (place / "temporary").is_dir()
    finally:
        living.kill()
        living.communicate()


TWO_KERNELS = """
import warnings, sys
import dualtape as dt
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    with dt.device("opencl"):
        print(dt.ops.tanh(dt.Tensor([0.0, 20.0])).tolist())
for warning in seen:
    print(warning.message)
"""


def output_of(code: str, **environment: str) -> str:
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    return found.stdout


@pytest.mark.opencl
def test_without_home_and_path_opencl_works_and_one_line_says_where_kernels_are() -> None:
    """OpenCL was gone, and the message said to install it."""
    first, *others = output_of(TWO_KERNELS, HOME="/proc/nowhere").splitlines()
    assert first == "[0.0, 1.0]"
    assert len(others) == 1
    assert re.match(r"OpenCL kernels are kept in \S+/dualtape-work-", others[0])


@pytest.mark.opencl
def test_damaged_kernels_of_a_real_driver_are_compiled_anew(tmp_path: Path) -> None:
    """Aborts, SIGBUS and SIGSEGV were what came of it."""
    store = {"DUALTAPE_CACHE_DIR": str(tmp_path / "store"), "PATH": os.defpath}
    assert output_of(TWO_KERNELS, **store) == "[0.0, 1.0]\n"
    files = sorted((tmp_path / "store").glob("*.kernel"))
    assert files
    for file, damage in zip(files, [flip(-100), cut(0.9)], strict=False):
        damage(file)
    first, *others = output_of(TWO_KERNELS, **store).splitlines()
    assert first == "[0.0, 1.0]"
    assert len(others) == 1
    assert "cannot be used and is compiled anew" in others[0]
    assert output_of(TWO_KERNELS, **store) == "[0.0, 1.0]\n"


@pytest.mark.opencl
def test_the_users_own_folder_for_pocl_is_used(tmp_path: Path) -> None:
    environment = {"POCL_CACHE_DIR": str(tmp_path / "mine"), "DUALTAPE_CACHE_DIR": str(tmp_path / "store")}
    assert output_of(TWO_KERNELS, **environment) == "[0.0, 1.0]\n"
    assert [*(tmp_path / "mine").glob("*/*/dt_map_tanh")]
    assert not (tmp_path / "store").exists()
