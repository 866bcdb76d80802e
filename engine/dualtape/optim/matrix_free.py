"""Gauss and Newton without a matrix: for networks of many weights, and any number of residuals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.functions.conversion import read_positive
from dualtape.optim.blas import one_thread
from dualtape.optim.krylov import NystroemFactor, Solution, conjugate_gradients, nystroem_factor
from dualtape.optim.least_squares import number_of_state
from dualtape.optim.parameter_vector import ParameterVector
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor

__all__ = ["GaussNewtonCG"]

Evaluate = Callable[[], tuple[Any, Sequence[Any]]]
Multiply = Callable[[tuple[Tensor, ...]], Sequence[Any]]
# At most so many trials in one step: damping grows by 2, 4, 8, ...
_TRIALS = 12


class _Kept(NamedTuple):
    """A factor, and how many steps it has served."""

    factor: NystroemFactor | None = None
    age: int = 0


class GaussNewtonCG:
    """Damped steps of Gauss and Newton, found by conjugate gradients from products with J'J.

    The loss is the sum of the squares of residuals with the Jacobian J. It asks for no matrix: a product costs about
    as much as a gradient. A Nyström factor of J'J, of so many products, keeps the number of the others small, and
    serves for several steps. It computes in Float64 on the host, whatever the parameters are.

    References: Martens 2010, *Deep learning via Hessian-free optimization*; Frangella, Tropp & Udell 2023 for the
    preconditioner (arXiv:2110.02820); Madsen, Nielsen & Tingleff 2004, algorithm 3.16, for the damping.

    Parameters
    ----------
    params
        Parameters with distinct names.
    damping
        The first one, as a share of the largest eigenvalue of J'J.
    rank
        Of the Nyström factor.
    refresh
        After so many steps it is made anew.
    tolerance
        Conjugate gradients end where the residual of the linear system is this share of its right side.
    products
        The most of them in a step, besides those of the factor.

    Attributes
    ----------
    parameters
        What it changes.
    loss
        At the present parameters; NaN before the first step.
    iterations
        How many steps have lowered the loss.

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([-1.2, 1.0], dt.float64), name="w")
    >>> residuals = lambda: dt.ops.stack([10 * (w[1] - w[0] ** 2), 1 - w[0]])
    >>> optimizer = dt.optim.GaussNewtonCG([w], rank=2)
    >>> evaluate = dt.value_and_grad(lambda: (residuals() ** 2).sum(), None, weights=[w])
    >>> product = dt.gauss_newton_product(residuals, [w])
    >>> while optimizer.loss != 0 and optimizer.step(evaluate, product):
    ...     pass
    >>> optimizer.loss < 1e-20, optimizer.iterations < 60
    (True, True)
    """

    def __init__(
        self,
        params: Iterable[Parameter],
        damping: float = 1e-3,
        rank: int = 40,
        refresh: int = 10,
        tolerance: float = 1e-2,
        products: int = 100,
    ) -> None:
        self._vector = ParameterVector(type(self).__name__, params)
        self.parameters = self._vector.parameters
        self._share = read_positive(self, "damping", damping)
        self._tolerance = read_positive(self, "tolerance", tolerance)
        self._rank, self._refresh, self._most = (
            _read_count(name, value) for name, value in (("rank", rank), ("refresh", refresh), ("products", products))
        )
        self._rank = min(self._rank, self._vector.size)
        self.loss = math.nan
        self.iterations = 0
        self.damping = 0.0
        self.growth = 2.0
        self._kept = _Kept()

    def step(self, evaluate: Evaluate, product: Multiply) -> bool:
        """One step; whether it has lowered the loss. If not, the parameters are what they were.

        Parameters
        ----------
        evaluate
            Called without arguments, it gives the loss at the present parameters, and a tuple of its gradients.
        product
            Of a tuple with a Tensor for each parameter it gives J'J times that, in the same form: see
            :func:`dualtape.gauss_newton_product`.

        Raises
        ------
        ArithmeticError
            The loss or its gradient is infinite or NaN where the step begins.
        """
        start = self._vector.get()
        loss, gradients = evaluate()
        # The gradient of a sum of squares is 2 J'r.
        here, slope = float(loss), self._vector.flat(gradients) / 2
        if not (math.isfinite(here) and np.isfinite(slope).all()):
            raise ArithmeticError(f"`{type(self).__name__}` cannot begin where the loss is {here}")

        def multiply(vector: np.ndarray) -> np.ndarray:
            return self._vector.flat(product(tuple(self._vector.tensors(vector))))

        found = None
        try:
            with one_thread():
                kept = self._present_factor(multiply)
                assert kept.factor is not None
                found = self._descend(here, start, slope, kept.factor, multiply, evaluate)
        finally:
            if found is None:
                self._vector.set(start)
        self.loss = here if found is None else found
        # A factor that led nowhere is made anew.
        self._kept = _Kept() if found is None else _Kept(kept.factor, kept.age + 1)
        self.iterations += found is not None
        return found is not None

    def _present_factor(self, multiply: Callable[[np.ndarray], np.ndarray]) -> _Kept:
        if self._kept.factor is not None and self._kept.age < self._refresh:
            return self._kept
        return _Kept(nystroem_factor(multiply, self._vector.size, self._rank, self.iterations))

    def _descend(
        self,
        loss: float,
        start: np.ndarray,
        slope: np.ndarray,
        factor: NystroemFactor,
        multiply: Callable[[np.ndarray], np.ndarray],
        evaluate: Evaluate,
    ) -> float | None:
        """The loss at a lower place, which the parameters have then; or ``None``."""
        damping = self.damping or self._share * max(float(factor.values[0]), float(np.linalg.norm(slope)), 1e-300)
        growth = self.growth
        for _ in range(_TRIALS):
            step, left = self._solved(damping, slope, factor, multiply)
            # r'r falls by -2 p'J'r - p'J'Jp in the linear model, where J'Jp = -J'r - damping p - left.
            promised = -float(step @ slope) + damping * float(step @ step) + float(step @ left)
            self._vector.set(start + step)
            with np.errstate(all="ignore"):  # it may be infinite
                there = float(evaluate()[0])
            gain = (loss - there) / promised if promised > 0 else math.nan
            if gain > 0 and there < loss:
                self.damping, self.growth = damping * max(1 / 3, 1 - (2 * gain - 1) ** 3), 2.0
                return there
            damping *= growth
            growth *= 2
        return None

    def _solved(
        self, damping: float, slope: np.ndarray, factor: NystroemFactor, multiply: Callable[[np.ndarray], np.ndarray]
    ) -> Solution:
        return conjugate_gradients(
            lambda v: multiply(v) + damping * v,
            -slope,
            lambda v: factor.precondition(v, damping),
            self._tolerance,
            self._most,
        )

    def state(self) -> dict[str, Tensor]:
        """All that it knows, the parameters' values included, for :func:`dualtape.save_checkpoint`."""
        arrays = {name: np.array(float(getattr(self, name))) for name in _NUMBERS}
        vectors, values = np.zeros((self._vector.size, self._rank)), np.zeros(self._rank)
        factor, age = self._kept
        known = 0 if factor is None else len(factor.values)
        if factor is not None:
            vectors[:, :known], values[:known] = factor
        arrays |= {"vector": self._vector.get(), "known": np.array(float(known)), "age": np.array(float(age))}
        arrays |= {"factor.vectors": vectors, "factor.values": values}
        return {name: Tensor(array, device="host") for name, array in arrays.items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Be what :meth:`state` has told, parameters included; or stay as it is, with an error."""
        for name, tensor in self.state().items():
            if name not in state or state[name].shape != tensor.shape:
                raise ArgumentError(f"`state` of `{type(self).__name__}` has no {name!r} of shape {tensor.shape}")
        arrays = {name: np.asarray(tensor, np.float64) for name, tensor in state.items()}
        # All is read before anything changes.
        numbers = {name: number_of_state(self, name, state[name]) for name in _NUMBERS}
        if not np.isfinite([arrays["known"], arrays["age"]]).all():
            raise ArgumentError(f"a count in the state of `{type(self).__name__}` is not finite")
        known, age = int(arrays["known"]), int(arrays["age"])
        vectors, values = arrays["factor.vectors"][:, :known].copy(), arrays["factor.values"][:known].copy()
        self._vector.set(arrays["vector"])
        for name, value in numbers.items():
            setattr(self, name, value)
        self._kept = _Kept(NystroemFactor(vectors, values) if known else None, age)


_NUMBERS = ("loss", "iterations", "damping", "growth")


def _read_count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentTypeError(f"`{name}` of `GaussNewtonCG` must be an int, got {type(value).__name__}")
    if value < 1:
        raise ArgumentError(f"`{name}` of `GaussNewtonCG` must be 1 or more, got {value}")
    return value
