"""Quasi-Newton methods: descents that learn the curvature of a loss from its gradients."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, final

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.optim.blas import one_thread
from dualtape.optim.inverse_hessian import DenseInverse, InverseHessian, Move, StepMemory, scaled_bfgs, scaled_broyden
from dualtape.optim.line_search import Trial, search
from dualtape.optim.parameter_vector import ParameterVector
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor

__all__ = ["LBFGS", "SSBFGS", "QuasiNewton", "SSBroyden"]

Evaluate = Callable[[], tuple[Any, Sequence[Any]]]
# Where a step bends the function by less than rounding, it tells nothing.
_NO_CURVATURE = 1e-14


class QuasiNewton(ABC):
    """The base of :class:`SSBroyden`, :class:`SSBFGS` and :class:`LBFGS`.

    They are not called with gradients, as the optimizers of first order are, but take a function that computes loss
    and gradients: along each direction they try steps until one fulfils the strong Wolfe conditions. One to where the
    loss or its gradient is infinite or NaN counts as too long. The loss must be the same function at each step; where
    it changes, as by other points or data, say :meth:`loss_changed`.

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
    evaluations
        How often loss and gradients have been computed.
    restarts
        How often the curvature was of no use any more and has been learned anew.
    """

    def __init__(self, params: Iterable[Parameter]) -> None:
        self._vector = ParameterVector(type(self).__name__, params)
        self.parameters = self._vector.parameters
        self.iterations = self.evaluations = self.restarts = 0
        self._inverse = self.curvature(self._vector.size)
        self._here: Trial | None = None
        self._fall = math.inf

    @abstractmethod
    def curvature(self, size: int) -> InverseHessian:
        """The inverse Hessian of a function of ``size`` numbers, before the first step."""

    @property
    def loss(self) -> float:
        """At the present parameters; NaN before the first step."""
        return self._here.loss if self._here else math.nan

    @final
    def step(self, evaluate: Evaluate) -> bool:
        """One step; whether it has lowered the loss. If not, no way leads further down, and nothing has changed.

        Parameters
        ----------
        evaluate
            Called without arguments, it gives the loss at the present parameters, and a tuple of its gradients with
            respect to each; as ``dt.value_and_grad(loss, None, weights=optimizer.parameters)`` makes it of a loss.

        Raises
        ------
        ArithmeticError
            The loss or its gradient is infinite or NaN where the step begins.
        """
        with one_thread():
            here = self._here or self._evaluated(evaluate, self._vector.get())
            if not here.is_finite:
                raise ArithmeticError(f"`{type(self).__name__}` cannot begin where the loss is {here.loss}")
            self._here = here
            if self._descend(evaluate, here) or self._descend_anew(evaluate, here):
                self.iterations += 1
                return True
            self._vector.set(here.vector)
            return False

    def loss_changed(self) -> None:
        """Compute the loss anew before the next step, and take the parameters as they are then.

        What was learned of the curvature is kept.
        """
        self._here = None
        self._fall = math.inf

    def _descend_anew(self, evaluate: Evaluate, here: Trial) -> bool:
        """Where what was learned leads nowhere, the gradient may; it is forgotten if that is so."""
        if self._inverse.is_fresh:
            return False
        learned, descended = self._inverse.arrays(), False
        self._inverse.forget()
        try:
            descended = self._descend(evaluate, here)
        finally:
            if not descended:
                self._inverse.take(learned)
        self.restarts += descended
        return descended

    def _descend(self, evaluate: Evaluate, here: Trial) -> bool:
        descent = self._inverse.times(here.gradient)
        direction = -descent
        slope = float(direction @ here.gradient)
        if not (math.isfinite(slope) and slope < 0):
            return False

        latest = here.vector

        def trial(length: float) -> Trial:
            nonlocal latest
            latest = vector = here.vector + length * direction
            with np.errstate(all="ignore"):  # loss and gradient may be infinite
                found = self._evaluated(evaluate, vector)
                return found._replace(length=length, slope=float(found.gradient @ direction))

        if self._inverse.is_fresh:
            first = min(1.0, 1 / float(np.linalg.norm(here.gradient)))
        else:  # by as much as the last step has lowered the loss: Nocedal & Wright, equation 3.60 and below
            first = min(1.0, 2.02 * self._fall / -slope)
        start = here._replace(length=0.0, slope=slope)
        try:
            found = search(trial, start, first)
        except BaseException:
            self._vector.set(here.vector)
            raise
        if found is None or not found.loss < here.loss:
            return False
        if found.vector is not latest:  # it is, mostly, and the parameters have it
            self._vector.set(found.vector)
        step, change, bending = found.vector - here.vector, found.gradient - here.gradient, -(found.length**2) * slope
        move = Move(step, change, bending, found.gradient, descent)
        if move.curvature > _NO_CURVATURE * float(np.linalg.norm(move.step) * np.linalg.norm(move.change)):
            self._inverse.learn(move)
        self._here = found
        self._fall = here.loss - found.loss
        return True

    def _evaluated(self, evaluate: Evaluate, vector: np.ndarray) -> Trial:
        self._vector.set(vector)
        self.evaluations += 1
        loss, gradients = evaluate()
        return Trial(0.0, vector, float(loss), self._vector.flat(gradients), 0.0)

    # State

    def state(self) -> dict[str, Tensor]:
        """All that it knows, the parameters' values included, for :func:`dualtape.save_checkpoint`.

        An optimizer of the same parameters goes on from it, :meth:`load_state`, to the same bits.
        """
        counts = {name: np.array(float(getattr(self, name))) for name in _COUNTS}
        here = self._here or Trial(0.0, self._vector.get(), math.nan, np.full(self._vector.size, np.nan), 0.0)
        place = {"vector": here.vector, "loss": np.array(here.loss), "gradient": here.gradient}
        place["fall"] = np.array(self._fall)
        arrays = counts | place | {f"curvature.{name}": array for name, array in self._inverse.arrays().items()}
        return {name: Tensor(array, device="host") for name, array in arrays.items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Be what :meth:`state` has told, parameters included; or stay as it is, with an error."""
        present = self.state()
        for name, tensor in present.items():
            if name not in state:
                raise ArgumentError(f"`state` of `{type(self).__name__}` has no {name!r}")
            if state[name].shape != tensor.shape:
                raise ShapeError(
                    f"{name!r} in the state of `{type(self).__name__}` has shape {state[name].shape}; "
                    f"expected {tensor.shape}"
                )
        arrays = {name: np.asarray(state[name], np.float64) for name in present}
        if not all(np.isfinite(arrays[name]) for name in _COUNTS):
            raise ArgumentError(f"a count in the state of `{type(self).__name__}` is not finite")
        self._vector.set(arrays["vector"])
        head = "curvature."
        self._inverse.take({name.removeprefix(head): a for name, a in arrays.items() if name.startswith(head)})
        for name in _COUNTS:
            setattr(self, name, int(arrays[name]))
        self._fall = float(arrays["fall"])
        here = Trial(0.0, arrays["vector"].copy(), float(arrays["loss"]), arrays["gradient"].copy(), 0.0)
        self._here = here if here.is_finite else None


