"""Losses, errors and parameters while a network is trained, for other programs: CSV, and TensorBoard."""

from __future__ import annotations

import csv
import time
import weakref
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.errors import ArgumentError, MissingExtraError
from dualtape.pinn.pictures import check_target
from dualtape.pinn.sampling import read_count
from dualtape.pinn.watching import StepWatcher

if TYPE_CHECKING:
    from dualtape.pinn.solution import Solution


def facts_of(solution: Solution) -> dict[str, float]:
    """What there is to write down: seconds, the loss and its terms, the error if it can be known, parameters."""
    history = solution.history
    found = {"seconds": solution.seconds, "loss": history.last}
    found |= {f"loss/{name}": float(value) for name, value in zip(history.names, history.terms[-1], strict=True)}
    if solution.problem.exact is not None:
        found["error"] = solution.error()
    for parameter in solution.parameters:
        values = np.ravel(np.asarray(parameter.value(), np.float64)).tolist()
        names = [parameter.name] if len(values) == 1 else [f"{parameter.name}/{i}" for i in range(len(values))]
        found |= {f"parameter/{name}": value for name, value in zip(names, values, strict=True)}
    return found


class CSVLog(StepWatcher):
    """A line of comma-separated values after each ``every`` steps: give it to :func:`dualtape.pinn.solve` as ``watch``.

    Parameters
    ----------
    path
        A file that ends in ``.csv``; the first line names the columns. It is written anew by each training.
    every
        After so many steps; at the end as well.

    Raises
    ------
    ArgumentError
        There is no such folder, or the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from dualtape import nn, pinn
    >>> problem = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x - u, [pinn.dirichlet(1.0, on="x-")])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = pinn.CSVLog(pathlib.Path(folder, "run.csv"), every=2)
    ...     options = {"optimizer": pinn.Adam(4), "points": 10, "progress": False, "watch": log}
    ...     _ = pinn.solve(problem, nn.MLP(1, 1, width=4, depth=1), **options)
    ...     print(log.path.read_text().splitlines()[0])
    step,seconds,loss,loss/equation,loss/dirichlet x-
    """

    def __init__(self, path: str | PathLike[str], *, every: int = 100) -> None:
        self.path = check_target(path, (".csv",))
        self.every = read_count("every", every)

    def __call__(self, solution: Solution) -> None:
        """Write a line."""
        steps, facts = len(solution.history), facts_of(solution)
        first = self.last is None or steps <= self.last
        with self.path.open("w" if first else "a", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            if first:
                rows.writerow(["step", *facts])
            rows.writerow([steps, *(repr(value) for value in facts.values())])
        self.last = steps


class TensorBoardLog(StepWatcher):
    """Scalars for TensorBoard after each ``every`` steps: give it to :func:`dualtape.pinn.solve` as ``watch``.

    Needs ``pip install "dualtape[tensorboard]"``.

    Parameters
    ----------
    folder
        Where the events go; ``tensorboard --logdir`` shows them. The folder around it must be there.
    every
        After so many steps; at the end as well.
    """

    def __init__(self, folder: str | PathLike[str], *, every: int = 100) -> None:
        self.folder = Path(folder)
        if not self.folder.absolute().parent.is_dir():
            raise ArgumentError(f"there is no folder {str(self.folder.parent)!r} for {self.folder.name!r}")
        if self.folder.exists() and not self.folder.is_dir():
            raise ArgumentError(f"{str(folder)!r} is a file, not a folder")
        self.every = read_count("every", every)
        try:
            from tensorboardX.event_file_writer import EventsWriter
        except ImportError as failure:
            raise MissingExtraError('TensorBoard\'s events need `pip install "dualtape[tensorboard]"`') from failure
        self.folder.mkdir(exist_ok=True)
        self._file: Any = EventsWriter(str(self.folder / "events"))
        weakref.finalize(self, self._file.close)

    def __call__(self, solution: Solution) -> None:
        """Write the values of a step; they are in the file when this returns."""
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.summary import scalar

        self.last = len(solution.history)
        for name, value in facts_of(solution).items():
            self._file.write_event(Event(wall_time=time.time(), step=self.last, summary=scalar(name, value)))
        self._file.flush()
