"""Optimizers that divide each gradient by its own past size: RMSProp, Adadelta, and Adagrad with its relatives."""

from __future__ import annotations

from dualtape.functions.conversion import read_flag, read_positive
from dualtape.functions.elementwise import abs, maximum, rsqrt, sign, sqrt, square
from dualtape.functions.indexing import where
from dualtape.optim.groups import LearningRate, Parameters
from dualtape.optim.optimizer import Optimizer, State, Step
from dualtape.tensor import Tensor

__all__ = ["FTRL", "Adadelta", "Adagrad", "ProximalAdagrad", "RMSProp"]


class RMSProp(Optimizer):
    """Division by the root of the running mean square (Tieleman & Hinton 2012), which starts at 1 as in MindSpore.

    Parameters
    ----------
    params, learning_rate, weight_decay, loss_scale
        See :class:`Optimizer`.
    decay
        How much of the mean square is kept in each step.
    momentum
        How much of the last step is repeated.
    epsilon
        Added to the mean square.
    centered
        Subtract the square of the running mean: divide by a standard deviation (Graves 2013, arXiv:1308.0850).
    """

    def __init__(
        self,
        params: Parameters,
        learning_rate: LearningRate = 0.1,
        decay: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-10,
        use_locking: bool = False,
        centered: bool = False,
        loss_scale: float = 1.0,
        weight_decay: float = 0.0,
    ) -> None:
        self.decay = read_positive(self, "decay", decay, zero=True)
        self.momentum = read_positive(self, "momentum", momentum, zero=True)
        self.epsilon = read_positive(self, "epsilon", epsilon)
        self.centered = read_flag(self, "centered", centered)
        super().__init__(learning_rate, params, weight_decay, loss_scale)

    def slots(self) -> dict[str, float]:
        slots = {"mean_square": 1.0, "moment": 0.0}
        return {**slots, "mean_grad": 0.0} if self.centered else slots

    def update(self, value: Tensor, gradient: Tensor, step: Step, state: State) -> tuple[Tensor, State]:
        squares = self.decay * state[0] + (1 - self.decay) * square(gradient)
        spread = squares
        means: State = ()
        if self.centered:
            mean = self.decay * state[2] + (1 - self.decay) * gradient
            spread = squares - square(mean)
            means = (mean,)
        move = self.momentum * state[1] + step.rate * gradient * rsqrt(spread + self.epsilon)
        return value - move, (squares, move, *means)


class Adagrad(Optimizer):
    """Division by the root of the sum of all squares so far, from ``accum`` on (Duchi et al. 2011)."""

    def __init__(
        self,
        params: Parameters,
        accum: float = 0.1,
        learning_rate: LearningRate = 1e-3,
        update_slots: bool = True,
        loss_scale: float = 1.0,
        weight_decay: float = 0.0,
    ) -> None:
        self.initial_accum = read_positive(self, "accum", accum, zero=True)
        self.update_slots = read_flag(self, "update_slots", update_slots)
        super().__init__(learning_rate, params, weight_decay, loss_scale)

    def slots(self) -> dict[str, float]:
        return {"accum": self.initial_accum}

    def update(self, value: Tensor, gradient: Tensor, step: Step, state: State) -> tuple[Tensor, State]:
        accum = state[0] + square(gradient) if self.update_slots else state[0]
        return value - step.rate * gradient * rsqrt(accum), (accum,)


class Adadelta(Optimizer):
    """Steps whose units are the parameter's: by running mean squares of gradients and of steps (arXiv:1212.5701)."""

    def __init__(
        self,
        params: Parameters,
        learning_rate: LearningRate = 1.0,
        rho: float = 0.9,
        epsilon: float = 1e-6,
        loss_scale: float = 1.0,
        weight_decay: float = 0.0,
    ) -> None:
        self.rho = read_positive(self, "rho", rho, zero=True)
        self.epsilon = read_positive(self, "epsilon", epsilon)
        super().__init__(learning_rate, params, weight_decay, loss_scale)

    def slots(self) -> dict[str, float]:
        return {"accum": 0.0, "accum_update": 0.0}

    def update(self, value: Tensor, gradient: Tensor, step: Step, state: State) -> tuple[Tensor, State]:
        squares = self.rho * state[0] + (1 - self.rho) * square(gradient)
        move = sqrt(state[1] + self.epsilon) * rsqrt(squares + self.epsilon) * gradient
        moves = self.rho * state[1] + (1 - self.rho) * square(move)
        return value - step.rate * move, (squares, moves)


class ProximalAdagrad(Optimizer):
    """Adagrad with a proximal step for ``l1 |p| + l2 p**2 / 2``: small parameters are 0 (Duchi & Singer 2009)."""

    def __init__(
        self,
        params: Parameters,
        accum: float = 0.1,
        learning_rate: LearningRate = 1e-3,
        l1: float = 0.0,
        l2: float = 0.0,
        use_locking: bool = False,
        loss_scale: float = 1.0,
        weight_decay: float = 0.0,
    ) -> None:
        self.initial_accum = read_positive(self, "accum", accum, zero=True)
        self.l1, self.l2 = (read_positive(self, name, x, zero=True) for name, x in (("l1", l1), ("l2", l2)))
        super().__init__(learning_rate, params, weight_decay, loss_scale)

    def slots(self) -> dict[str, float]:
        return {"accum": self.initial_accum}

    def update(self, value: Tensor, gradient: Tensor, step: Step, state: State) -> tuple[Tensor, State]:
        accum = state[0] + square(gradient)
        rate = step.rate * rsqrt(accum)
        target = value - rate * gradient
        shrunk = maximum(abs(target) - rate * self.l1, 0.0)
        return sign(target) * shrunk / (1 + rate * self.l2), (accum,)


class FTRL(Optimizer):
    """Follow the regularized leader: the best parameter for all gradients so far, 0 where they are small.

    Reference: McMahan et al. 2013, *Ad click prediction: a view from the trenches*.
    """

    def __init__(
        self,
        params: Parameters,
        initial_accum: float = 0.1,
        learning_rate: LearningRate = 1e-3,
        lr_power: float = -0.5,
        l1: float = 0.0,
        l2: float = 0.0,
        use_locking: bool = False,
        loss_scale: float = 1.0,
        weight_decay: float = 0.0,
    ) -> None:
        self.initial_accum = read_positive(self, "initial_accum", initial_accum, zero=True)
        self.l1, self.l2 = (read_positive(self, name, x, zero=True) for name, x in (("l1", l1), ("l2", l2)))
        self.power = read_positive(self, "-lr_power", -lr_power, zero=True)
        super().__init__(learning_rate, params, weight_decay, loss_scale)

    def slots(self) -> dict[str, float]:
        return {"moments": self.initial_accum, "linear": 0.0}

    def update(self, value: Tensor, gradient: Tensor, step: Step, state: State) -> tuple[Tensor, State]:
        accum = state[0] + square(gradient)
        grown = accum**self.power
        linear = state[1] + gradient - (grown - state[0] ** self.power) / step.rate * value
        best = (sign(linear) * self.l1 - linear) / (grown / step.rate + 2 * self.l2)
        return where(abs(linear) > self.l1, best, 0.0), (accum, linear)
