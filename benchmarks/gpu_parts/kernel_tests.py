"""Part: the repository's tests of kernels on the device, one result each; as many as there is time for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

from gpu_parts.part import Spec, tell

ROOT = Path(__file__).parent.parent.parent
FIRST = "tests/devices/test_every_kernel.py"
LATER = (
    "tests/devices/test_opencl_device.py",
    "tests/compiler/test_resident.py",
    "tests/compiler/test_sums.py",
    "tests/devices/test_opencl_kernels.py",
    "tests/devices/test_opencl_catalogue.py",
)
_RESULT = re.compile(r"\b(PASSED|FAILED|ERROR|SKIPPED|XFAIL)\b")
_NAMED = re.compile(r"tests/\S+::.*?(?=\s+(?:PASSED|FAILED|ERROR|SKIPPED|XFAIL)|\s*$)")


def run(spec: Spec) -> None:
    if find_spec("pytest") is None:
        tell({"skipped": "the kernels' tests: pip install pytest"})
        return
    files = [file for file in (FIRST, *(() if spec.quick else LATER)) if (ROOT / file).exists()]
    for file in files:
        if spec.is_over(file):
            break
        tell(results(file, spec))


def results(file: str, spec: Spec) -> dict[str, object]:
    """How many tests of a file passed and failed on the device, and which failed."""
    command = [sys.executable, "-m", "pytest", file, "-v", "--tb=line", "-p", "no:cacheprovider", "-k", spec.device]
    # As many processes as the configuration asks for need a package of their own, and take turns on one device.
    command += ["-o", "addopts=--import-mode=importlib"]
    counts: dict[str, int] = {}
    failed: list[str] = []
    reasons: list[str] = []
    ends: list[str] = []
    began = time.monotonic()
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "300"},
    )
    over = threading.Timer(max(1.0, spec.end - began), child.kill)
    over.start()
    assert child.stdout is not None
    for line in child.stdout:
        ends = [*ends[-15:], line.rstrip()]
        if "::" in line and (result := _RESULT.search(line)):
            if line.startswith(result[1]):  # the summary at the end, with reasons
                reasons.append(line.rstrip())
                continue
            counts[result[1].lower()] = counts.get(result[1].lower(), 0) + 1
            if result[1] in ("FAILED", "ERROR") and (name := _NAMED.search(line)):
                failed.append(name[0])
    child.wait()
    over.cancel()
    found: dict[str, object] = {"file": file, **counts, "seconds": round(time.monotonic() - began, 1)}
    if child.returncode < 0:
        found["unfinished"] = True
    if failed or not counts:
        found |= {"failures": (reasons or failed)[:40], "text": "\n".join(ends)}
    return found
