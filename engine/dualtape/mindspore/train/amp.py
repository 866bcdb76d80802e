"""Mixed precision: which cells compute in Float16, and how losses are scaled for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentError
from dualtape.mindspore.absent import refusal
from dualtape.mindspore.common.tensor import for_programs
from dualtape.mindspore.nn import faces as nn
from dualtape.mindspore.nn.cell import to_float
from dualtape.mindspore.nn.layer import LayerNorm
from dualtape.mindspore.nn.wrap import (
    DynamicLossScaleUpdateCell,
    FixedLossScaleUpdateCell,
    TrainOneStepWithLossScaleCell,
)

all_finite = for_programs(dt.amp.all_finite)


class LossScaler(dt.amp.LossScaler):
    """:class:`dualtape.amp.LossScaler` of MindSpore's tensors."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("scale", "unscale", "adjust"):
            if getattr(cls, name).__module__ == dt.amp.__name__:
                setattr(cls, name, for_programs(getattr(cls, name)))


class StaticLossScaler(LossScaler, dt.amp.StaticLossScaler):
    """:class:`dualtape.amp.StaticLossScaler` of MindSpore's tensors."""


class DynamicLossScaler(LossScaler, dt.amp.DynamicLossScaler):
    """:class:`dualtape.amp.DynamicLossScaler` of MindSpore's tensors."""


_WHITE_LIST: list[type] = [nn.Dense]
_BLACK_LIST: list[type] = [LayerNorm]


def get_white_list() -> list[type]:
    """The cells that compute in Float16 at level O1: those of dualtape that MindSpore's list has."""
    return list(_WHITE_LIST)


def get_black_list() -> list[type]:
    """The cells that stay in Float32 at level O2."""
    return list(_BLACK_LIST)


class _OutputTo32(nn.Cell):
    """A network whose outputs are converted to Float32."""

    def __init__(self, backbone: nn.Cell) -> None:
        super().__init__(auto_prefix=False)
        self._backbone = backbone

    def construct(self, *inputs: Any, **kwargs: Any) -> Any:
        return _to_float32(self._backbone(*inputs, **kwargs))


def _to_float32(x: Any) -> Any:
    if isinstance(x, (tuple, list)):
        return type(x)(map(_to_float32, x))
    return o.cast(x, dt.float32) if isinstance(x, dt.Tensor) and x.dtype.is_float else x


def _back_to_float32(cell: nn.Cell, run: Callable[..., Any], *inputs: Any) -> Any:
    return _to_float32(run(*inputs))


def custom_mixed_precision(
    network: nn.Cell, *, white_list: list[type] | None = None, black_list: list[type] | None = None,
    dtype: Any = dt.float16,
) -> Any:  # fmt: skip
    """The network, whose cells of a white list, or all but those of a black list, compute in ``dtype``."""
    if (white_list is None) == (black_list is None):
        raise ArgumentError("`custom_mixed_precision` takes a white_list or a black_list: one of them")
    for _, cell in network.cells_and_names():
        if any(True for _ in cell.cells()):
            continue
        chosen = isinstance(cell, tuple(white_list)) if white_list is not None else not isinstance(
            cell, tuple(black_list or ())
        )  # fmt: skip
        if chosen:
            to_float(cell, dtype)
            cell.surround(_back_to_float32)
    return network


def auto_mixed_precision(network: nn.Cell, amp_level: str = "O0", dtype: Any = dt.float16) -> Any:
    """The network in mixed precision.

    Parameters
    ----------
    amp_level
        ``'O0'`` changes nothing; ``'O1'`` computes :class:`~dualtape.nn.Dense` in ``dtype``, ``'O2'`` all but
        LayerNorm, ``'O3'`` all; ``'auto'`` is ``'O1'``. Parameters stay Float32, and so do outputs.
    """
    if not isinstance(network, nn.Cell):
        raise dt.errors.ArgumentTypeError("The network type should be Cell.")
    if amp_level == "O0" or dtype is dt.float32:
        return network
    if amp_level in ("O1", "auto"):
        return custom_mixed_precision(network, white_list=_WHITE_LIST, dtype=dtype)
    if amp_level not in ("O2", "O3"):
        raise ArgumentError(f"The amp level {amp_level} is not supported")
    to_float(network, dtype)
    if amp_level == "O2":
        for _, cell in network.cells_and_names():
            if isinstance(cell, tuple(_BLACK_LIST)):
                to_float(cell, dt.float32)
    return _OutputTo32(network)


