"""Gradient descent: plain, with momentum, averaged, and by signs alone."""

from __future__ import annotations

from typing import Any

from dualtape.errors import ArgumentError
from dualtape.functions.activation import clamp
from dualtape.functions.conversion import read_flag, read_positive
from dualtape.functions.elementwise import maximum, sign
from dualtape.functions.indexing import where
from dualtape.optim.groups import LearningRate, Parameters
from dualtape.optim.optimizer import Optimizer, State, Step
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor

__all__ = ["ASGD", "SGD", "Momentum", "Rprop"]


class SGD(Optimizer):
    """Gradient descent.

    With momentum, ``accum = momentum * accum + (1 - dampening) * g`` from the second step on, from ``accum = g``
    in the first, and the step is along ``accum``; with ``nesterov`` along ``g + momentum * accum``.

    Parameters
    ----------
    params, learning_rate, weight_decay, loss_scale
        See :class:`Optimizer`.
    momentum
        How much of the last direction is kept.
    dampening
        How much of the gradient is left out of the direction.
    nesterov
        Look ahead; needs momentum and no dampening.

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([1.0]), name="w")
    >>> dt.optim.SGD([w], 0.5)((dt.Tensor([1.0]),))
    (True,)
    >>> print(w.value())
    [0.5]
    """

    def __init__(
        self,
        params: Parameters,
        learning_rate: LearningRate = 0.1,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        loss_scale: float = 1.0,
    ) -> None:
        self.momentum = read_positive(self, "momentum", momentum, zero=True)
        self.dampening = read_positive(self, "dampening", dampening, zero=True)
        self.nesterov = read_flag(self, "nesterov", nesterov)
        if nesterov and (not momentum > 0 or dampening != 0):
            raise ArgumentError(
                f"`nesterov` of `SGD` needs a positive momentum and no dampening, got {momentum} and {dampening}"
            )
        super().__init__(learning_rate, params, weight_decay, loss_scale)

    def slots(self) -> dict[str, float]:
        return {"accum": 0.0} if self.momentum else {}

    def update(self, value: Tensor, gradient: Tensor, step: Step, state: State) -> tuple[Tensor, State]:
        if not self.momentum:
            return value - step.rate * gradient, ()
        accum = self.momentum * state[0] + (1 - self.dampening) * gradient
        if self.dampening:
            accum = where(step.number <= 1, gradient, accum)
        direction = gradient + self.momentum * accum if self.nesterov else accum
        return value - step.rate * direction, (accum,)


class Momentum(Optimizer):
    """Gradient descent along ``v = momentum * v + g``; with ``use_nesterov`` along ``g + momentum * v``.

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([1.0]), name="w")
    >>> dt.optim.Momentum([w], learning_rate=0.5, momentum=0.9)((dt.Tensor([1.0]),))
    (True,)
    >>> print(w.value())
    [0.5]
    """

    def __init__(
        self,
        params: Parameters,
        learning_rate: LearningRate,
        momentum: float,
        weight_decay: float = 0.0,
        loss_scale: float = 1.0,
        use_nesterov: bool = False,
    ) -> None:
        self.momentum = read_positive(self, "momentum", momentum, zero=True)
        self.use_nesterov = read_flag(self, "use_nesterov", use_nesterov)
        super().__init__(learning_rate, params, weight_decay, loss_scale)

    def slots(self) -> dict[str, float]:
        return {"moments": 0.0}

    def update(self, value: Tensor, gradient: Tensor, step: Step, state: State) -> tuple[Tensor, State]:
        v = self.momentum * state[0] + gradient
        direction = gradient + self.momentum * v if self.use_nesterov else v
        return value - step.rate * direction, (v,)


