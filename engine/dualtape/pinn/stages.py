"""The kinds of stages: which optimizer takes the steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.sampling import read_count
from dualtape.pinn.stage import TrainingStage


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