class LossScaleManager:
    """The base of what says how a loss is scaled."""

    def get_loss_scale(self) -> float:
        """The scale now."""
        raise NotImplementedError

    def update_loss_scale(self, overflow: bool) -> None:
        """Change the scale, told whether gradients overflowed."""
        raise NotImplementedError

    def get_update_cell(self) -> nn.Cell | None:
        """The cell that changes the scale in a step."""
        raise NotImplementedError


class FixedLossScaleManager(LossScaleManager):
    """A scale that does not change; with ``drop_overflow_update`` a step with an overflow is not taken."""

    def __init__(self, loss_scale: float = 128.0, drop_overflow_update: bool = True) -> None:
        if loss_scale < 1:
            raise ArgumentError(f"The argument 'loss_scale' must be >= 1, but got {loss_scale}")
        self._loss_scale, self._drop_overflow_update = loss_scale, drop_overflow_update

    def get_loss_scale(self) -> float:
        return self._loss_scale

    def get_drop_overflow_update(self) -> bool:
        """Whether a step with an overflow is left out."""
        return self._drop_overflow_update

    def update_loss_scale(self, overflow: bool) -> None:
        pass

    def get_update_cell(self) -> nn.Cell | None:
        return FixedLossScaleUpdateCell(self._loss_scale) if self._drop_overflow_update else None


class DynamicLossScaleManager(LossScaleManager):
    """A scale that shrinks after an overflow, and grows after ``scale_window`` steps without one."""

    def __init__(self, init_loss_scale: float = 2**24, scale_factor: int = 2, scale_window: int = 2000) -> None:
        if init_loss_scale < 1:
            raise ArgumentError(f"The argument 'init_loss_scale' must be > 1, but got {init_loss_scale}")
        self.loss_scale, self.scale_factor, self.scale_window = init_loss_scale, scale_factor, scale_window
        self.increase_ratio, self.decrease_ratio = scale_factor, 1 / scale_factor
        self.cur_iter, self.last_overflow_iter = 1, 0

    def get_loss_scale(self) -> float:
        return self.loss_scale

    def get_drop_overflow_update(self) -> bool:
        """Always: a step with an overflow is left out."""
        return True

    def update_loss_scale(self, overflow: bool) -> None:
        if overflow:
            self.loss_scale = max(self.loss_scale * self.decrease_ratio, 1)
            self.last_overflow_iter = self.cur_iter
        elif (self.cur_iter - self.last_overflow_iter) % self.scale_window == 0:
            self.loss_scale *= self.increase_ratio
        self.cur_iter += 1

    def get_update_cell(self) -> nn.Cell | None:
        return DynamicLossScaleUpdateCell(self.loss_scale, self.scale_factor, self.scale_window)


def build_train_network(
    network: nn.Cell, optimizer: nn.Optimizer, loss_fn: Any = None, level: str = "O0", boost_level: str = "O0",
    **kwargs: Any,
) -> Any:  # fmt: skip
    """The cell of a training step: the network in mixed precision, its loss, which is scaled, and the optimizer.

    Parameters
    ----------
    **kwargs
        ``loss_scale_manager``; by default none at O0, and for O2 too, as on MindSpore's CPU.
    """
    manager = kwargs.pop("loss_scale_manager", None)
    if set(kwargs) - {"keep_batchnorm_fp32", "cast_model_type"}:
        raise ArgumentError(f"`build_train_network` got unknown options {', '.join(kwargs)}")
    mixed = auto_mixed_precision(network, level)
    whole = mixed if loss_fn is None else nn.WithLossCell(mixed, loss_fn)
    if manager is None:
        return nn.TrainOneStepCell(whole, optimizer)
    update = manager.get_update_cell()
    if update is None:
        return nn.TrainOneStepCell(whole, optimizer, manager.get_loss_scale())
    return TrainOneStepWithLossScaleCell(whole, optimizer, update)


__getattr__ = refusal(__name__)
