"""What all schedules share: whose rates they set, and how they go from one epoch to the next."""

from __future__ import annotations

from typing import Any

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.mindspore.common.parameter import Parameter
from dualtape.mindspore.common.tensor import as_mindspore, as_plain
from dualtape.mindspore.experimental.optim.optimizer import Optimizer


def read_optimizer(given: Any) -> Optimizer:
    if not isinstance(given, Optimizer):
        raise ArgumentTypeError(f"{type(given).__name__} is not an Optimizer of experimental.optim")
    return given


def read_number(kind: type, owner: str, name: str, given: Any) -> Any:
    if isinstance(given, bool) or not isinstance(given, kind):
        raise ArgumentTypeError(f"For '{owner}', the '{name}' must be {kind.__name__}, but got {type(given)}.")
    return given


def for_each_group(optimizer: Optimizer, name: str, given: Any) -> list[Any]:
    """One for each group: those given, or the one for all."""
    count = len(read_optimizer(optimizer).param_groups)
    several = list(given) if isinstance(given, (list, tuple)) else [given] * count
    if len(several) != count:
        raise ArgumentError(f"Expected {count} {name}, but got {len(several)}")
    return several


def set_rate(rate: Parameter, value: Any) -> None:
    rate.set_data(o.cast(as_plain(value), dt.float32) if isinstance(value, dt.Tensor) else dt.Tensor(float(value)))


class Schedule:
    """What all have: an optimizer and the rates of its groups."""

    optimizer: Optimizer
    _last_lr: list[Parameter]

    def get_last_lr(self) -> list[Any]:
        """The rates now."""
        return [rate.value() for rate in self._last_lr]


class LRScheduler(Schedule):
    """The base: a subclass says in ``get_lr`` the rates of all groups.

    There ``last_epoch`` is the number of the epoch, from 0 on, ``_last_lr`` has the rates of the epoch before, and
    ``base_lrs`` those at first.

    Parameters
    ----------
    optimizer
        Whose rates are set.
    last_epoch
        The number of the epoch before; -1 to begin, and otherwise groups must have ``"initial_lr"``.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        groups = read_optimizer(optimizer).param_groups
        if read_number(int, type(self).__name__, "last_epoch", last_epoch) < -1:
            raise ArgumentError(f"Invalid last_epoch: {last_epoch}")
        for i, group in enumerate(groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", as_mindspore(optimizer.lrs[i].value()))
            elif "initial_lr" not in group:
                raise KeyError(f"param 'initial_lr' is not specified in param_groups[{i}] when resuming an optimizer")
        self.base_lrs = [group["initial_lr"] for group in groups]
        self.optimizer, self._last_lr, self.groups_num = optimizer, list(optimizer.lrs), len(groups)
        self.last_epoch = Parameter(dt.Tensor(float(last_epoch)), name=f"last_epoch_{type(self).__name__}")
        self.step()

    def get_lr(self) -> list[Any]:
        """The rates of the groups in ``last_epoch``."""
        raise NotImplementedError

    def step(self, epoch: int | None = None) -> None:
        """Go on to the next epoch, or to the one that is given."""
        self.last_epoch.set_data(self.last_epoch + 1 if epoch is None else dt.Tensor(float(epoch)))
        rates = self.get_lr() if epoch is None else self.at_once()
        for rate, value in zip(self._last_lr, rates, strict=True):
            set_rate(rate, value)

    def at_once(self) -> list[Any]:
        """The rates in any epoch, where they are known without those before."""
        return self.get_lr()


class ByFactor(LRScheduler):
    """Rates that are multiplied by a factor in each epoch, and by ``share`` of the first in all."""

    def multiplier(self, epoch: int) -> Any:
        """By what the rates are multiplied in ``epoch``."""
        raise NotImplementedError

    def share(self, epoch: int) -> float | None:
        """What they are of the first rates, if that is asked for."""
        return None

    def get_lr(self) -> list[Any]:
        multiplier = self.multiplier(int(self.last_epoch))
        return [rate * multiplier for rate in self._last_lr]

    def at_once(self) -> list[Any]:
        share = self.share(int(self.last_epoch))
        return self.get_lr() if share is None else [first * share for first in self.base_lrs]
