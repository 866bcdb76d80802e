"""How the stages of a training take their steps: each with an optimizer, whose state is saved with the run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import optim
from dualtape.pinn.objective import Batch
from dualtape.pinn.stage import TrainingStage
from dualtape.pinn.stages import (
    LBFGS,
    SOAP,
    SSBFGS,
    FirstOrder,
    GaussNewton,
    GaussNewtonCG,
    LevenbergMarquardt,
    NaturalGradient,
    SSBroyden,
)
from dualtape.pinn.work import Work


class Descent(ABC):
    """An optimizer at work on the loss of a problem."""

    restarted = False
    """Whether the last step has found what was learned of the curvature to be of no use."""

    @abstractmethod
    def step(self, batches: list[Batch]) -> np.ndarray | None:
        """The terms of the loss at one step; ``None`` if no way leads further down."""

    @abstractmethod
    def loss_changed(self) -> None:
        """The points are others from now on."""

    @abstractmethod
    def state(self) -> dict[str, dt.Tensor]:
        """All that it knows."""

    @abstractmethod
    def load_state(self, state: Mapping[str, dt.Tensor]) -> None:
        """Go on from a state of the same names and shapes."""


class GradientDescent(Descent):
    """Steps along gradients; the terms are those before a step."""

    def __init__(self, stage: FirstOrder, parameters: dt.ParameterTuple, work: Work) -> None:
        rate = stage.learning_rate
        self._parameters = parameters
        kind = optim.SOAP if isinstance(stage, SOAP) else optim.Adam
        self._optimizer = kind(parameters, optim.CosineDecayLR(rate / 20, rate, max(stage.steps, 1)))
        self._step = work.stepping(self._optimizer)

    def step(self, batches: list[Batch]) -> np.ndarray | None:
        return self._step(batches)

    def loss_changed(self) -> None:
        pass

    def state(self) -> dict[str, dt.Tensor]:
        return {name: parameter.value() for name, parameter in self._own().items()}

    def load_state(self, state: Mapping[str, dt.Tensor]) -> None:
        own = self._own()
        dt.ParameterTuple(own.values()).set_data(state[name] for name in own)

    def _own(self) -> dict[str, dt.Parameter]:
        trained = {parameter.name for parameter in self._parameters}
        return {p.name: p for p in self._optimizer.get_parameters() if p.name not in trained}


class _OwnState(Descent):
    """Of an optimizer that tells its state itself."""

    def __init__(self, optimizer: optim.QuasiNewton | optim.LeastSquares | optim.GaussNewtonCG) -> None:
        self._told = optimizer

    def loss_changed(self) -> None:
        pass

    def state(self) -> dict[str, dt.Tensor]:
        return self._told.state()

    def load_state(self, state: Mapping[str, dt.Tensor]) -> None:
        self._told.load_state(state)


class _Trials:
    """The losses that an optimizer tries, each with its terms."""

    def __init__(self, work: Work, batches: list[Batch]) -> None:
        self._work, self._batches = work, batches
        self.terms: dict[float, np.ndarray] = {}

    def __call__(self) -> tuple[float, Any]:
        (_, stacked), gradients = self._work.evaluate(self._batches)
        terms = stacked.asnumpy()
        loss = float(terms.sum())
        self.terms[loss] = terms
        return loss, gradients


class CurvatureDescent(_OwnState):
    """Iterations of a quasi-Newton method; the terms are those after one."""

    def __init__(self, optimizer: optim.QuasiNewton, work: Work) -> None:
        super().__init__(optimizer)
        self._optimizer = optimizer
        self._work = work

    def step(self, batches: list[Batch]) -> np.ndarray | None:
        tried = _Trials(self._work, batches)
        restarts = self._optimizer.restarts
        try:
            found = self._optimizer.step(tried)
        except ArithmeticError:  # the caller finds out which term it is
            return None
        self.restarted = self._optimizer.restarts > restarts
        return tried.terms[self._optimizer.loss] if found else None

    def loss_changed(self) -> None:
        self._optimizer.loss_changed()


class ProductDescent(_OwnState):
    """Steps of Gauss and Newton without a matrix; the terms are those after one."""

    def __init__(self, optimizer: optim.GaussNewtonCG, work: Work) -> None:
        super().__init__(optimizer)
        self._optimizer = optimizer
        self._work = work

    def step(self, batches: list[Batch]) -> np.ndarray | None:
        tried = _Trials(self._work, batches)
        try:
            found = self._optimizer.step(tried, lambda v: self._work.product(v, batches))
        except ArithmeticError:  # the caller finds out which term it is
            return None
        return tried.terms[self._optimizer.loss] if found else None


class ResidualDescent(_OwnState):
    """Steps of least squares; the terms are those after one.

    Where the Jacobian would be large, and the method can do without, a step takes J'J, which is added up in parts.
    """

    def __init__(self, optimizer: optim.LeastSquares, work: Work) -> None:
        super().__init__(optimizer)
        self._optimizer = optimizer
        self._work = work

    def step(self, batches: list[Batch]) -> np.ndarray | None:
        tried: dict[float, np.ndarray] = {}
        total, whole = self._work.total_over_rows(batches), self._optimizer.needs_jacobian

        def residuals() -> np.ndarray:
            rows = self._work.rows(batches).astype(np.float64)
            with np.errstate(over="ignore"):
                square = rows @ rows
            tried[float(square if total is None else total(square))] = rows
            return rows

        try:
            found = self._optimizer.step(lambda: self._work.linearise(batches, whole), residuals, total)
        except ArithmeticError:  # the caller finds out which term it is
            return None
        return self._work.terms_of_rows(tried[self._optimizer.loss], batches) if found else None


def make_descent(stage: TrainingStage, parameters: dt.ParameterTuple, work: Work) -> Descent:
    """The optimizer of a stage."""
    match stage:
        case FirstOrder():
            return GradientDescent(stage, parameters, work)
        case LBFGS():
            return CurvatureDescent(optim.LBFGS(parameters, stage.memory), work)
        case SSBFGS():
            return CurvatureDescent(optim.SSBFGS(parameters), work)
        case SSBroyden():
            return CurvatureDescent(optim.SSBroyden(parameters), work)
        case LevenbergMarquardt():
            optimizer = optim.LevenbergMarquardt(parameters, stage.damping, stage.acceleration)
            return ResidualDescent(optimizer, work)
        case GaussNewton():
            return ResidualDescent(optim.GaussNewton(parameters, stage.damping), work)
        case NaturalGradient():
            return ResidualDescent(optim.NaturalGradient(parameters, stage.damping, stage.momentum), work)
        case GaussNewtonCG():
            free = optim.GaussNewtonCG(parameters, stage.damping, stage.rank)
            return ProductDescent(free, work)
    raise AssertionError(stage)
