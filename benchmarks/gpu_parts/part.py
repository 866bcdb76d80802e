"""A part as a process: what it is told, what it tells, and how it is ended when its time is over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

Figure = dict[str, Any]


class Spec(NamedTuple):
    """What a part is told.

    Attributes
    ----------
    device
        On which this library computes.
    quick
        Small sizes and few of them, for a rehearsal.
    end
        When nothing more should be begun, by `time.monotonic`; on its way to the process the seconds until then.
    workload
        The only one to be measured; all of them if empty.
    """

    device: str
    quick: bool
    end: float
    workload: str = ""

    def is_over(self, what: str) -> bool:
        """Whether no time is left for something, which is then said."""
        over = time.monotonic() > self.end
        if over:
            tell({"skipped": what})
        return over


def tell(figure: Figure) -> None:
    """Tell the process that started this one; at once, for this one may be ended."""
    print(json.dumps(figure), flush=True)


def run_part(name: str, spec: Spec, environment: dict[str, str]) -> list[Figure]:
    """All that a part tells until ``spec.end``; what went wrong is one more figure."""
    seconds = spec.end - time.monotonic()
    # Until a fifth before, a part begins something new; what it has begun may then come to an end.
    spec = spec._replace(end=0.8 * seconds)
    path = os.pathsep.join(filter(None, (str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "gpu_parts", name, json.dumps(spec._asdict())]
    figures: list[Figure] = []
    started = time.monotonic()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        child = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **environment, "PYTHONPATH": path, "PYTHONFAULTHANDLER": "1"},
            start_new_session=True,
        )
        listener = threading.Thread(target=_listen, args=(child, name, figures), daemon=True)
        listener.start()
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            figures.append({"part": name, "skipped": f"what was not done after {seconds:.0f} s"})
        finally:
            _end(child)
        listener.join(5)
        errors.seek(0)
        said = errors.read().strip().splitlines()
    if child.returncode and child.returncode != -signal.SIGKILL:
        last = f"ended by signal {-child.returncode}" if child.returncode < 0 else "\n".join(said[-1:])
        figures.append({"part": name, "workload": spec.workload, "error": last})
        figures[-1]["text"] = "\n".join(said[-30:])
    figures.append({"part": name, "seconds": round(time.monotonic() - started, 1)})
    return figures


def _listen(child: subprocess.Popen[str], name: str, figures: list[Figure]) -> None:
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith("{"):
            print(line, end="", flush=True)
            figures.append({"part": name, **json.loads(line)})


def _end(child: subprocess.Popen[str]) -> None:
    """End a process and those that it has started."""
    if child.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
        child.wait()
