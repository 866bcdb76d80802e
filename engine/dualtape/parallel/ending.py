"""A rank that fails ends the whole job: the others would wait for it without end."""

from __future__ import annotations

import sys
import time
import traceback
from types import TracebackType
from typing import Any, NoReturn

# So long a rank that is not the first waits with its own error: one that all have is told by the first alone.
_LATER = 1.0
_FAILED, _INTERRUPTED = 1, 130
_watched: list[Any] = []


def end_together(comm: Any) -> None:
    """From now on, what no one catches in this process is printed with its rank, and ends all others."""
    if _watched:
        return
    _watched.append(comm)
    before = sys.excepthook

    def end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            before(kind, error, trace)
            _end_job(comm, "", _INTERRUPTED)
        _end_job(comm, "".join(traceback.format_exception(kind, error, trace)), _FAILED)

    sys.excepthook = end


def fail(message: str) -> NoReturn:
    """Print why, and end this process with the exit code 1, and all others of its job.

    What all processes say is printed once, with no word of ranks.
    """
    if _watched:
        comm = _watched[0]
        if comm.Get_rank():
            time.sleep(_LATER)
            message = f"rank {comm.Get_rank()}: {message}"
        print(message, file=sys.__stderr__, flush=True)
        comm.Abort(_FAILED)
    else:
        print(message, file=sys.stderr)
    raise SystemExit(_FAILED)


def _end_job(comm: Any, text: str, code: int) -> None:
    rank = comm.Get_rank()
    if rank:
        time.sleep(_LATER)
    if text:
        head = f"rank {rank} of {comm.Get_size()} has failed, which ends the job:"
        print(f"{head}\n{text}", file=sys.__stderr__, flush=True)
    comm.Abort(code)
