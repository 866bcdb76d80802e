"""Least squares: steps from the Jacobian of all residuals, where a loss is the sum of their squares."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, final

import numpy as np

from dualtape.errors import ArgumentError, ShapeError
from dualtape.functions.conversion import read_positive
from dualtape.optim.parameter_vector import ParameterVector
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor

__all__ = ["GaussNewton", "LeastSquares", "LevenbergMarquardt"]

# At most so many trials in one step: damping grows by 2, 4, 8, ..., and a step is halved.
_TRIALS = 12
_HALVINGS = 40


class NormalEquations:
    """``(J'J + damping I) step = -J'r``, in the space of weights or, where there are fewer residuals, in theirs.

    There the step is ``-J' (JJ' + damping I)^-1 r``, which is the same one: the Woodbury identity.
    """

    def __init__(self, residuals: np.ndarray, matrix: np.ndarray) -> None:
        self._matrix = matrix
        self.gradient = matrix.T @ residuals
        self._is_dual = len(residuals) < matrix.shape[1]
        self._square = matrix @ matrix.T if self._is_dual else matrix.T @ matrix
        self._right = residuals if self._is_dual else self.gradient
        self.largest = float(self._square.diagonal().max())
        """The largest number on the diagonal: the scale of a damping."""

    def step(self, damping: float) -> np.ndarray | None:
        """The solution; ``None`` where rounding has left the matrix indefinite."""
        from scipy.linalg import LinAlgError, cho_factor, cho_solve

        damped = self._square.copy()
        damped[np.diag_indices_from(damped)] += damping
        try:
            found = cho_solve(cho_factor(damped, overwrite_a=True, check_finite=False), self._right, check_finite=False)
        except LinAlgError:
            return None
        return np.asarray(-(self._matrix.T @ found) if self._is_dual else -found)


class _Trial(NamedTuple):
    vector: np.ndarray
    loss: float


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
    def step(self, linearise: Callable[[], tuple[Any, Any]], residuals: Callable[[], Any]) -> bool:
        """One step; whether it has lowered the loss. If not, the parameters are what they were.

        Parameters
        ----------
        linearise
            Called without arguments, it gives the residuals at the present parameters, of shape (M,), and their
            Jacobian by all elements of the parameters, of shape (M, n); see :func:`dualtape.residual_jacobian`.
        residuals
            It gives the residuals alone.

        Raises
        ------
        ArithmeticError
            A residual or a derivative is infinite or NaN where the step begins.
        """
        start = self._vector.get()
        values, matrix = (np.asarray(x, np.float64) for x in linearise())
        if values.ndim != 1 or matrix.shape != (values.size, self._vector.size):
            raise ShapeError(
                f"`{type(self).__name__}` got residuals of shape {values.shape} and a Jacobian of shape "
                f"{matrix.shape}; expected (M,) and (M, {self._vector.size})"
            )
        if not (np.isfinite(values).all() and np.isfinite(matrix).all()):
            raise ArithmeticError(f"`{type(self).__name__}` cannot begin where residuals or derivatives are not finite")

        def trial(vector: np.ndarray) -> _Trial:
            self._vector.set(vector)
            with np.errstate(all="ignore"):  # they may be infinite
                found = np.asarray(residuals(), np.float64)
                return _Trial(vector, float(found @ found))

        here = _Trial(start, float(values @ values))
        found = None
        try:
            found = self.descend(here, NormalEquations(values, matrix), trial)
        finally:
            self._vector.set(start if found is None else found.vector)
        self.loss = here.loss if found is None else found.loss
        self.iterations += found is not None
        return found is not None

    def state(self) -> dict[str, Tensor]:
        """All that it knows, the parameters' values included, for :func:`dualtape.save_checkpoint`."""
        numbers = {name: np.array(float(getattr(self, name))) for name in self._numbers()}
        return {name: Tensor(x, device="host") for name, x in {"vector": self._vector.get(), **numbers}.items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Be what :meth:`state` has told, parameters included; or stay as it is, with an error."""
        present = self.state()
        for name, tensor in present.items():
            if name not in state or state[name].shape != tensor.shape:
                raise ArgumentError(f"`state` of `{type(self).__name__}` has no {name!r} of shape {tensor.shape}")
        self._vector.set(np.asarray(state["vector"], np.float64))
        for name in self._numbers():
            setattr(self, name, type(getattr(self, name))(float(state[name])))

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

    def __init__(self, params: Iterable[Parameter], damping: float = 1e-3) -> None:
        super().__init__(params)
        self._share = read_positive(self, "damping", damping)
        self.damping = 0.0
        self.growth = 2.0

    def descend(self, here: _Trial, equations: NormalEquations, trial: Callable[[np.ndarray], _Trial]) -> _Trial | None:
        """Less damping after a step that the linear model has foretold, and more until there is one."""
        self.damping = before = self.damping or self._share * equations.largest
        for _ in range(_TRIALS):
            step = equations.step(self.damping)
            if step is not None:
                found = trial(here.vector + step)
                promised = float(step @ (self.damping * step - equations.gradient))
                gain = (here.loss - found.loss) / promised if promised > 0 else math.nan
                if gain > 0 and found.loss < here.loss:
                    self.damping *= max(1 / 3, 1 - (2 * gain - 1) ** 3)
                    self.growth = 2.0
                    return found
            self.damping *= self.growth
            self.growth *= 2
        self.damping, self.growth = before, 2.0
        return None

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
        if step is None:
            return None
        best = None
        for halving in range(_HALVINGS):
            found = trial(here.vector + step * 0.5**halving)
            if found.loss < (here if best is None else best).loss:
                best = found
            elif best is not None:
                break
        return best
