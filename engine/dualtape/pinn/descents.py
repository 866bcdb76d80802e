"""How the stages of a training take their steps: each with an optimizer, whose state is saved with the run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import optim
from dualtape.pinn.objective import Batch, Objective
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
    TrainingStage,
)

Differentiated = Callable[[list[Batch]], Any]
MOST_JACOBIAN = 256 << 20
"""Bytes of a Jacobian that is made as a whole."""


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

    def __init__(self, stage: FirstOrder, parameters: dt.ParameterTuple, differentiate: Differentiated) -> None:
        rate = stage.learning_rate
        self._parameters = parameters
        kind = optim.SOAP if isinstance(stage, SOAP) else optim.Adam
        optimizer = kind(parameters, optim.CosineDecayLR(rate / 20, rate, max(stage.steps, 1)))
        self._optimizer = optimizer

        def step(batches: list[Batch]) -> Any:
            (_, terms, distance), gradients = differentiate(batches)
            optimizer(gradients)
            return terms, distance

        # One program, so that the update runs where the gradients are; and the kernel of all other stages, which says
        # how far the equations are from holding, too.
        self._step = dt.jit(step)

    def step(self, batches: list[Batch]) -> np.ndarray | None:
        terms: np.ndarray = self._step(batches)[0].asnumpy()
        return terms

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

    def __init__(self, evaluate: Differentiated, batches: list[Batch]) -> None:
        self._evaluate, self._batches = evaluate, batches
        self.terms: dict[float, np.ndarray] = {}

    def __call__(self) -> tuple[float, Any]:
        (_, stacked, _), gradients = self._evaluate(self._batches)
        terms = stacked.asnumpy()
        loss = float(terms.sum())
        self.terms[loss] = terms
        return loss, gradients


class CurvatureDescent(_OwnState):
    """Iterations of a quasi-Newton method; the terms are those after one."""

    def __init__(self, optimizer: optim.QuasiNewton, evaluate: Differentiated) -> None:
        super().__init__(optimizer)
        self._optimizer = optimizer
        self._evaluate = evaluate

    def step(self, batches: list[Batch]) -> np.ndarray | None:
        tried = _Trials(self._evaluate, batches)
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

    def __init__(self, optimizer: optim.GaussNewtonCG, objective: Objective, evaluate: Differentiated) -> None:
        super().__init__(optimizer)
        self._optimizer = optimizer
        self._evaluate = evaluate
        self._product = dt.jit(dt.gauss_newton_product(objective.rows, list(optimizer.parameters)))

    def step(self, batches: list[Batch]) -> np.ndarray | None:
        tried = _Trials(self._evaluate, batches)
        try:
            found = self._optimizer.step(tried, lambda v: self._product(v, batches))
        except ArithmeticError:  # the caller finds out which term it is
            return None
        return tried.terms[self._optimizer.loss] if found else None


class ResidualDescent(_OwnState):
    """Steps of least squares; the terms are those after one.

    Where the Jacobian would be large, and the method can do without, a step takes J'J, which is added up in parts.
    """

    def __init__(self, optimizer: optim.LeastSquares, objective: Objective) -> None:
        super().__init__(optimizer)
        self._optimizer = optimizer
        self._objective = objective
        self._linearise = dt.jit(objective.linearised(optimizer.parameters))
        self._square = dt.jit(objective.normal_equations(optimizer.parameters))
        self._rows = dt.jit(objective.rows)

    def _linearised(self, batches: list[Batch]) -> tuple[dt.Tensor, ...]:
        rows = sum(rows * residuals for rows, residuals in self._objective.weight_shapes(batches))
        parameters = self._optimizer.parameters
        size = rows * sum(x.size for x in parameters) * parameters[0].dtype.bits // 8
        program = self._linearise if size <= MOST_JACOBIAN or self._optimizer.needs_jacobian else self._square
        found: tuple[dt.Tensor, ...] = program(batches)
        return found

    def step(self, batches: list[Batch]) -> np.ndarray | None:
        tried: dict[float, np.ndarray] = {}

        def residuals() -> np.ndarray:
            rows = self._rows(batches).asnumpy().astype(np.float64)
            with np.errstate(over="ignore"):
                tried[float(rows @ rows)] = rows
            return np.asarray(rows)

        try:
            found = self._optimizer.step(lambda: self._linearised(batches), residuals)
        except ArithmeticError:  # the caller finds out which term it is
            return None
        return self._objective.of_rows(tried[self._optimizer.loss], batches) if found else None


def make_descent(
    stage: TrainingStage,
    parameters: dt.ParameterTuple,
    objective: Objective,
    differentiate: Differentiated,
    evaluate: Differentiated,
) -> Descent:
    """The optimizer of a stage; ``evaluate`` is ``differentiate``, of the objective, as a program of its own."""
    match stage:
        case FirstOrder():
            return GradientDescent(stage, parameters, differentiate)
        case LBFGS():
            return CurvatureDescent(optim.LBFGS(parameters, stage.memory), evaluate)
        case SSBFGS():
            return CurvatureDescent(optim.SSBFGS(parameters), evaluate)
        case SSBroyden():
            return CurvatureDescent(optim.SSBroyden(parameters), evaluate)
        case LevenbergMarquardt():
            optimizer = optim.LevenbergMarquardt(parameters, stage.damping, stage.acceleration)
            return ResidualDescent(optimizer, objective)
        case GaussNewton():
            return ResidualDescent(optim.GaussNewton(parameters, stage.damping), objective)
        case NaturalGradient():
            return ResidualDescent(optim.NaturalGradient(parameters, stage.damping, stage.momentum), objective)
        case GaussNewtonCG():
            free = optim.GaussNewtonCG(parameters, stage.damping, stage.rank)
            return ProductDescent(free, objective, evaluate)
    raise AssertionError(stage)
