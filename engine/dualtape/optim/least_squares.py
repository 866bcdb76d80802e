"""Least squares: steps from the Jacobian of all residuals, where a loss is the sum of their squares."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, final

import numpy as np

from dualtape.errors import ArgumentError, ShapeError
from dualtape.functions.conversion import read_flag, read_positive, read_real
from dualtape.optim.normal_equations import NormalEquations
from dualtape.optim.parameter_vector import ParameterVector
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor

__all__ = ["GaussNewton", "LeastSquares", "LevenbergMarquardt", "NaturalGradient"]

# At most so many trials in one step: damping grows by 2, 4, 8, ..., and a step is halved.
_TRIALS = 12
_HALVINGS = 40
# Curvature along a step is seen at this part of it, and followed where it is no more than this share of the step:
# Transtrum & Sethna 2012, sections 2 and 3.
_GLANCE, _MOST_BENT = 0.1, 0.75


def number_of_state(optimizer: object, name: str, told: Tensor) -> Any:
    """A number of an optimizer's state, of the type that it has there; counts must be finite."""
    kind, number = type(getattr(optimizer, name)), float(told)
    if kind is int and not math.isfinite(number):
        raise ArgumentError(f"{name!r} in the state of `{type(optimizer).__name__}` is {number}; expected a count")
    return kind(number)


def _alone(x: np.ndarray) -> np.ndarray:
    return x


class _Trial(NamedTuple):
    vector: np.ndarray
    loss: float
    residuals: np.ndarray