class ASGD(Optimizer):
    """Gradient descent with steps that shrink, and with the mean of the parameters in ``ax`` (Polyak & Juditsky 1992).

    Parameters
    ----------
    params, learning_rate, weight_decay
        See :class:`Optimizer`.
    lambd, alpha
        The rate after n steps is ``learning_rate / (1 + lambd * learning_rate * n) ** alpha``.
    t0
        From which step on the mean is taken; before, ``ax`` is the parameter itself.

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([1.0]), name="w")
    >>> optimizer = dt.optim.ASGD([w], 0.5, t0=0.0)
    >>> for _ in range(3):
    ...     updated = optimizer((dt.Tensor([1.0]),))
    >>> print(optimizer.ax[0].value())
    [-0.25003755]
    """

    def __init__(
        self,
        params: Parameters,
        learning_rate: LearningRate = 0.1,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0.0,
    ) -> None:
        self.lambd = read_positive(self, "lambd", lambd, zero=True)
        self.alpha = read_positive(self, "alpha", alpha, zero=True)
        self.t0 = read_positive(self, "t0", t0, zero=True)
        super().__init__(learning_rate, params, weight_decay)

    def slots(self) -> dict[str, float]:
        return {"ax": 0.0, "eta": 0.0, "mu": 1.0}

    def first(self, name: str, number: float, parameter: Parameter) -> Tensor:
        if name == "ax":
            return super().first(name, number, parameter)
        return Tensor(number, device=parameter.device)

    def update(self, value: Tensor, gradient: Tensor, step: Step, state: State) -> tuple[Tensor, State]:
        return self.averaged_step(value, gradient, state, step.number, step.rate, self.lambd, self.alpha, self.t0)

    @staticmethod
    def averaged_step(
        value: Any, gradient: Any, state: Any, number: Any, rate: Any, lambd: float, alpha: float, t0: float
    ) -> tuple[Any, tuple[Any, ...]]:
        """A parameter after the step of that number, from 1 on, and its mean with the next rate and the next weight."""
        mean, eta, mu = state
        eta = where(number <= 1, rate, eta)
        value = value * (1 - lambd * eta) - eta * gradient
        mean = where(mu >= 1, value, mean + (value - mean) * mu)
        return value, (mean, rate / (1 + lambd * rate * number) ** alpha, 1 / maximum(number - t0, 1.0))


class Rprop(Optimizer):
    """Steps by the gradient's sign, which grow while it stays and shrink where it turns (Riedmiller & Braun 1993).

    Parameters
    ----------
    params, learning_rate, weight_decay
        See :class:`Optimizer`; the learning rate is the size of the first step.
    etas
        By what steps shrink and grow.
    step_sizes
        The smallest and the largest.

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([1.0]), name="w")
    >>> optimizer = dt.optim.Rprop([w], 0.25)
    >>> for _ in range(2):
    ...     updated = optimizer((dt.Tensor([7.0]),))
    >>> print(w.value())
    [0.45]
    """

    def __init__(
        self,
        params: Parameters,
        learning_rate: LearningRate = 0.1,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50.0),
        weight_decay: float = 0.0,
    ) -> None:
        self.etas = _pair(self, "etas", etas)
        self.step_sizes = _pair(self, "step_sizes", step_sizes)
        if not 0 < self.etas[0] < 1 < self.etas[1]:
            raise ArgumentError(f"`etas` of `Rprop` must be below and above 1, got {etas}")
        if self.step_sizes[0] > self.step_sizes[1]:
            raise ArgumentError(f"`step_sizes` of `Rprop` must be the smallest and the largest, got {step_sizes}")
        super().__init__(learning_rate, params, weight_decay)

    def slots(self) -> dict[str, float]:
        return {"prev": 0.0, "step_size": 0.0}

    def update(self, value: Tensor, gradient: Tensor, step: Step, state: State) -> tuple[Tensor, State]:
        return self.resilient_step(value, gradient, state, step.number, step.rate, self.etas, self.step_sizes)

    @staticmethod
    def resilient_step(
        value: Any, gradient: Any, state: Any, number: Any, rate: Any, etas: tuple[float, float],
        step_sizes: tuple[float, float],
    ) -> tuple[Any, tuple[Any, ...]]:  # fmt: skip
        """A parameter after the step of that number, from 1 on, and its gradient, 0 where it turned, with its step."""
        previous, size = state
        agreement = gradient * previous
        factor = where(agreement > 0, etas[1], where(agreement < 0, etas[0], 1.0))
        size = clamp(where(number <= 1, rate, size) * factor, *step_sizes)
        gradient = where(agreement < 0, 0.0, gradient)
        return value - sign(gradient) * size, (gradient, size)


def _pair(optimizer: Optimizer, name: str, given: Any) -> tuple[float, float]:
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise ArgumentError(f"`{name}` of `{type(optimizer).__name__}` must be two numbers, got {given!r:.60}")
    return read_positive(optimizer, name, given[0]), read_positive(optimizer, name, given[1])
