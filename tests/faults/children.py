"""Programs that run in a process of their own, and are ended when they hang."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Ended(NamedTuple):
    """How a program ended: its exit status (negative: the signal), and what it wrote; None where it hung."""

    status: int | None
    output: str


def run_program(program: str, *arguments: str, seconds: float = 60.0) -> Ended:
    """Run Python code, and end it with all its children if it takes longer."""
    command = [sys.executable, "-c", program, *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return Ended(None, output)
    return Ended(process.returncode, output)
