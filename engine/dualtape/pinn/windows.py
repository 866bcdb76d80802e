"""Windows of time that are solved, in one safetensors file: a march goes on from it as if it had never stopped.

The window that is being trained has a file of its own beside it, by :mod:`dualtape.pinn.checkpointing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, CheckpointError
from dualtape.pinn.history import History
from dualtape.pinn.problem import Problem
from dualtape.pinn.solution import Solution
from dualtape.pinn.unknowns import unknown_fields

Window = Callable[[int, "Solution | None"], Problem]
"""The problem of a window, by its number, after the solution of the one before."""


class WindowsFile:
    """The file of a march, and those of its windows while they are trained.

    Parameters
    ----------
    path
        Its name; a window's is ``run.window-2.safetensors`` for ``run.safetensors``.
    ranks
        The processes of the job, of which the first writes.
    facts
        What must be the same when the march goes on.
    parameters
        What is trained beside the networks.
    """

    def __init__(
        self, path: Path, ranks: dt.parallel.Ranks, facts: dict[str, Any], parameters: Sequence[dt.Parameter]
    ) -> None:
        self._path, self._ranks, self._facts, self._parameters = path, ranks, facts, tuple(parameters)

    def of_window(self, number: int) -> Path:
        """Where a window is written while it is trained."""
        return self._path.with_name(f"{self._path.stem}.window-{number + 1}{self._path.suffix}")

    def begin(self) -> None:
        """Refuse a place that cannot be written to, and forget an earlier march there."""

        def prepare() -> None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as failure:
                raise CheckpointError(f"no folder can be made for {str(self._path)!r}: {failure}") from failure
            dt.check_checkpoint_path(self._path)
            self._path.unlink(missing_ok=True)

        self._ranks.on_first(prepare)

    def forget(self, number: int) -> None:
        """Remove what an earlier march left of a window that begins now, or this one of a window that is solved."""
        self._ranks.on_first(lambda: self.of_window(number).unlink(missing_ok=True))

    def save(self, solved: Sequence[Solution]) -> None:
        """Write all windows that are solved; the file changes in one instant, or not at all."""
        tensors = {f"parameter.{parameter.name}": parameter.value() for parameter in self._parameters}
        windows = []
        for i, solution in enumerate(solved):
            history = solution.history
            tensors |= {f"window.{i}.{p.name}": p.value() for p in solution.network.get_parameters()}
            tensors[f"history.{i}"] = dt.Tensor(history.terms, device="host")
            facts = {"stages": history.stages, "weights": history.weights, "seconds": solution.seconds}
            windows.append(facts | {"scaled": solution.scaled, "settings": solution.settings})
        about = {"march": self._facts, "terms": list(solved[0].history.names), "windows": windows}
        self._ranks.on_first(lambda: dt.save_checkpoint(tensors, self._path, metadata=about))

    def load(self, window: Window, network: Callable[[], dt.nn.Cell]) -> list[Solution]:
        """The windows in the file, and the values of parameters after them; none if there is no file."""
        if not self._ranks.of_first(np.array([self._path.exists()]))[0]:
            return []
        with dt.device("host"):
            saved = dt.load_checkpoint(self._path)
        about = saved.metadata
        self._check_facts(about)
        solved: list[Solution] = []
        try:
            for i, facts in enumerate(about["windows"]):
                problem = window(i, solved[-1] if solved else None)
                made = network()
                for parameter in made.get_parameters():
                    _put(parameter, saved[f"window.{i}.{parameter.name}"])
                like = made.trainable_params()[0]
                field = unknown_fields(problem, made, like, facts["scaled"])
                history = _history(about["terms"], facts, saved[f"history.{i}"].asnumpy())
                solved.append(Solution(problem, made, field, like, history, facts["seconds"], facts["scaled"]))
                solved[-1].settings, solved[-1].parameters = dict(facts["settings"]), self._parameters
            values = [saved[f"parameter.{parameter.name}"] for parameter in self._parameters]
            for parameter, value in zip(self._parameters, values, strict=True):
                _put(parameter, value)
        except (KeyError, TypeError, ValueError) as failure:
            raise CheckpointError(f"the windows in {self._path} are not those of this march: {failure}") from failure
        return solved

    def _check_facts(self, about: Mapping[str, Any]) -> None:
        before = about.get("march")
        if not isinstance(before, dict):
            raise CheckpointError(f"{self._path} holds no windows of a march")
        for name, now in self._facts.items():
            if before.get(name) != now:
                raise ArgumentError(
                    f"the march in {self._path} was begun with {name}={before.get(name)}, and this one with "
                    f"{name}={now}: go on with the same, or begin another one"
                )


def _put(parameter: dt.Parameter, value: dt.Tensor) -> None:
    if parameter.shape != value.shape:
        raise ValueError(f"{parameter.name!r} has shape {value.shape} there, and {parameter.shape} here")
    parameter.set_dtype(value.dtype)
    parameter.set_data(value.to(parameter.device))


def _history(names: Sequence[str], facts: Mapping[str, Any], rows: np.ndarray) -> History:
    history = History(names)
    for row in rows:
        history.append(row)
    history.stages = [(str(name), int(steps)) for name, steps in facts["stages"]]
    history.weights = dict(facts["weights"])
    return history
