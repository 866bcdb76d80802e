"""What a training is made of: stages one after the other, each an optimizer with its points and rules when to stop."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from typing import ClassVar

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.collocation import Policy
from dualtape.pinn.history import History
from dualtape.pinn.sampling import read_count

# Up to so many weights the default keeps a matrix in full, of 128 MB then.
DENSE_WEIGHTS = 4_000
# Up to so many weights times points the default begins with least squares, whose steps then cost little more than a
# gradient: the first three digits of a pendulum and a beam came in a third to two thirds of the time, and the last as
# soon as otherwise. With ten times as many points that was over.
SMALL_JACOBIAN, _FIRST_STEPS = 100_000, 60
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
        :class:`Fixed`, :class:`RAD` or :class:`RARD`; by default what ``resample`` of :func:`solve` says.
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
                f"`points` of `{self.label}` must be Fixed(), RAD() or RARD(), got {type(self.points).__name__}"
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


@dataclass(frozen=True, repr=False, kw_only=True)
class FirstOrder(TrainingStage):
    """Steps along gradients, on a learning rate that falls along a cosine to a twentieth: the base of its kinds.

    Parameters
    ----------
    learning_rate
        Of the first step.
    batch
        Take so many points of the equations, and as large a share of those of each condition, in one step: a
        mini-batch, by chance, so that all have been taken before one is taken again. By default all of them.
    """

    learning_rate: float = 5e-3
    batch: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch is not None:
            read_count("batch", self.batch)
        rate = self.learning_rate
        if isinstance(rate, bool) or not isinstance(rate, (int, float)):
            raise ArgumentTypeError(f"`learning_rate` must be a number, got {type(rate).__name__}")
        if not 0 < rate < math.inf:
            raise ArgumentError(f"`learning_rate` must be positive and finite, got {rate}")


@dataclass(frozen=True, repr=False, kw_only=True)
class Adam(FirstOrder):
    """Steps of :class:`dualtape.optim.Adam`.

    Parameters are those of :class:`FirstOrder`.
    """

    label: ClassVar[str] = "Adam"


@dataclass(frozen=True, repr=False, kw_only=True)
class SOAP(FirstOrder):
    """Steps of :class:`dualtape.optim.SOAP`: Adam in better directions, for wide networks and points that change.

    Parameters are those of :class:`FirstOrder`.
    """

    label: ClassVar[str] = "SOAP"


@dataclass(frozen=True, repr=False, kw_only=True)
class LBFGS(TrainingStage):
    """Iterations of :class:`dualtape.optim.LBFGS`: for networks of many weights.

    Parameters
    ----------
    memory
        How many steps it keeps.
    """

    memory: int = 50

    label: ClassVar[str] = "L-BFGS"

    def __post_init__(self) -> None:
        super().__post_init__()
        read_count("memory", self.memory)


@dataclass(frozen=True, repr=False, kw_only=True)
class SSBFGS(TrainingStage):
    """Iterations of :class:`dualtape.optim.SSBFGS`: a matrix in full, for some thousands of weights."""

    label: ClassVar[str] = "SSBFGS"


@dataclass(frozen=True, repr=False, kw_only=True)
class SSBroyden(TrainingStage):
    """Iterations of :class:`dualtape.optim.SSBroyden`: a matrix in full, for some thousands of weights."""

    label: ClassVar[str] = "SSBroyden"


@dataclass(frozen=True, repr=False, kw_only=True)
class LevenbergMarquardt(TrainingStage):
    """Steps of :class:`dualtape.optim.LevenbergMarquardt`: few steps, each of them dear.

    Parameters
    ----------
    damping
        The first one, as a share of the largest diagonal element of J'J.
    acceleration
        Follow the curvature of the residuals along a step.
    """

    damping: float = 1e-3
    acceleration: bool = False

    label: ClassVar[str] = "Levenberg-Marquardt"


@dataclass(frozen=True, repr=False, kw_only=True)
class GaussNewton(TrainingStage):
    """Steps of :class:`dualtape.optim.GaussNewton`: the same without damping, to end with.

    Parameters
    ----------
    damping
        Added to the diagonal of J'J, as a share of its largest element.
    """

    damping: float = 1e-12

    label: ClassVar[str] = "Gauss-Newton"


@dataclass(frozen=True, repr=False, kw_only=True)
class NaturalGradient(TrainingStage):
    """Steps of :class:`dualtape.optim.NaturalGradient`: with momentum, for points that are redrawn often.

    Parameters
    ----------
    damping
        Added to the diagonal of J'J, as a share of its largest element.
    momentum
        How much of a step is kept for the next one.
    """

    damping: float = 1e-8
    momentum: float = 0.5

    label: ClassVar[str] = "natural gradient"


@dataclass(frozen=True, repr=False, kw_only=True)
class GaussNewtonCG(TrainingStage):
    """Steps of :class:`dualtape.optim.GaussNewtonCG`: no matrix, so for networks of any size.

    Parameters
    ----------
    damping
        The first one, as a share of the largest eigenvalue of J'J.
    rank
        Products with random directions, from which a preconditioner is made every ten steps.
    """

    damping: float = 1e-3
    rank: int = 40

    label: ClassVar[str] = "Gauss-Newton by conjugate gradients"

    def __post_init__(self) -> None:
        super().__post_init__()
        read_count("rank", self.rank)


def curriculum(parameter: dt.Parameter, values: Sequence[float], stages: TrainingStage | Schedule) -> Schedule:
    """The same stages for one value of a Parameter after the other, from an easy problem to a hard one.

    Krishnapriyan et al. 2021, *Characterizing possible failure modes in physics-informed neural networks*, NeurIPS 34,
    section 4.1: a wave of speed 30 is learned by way of slower ones.

    Parameters
    ----------
    parameter
        One of the equations, made with ``requires_grad=False``; not trained.
    values
        The last one is that of the problem.

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import pinn
    >>> speed = dt.Parameter(dt.Tensor([1.0]), name="speed", requires_grad=False)
    >>> pinn.curriculum(speed, (1.0, 30.0), pinn.Adam(200))
    Adam(200, holds={speed: 1.0}) >> Adam(200, holds={speed: 30.0})
    """
    if not isinstance(parameter, dt.Parameter):
        raise ArgumentTypeError(f"`parameter` of `curriculum` must be a Parameter, got {type(parameter).__name__}")
    if not isinstance(values, (Sequence, np.ndarray)) or not len(values):
        raise ArgumentTypeError(f"`values` of `curriculum` must be a tuple of numbers, got {values!r}")
    each = read_schedule(stages).stages
    return Schedule(tuple(replace(stage, holds={**stage.holds, parameter: x}) for x in values for stage in each))


def default_schedule(
    weights: int, steps: int = 200, curvature_steps: int = 20_000, points: int | None = None
) -> Schedule:
    """What :func:`solve` does by itself: a stage to leave the start behind, then as much curvature as can be had.

    The latter is the matrix of :class:`SSBroyden` for up to 4000 weights, and the memory of :class:`LBFGS` for more.
    The former is :class:`Adam`, or :class:`LevenbergMarquardt` where the product of weights and points is at most 1e5.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.default_schedule(weights=1_341), pinn.default_schedule(weights=100_000)
    (Adam(200) >> SSBroyden(20000), Adam(200) >> LBFGS(20000))
    >>> pinn.default_schedule(weights=321, points=64)
    LevenbergMarquardt(60) >> SSBroyden(20000)
    """
    curvature = SSBroyden(curvature_steps) if weights <= DENSE_WEIGHTS else LBFGS(curvature_steps)
    if points is not None and weights * points <= SMALL_JACOBIAN:
        return LevenbergMarquardt(min(_FIRST_STEPS, steps)) >> curvature
    return Adam(steps) >> curvature


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
