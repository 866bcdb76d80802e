"""What comes between two steps of a training: checkpoints, who looks on, and whether it goes on at all.

Of several processes rank 0 writes, looks at the clock, and is looked at; all of them agree, so that all stop at one
step.
"""

from __future__ import annotations

import time
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from threading import Event

import numpy as np

import dualtape as dt
from dualtape.errors import CheckpointError, DeviceError
from dualtape.pinn.checkpointing import save_training
from dualtape.pinn.training import Stopped, Training
from dualtape.pinn.watching import StopTraining, Watchers

_GOES_ON, _ENOUGH, _FAILED = 0.0, 1.0, 2.0


class BetweenSteps:
    """Called after each step; it may end the training with ``Stopped``, ``StopTraining`` or an error of a watcher.

    Parameters
    ----------
    training
        What goes on or not.
    watchers
        Who looks on.
    path, pause
        Where a checkpoint is written, if anywhere, and after how many seconds.
    stop
        Set by Ctrl-C or SIGTERM.
    is_over
        Whether the time for the training is over.
    """

    def __init__(
        self,
        training: Training,
        watchers: Watchers,
        path: Path | None,
        pause: float,
        stop: Event,
        is_over: Callable[[], bool],
    ) -> None:
        self._training, self._watchers, self._path = training, watchers, path
        self._pause, self._stop, self._is_over = pause, stop, is_over
        self._saved = time.monotonic()

    def __call__(self) -> None:
        stop, save, over, watched = self._agreed()
        if stop:
            raise Stopped
        if save:
            self._save()
        if watched:
            self._let_watch()
        if over:
            raise StopTraining

    def _agreed(self) -> tuple[bool, bool, bool, bool]:
        """Whether any rank was told to stop; whether on rank 0 a checkpoint is due, the time over, and who looks on."""
        save = self._path is not None and time.monotonic() - self._saved > self._pause
        stop, over, ranks = self._stop.is_set(), self._is_over(), self._training.ranks
        watched = self._watchers.have_turn(len(self._training.history))
        if ranks.size == 1:
            return stop, save, over, watched
        every = ranks.each([stop, save, over, watched, self._digest()])
        others = np.flatnonzero(every[:, -1] != every[0, -1])
        if others.size:
            raise DeviceError(
                f"after {len(self._training.history)} steps rank {others[0]} has other parameters than rank 0: their "
                "processors or libraries round differently. All ranks must run on machines of one kind"
            )
        return bool(every[:, 0].any()), *map(bool, every[0, 1:4])  # type: ignore[return-value]

    def _digest(self) -> float:
        digest = 0
        for parameter in self._training.parameters:
            digest = zlib.crc32(np.asarray(parameter).tobytes(), digest)
        return float(digest)

    def _save(self) -> None:
        assert self._path is not None
        try:
            save_training(self._training, self._path)
        except CheckpointError as failure:  # a disk that is full now may have room at the end
            warnings.warn(f"{failure}; training goes on, and will try again", RuntimeWarning, stacklevel=2)
        except dt.parallel.OtherRankError:
            pass
        self._saved = time.monotonic()

    def _let_watch(self) -> None:
        training, steps = self._training, len(self._training.history)
        outcome, failure = _GOES_ON, None
        if training.ranks.is_first:
            try:
                self._watchers.after_step(steps)
            except BaseException as error:
                outcome, failure = (_ENOUGH if isinstance(error, StopTraining) else _FAILED), error
        outcome = float(training.ranks.of_first(np.array([outcome]))[0])
        if outcome == _FAILED:
            training.go_back_if_lost()
            if self._path is not None:
                save_training(training, self._path)
        if failure is not None:
            raise failure
        if outcome == _ENOUGH:
            raise StopTraining
        if outcome == _FAILED:
            raise dt.parallel.OtherRankError("what watches the training on rank 0 has failed; its own error says why")
