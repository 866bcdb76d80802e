"""Files that were damaged, and writers of files that are killed, meet or find the disk full: no number is wrong."""

from __future__ import annotations

import os
import random
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import dualtape as dt
from dualtape import nn, optim
from dualtape.errors import CheckpointError
from faults.children import run_program
from faults.registry import Counts, injection

SILENT, LOST, RECOVERED = Counts(silent=1), Counts(lost=1), Counts(recovered=1)


def network(seed: int) -> optim.Optimizer:
    """A network with all that Adam keeps of it."""
    return optim.Adam(nn.MLP(2, 1, width=6, depth=2, seed=seed).trainable_params())


def bits(cell: nn.Cell) -> list[bytes]:
    return [p.asnumpy().tobytes() for p in cell.get_parameters()]


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def loads(path: Path, whole: bytes, damage: Callable[[bytearray, random.Random], None], times: int) -> Counts:
    """Load a damaged file so many times into a network that must not change."""
    chance, fresh = random.Random(0), network(seed=1)
    before, found = bits(fresh), Counts()
    for _ in range(times):
        content = bytearray(whole)
        damage(content, chance)
        path.write_bytes(content)
        try:
            dt.load_checkpoint(path, fresh)
            found += RECOVERED if content == whole else SILENT
        except CheckpointError:
            found += RECOVERED if bits(fresh) == before else LOST
        except Exception:
            found += LOST
    return found


def damaged(damage: Callable[[bytearray, random.Random], None], times: int) -> Counts:
    with folder() as place:
        path = place / "net.safetensors"
        dt.save_checkpoint(network(seed=0), path, metadata={"step": 7, "note": ["é", None]})
        return loads(path, path.read_bytes(), damage, times)


@injection("files cut short", full=2000, few=100)
def cut_files(times: int) -> Counts:
    def cut(content: bytearray, chance: random.Random) -> None:
        del content[chance.randrange(len(content)) :]

    return damaged(cut, times)


@injection("bits that flip in files", full=4000, few=200)
def flipped_bits(times: int) -> Counts:
    def flip(content: bytearray, chance: random.Random) -> None:
        for _ in range(chance.choice([1, 1, 1, 2, 3])):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)

    return damaged(flip, times)


@injection("pages of zeros in files", full=1000, few=50)
def zeroed_pages(times: int) -> Counts:
    """As a crash of the machine leaves them."""

    def clear(content: bytearray, chance: random.Random) -> None:
        start = chance.randrange(len(content))
        end = min(len(content), start + chance.choice([8, 64, 512, 4096]))
        # Where zeros were zeros come again: one is made sure to be another.
        content[start:end] = bytes(end - start)
        content[start] ^= 1 + chance.randrange(255)

    return damaged(clear, times)


