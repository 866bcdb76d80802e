"""Training steps with loss scaling, and the cells around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dualtape as dt
from dualtape import ops as o
from dualtape.mindspore.absent import refusal
from dualtape.mindspore.common.tensor import as_mindspore, as_plain, transformation
from dualtape.mindspore.nn import faces as nn
from dualtape.mindspore.nn.faces import ForwardValueAndGrad as ForwardValueAndGrad
from dualtape.mindspore.nn.faces import TrainOneStepCell as TrainOneStepCell
from dualtape.mindspore.nn.faces import WithLossCell as WithLossCell
from dualtape.mindspore.ops.composite import HyperMap

_grad, _value_and_grad = transformation(dt.grad), transformation(dt.value_and_grad)


class WithEvalCell(nn.Cell):
    """``(loss, outputs, labels)`` of a network, for metrics."""

    def __init__(self, network: Callable[..., Any], loss_fn: Callable[..., Any], add_cast_fp32: bool = False) -> None:
        super().__init__(auto_prefix=False)
        self._network, self._loss_fn, self.add_cast_fp32 = network, loss_fn, add_cast_fp32

    def construct(self, data: Any, label: Any) -> Any:
        outputs = self._network(data)
        if self.add_cast_fp32:
            outputs, label = o.cast(outputs, dt.float32), o.cast(label, dt.float32)
        return self._loss_fn(outputs, label), outputs, label


class WithGradCell(nn.Cell):
    """The gradients of the loss by the network's parameters."""

    def __init__(self, network: nn.Cell, loss_fn: Any = None, sens: Any = None) -> None:
        super().__init__(auto_prefix=False)
        self.network = network if loss_fn is None else nn.WithLossCell(network, loss_fn)
        self.weights = dt.ParameterTuple(network.trainable_params())
        self.sens = sens

    def construct(self, *inputs: Any) -> Any:
        if self.sens is None:
            return _grad(self.network, None, self.weights)(*inputs)
        return _grad(self.network, None, self.weights, sens_param=True)(*inputs, self.sens)


class FixedLossScaleUpdateCell(nn.Cell):
    """A scale that does not change."""

    def __init__(self, loss_scale_value: float) -> None:
        super().__init__()
        self.loss_scale_value = loss_scale_value

    def get_loss_scale(self) -> float:
        """The scale."""
        return self.loss_scale_value

    def construct(self, loss_scale: dt.Parameter, overflow: Any) -> Any:
        return overflow


class DynamicLossScaleUpdateCell(nn.Cell):
    """A scale that is divided by a factor after an overflow, and grows by it after ``scale_window`` steps without."""

    def __init__(self, loss_scale_value: float, scale_factor: int, scale_window: int) -> None:
        super().__init__()
        self.loss_scale_value = loss_scale_value
        self.scale_factor, self.scale_window = scale_factor, scale_window
        self.cur_iter = dt.Parameter(dt.Tensor(1, dt.int32), name="cur_iter", requires_grad=False)
        self.last_overflow_iter = dt.Parameter(dt.Tensor(0, dt.int32), name="last_overflow_iter", requires_grad=False)

    def get_loss_scale(self) -> float:
        """The scale that it starts with."""
        return self.loss_scale_value

    def construct(self, loss_scale: dt.Parameter, overflow: Any) -> Any:
        happened = o.cast(overflow, dt.bool_)
        smaller = o.maximum(loss_scale / self.scale_factor, 1.0)
        scale = o.where(happened, smaller, loss_scale.value())
        last = o.where(happened, self.cur_iter.value(), self.last_overflow_iter.value())
        grows = o.greater_equal(self.cur_iter - last, self.scale_window)
        loss_scale.set_data(o.where(grows, scale * self.scale_factor, scale))
        self.last_overflow_iter.set_data(o.where(grows, self.cur_iter.value(), last))
        self.cur_iter.set_data(self.cur_iter + 1)
        return overflow


class TrainOneStepWithLossScaleCell(nn.TrainOneStepCell):
    """A step of training with a scaled loss; it is not taken where gradients overflow.

    Returns ``(loss, overflow, scale)``.

    Parameters
    ----------
    scale_sense
        The scale as a Tensor, or a cell with ``get_loss_scale`` that changes it.
    """

    def __init__(self, network: nn.Cell, optimizer: nn.Optimizer, scale_sense: Any) -> None:
        super().__init__(network, optimizer)
        self.loss_scaling_manager = scale_sense if isinstance(scale_sense, nn.Cell) else None
        first = scale_sense.get_loss_scale() if isinstance(scale_sense, nn.Cell) else float(scale_sense)
        self.scale_sense = dt.Parameter(dt.Tensor(float(first)), name="scale_sense", requires_grad=False)

    def construct(self, *inputs: Any) -> Any:
        scale = self.scale_sense.value()

        def scaled(*inputs: Any) -> tuple[Any, Any]:
            loss = self.network(*inputs)
            return loss * scale.astype(loss.dtype), loss

        (_, loss), gradients = _value_and_grad(scaled, None, self.weights, has_aux=True)(*inputs)
        finite = dt.amp.all_finite(gradients)
        if self.loss_scaling_manager is not None:
            self.loss_scaling_manager(self.scale_sense, o.logical_not(finite))
        if finite:
            self.optimizer(tuple(g * o.reciprocal(scale).astype(g.dtype) for g in gradients))
        return loss, o.logical_not(finite), scale

    # The parts of a step, for classes of programs' own.

    @property
    def hyper_map(self) -> HyperMap:
        """What applies a function to each of the gradients."""
        return HyperMap()

    def start_overflow_check(self, pre_cond: Any, compute_input: Any) -> Any:
        """A status, which says nothing yet, and the input."""
        return False, compute_input

    def get_overflow_status(self, status: Any, compute_output: Any) -> Any:
        """Whether one of the gradients is infinite or NaN."""
        return as_mindspore(o.logical_not(dt.amp.all_finite(as_plain(tuple(compute_output)))))

    def process_loss_scale(self, overflow: Any) -> Any:
        """Change the scale, if a cell does; returns ``overflow``."""
        if self.loss_scaling_manager is not None:
            self.loss_scaling_manager(self.scale_sense, overflow)
        return overflow

    def set_sense_scale(self, sens: Any) -> None:
        """Set the scale."""
        self.scale_sense.set_data(sens)


__getattr__ = refusal(__name__)
