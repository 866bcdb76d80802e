"""Cells of a training program: network with loss, gradients, one step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape import pytree
from dualtape.autodiff.transforms import GradOperation, Weights, value_and_grad
from dualtape.cell import Cell
from dualtape.errors import ArgumentTypeError
from dualtape.functions.clipping import clip_along
from dualtape.functions.conversion import read_flag, read_real
from dualtape.optim.optimizer import Optimizer
from dualtape.tensor import Tensor

__all__ = ["ClipByNorm", "ForwardValueAndGrad", "TrainOneStepCell", "WithLossCell"]


class WithLossCell(Cell):
    """``loss_fn(backbone(data), label)``."""

    def __init__(self, backbone: Callable[..., Any], loss_fn: Callable[..., Any]) -> None:
        super().__init__(auto_prefix=False)
        self._backbone = backbone
        self._loss_fn = loss_fn

    @property
    def backbone_network(self) -> Callable[..., Any]:
        """The network."""
        return self._backbone

    def construct(self, data: Any, label: Any) -> Any:
        return self._loss_fn(self._backbone(data), label)


class TrainOneStepCell(Cell):
    """The loss of a network, whose parameters an optimizer then changes.

    Parameters
    ----------
    network
        A Cell that returns the loss.
    optimizer
        What changes its parameters.
    sens
        The gradient is multiplied by it.
    return_grad
        Return ``(loss, {parameter name: gradient})``.

    Examples
    --------
    >>> import dualtape as dt
    >>> net = dt.nn.Dense(1, 1, weight_init="zeros", bias_init="zeros")
    >>> with_loss = dt.nn.WithLossCell(net, dt.nn.MSELoss())
    >>> train = dt.nn.TrainOneStepCell(with_loss, dt.nn.SGD(net.trainable_params(), 0.25))
    >>> x = dt.Tensor([[1.0]])
    >>> print(train(x, 2 * x), train(x, 2 * x))
    4.0 0.0
    """

    def __init__(
        self, network: Cell, optimizer: Optimizer, sens: float | Tensor | None = None, return_grad: bool = False
    ) -> None:
        super().__init__(auto_prefix=False)
        for name, value, kind in (("network", network, Cell), ("optimizer", optimizer, Optimizer)):
            if not isinstance(value, kind):
                raise ArgumentTypeError(
                    f"`{name}` of `TrainOneStepCell` must be a {kind.__name__}, got {type(value).__name__}"
                )
        self.network = network
        self.optimizer = optimizer
        self.weights = optimizer.parameters
        given = sens.item() if isinstance(sens, Tensor) and sens.size == 1 else sens
        self.sens = 1.0 if given is None else read_real(self, "sens", given)
        self.return_grad = read_flag(self, "return_grad", return_grad)

    def construct(self, *inputs: Any) -> Any:
        def scaled(*inputs: Any) -> tuple[Any, Any]:
            loss = self.network(*inputs)
            return pytree.map(lambda x: x * self.sens, loss), loss

        (_, loss), gradients = value_and_grad(scaled, None, self.weights, has_aux=True)(*inputs)
        self.optimizer(gradients)
        if self.return_grad:
            return loss, {p.name: g for p, g in zip(self.weights, gradients, strict=True)}
        return loss


class ForwardValueAndGrad(Cell):
    """``(network(*inputs), gradients)``, with the flags of :class:`dualtape.ops.GradOperation`."""

    def __init__(
        self,
        network: Callable[..., Any],
        weights: Weights = None,
        get_all: bool = False,
        get_by_list: bool = False,
        sens_param: bool = False,
    ) -> None:
        super().__init__(auto_prefix=False)
        self.network = network
        self.weights = weights
        self._grad = GradOperation(get_all, get_by_list, sens_param)

    def construct(self, *inputs: Any) -> tuple[Any, Any]:
        found: tuple[Any, Any] = self._grad.value_and_gradients(self.network, self.weights)(*inputs)
        return found


class ClipByNorm(Cell):
    """``x`` scaled down to the norm ``clip_norm`` along ``axis`` where it is longer.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.nn.ClipByNorm()(dt.Tensor([3.0, 4.0]), dt.Tensor(1.0)))
    [0.6 0.8]
    """

    def __init__(self, axis: int | tuple[int, ...] | None = None) -> None:
        super().__init__()
        self.axis = axis

    def construct(self, x: Tensor, clip_norm: float | Tensor) -> Tensor:
        return clip_along(x, clip_norm, self.axis)
