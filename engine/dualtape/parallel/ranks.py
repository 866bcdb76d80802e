"""The processes of a job, and what they tell each other: sums and rows in the order of ranks."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError, DualtapeError
from dualtape.parallel.ending import end_together

# Up to so many bytes from all ranks together one message is quicker than two that carry less.
_ONE_MESSAGE = 1 << 16
# Bytes of a machine's name and the number of a process.
_LONGEST_NAME = 128
_NEEDED = ("Get_rank", "Get_size", "Allgather", "Allgatherv", "Alltoall", "Bcast", "Abort")


class OtherRankError(DualtapeError, RuntimeError):
    """Another process of the job has failed; its own error says why."""


class Ranks:
    """The processes of a job, of which this is one.

    All of them must call the same methods in the same order. A rank that fails ends the job: what no one catches is
    printed with the number of the rank, and all others are ended.

    Parameters
    ----------
    comm
        A communicator of mpi4py, such as ``MPI.COMM_WORLD``; ``None`` for this process alone.

    Attributes
    ----------
    comm
        The communicator.
    rank, size
        The number of this process, from 0, and how many there are.

    Examples
    --------
    >>> import dualtape as dt
    >>> ranks = dt.parallel.Ranks()
    >>> ranks.rank, ranks.size, ranks.share(10)
    (0, 1, slice(0, 10, None))
    """

    def __init__(self, comm: Any = None) -> None:
        if missing := [name for name in _NEEDED if comm is not None and not callable(getattr(comm, name, None))]:
            raise ArgumentTypeError(
                f"`comm` must be a communicator of mpi4py, such as MPI.COMM_WORLD; {type(comm).__name__} has no "
                f"{missing[0]!r}"
            )
        self.comm = comm
        self.rank, self.size = (0, 1) if comm is None else (int(comm.Get_rank()), int(comm.Get_size()))
        if self.size > 1:
            end_together(comm)

    @property
    def is_first(self) -> bool:
        """Whether this is the process that prints and writes files."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """Which of ``count`` rows are this rank's: as many as every other one's, or one more."""
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def sum(self, array: np.ndarray) -> np.ndarray:
        """The sum over all ranks of arrays of one shape, in Float64.

        It is added up in the order of ranks: the same bits on each rank, and in each run. It is an Allreduce whose
        order does not depend on who comes first: each rank adds up its part of the elements and tells the others, so
        that it sends about twice its array, whatever the number of ranks.
        """
        own = np.array(array, np.float64, order="C")
        if self.size == 1:
            return own
        if own.nbytes * self.size <= _ONE_MESSAGE:
            every = np.empty((self.size, own.size))
            self.comm.Allgather(own.ravel(), every)
            return _in_order(every).reshape(own.shape)
        width = -(-own.size // self.size)
        sent = np.zeros((self.size, width))
        sent.reshape(-1)[: own.size] = own.ravel()
        received, whole = np.empty_like(sent), np.empty_like(sent)
        self.comm.Alltoall(sent, received)
        self.comm.Allgather(_in_order(received), whole)
        return whole.reshape(-1)[: own.size].reshape(own.shape)

    def rows(self, array: np.ndarray) -> np.ndarray:
        """The rows of all ranks one behind the other, in Float64; each may have another number of them."""
        own = np.array(array, np.float64, order="C")
        if self.size == 1:
            return own
        counts = self.each([float(own.size)])[:, 0].astype(int)
        found = np.empty(counts.sum())
        self.comm.Allgatherv(own.ravel(), [found, counts])
        return found.reshape(-1, *own.shape[1:])

    def each(self, numbers: list[float]) -> np.ndarray:
        """What every rank says, of shape (size, n)."""
        own = np.array(numbers, np.float64)
        if self.size == 1:
            return own[None]
        found = np.empty((self.size, own.size))
        self.comm.Allgather(own, found)
        return found

    def of_first(self, array: np.ndarray) -> np.ndarray:
        """The array of rank 0, of the same shape as this rank's, in Float64."""
        found = np.array(array, np.float64, order="C")
        if self.size > 1:
            self.comm.Bcast(found, 0)
        return found

    def on_first(self, action: Callable[[], object]) -> None:
        """Let rank 0 do something while the others wait; if it fails there, they fail, too.

        Raises
        ------
        OtherRankError
            On all ranks but 0, which raises the error itself.
        """
        failure: BaseException | None = None
        if self.is_first:
            try:
                action()
            except BaseException as error:
                failure = error
        failed = self.of_first(np.array([float(failure is not None)]))[0]
        if failure is not None:
            raise failure
        if failed:
            raise OtherRankError("rank 0 has failed; its own error says why")

    def introduce(self) -> None:
        """Let rank 0 say which process each rank is: what MPI tells of one that was killed is its process alone."""
        if self.size == 1:
            return
        own = np.zeros(_LONGEST_NAME, np.uint8)
        name = f"{platform.node()} {os.getpid()}".encode()[-_LONGEST_NAME:]
        own[: len(name)] = bytearray(name)
        every = np.empty((self.size, own.size), np.uint8)
        self.comm.Allgather(own, every)
        hosts: dict[str, list[str]] = {}
        for rank, row in enumerate(every):
            host, process = row.tobytes().rstrip(b"\0").decode(errors="replace").rsplit(" ", 1)
            hosts.setdefault(host, []).append(f"rank {rank} is process {process}")
        if self.is_first:
            for host, processes in hosts.items():
                print(f"on {host}: {', '.join(processes)}", file=sys.stderr, flush=True)

    def require_same(self, what: str, content: bytes) -> None:
        """Raise, on all ranks, unless all have the same content."""
        digest = int.from_bytes(hashlib.blake2b(content, digest_size=6).digest(), "big")  # 48 bits fit into a Float64
        every = self.each([float(digest)])[:, 0]
        others = np.flatnonzero(every != every[0])
        if others.size:
            raise ArgumentError(
                f"rank {others[0]} has {what} other than those of rank 0; all ranks must run one program with the same "
                "arguments and data"
            )


def _in_order(parts: np.ndarray) -> np.ndarray:
    total: np.ndarray = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total
