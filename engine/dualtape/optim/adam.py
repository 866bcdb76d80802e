"""Adam and its relatives.

Reference: Kingma & Ba 2015, *Adam: a method for stochastic optimization* (arXiv:1412.6980).
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from dualtape.errors import ArgumentError
from dualtape.functions.conversion import read_flag, read_positive, read_real
from dualtape.functions.elementwise import abs, expm1, maximum, sqrt, square
from dualtape.optim.groups import LearningRate, Parameters
from dualtape.optim.optimizer import Optimizer, State, Step
from dualtape.tensor import Tensor

__all__ = ["AdaMax", "Adam", "AdamWeightDecay"]


class Adam(Optimizer):
    r"""Adam, in the form with the bias corrections in the learning rate.

    .. math:: p \leftarrow p - \eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} \frac{m}{\sqrt{v} + \epsilon}

    where m and v are the running means of the gradient and of its square.

    Parameters
    ----------
    params, learning_rate, weight_decay, loss_scale
        See :class:`Optimizer`.
    beta1, beta2
        How much of m and of v is kept in each step.
    eps
        Added to the root of v.
    use_nesterov
        Step along ``beta1 m + (1 - beta1) g`` instead of m.
    use_amsgrad
        Divide by the largest v so far (Reddi et al. 2018).

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([1.0]), name="w")
    >>> optimizer = dt.optim.Adam([w], learning_rate=0.1)
    >>> for _ in range(100):
    ...     updated = optimizer(dt.grad(lambda: w * w, None, [w])())
    >>> bool(abs(w).item() < 0.01)
    True
    """

    def __init__(
        self,
        params: Parameters,
        learning_rate: LearningRate = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        use_locking: bool = False,
        use_nesterov: bool = False,
        weight_decay: float = 0.0,
        loss_scale: float = 1.0,
        use_amsgrad: bool = False,
    ) -> None:
        self.beta1, self.beta2, self.eps = read_betas(self, beta1, beta2, eps)
        self.use_nesterov = read_flag(self, "use_nesterov", use_nesterov)
        self.use_amsgrad = read_flag(self, "use_amsgrad", use_amsgrad)
        super().__init__(learning_rate, params, weight_decay, loss_scale)

    def slots(self) -> dict[str, float]:
        names = ("moment1", "moment2", "vhat") if self.use_amsgrad else ("moment1", "moment2")
        return dict.fromkeys(names, 0.0)

    def update(self, value: Tensor, gradient: Tensor, step: Step, state: State) -> tuple[Tensor, State]:
        m, v = moments(self, gradient, state[0], state[1])
        rate = step.rate * (sqrt(bias_correction(self.beta2, step.number)) / bias_correction(self.beta1, step.number))
        largest = maximum(state[2], v) if self.use_amsgrad else v
        direction = self.beta1 * m + (1 - self.beta1) * gradient if self.use_nesterov else m
        value = value - rate * (direction / (sqrt(largest) + self.eps))
        return value, (m, v, largest) if self.use_amsgrad else (m, v)


class AdamWeightDecay(Optimizer):
    """Adam with decoupled weight decay, and as in MindSpore without bias corrections.

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([1.0]), name="w")
    >>> dt.optim.AdamWeightDecay([w], 0.1, weight_decay=0.01)((dt.Tensor([0.0]),))
    (True,)
    >>> print(w.value())
    [0.999]
    """

    decoupled_weight_decay: ClassVar[bool] = True

    def __init__(
        self,
        params: Parameters,
        learning_rate: LearningRate = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
    ) -> None:
        self.beta1, self.beta2, self.eps = read_betas(self, beta1, beta2, eps)
        super().__init__(learning_rate, params, weight_decay)

    def slots(self) -> dict[str, float]:
        return {"adam_m": 0.0, "adam_v": 0.0}

    def update(self, value: Tensor, gradient: Tensor, step: Step, state: State) -> tuple[Tensor, State]:
        m, v = moments(self, gradient, *state)
        direction = m / (sqrt(v) + self.eps)
        if step.weight_decay:
            direction = direction + step.weight_decay * value
        return value - step.rate * direction, (m, v)


class AdaMax(Optimizer):
    """Adam with the largest gradient, fading, in place of the root of the mean square."""

    def __init__(
        self,
        params: Parameters,
        learning_rate: LearningRate = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        loss_scale: float = 1.0,
    ) -> None:
        self.beta1, self.beta2, self.eps = read_betas(self, beta1, beta2, eps)
        super().__init__(learning_rate, params, weight_decay, loss_scale)

    def slots(self) -> dict[str, float]:
        return {"moment1": 0.0, "moment2": 0.0}

    def update(self, value: Tensor, gradient: Tensor, step: Step, state: State) -> tuple[Tensor, State]:
        m = state[0] + (1 - self.beta1) * (gradient - state[0])
        largest = maximum(self.beta2 * state[1], abs(gradient))
        rate = step.rate / bias_correction(self.beta1, step.number)
        return value - rate * (m / (largest + self.eps)), (m, largest)


def moments(optimizer: Adam | AdamWeightDecay, gradient: Tensor, m: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """The running means of the gradient and of its square."""
    m = m + (1 - optimizer.beta1) * (gradient - m)
    v = v + (1 - optimizer.beta2) * (square(gradient) - v)
    return m, v


def bias_correction(beta: float, count: Tensor) -> Tensor:
    """``1 - beta ** count``, accurate also where beta is near 1."""
    if beta == 0.0:
        return count * 0 + 1
    return -expm1(math.log(beta) * count)


def read_betas(optimizer: Optimizer, beta1: Any, beta2: Any, eps: Any) -> tuple[float, float, float]:
    """Check the arguments that Adam and its relatives share."""
    for name, beta in (("beta1", beta1), ("beta2", beta2)):
        if not 0.0 <= read_real(optimizer, name, beta) < 1.0:
            raise ArgumentError(
                f"`{name}` of `{type(optimizer).__name__}` must be from 0 up to but without 1, got {beta}"
            )
    return float(beta1), float(beta2), read_positive(optimizer, "eps", eps)
