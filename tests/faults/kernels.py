"""Compiled kernels that were damaged on the disk, and folders that cannot be used: kernels run, with one warning."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from faults.children import run_program
from faults.registry import Counts, injection

PROGRAM = """
import os, sys, warnings
store, home = sys.argv[1:]
os.environ["DUALTAPE_CACHE_DIR"] = store
if not store:
    del os.environ["DUALTAPE_CACHE_DIR"]
os.environ["HOME"] = home
os.environ.pop("XDG_CACHE_HOME", None)
import dualtape as dt
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    with dt.device("opencl"):
        x = dt.Tensor([0.0, 20.0, -20.0])
        print(dt.ops.tanh(x).tolist() + [(x * 2 + 1).sum().item()], len(seen) <= 1)
"""
EXPECTED = "[0.0, 1.0, -1.0, 3.0] True\n"


def flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def cut(path: Path, chance: random.Random) -> None:
    os.truncate(path, chance.randrange(path.stat().st_size))


def noise(path: Path, chance: random.Random) -> None:
    path.write_bytes(chance.randbytes(path.stat().st_size))


def empty(path: Path, chance: random.Random) -> None:
    path.write_bytes(b"")


def longer(path: Path, chance: random.Random) -> None:
    path.write_bytes(path.read_bytes() + chance.randbytes(100))


def exchange(path: Path, chance: random.Random) -> None:
    """For another program's."""
    other = chance.choice(sorted(path.parent.glob("*.kernel")))
    first, second = path.read_bytes(), other.read_bytes()
    path.write_bytes(second)
    other.write_bytes(first)


def remove(path: Path, chance: random.Random) -> None:
    path.unlink()


def become_a_folder(path: Path, chance: random.Random) -> None:
    path.unlink()
    path.mkdir()
    (path / "inside").touch()


def become_a_pipe(path: Path, chance: random.Random) -> None:
    path.unlink()
    os.mkfifo(path)


def become_a_link(path: Path, chance: random.Random) -> None:
    path.rename(path.with_suffix(".moved"))
    path.symlink_to(path.with_suffix(".moved"))


def become_a_loop(path: Path, chance: random.Random) -> None:
    path.unlink()
    path.symlink_to(path)


def become_closed(path: Path, chance: random.Random) -> None:
    path.chmod(0)


def be_given_away(path: Path, chance: random.Random) -> None:
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)


def be_old(path: Path, chance: random.Random) -> None:
    os.utime(path, (0, 0))


def leave_a_torn_write(path: Path, chance: random.Random) -> None:
    path.with_name(f".{path.name}.{chance.getrandbits(64):016x}.tmp").write_bytes(path.read_bytes()[:50])


def leave_a_dead_process(path: Path, chance: random.Random) -> None:
    folder = path.parent / "running" / "dualtape-work-dead"
    (folder / "AB").mkdir(parents=True, exist_ok=True)


def open_the_store(path: Path, chance: random.Random) -> None:
    path.parent.chmod(0o777)


def give_the_store_away(path: Path, chance: random.Random) -> None:
    if os.geteuid() == 0:
        os.chown(path.parent, 65534, 65534)


def replace_the_store_by_a_file(path: Path, chance: random.Random) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_bytes(b"no folder")


def replace_the_store_by_a_link(path: Path, chance: random.Random) -> None:
    if not path.parent.is_symlink():
        path.parent.rename(path.parent.with_name("elsewhere"))
        path.parent.symlink_to(path.parent.with_name("elsewhere"))


DAMAGES: list[Callable[[Path, random.Random], None]] = [
    flip, cut, noise, empty, longer, exchange, remove, become_a_folder, become_a_pipe, become_a_link, become_a_loop,
    become_closed, be_given_away, be_old, leave_a_torn_write, leave_a_dead_process, open_the_store,
    give_the_store_away, replace_the_store_by_a_file, replace_the_store_by_a_link,
]  # fmt: skip


def outcome(store: str, home: str) -> Counts:
    ended = run_program(PROGRAM, store, home)
    if ended.status == 0 and ended.output == EXPECTED:
        return Counts(recovered=1)
    print(ended)
    return Counts(silent=1) if ended.status == 0 else Counts(lost=1)


@injection("compiled kernels damaged, in 20 ways", full=60, few=2)
def damaged_kernels(times: int) -> Counts:
    """Every kernel in the store is damaged in one way; then the store must be whole again for a process after it."""
    chance, found = random.Random(0), Counts()
    with tempfile.TemporaryDirectory() as name:
        whole = Path(name) / "whole"
        found += outcome(str(whole), name)
        for i in range(times - 1):
            place = Path(tempfile.mkdtemp(dir=name))
            store = Path(shutil.copytree(whole, place / "store"))
            for path in sorted(store.glob("*.kernel")):
                if path.exists() or path.is_symlink():
                    DAMAGES[i % len(DAMAGES)](path, chance)
            found += outcome(str(store), name)
    return found


HOMES = ["", "/proc/nowhere", "/dev/null", "/nonexistent", "relative"]


@injection("no home folder", full=20, few=1)
def homeless(times: int) -> Counts:
    return sum((outcome("", HOMES[i % len(HOMES)]) for i in range(times)), Counts())
