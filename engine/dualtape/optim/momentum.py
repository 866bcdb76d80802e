"""Gradient descent, plain and with momentum."""

from __future__ import annotations

from dualtape.errors import ArgumentError
from dualtape.functions.conversion import read_flag, read_positive
from dualtape.functions.indexing import where
from dualtape.optim.groups import LearningRate, Parameters
from dualtape.optim.optimizer import Optimizer, State, Step
from dualtape.tensor import Tensor

__all__ = ["SGD", "Momentum"]


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
