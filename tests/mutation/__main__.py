"""``python -m tests.mutation``: spoil every rule of the catalogue in turn, and print how many the suite notices."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .equivalent import argument, unused
from .record import Record
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
    "tests/random_numbers/test_keys.py",
    "tests/special_functions/test_on_host.py",
    "tests/special_functions/test_table.py",
)
# A session hangs in which nothing has happened for so long, however busy the machine is.
SECONDS = 1200


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only each so-manyth mutant")
    parser.add_argument("--only", default="", help="only mutants whose name or file matches this regular expression")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--list", action="store_true", help="print every mutant and its fate")
    parser.add_argument("--record", type=Path, default=ROOT / ".mutation", help="where results are kept, and read")
    parser.add_argument("--fresh", action="store_true", help="neither read nor keep results")
    parser.add_argument("--quick", action="store_true", help="only the tests of a mutant's own primitives, on the host")
    options = parser.parse_args()
    every = list(mutants())
    if stale := unused(every):
        print("these claims of equivalence fit no mutant any more:", *stale, sep="\n")
        return 1
    wanted = re.compile(options.only)
    numbers = [i for i, mutant in enumerate(every) if wanted.search(mutant.file + ": " + mutant.name)]
    numbers = numbers[:: options.every]
    with tempfile.TemporaryDirectory() as folder:
        record = Record(Path(folder) if options.fresh else options.record.resolve())
        known = record.fates()
        # What has survived is tried again, for there may be a new test.
        left = [i for i in numbers if not _is_known(every[i], known.get(every[i].key, ""))]
        places = {every[i].key: i for i in numbers}
        with ThreadPoolExecutor(options.workers) as pool:
            shares = [{every[i].key: every[i] for i in left[n :: options.workers]} for n in range(options.workers)]
            how = " ".join(["quick"] * options.quick + ["watching"] * (not options.fresh))
            for session in [pool.submit(run, record, share, places, how) for share in shares]:
                session.result()
        fates = record.fates()
    return report([(every[i], fates[every[i].key]) for i in numbers], options.list)


def _is_known(mutant: Mutant, fate: str) -> bool:
    return fate.startswith("killed") or (fate == "equivalent" and argument(mutant) is not None)


def run(record: Record, left: dict[str, Mutant], numbers: dict[str, int], how: str) -> None:
    """Try these mutants; one that crashes or hangs its session is killed, and another session goes on behind it."""
    while left:
        before = record.size()
        command = [sys.executable, "-m", "tests.mutation.session", str(record.folder)]
        command += [how, ",".join(str(numbers[key]) for key in left), *SUITE]
        with tempfile.TemporaryFile("w+") as output:
            session = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
            _wait(session, record)
            output.seek(0)
            said = output.read()
        fates = {key: fate for key, fate in record.fates(before).items() if key in left}
        begun = [key for key, fate in fates.items() if fate == "begun"]
        if not fates or (begun and session.returncode == pytest.ExitCode.USAGE_ERROR):
            raise SystemExit(said)
        for key in begun:
            record.tell(left[key], "killed by a crash or by hanging")
        left = {key: mutant for key, mutant in left.items() if key not in fates}


def _wait(session: subprocess.Popen[bytes], record: Record) -> None:
    """Wait for the end of a session, and end it when nothing happens for very long."""
    size, since = record.size(), time.monotonic()
    while session.poll() is None:
        time.sleep(0.2)
        if record.size() != size:
            size, since = record.size(), time.monotonic()
        elif time.monotonic() - since > SECONDS:
            session.kill()


def report(found: list[tuple[Mutant, str]], everything: bool) -> int:
    """Print the score and the survivors; 1 if there are any, or a claim that a mutant is equivalent is wrong."""
    wrong = 0
    killed = equivalent = left = 0
    for mutant, fate in found:
        reason = argument(mutant)
        if fate == "equivalent":
            equivalent += 1
        elif fate == "left":
            left += 1
            print(f"LEFT {mutant.name}")
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
    judged = len(found) - equivalent - left
    score = 100 * killed / judged if judged else 100.0
    print(f"mutation score {score:.1f} %: {killed} of {judged} mutants killed, {equivalent} more change no meaning")
    if left:
        print(f"{left} were left alive by the tests of their own primitives, and are not judged without the others")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
