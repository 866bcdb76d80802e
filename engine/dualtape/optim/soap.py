"""SOAP: Adam in the directions in which the gradients of a matrix of weights vary independently."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualtape.control.conditions import cond
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.functions.conversion import read_real
from dualtape.functions.decompositions import qr
from dualtape.functions.elementwise import sqrt, square
from dualtape.functions.linear_algebra import matmul
from dualtape.functions.shape import swapaxes
from dualtape.optim.adam import bias_correction, read_betas
from dualtape.optim.groups import LearningRate, Parameters
from dualtape.optim.optimizer import Optimizer, State, Step
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor

__all__ = ["SOAP"]


class SOAP(Optimizer):
    r"""Adam in the eigenbasis of Shampoo's preconditioner.

    For a matrix of weights W with the gradient G, running means of :math:`G G^T` and :math:`G^T G` have eigenvectors
    :math:`Q_L` and :math:`Q_R`, which are followed by one step of orthogonal iteration now and then. Adam runs on
    :math:`Q_L^T G Q_R`. What is no matrix, or is wider than ``largest``, is left to Adam as it is.

    Reference: Vyas et al. 2024, *SOAP: Improving and stabilizing Shampoo using Adam* (arXiv:2409.11321), algorithm 3;
    for physics-informed networks Wang et al. 2025 (arXiv:2502.00604).

    Parameters
    ----------
    params, learning_rate, weight_decay, loss_scale
        See :class:`Optimizer`. Weight decay is decoupled from the gradient.
    beta1, beta2
        How much of the means of the gradient and of its square is kept in each step.
    eps
        Added to the root of the latter.
    shampoo_beta
        How much of the means of the products is kept.
    frequency
        After so many steps the directions are followed.
    largest
        Sides of a matrix that are longer are left as they are.

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([[1.0, 2.0], [3.0, 4.0]]), name="w")
    >>> optimizer = dt.optim.SOAP([w], learning_rate=0.1)
    >>> for _ in range(200):
    ...     updated = optimizer(dt.grad(lambda: ((w - 1) ** 2).sum(), None, [w])())
    >>> bool(abs(w - 1).max() < 0.1)
    True
    """

    decoupled_weight_decay = True

    def __init__(
        self,
        params: Parameters,
        learning_rate: LearningRate = 3e-3,
        beta1: float = 0.95,
        beta2: float = 0.95,
        eps: float = 1e-8,
        shampoo_beta: float = 0.95,
        frequency: int = 10,
        largest: int = 1024,
        weight_decay: float = 0.0,
        loss_scale: float = 1.0,
    ) -> None:
        self.beta1, self.beta2, self.eps = read_betas(self, beta1, beta2, eps)
        self.shampoo_beta = read_real(self, "shampoo_beta", shampoo_beta)
        if not 0 <= self.shampoo_beta < 1:
            raise ArgumentError(f"`shampoo_beta` of `SOAP` must be from 0 up to but without 1, got {shampoo_beta}")
        self.frequency, self.largest = _read_count("frequency", frequency), _read_count("largest", largest)
        super().__init__(learning_rate, params, weight_decay, loss_scale)

    def slots(self) -> dict[str, float]:
        return dict.fromkeys(("moment1", "moment2", "left", "right", "left_basis", "right_basis"), 0.0)

    def first(self, name: str, number: float, parameter: Parameter) -> Tensor:
        if name.startswith("moment"):
            return super().first(name, number, parameter)
        side = self._side(parameter.shape, name.startswith("right"))
        # The first step makes the basis; until then it must be one.
        array = np.eye(side) if name.endswith("basis") else np.zeros((side, side))
        return Tensor(array.astype(np.float64), parameter.dtype, device=parameter.device)

    def _side(self, shape: tuple[int, ...], right: bool) -> int:
        """The size of the products on one side of a matrix; 1 where there are none."""
        if len(shape) != 2 or shape[right] > self.largest:
            return 1
        return shape[right]

    def update(self, value: Tensor, gradient: Tensor, step: Step, state: State) -> tuple[Tensor, State]:
        m, v, left, right, left_basis, right_basis = state
        on_left, on_right = self._side(value.shape, False) > 1, self._side(value.shape, True) > 1
        kept = self.shampoo_beta
        if on_left:
            left = kept * left + (1 - kept) * matmul(gradient, swapaxes(gradient, 0, 1))
        if on_right:
            right = kept * right + (1 - kept) * matmul(swapaxes(gradient, 0, 1), gradient)
        # At the first step, too: the second moments are of the directions found there.
        is_due = (step.number - 1) % self.frequency == 0
        left_basis = _followed(is_due, left, left_basis) if on_left else left_basis
        right_basis = _followed(is_due, right, right_basis) if on_right else right_basis
        m = self.beta1 * m + (1 - self.beta1) * gradient
        turned = _turned(gradient, left_basis, right_basis, on_left, on_right)
        v = self.beta2 * v + (1 - self.beta2) * square(turned)
        rate = step.rate * (sqrt(bias_correction(self.beta2, step.number)) / bias_correction(self.beta1, step.number))
        direction = _turned(m, left_basis, right_basis, on_left, on_right) / (sqrt(v) + self.eps)
        back = _turned(direction, swapaxes(left_basis, 0, 1), swapaxes(right_basis, 0, 1), on_left, on_right)
        found = value - rate * back
        if step.weight_decay:
            found = found - step.rate * step.weight_decay * value
        return found, (m, v, left, right, left_basis, right_basis)


def _followed(is_due: Tensor, products: Tensor, basis: Tensor) -> Tensor:
    """One step of orthogonal iteration towards the eigenvectors of a running mean, if that is due."""
    turned: Tensor = cond(is_due, lambda p, q: qr(matmul(p, q))[0], lambda p, q: q, products, basis)
    return turned


def _turned(x: Tensor, left: Tensor, right: Tensor, on_left: bool, on_right: bool) -> Tensor:
    """``left^T x right``, on the sides that have a basis."""
    if on_left:
        x = matmul(swapaxes(left, 0, 1), x)
    return matmul(x, right) if on_right else x


def _read_count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentTypeError(f"`{name}` of `SOAP` must be an int, got {type(value).__name__}")
    if value < 1:
        raise ArgumentError(f"`{name}` of `SOAP` must be 1 or more, got {value}")
    return value