class LeastSquares(ABC):
    """The base of :class:`LevenbergMarquardt` and :class:`GaussNewton`.

    The loss is the sum of the squares of M residuals. A step takes their Jacobian by the n weights, of shape (M, n),
    from which a square matrix of the smaller of both sizes is made: for some thousands of weights, or of residuals.
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
    """

    def __init__(self, params: Iterable[Parameter]) -> None:
        self._vector = ParameterVector(type(self).__name__, params)
        self.parameters = self._vector.parameters
        self.loss = math.nan
        self.iterations = 0

    @abstractmethod
    def descend(self, here: _Trial, equations: NormalEquations, trial: Callable[[np.ndarray], _Trial]) -> _Trial | None:
        """A place where the loss is lower, or ``None``."""

    @final
    def step(
        self,
        linearise: Callable[[], tuple[Any, Any]],
        residuals: Callable[[], Any],
        total: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> bool:
        """One step; whether it has lowered the loss. If not, the parameters are what they were.

        Parameters
        ----------
        linearise
            Called without arguments, it gives the residuals at the present parameters, of shape (M,), and their
            Jacobian by all elements of the parameters, of shape (M, n); see :func:`dualtape.residual_jacobian`.
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
        summed = _alone if total is None else total
        values, matrix = (np.asarray(x, np.float64) for x in linearise())
        if values.ndim != 1 or matrix.shape != (values.size, self._vector.size):
            raise ShapeError(
                f"`{type(self).__name__}` got residuals of shape {values.shape} and a Jacobian of shape "
                f"{matrix.shape}; expected (M,) and (M, {self._vector.size})"
            )
        bad = np.array(float(not (np.isfinite(values).all() and np.isfinite(matrix).all())))
        if summed(bad):
            raise ArithmeticError(f"`{type(self).__name__}` cannot begin where residuals or derivatives are not finite")

        def trial(vector: np.ndarray) -> _Trial:
            self._vector.set(vector)
            with np.errstate(all="ignore"):  # they may be infinite
                found = np.asarray(residuals(), np.float64)
                return _Trial(vector, float(summed(found @ found)), found)

        here = _Trial(start, float(summed(values @ values)), values)
        found = None
        try:
            found = self.descend(here, NormalEquations(values, matrix, total), trial)
        finally:
            self._vector.set(start if found is None else found.vector)
        self.loss = here.loss if found is None else found.loss
        self.iterations += found is not None
        return found is not None

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


class LevenbergMarquardt(LeastSquares):
    """Steps of Gauss and Newton that are damped where the residuals are far from linear.

    Reference: Madsen, Nielsen & Tingleff 2004, *Methods for non-linear least squares problems*, algorithm 3.16, with
    Nielsen's rule for the damping.

    Parameters
    ----------
    params
        See :class:`LeastSquares`, also for attributes and methods.
    damping
        The first one, as a share of the largest diagonal element of J'J.
    acceleration
        Follow the curvature of the residuals along a step, for one more evaluation of them: geodesic acceleration.
        Steps that would bend too much are not taken.

    References: Transtrum & Sethna 2012, *Improvements to the Levenberg-Marquardt algorithm for nonlinear least-squares
    minimization* (arXiv:1201.5885); for networks Jnini & Vella 2025 (arXiv:2505.21404).

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([-1.2, 1.0], dt.float64), name="w")
    >>> residuals = lambda x: 10 * (w[1] - w[0] ** 2) * x + (1 - w[0]) * (1 - x)
    >>> points = dt.Tensor([[0.0], [1.0]], dt.float64)
    >>> optimizer = dt.optim.LevenbergMarquardt([w])
    >>> linearised = dt.residual_jacobian(residuals, weights=[w])
    >>> while optimizer.step(lambda: linearised(points), lambda: residuals(points).reshape(-1)):
    ...     pass
    >>> optimizer.loss < 1e-20, optimizer.iterations < 40
    (True, True)
    """

    def __init__(self, params: Iterable[Parameter], damping: float = 1e-3, acceleration: bool = False) -> None:
        super().__init__(params)
        self._share = read_positive(self, "damping", damping)
        self._accelerates = read_flag(self, "acceleration", acceleration)
        self.damping = 0.0
        self.growth = 2.0

    def descend(self, here: _Trial, equations: NormalEquations, trial: Callable[[np.ndarray], _Trial]) -> _Trial | None:
        """Less damping after a step that the linear model has foretold, and more until there is one."""
        first = damping = self.damping or self._share * equations.largest
        growth = self.growth
        for _ in range(_TRIALS):
            solve = equations.solver(damping)
            if solve is not None:
                step = -solve(equations.residuals)
                bent = self._bent(here, equations, solve, step, trial) if self._accelerates else step
                if bent is not None:
                    found = trial(here.vector + bent)
                    promised = float(step @ (damping * step - equations.gradient))
                    gain = (here.loss - found.loss) / promised if promised > 0 else math.nan
                    if gain > 0 and found.loss < here.loss:
                        self.damping, self.growth = damping * max(1 / 3, 1 - (2 * gain - 1) ** 3), 2.0
                        return found
            damping *= growth
            growth *= 2
        self.damping, self.growth = first, 2.0
        return None

    def _bent(
        self,
        here: _Trial,
        equations: NormalEquations,
        solve: Callable[[np.ndarray], np.ndarray],
        step: np.ndarray,
        trial: Callable[[np.ndarray], _Trial],
    ) -> np.ndarray | None:
        """The step with half of the acceleration along it; ``None`` if that is too much of a bend."""
        ahead = trial(here.vector + _GLANCE * step).residuals
        acceleration = -solve(equations.bending(step, ahead, _GLANCE))
        if not 2 * np.linalg.norm(acceleration) <= _MOST_BENT * np.linalg.norm(step):
            return None
        return np.asarray(step + acceleration / 2)

    def _numbers(self) -> tuple[str, ...]:
        return (*super()._numbers(), "damping", "growth")


class GaussNewton(LeastSquares):
    """Steps of Gauss and Newton, cut short until they lower the loss: for networks the natural gradient of the energy.

    Reference: Müller & Zeinhofer 2023, *Achieving high accuracy with PINNs via energy natural gradients*
    (arXiv:2302.13163); in the space of residuals after Guzmán-Cordero et al. 2025 (arXiv:2505.12149).

    Parameters
    ----------
    params
        See :class:`LeastSquares`, also for attributes and methods.
    damping
        Added to the diagonal, as a share of its largest element.

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([3.0], dt.float64), name="w")
    >>> residuals, points = (lambda x: w**2 * x - 2), dt.Tensor([[1.0]], dt.float64)
    >>> linearised = dt.residual_jacobian(residuals, weights=[w])
    >>> optimizer = dt.optim.GaussNewton([w])
    >>> while optimizer.step(lambda: linearised(points), lambda: residuals(points).reshape(-1)):
    ...     pass
    >>> print(w.value())
    [1.41421356]
    """

    def __init__(self, params: Iterable[Parameter], damping: float = 1e-12) -> None:
        super().__init__(params)
        self._share = read_positive(self, "damping", damping)

    def descend(self, here: _Trial, equations: NormalEquations, trial: Callable[[np.ndarray], _Trial]) -> _Trial | None:
        """The whole step or a half of it, and so on, as long as the next half is better."""
        step = equations.step(self._share * equations.largest)
        return None if step is None else _shortened(here, step, trial)


class NaturalGradient(LeastSquares):
    """Damped steps of Gauss and Newton with momentum: SPRING.

    Each step solves the linear model near what is left of the one before it, so that what one set of points does not
    say of the weights is remembered from others: for points that are redrawn often.

    Reference: Goldshlager, Abrahamsen & Lin 2024, *A Kaczmarz-inspired approach to accelerate the optimization of
    neural network wavefunctions*, J. Comput. Phys. 516 (arXiv:2401.10190), equation 3.13; with the correction of its
    first steps after Guzmán-Cordero et al. 2025 (arXiv:2505.12149).

    Parameters
    ----------
    params
        See :class:`LeastSquares`, also for attributes and methods.
    damping
        Added to the diagonal, as a share of its largest element.
    momentum
        How much of a step is kept for the next one; at least 0 and less than 1.

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([3.0], dt.float64), name="w")
    >>> residuals, points = (lambda x: w**2 * x - 2), dt.Tensor([[1.0]], dt.float64)
    >>> linearised = dt.residual_jacobian(residuals, weights=[w])
    >>> optimizer = dt.optim.NaturalGradient([w], momentum=0.5)
    >>> for _ in range(40):
    ...     _ = optimizer.step(lambda: linearised(points), lambda: residuals(points).reshape(-1))
    >>> optimizer.loss < 1e-12
    True
    """

    def __init__(self, params: Iterable[Parameter], damping: float = 1e-8, momentum: float = 0.5) -> None:
        super().__init__(params)
        self._share = read_positive(self, "damping", damping)
        self._momentum = read_real(self, "momentum", momentum)
        if not 0 <= self._momentum < 1:
            raise ArgumentError(f"`momentum` of `NaturalGradient` must be from 0 up to but without 1, got {momentum}")
        self.last = np.zeros(self._vector.size)
        self.taken = 0

    def descend(self, here: _Trial, equations: NormalEquations, trial: Callable[[np.ndarray], _Trial]) -> _Trial | None:
        """Along what momentum and residuals say together, and along the latter alone where that leads nowhere."""
        solve = equations.solver(self._share * equations.largest)
        if solve is None:
            return None
        kept = self._momentum * self.last
        step = kept - solve(equations.residuals + equations.change(kept))
        # As if all steps before the first had been of its kind.
        found = _shortened(here, step / math.sqrt(1 - self._momentum ** (2 * self.taken + 2)), trial)
        taken = self.taken + 1
        if found is None and self.taken:
            step, taken = -solve(equations.residuals), 1
            found = _shortened(here, step, trial)
        if found is not None:
            self.last, self.taken = step, taken
        return found

    def _numbers(self) -> tuple[str, ...]:
        return (*super()._numbers(), "taken")

    def _arrays(self) -> dict[str, np.ndarray]:
        return {"last": self.last}


def _shortened(here: _Trial, step: np.ndarray, trial: Callable[[np.ndarray], _Trial]) -> _Trial | None:
    """The whole step or a half of it, and so on, as long as the next half is better; ``None`` if none is."""
    best = None
    for halving in range(_HALVINGS):
        found = trial(here.vector + step * 0.5**halving)
        if found.loss < (here if best is None else best).loss:
            best = found
        elif best is not None:
            break
    return best
