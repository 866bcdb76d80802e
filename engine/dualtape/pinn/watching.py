"""Who looks on while a network is trained: functions, and records of values that change."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.sampling import read_count

if TYPE_CHECKING:
    from dualtape.pinn.solution import Solution


class StopTraining(Exception):
    """Raised by a function that ``watch=`` calls: it is enough, and :func:`dualtape.pinn.solve` returns its solution.

    Any other exception ends the training, too, and comes out of ``solve``. The network then holds what it had learned.
    """


class StepWatcher(ABC):
    """Looks on after each ``every`` steps, and at the end once more if it has not seen the last step."""

    every: int
    last: int | None = None
    """After how many steps it looked last."""

    @abstractmethod
    def __call__(self, solution: Solution) -> None:
        """Write down what there is now."""


class Track(StepWatcher):
    """What something was in the course of a training: an error, a value, a parameter of an inverse problem.

    Parameters
    ----------
    what
        A Parameter, several, or a function of the solution as it is, as in ``lambda solution: solution.error()``.
    every
        After so many steps; at the end as well.
    name
        What a table calls it.

    Attributes
    ----------
    steps
        After how many steps each value was taken, of shape (n,).
    values
        The values, of shape (n, ...).

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import nn, pinn
    >>> rate = dt.Parameter(dt.Tensor([1.0]), name="rate")
    >>> problem = pinn.Problem(
    ...     pinn.Interval(t=(0, 1)),
    ...     lambda u, p: u.t + rate * u,
    ...     [pinn.initial(1.0), pinn.observations([[1.0]], [0.1])],
    ... )
    >>> rates = pinn.Track(rate, every=5)
    >>> options = {"parameters": [rate], "watch": rates, "points": 10, "progress": False}
    >>> _ = pinn.solve(problem, nn.MLP(1, 1, width=5), optimizer=pinn.Adam(12), **options)
    >>> print(rates.steps, rates.values.shape)
    [ 5 10 12] (3, 1)
    """

    def __init__(self, what: Any, *, every: int = 100, name: str | None = None) -> None:
        parameters = [what] if isinstance(what, dt.Parameter) else what
        if isinstance(parameters, Sequence) and parameters and all(isinstance(x, dt.Parameter) for x in parameters):
            self._read: Callable[[Solution], Any] = lambda solution: _values_of(parameters)
            called = ", ".join(parameter.name for parameter in parameters)
        elif callable(what):
            self._read, called = what, getattr(what, "__name__", type(what).__name__)
        else:
            raise ArgumentTypeError(
                "a Track is of a Parameter, of several, or of a function of the solution such as "
                f"`lambda solution: solution.error()`; got {type(what).__name__}"
            )
        self.every = read_count("every", every)
        self.name = name or called
        self._steps: list[int] = []
        self._values: list[np.ndarray] = []

    def __call__(self, solution: Solution) -> None:
        """Write down what it is now."""
        value = np.asarray(self._read(solution), np.float64)
        if self._values and value.shape != self._values[0].shape:
            raise ArgumentError(
                f"the Track {self.name!r} got a value of shape {value.shape}, after one of {self._values[0].shape}"
            )
        self._values.append(value)
        self._steps.append(len(solution.history))
        self.last = len(solution.history)

    @property
    def steps(self) -> np.ndarray:
        """After how many steps each value was taken."""
        return np.array(self._steps, int)

    @property
    def values(self) -> np.ndarray:
        """The values, one behind the other."""
        return np.array(self._values)

    def plot(self, path: str | PathLike[str] | None = None, wanted: Any = None) -> Any:
        """Draw the values over the steps; those that are ``wanted``, one or one for each, as dashed lines.

        Returns
        -------
        matplotlib.figure.Figure
            The figure, for changes of your own; ``path`` is where to save it.
        """
        from dualtape.pinn.pictures import draw_track

        return draw_track(self, path, wanted)

    def __repr__(self) -> str:
        return f"Track({self.name}: {len(self._steps)} values)"


def _values_of(parameters: Sequence[dt.Parameter]) -> np.ndarray:
    return np.concatenate([np.asarray(parameter.value(), np.float64).ravel() for parameter in parameters])


Watcher = Callable[["Solution"], object]


class Watchers:
    """All that look on, each after so many steps; the time that they take is not the training's.

    Parameters
    ----------
    watch
        A function, a :class:`Track`, or a sequence of these.
    every
        After how many steps functions are called.
    present
        Makes the solution as it is.
    """

    def __init__(self, watch: Any, every: int, present: Callable[[], Solution]) -> None:
        given = listed(watch)
        if bad := [one for one in given if not callable(one)]:
            raise ArgumentTypeError(
                f"`watch` must be a function of the solution, a Track, or a list of these; got {type(bad[0]).__name__}"
            )
        self._all = [(one, one.every if isinstance(one, StepWatcher) else every) for one in given]
        self._present = present
        self.tracks = tracks_of(given)
        self.seconds = 0.0

    def have_turn(self, steps: int) -> bool:
        """Whether anyone looks on after so many steps."""
        return any(steps % every == 0 for _, every in self._all)

    def after_step(self, steps: int) -> None:
        """Call those whose turn it is after so many steps."""
        self._call([one for one, every in self._all if steps % every == 0])

    def at_end(self, steps: int) -> None:
        """Let records have the last value."""
        self._call([one for one, _ in self._all if isinstance(one, StepWatcher) and one.last != steps])

    def _call(self, watchers: list[Watcher]) -> None:
        if not watchers:
            return
        began = time.perf_counter()
        try:
            solution = self._present()
            for one in watchers:
                one(solution)
        finally:
            self.seconds += time.perf_counter() - began


class _SeesMore(StepWatcher):
    """A watcher that is shown a larger solution than the one that is trained."""

    def __init__(self, watcher: StepWatcher, shown: Callable[[Solution], Solution]) -> None:
        self.every, self._watcher, self._shown = watcher.every, watcher, shown

    def __call__(self, solution: Solution) -> None:
        self.last = len(solution.history)
        self._watcher(self._shown(solution))


def through(watch: Any, shown: Callable[[Solution], Solution]) -> list[Any]:
    """What ``watch=`` takes, of watchers who see what a function makes of the solution that is trained."""

    def wrapped(one: Any) -> Any:
        if isinstance(one, StepWatcher):
            return _SeesMore(one, shown)
        return (lambda solution: one(shown(solution))) if callable(one) else one

    return [wrapped(one) for one in listed(watch)]


def tracks_of(watch: Any) -> tuple[Track, ...]:
    """The Tracks among what ``watch=`` takes."""
    return tuple(one for one in listed(watch) if isinstance(one, Track))


def listed(watch: Any) -> Sequence[Any]:
    """What ``watch=`` takes, as a sequence."""
    return watch if isinstance(watch, Sequence) else () if watch is None else (watch,)