_COUNTS = ("iterations", "evaluations", "restarts")


class SSBroyden(QuasiNewton):
    """Self-scaled Broyden: of all quasi-Newton methods the one that brings physics-informed networks furthest.

    The inverse Hessian is a matrix in full, n x n in Float64 for n weights: for some thousands of them. Each step costs
    about 6 n² operations on it besides the evaluations of the loss, mostly one.

    Reference: Urbán, Stefanou & Pons 2025, *Unveiling the optimization process of physics informed neural networks*,
    J. Comput. Phys. 523 (arXiv:2405.04230), equations 13 to 23, after Al-Baali 1998.

    Parameters, attributes and methods are those of :class:`QuasiNewton`.

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([-1.2, 1.0], dt.float64), name="w")
    >>> def rosenbrock():
    ...     return 100 * (w[1] - w[0] ** 2) ** 2 + (1 - w[0]) ** 2
    >>> optimizer = dt.optim.SSBroyden([w])
    >>> evaluate = dt.value_and_grad(rosenbrock, None, weights=optimizer.parameters)
    >>> while optimizer.loss != 0 and optimizer.step(evaluate):
    ...     pass
    >>> optimizer.loss < 1e-20, optimizer.iterations < 60
    (True, True)
    """

    def curvature(self, size: int) -> InverseHessian:
        """A matrix in full."""
        return DenseInverse(size, scaled_broyden)


class SSBFGS(QuasiNewton):
    """Self-scaled BFGS: as :class:`SSBroyden`, with the update of BFGS.

    Reference: Al-Baali 1998, *Numerical experience with a class of self-scaling quasi-Newton algorithms*, JOTA 96;
    equation 11 of Urbán, Stefanou & Pons 2025 (arXiv:2405.04230).

    Parameters, attributes and methods are those of :class:`QuasiNewton`.

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([3.0], dt.float64), name="w")
    >>> optimizer = dt.optim.SSBFGS([w])
    >>> optimizer.step(dt.value_and_grad(lambda: ((w - 2) ** 4).sum(), None, weights=[w]))
    True
    """

    def curvature(self, size: int) -> InverseHessian:
        """A matrix in full."""
        return DenseInverse(size, scaled_bfgs)


class LBFGS(QuasiNewton):
    """BFGS with limited memory, for any number of weights: it keeps the last steps instead of a matrix.

    Reference: Nocedal & Wright 2006, *Numerical Optimization*, section 7.2.

    Parameters
    ----------
    params
        See :class:`QuasiNewton`, also for attributes and methods.
    memory
        How many steps it keeps.

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([3.0], dt.float64), name="w")
    >>> optimizer = dt.optim.LBFGS([w], memory=10)
    >>> optimizer.step(dt.value_and_grad(lambda: ((w - 2) ** 4).sum(), None, weights=[w]))
    True
    """

    def __init__(self, params: Iterable[Parameter], memory: int = 50) -> None:
        if isinstance(memory, bool) or not isinstance(memory, int):
            raise ArgumentTypeError(f"`memory` of `LBFGS` must be an int, got {type(memory).__name__}")
        if memory < 1:
            raise ArgumentError(f"`memory` of `LBFGS` must be 1 or more, got {memory}")
        self._memory = memory
        super().__init__(params)

    def curvature(self, size: int) -> InverseHessian:
        """The last steps."""
        return StepMemory(size, self._memory)
