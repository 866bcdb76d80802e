"""What a training is made of: stages one after the other, each an optimizer with its points and rules when to stop."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, fields
from typing import ClassVar

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.collocation import Policy
from dualtape.pinn.history import History
from dualtape.pinn.sampling import read_count

# These may be others when a run goes on: what has been done stays as it is.
_MAY_CHANGE = ("steps", "tolerance", "change", "patience", "seconds")


@dataclass(frozen=True, repr=False)
class TrainingStage:
    """At most so many steps of one optimizer; ``>>`` puts another stage behind it.

    Parameters
    ----------
    steps
        How many, at most.
    points
        :class:`Fixed`, :class:`RAD`, :class:`RARD` or :class:`Growing`; by default what ``resample`` of
        :func:`solve` says.
    tolerance
        Stop where the loss is not above it.
    change, patience
        Stop when in the last ``patience`` steps the loss has not come below ``1 - change`` times its lowest value
        before them; looked at after each ``patience`` steps.
    seconds
        Stop after so many of this stage.
    holds
        What Parameters of the equations are in this stage, ``{speed: 5.0}``, those that are not trained: see
        :func:`curriculum`.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.Adam(500) >> pinn.SSBroyden(5_000, tolerance=1e-9)
    Adam(500) >> SSBroyden(5000, tolerance=1e-09)
    """

    steps: int
    _: KW_ONLY
    points: Policy | None = None
    tolerance: float = 0.0
    change: float = 0.0
    patience: int | None = None
    seconds: float = math.inf
    holds: Mapping[dt.Parameter, float] = field(default_factory=dict)

    label: ClassVar[str] = ""
    """What progress and history call it."""

    def __post_init__(self) -> None:
        read_count("steps", self.steps, 0)
        if self.points is not None and not isinstance(self.points, Policy):
            raise ArgumentTypeError(
                f"`points` of `{self.label}` must be Fixed(), RAD(), RARD() or Growing(), got "
                f"{type(self.points).__name__}"
            )
        if self.patience is not None:
            read_count("patience", self.patience)
        for name, low, up in (("tolerance", 0.0, math.inf), ("change", 0.0, 1.0), ("seconds", 0.0, math.inf)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ArgumentTypeError(f"`{name}` of `{self.label}` must be a number, got {type(value).__name__}")
            if not low <= value <= up:
                raise ArgumentError(f"`{name}` of `{self.label}` must be from {low:g} to {up:g}, got {value}")
        object.__setattr__(self, "holds", _read_held(self.label, self.holds))

    def __rshift__(self, following: TrainingStage | Schedule) -> Schedule:
        return Schedule((self,)) >> following

    def is_over(self, history: History, seconds: float) -> bool:
        """Whether a rule stops it after the present stage of a history, and so many seconds."""
        steps, patience = history.steps, self.patience
        if not steps:
            return False
        if history.last <= self.tolerance or seconds >= self.seconds:
            return True
        if patience is None or steps <= patience or steps % patience:
            return False
        losses = history.total[-steps:]
        return not losses[-patience:].min() < (1 - self.change) * losses[:-patience].min()

    def character(self) -> str:
        """What must be the same when a run goes on."""
        return self._written(_MAY_CHANGE)

    def __repr__(self) -> str:
        return self._written(())

    def _written(self, without: tuple[str, ...]) -> str:
        shown = [] if "steps" in without else [str(self.steps)]
        for given in fields(self)[1:]:
            value = getattr(self, given.name)
            if given.name == "holds":
                if value:
                    held = ", ".join(f"{parameter.name}: {number!r}" for parameter, number in value.items())
                    shown.append(f"holds={{{held}}}")
            elif given.name not in without and value != given.default:
                shown.append(f"{given.name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True, repr=False)
class Schedule:
    """Stages, one after the other."""

    stages: tuple[TrainingStage, ...]

    def __rshift__(self, following: TrainingStage | Schedule) -> Schedule:
        if isinstance(following, TrainingStage):
            following = Schedule((following,))
        if not isinstance(following, Schedule):
            raise ArgumentTypeError(
                f"`>>` takes a stage such as SSBroyden(5_000) on its right, got {type(following).__name__}"
            )
        return Schedule(self.stages + following.stages)

    def __repr__(self) -> str:
        return " >> ".join(map(repr, self.stages))


def read_schedule(optimizer: object) -> Schedule:
    """A schedule, or one stage as a schedule."""
    if isinstance(optimizer, TrainingStage):
        return Schedule((optimizer,))
    if isinstance(optimizer, Schedule):
        return optimizer
    raise ArgumentTypeError(
        "`optimizer` must be a stage such as pinn.SSBroyden(5_000), or stages as in pinn.Adam(500) >> "
        f"pinn.SSBroyden(5_000); got {type(optimizer).__name__}"
    )


def _read_held(label: str, holds: object) -> Mapping[dt.Parameter, float]:
    if not isinstance(holds, Mapping):
        raise ArgumentTypeError(f"`holds` of `{label}` must be like {{speed: 5.0}}, got {type(holds).__name__}")
    for parameter, value in holds.items():
        if not isinstance(parameter, dt.Parameter):
            raise ArgumentTypeError(f"`holds` of `{label}` is of Parameters, got {type(parameter).__name__}")
        numbers = (int, float, np.integer, np.floating)
        if isinstance(value, bool) or not isinstance(value, numbers) or not math.isfinite(value):
            raise ArgumentError(f"`holds` of `{label}` has {parameter.name} at {value!r}; expected a finite number")
    return {parameter: float(value) for parameter, value in holds.items()}