@injection("savers of one file at one time", full=400, few=16)
def savers(times: int) -> Counts:
    """Four threads save and load one file; whatever is loaded is what one of them saved."""
    found: list[Counts] = []
    states = [{"x": dt.Tensor(np.full(20_000, i)), "y": dt.Tensor(np.full(7, i))} for i in range(4)]
    with folder() as place:
        path = place / "net.safetensors"
        dt.save_checkpoint(states[0], path)

        def work(state: dict[str, dt.Tensor]) -> None:
            for _ in range(max(1, times // 4)):
                try:
                    dt.save_checkpoint(state, path)
                    loaded = dt.load_checkpoint(path)
                    values = {*loaded["x"].asnumpy().tolist(), *loaded["y"].asnumpy().tolist()}
                    found.append(RECOVERED if len(values) == 1 else SILENT)
                except Exception:
                    found.append(LOST)

        threads = [threading.Thread(target=work, args=[state]) for state in states]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        left = [path.name for path in place.iterdir()]
    return sum(found, Counts()) + (Counts() if left == ["net.safetensors"] else LOST)


@injection("links planted where a file is written", full=200, few=10)
def planted_links(times: int) -> Counts:
    """For each name that older versions used, and that chance may give: what they lead to is never written."""
    chance, found, saved = random.Random(0), Counts(), {"x": dt.Tensor([1.0])}
    for _ in range(times):
        with folder() as place:
            victim, path = place / "victim", place / "net.safetensors"
            victim.write_bytes(b"precious")
            names = [f".{path.name}.{os.getpid()}.tmp", f".{path.name}.tmp", f"{path.name}.tmp"]
            names += [f".{path.name}.{chance.getrandbits(64):016x}.tmp" for _ in range(20)]
            for name in names:
                (place / name).symlink_to(victim)
            dt.save_checkpoint(saved, path)
            is_whole = not path.is_symlink() and dt.load_checkpoint(path)["x"].tolist() == [1.0]
            found += RECOVERED if is_whole and victim.read_bytes() == b"precious" else LOST
    return found


# In a process of their own, which forks a child for each fault: it has loaded no OpenCL, so forks lose nothing.
PRELUDE = """
import os, random, resource, signal, subprocess, sys, tempfile, time
from pathlib import Path
import numpy as np
import dualtape as dt
from dualtape import nn, pinn

times, chance = int(sys.argv[1]), random.Random(0)
silent = lost = recovered = 0
place = Path(tempfile.mkdtemp(dir=sys.argv[2]))
path = place / "net.safetensors"


def forked(work):
    '''The process of a child that does it, and ends with 0 if nothing is raised.'''
    child = os.fork()
    if child:
        return child
    try:
        status = work() or 0
    except BaseException as failure:
        print(type(failure).__name__, failure, file=sys.stderr)
        status = 1
    os._exit(status)


def status_of(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed(work, latest):
    child = forked(work)
    time.sleep(chance.random() * latest)
    os.kill(child, signal.SIGKILL)
    status_of(child)


def save(i, size=30_000):
    dt.save_checkpoint({"x": dt.Tensor(np.full(size, i)), "y": dt.Tensor(np.full(3, i))}, path, metadata={"i": i})


def what_is_there():
    '''The number that a whole file holds everywhere.'''
    loaded = dt.load_checkpoint(path)
    values = {*loaded["x"].asnumpy().tolist(), *loaded["y"].asnumpy().tolist(), loaded.metadata["i"]}
    return int(values.pop()) if len(values) == 1 else None
"""

KILLED_SAVES = """
def work():
    for i in range(before + 1, before + 1000):
        save(i)

save(0)
for _ in range(times):
    before = what_is_there()
    killed(work, 0.05)
    try:
        after = what_is_there()
        if after is None or after < before:
            silent += 1
            continue
    except dt.errors.CheckpointError:
        lost += 1
        continue
    save(after + 1)
    recovered += os.listdir(place) == [path.name]
    lost += os.listdir(place) != [path.name]
"""

KILLED_TRAINING = """
GROWTH = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x - u, [pinn.dirichlet(1.0, on="x-")])

def train(resume, seed, **options):
    net = nn.MLP(1, 1, width=6, depth=1, dtype=dt.float64, seed=seed)
    options |= {"points": 20, "resample": 20, "checkpoint": path, "resume": resume}
    options["optimizer"] = pinn.Adam(20) >> pinn.SSBroyden(40)
    solution = pinn.solve(GROWTH, net, progress=False, **options)
    return [p.asnumpy().tobytes() for p in net.trainable_params()], solution.history.terms.tobytes()

def resumed():
    return 0 if train(True, 5) == expected else 2

with dt.device("host"):
    began = time.monotonic()
    expected = train(False, 0)
    took = time.monotonic() - began
    for _ in range(times):
        path.unlink(missing_ok=True)
        killed(lambda: train(False, 0, checkpoint_seconds=1e-9) and 0, took)
        if not path.exists():  # it was killed before its first checkpoint
            recovered += os.listdir(place) == [] or all(name.startswith(".") for name in os.listdir(place))
            continue
        status = status_of(forked(resumed))
        silent += status == 2
        lost += status not in (0, 2)
        recovered += status == 0
"""

FULL_DISKS = """
def limited():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    save(before + 1)

save(0)
size = path.stat().st_size
for _ in range(times):
    before, room = what_is_there(), chance.randrange(int(1.1 * size))
    status = status_of(forked(limited))
    after = what_is_there()
    expected = before if status else before + 1
    silent += after != expected
    recovered += after == expected and os.listdir(place) == [path.name]
    lost += after == expected and os.listdir(place) != [path.name]
"""

FULL_TMPFS = """
small = place / "small"
small.mkdir()
if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], capture_output=True).returncode:
    print("no mounts")
else:
    try:
        path, filler = small / "net.safetensors", small / "filler"
        save(0)
        for _ in range(times):
            before = what_is_there()
            filler.write_bytes(bytes(chance.randrange(200_000, 520_000)))
            try:
                save(before + 1)
                expected = before + 1
            except dt.errors.CheckpointError as failure:
                expected = before
                assert "No space left on device" in str(failure), failure
            filler.unlink()
            left = os.listdir(small)
            silent += what_is_there() != expected
            recovered += what_is_there() == expected and left == [path.name]
            lost += what_is_there() == expected and left != [path.name]
    finally:
        subprocess.run(["umount", small], check=True)
"""

EPILOGUE = """
import shutil
shutil.rmtree(place)
print("counts", silent, lost, recovered)
"""


def in_a_process(program: str, times: int) -> Counts:
    """What the program counts; where it dies, all is lost."""
    with folder() as place:
        ended = run_program(PRELUDE + program + EPILOGUE, str(times), str(place), seconds=60 + 5 * times)
    last = ended.output.strip().splitlines()[-1:]
    if ended.status != 0 or not last or not last[0].startswith("counts"):
        print(ended.output)
        return Counts(lost=times)
    return Counts(*map(int, last[0].split()[1:]))


@injection("kill -9 while a file is saved", full=300, few=8)
def killed_saves(times: int) -> Counts:
    return in_a_process(KILLED_SAVES, times)


@injection("kill -9 while a network is trained", full=100, few=4)
def killed_training(times: int) -> Counts:
    return in_a_process(KILLED_TRAINING, times)


@injection("a disk that is full by a limit", full=300, few=8)
def full_disks(times: int) -> Counts:
    return in_a_process(FULL_DISKS, times)


@injection("a disk that is full", full=300, few=8)
def full_tmpfs(times: int) -> Counts:
    """A small disk of its own; where nobody but root makes one, the limit of a process again."""
    found = in_a_process(FULL_TMPFS, times)
    return found if found.injections else full_disks(times)
