"""``python -m tests.mutation``: spoil every rule of the catalogue in turn, and print how many the suite notices."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .equivalent import argument, unused
from .sites import Mutant, mutants

ROOT = Path(__file__).parents[2]
# The tests that speak of the catalogue's primitives; they run until the first failure, so the order matters little.
SUITE = (
    "tests/primitives",
    "tests/devices/test_opencl_catalogue.py",
    "tests/devices/test_opencl_integers.py",
    "tests/devices/test_opencl_kernels.py",
    "tests/autodiff/test_batching.py",
    "tests/autodiff/test_strict.py",
    "tests/functions",
)
# A mutant hangs that has used the processor for so long, however busy the machine is, or has waited for very long.
SECONDS_OF_WORK, SECONDS = 60, 1200


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only each so-manyth mutant")
    parser.add_argument("--only", default="", help="only mutants whose name contains this text")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--list", action="store_true", help="print every mutant and its fate")
    options = parser.parse_args()
    every = list(mutants())
    if stale := unused(every):
        print("these claims of equivalence fit no mutant any more:", *stale, sep="\n")
        return 1
    chosen = [i for i, mutant in enumerate(every) if options.only in mutant.name][:: options.every]
    with ThreadPoolExecutor(options.workers) as pool:
        shares = pool.map(fates, [chosen[i :: options.workers] for i in range(options.workers)])
    found = {number: fate for share in shares for number, fate in share.items()}
    return report([(every[number], found[number]) for number in chosen], options.list)


def fates(numbers: list[int]) -> dict[int, str]:
    """What became of these mutants; a session that crashes or hangs is a kill, and another one goes on behind it."""
    found: dict[int, str] = {}
    while left := [number for number in numbers if number not in found]:
        with tempfile.TemporaryDirectory() as folder:
            log, output = Path(folder) / "log", Path(folder) / "output"
            log.touch()
            command = [sys.executable, "-m", "tests.mutation.session", str(log), ",".join(map(str, left)), *SUITE]
            with output.open("w") as stream:
                session = subprocess.Popen(command, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT)
                _wait(session, log)
            ends: dict[int, str] = dict(json.loads(line) for line in log.read_text().splitlines())
            begun = [number for number, what in ends.items() if what == "begun"]
            if not ends or (begun and session.returncode == pytest.ExitCode.USAGE_ERROR):
                raise SystemExit(output.read_text())
            found |= ends | dict.fromkeys(begun, "killed by a crash or by hanging")
    return found


def _wait(session: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for the end of a session, and end it when a mutant takes too long."""
    size, since, work = 0, time.monotonic(), 0.0
    while session.poll() is None:
        time.sleep(0.2)
        if log.stat().st_size != size:
            size, since, work = log.stat().st_size, time.monotonic(), _work(session)
        elif time.monotonic() - since > SECONDS or _work(session) - work > SECONDS_OF_WORK:
            session.kill()


def _work(session: subprocess.Popen[bytes]) -> float:
    """Seconds for which a process has used the processor; those of the clock where that cannot be known."""
    try:
        fields = Path(f"/proc/{session.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return time.monotonic()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report(found: list[tuple[Mutant, str]], everything: bool) -> int:
    """Print the score and the survivors; 1 if there are any, or a claim that a mutant is equivalent is wrong."""
    wrong = 0
    killed = equivalent = 0
    for mutant, fate in found:
        reason = argument(mutant)
        if fate == "equivalent":
            equivalent += 1
        elif fate == "survived":
            wrong += 1
            print(f"SURVIVED {mutant.name}")
        elif reason is not None:
            wrong += 1
            print(f"NOT EQUIVALENT {mutant.name}: {fate}, although {reason}")
        else:
            killed += 1
        if everything:
            print(f"{fate:12} {mutant.name}" + (f"  [{reason}]" if reason else ""))
    judged = len(found) - equivalent
    score = 100 * killed / judged if judged else 100.0
    print(f"mutation score {score:.1f} %: {killed} of {judged} mutants killed, {equivalent} more change no meaning")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
