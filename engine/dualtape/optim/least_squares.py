"""Least squares: steps from the Jacobian of all residuals, where a loss is the sum of their squares."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, final

import numpy as np

from dualtape.errors import ArgumentError, ShapeError
from dualtape.optim.blas import one_thread_if_small
from dualtape.optim.normal_equations import NormalEquations, SquaredEquations, SumOverAll
from dualtape.optim.parameter_vector import ParameterVector
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor

__all__ = ["LeastSquares"]


def number_of_state(optimizer: object, name: str, told: Tensor) -> Any:
    """A number of an optimizer's state, of the type that it has there; counts must be finite."""
    kind, number = type(getattr(optimizer, name)), float(told)
    if kind is int and not math.isfinite(number):
        raise ArgumentError(f"{name!r} in the state of `{type(optimizer).__name__}` is {number}; expected a count")
    return kind(number)


def _alone(x: np.ndarray) -> np.ndarray:
    return x


class Trial(NamedTuple):
    vector: np.ndarray
    loss: float
    residuals: np.ndarray


class LeastSquares(ABC):
    """The base of :class:`LevenbergMarquardt` and :class:`GaussNewton`.

    The loss is the sum of the squares of M residuals. A step takes their Jacobian by the n weights, of shape (M, n),
    from which a square matrix of the smaller of both sizes is made: for some thousands of weights, or of residuals. Of
    any number of residuals J'J is enough, unless a method needs the Jacobian itself.
    They compute in Float64 on the host, whatever the parameters are.

    Parameters
    ----------
    params
        Parameters with distinct names.

    Attributes
    ----------
    parameters
        What it changes.
    loss
        At the present parameters; NaN before the first step.
    iterations
        How many steps have lowered the loss.
    needs_jacobian
        Whether J'J is not enough, as for acceleration and momentum.
    """

    needs_jacobian = False

    def __init__(self, params: Iterable[Parameter]) -> None:
        self._vector = ParameterVector(type(self).__name__, params)
        self.parameters = self._vector.parameters
        self.loss = math.nan
        self.iterations = 0

    @abstractmethod
    def descend(self, here: Trial, equations: NormalEquations, trial: Callable[[np.ndarray], Trial]) -> Trial | None:
        """A place where the loss is lower, or ``None``."""

    @final
    def step(
        self,
        linearise: Callable[[], tuple[Any, ...]],
        residuals: Callable[[], Any],
        total: SumOverAll | None = None,
    ) -> bool:
        """One step; whether it has lowered the loss. If not, the parameters are what they were.

        Parameters
        ----------
        linearise
            Called without arguments, it gives the residuals at the present parameters, of shape (M,), and their
            Jacobian by all elements of the parameters, of shape (M, n); see :func:`dualtape.residual_jacobian`. Or the
            residuals, J'r and J'J, as :func:`normal_equations` gives them.
        residuals
            It gives the residuals alone.
        total
            Where the residuals are divided among processes, each of which gives its own: what makes the sum over all
            processes of an array, the same in each. Then the matrix is that of the weights, n x n.

        Raises
        ------
        ArithmeticError
            A residual or a derivative is infinite or NaN where the step begins.
        """
        start = self._vector.get()
        given = [np.asarray(x, np.float64) for x in linearise()]
        with one_thread_if_small(given[0].size, self._vector.size):
            return self._stepped(start, given, residuals, total)

    def _stepped(
        self,
        start: np.ndarray,
        given: list[np.ndarray],
        residuals: Callable[[], Any],
        total: SumOverAll | None,
    ) -> bool:
        summed = _alone if total is None else total
        equations = self._read_equations(given, total)
        values = equations.residuals

        def trial(vector: np.ndarray) -> Trial:
            self._vector.set(vector)
            with np.errstate(all="ignore"):  # they may be infinite
                found = np.asarray(residuals(), np.float64)
                return Trial(vector, float(summed(found @ found)), found)

        here = Trial(start, float(summed(values @ values)), values)
        found = None
        try:
            found = self.descend(here, equations, trial)
        finally:
            self._vector.set(start if found is None else found.vector)
        self.loss = here.loss if found is None else found.loss
        self.iterations += found is not None
        return found is not None

    def _read_equations(self, given: list[np.ndarray], total: SumOverAll | None) -> NormalEquations:
        name, size = type(self).__name__, self._vector.size
        count = given[0].size
        squared = len(given) == 3
        if squared and self.needs_jacobian:
            raise ArgumentError(f"this `{name}` needs the Jacobian itself: J'J does not tell it enough")
        what, expected = "residuals and their Jacobian", [(count,), (count, size)]
        if squared:
            what, expected = "residuals, J'r and J'J", [(count,), (size,), (size, size)]
        shapes = [x.shape for x in given]
        if shapes != expected:
            got, wanted = (", ".join(map(str, x)) for x in (shapes, expected))
            raise ShapeError(f"`{name}` got {what} of shapes {got}; expected {wanted}, for {count} residuals")
        bad = np.array(float(not all(np.isfinite(x).all() for x in given)))
        if bad if total is None else total(bad):
            raise ArithmeticError(f"`{name}` cannot begin where residuals or derivatives are not finite")
        if squared:
            return SquaredEquations(given[0], given[1], given[2], total)
        return NormalEquations(given[0], given[1], total)

    def state(self) -> dict[str, Tensor]:
        """All that it knows, the parameters' values included, for :func:`dualtape.save_checkpoint`."""
        numbers = {name: np.array(float(getattr(self, name))) for name in self._numbers()}
        arrays = {"vector": self._vector.get(), **numbers, **self._arrays()}
        return {name: Tensor(x, device="host") for name, x in arrays.items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Be what :meth:`state` has told, parameters included; or stay as it is, with an error."""
        present = self.state()
        for name, tensor in present.items():
            if name not in state or state[name].shape != tensor.shape:
                raise ArgumentError(f"`state` of `{type(self).__name__}` has no {name!r} of shape {tensor.shape}")
        # All is read before anything changes.
        found: dict[str, Any] = {n: number_of_state(self, n, state[n]) for n in self._numbers()}
        found |= {name: np.array(state[name], np.float64) for name in self._arrays()}
        self._vector.set(np.asarray(state["vector"], np.float64))
        for name, value in found.items():
            setattr(self, name, value)

    def _arrays(self) -> dict[str, np.ndarray]:
        """Attributes that are vectors, for :meth:`state`."""
        return {}

    def _numbers(self) -> tuple[str, ...]:
        return ("loss", "iterations")
