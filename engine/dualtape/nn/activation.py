"""Activations as cells, and how layers find them by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape.cell import Cell
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.functions import activation, elementwise
from dualtape.functions.conversion import read_flag
from dualtape.tensor import Tensor

__all__ = [
    "ELU", "GELU", "Cos", "Exp", "LeakyReLU", "LogSoftmax", "ReLU", "SeLU", "SiLU", "Sigmoid", "Sin", "Softmax",
    "Softplus", "Tanh", "get_activation",
]  # fmt: skip


def _cell(name: str, function: Callable[[Any], Tensor]) -> type[Cell]:
    """The class of cells that apply a function of one tensor."""

    def construct(self: Cell, x: Any) -> Tensor:
        return function(x)

    summary = (function.__doc__ or "").partition("\n")[0]
    return type(name, (Cell,), {"__doc__": summary, "__module__": __name__, "construct": construct})


Tanh = _cell("Tanh", elementwise.tanh)
Sigmoid = _cell("Sigmoid", elementwise.sigmoid)
ReLU = _cell("ReLU", elementwise.relu)
SiLU = _cell("SiLU", activation.silu)
SeLU = _cell("SeLU", activation.selu)
Softplus = _cell("Softplus", elementwise.softplus)
Sin = _cell("Sin", elementwise.sin)
Cos = _cell("Cos", elementwise.cos)
Exp = _cell("Exp", elementwise.exp)


class LeakyReLU(Cell):
    """x for positive x, else alpha x."""

    def __init__(self, alpha: float = 0.2) -> None:
        super().__init__()
        self.alpha = alpha

    def construct(self, x: Any) -> Tensor:
        return activation.leaky_relu(x, self.alpha)


class ELU(Cell):
    """x for positive x, else alpha (exp(x) - 1)."""

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        self.alpha = alpha

    def construct(self, x: Any) -> Tensor:
        return activation.elu(x, self.alpha)


class GELU(Cell):
    """x times the normal distribution function at x: its tanh approximation, unless told otherwise, as in MindSpore."""

    def __init__(self, approximate: bool = True) -> None:
        super().__init__()
        self.approximate = read_flag(self, "approximate", approximate)

    def construct(self, x: Any) -> Tensor:
        return activation.gelu(x, "tanh" if self.approximate else "none")


class Softmax(Cell):
    """exp(x) over its sum along ``axis``."""

    def __init__(self, axis: int = -1) -> None:
        super().__init__()
        self.axis = axis

    def construct(self, x: Any) -> Tensor:
        return activation.softmax(x, self.axis)


class LogSoftmax(Cell):
    """The logarithm of softmax along ``axis``."""

    def __init__(self, axis: int = -1) -> None:
        super().__init__()
        self.axis = axis

    def construct(self, x: Any) -> Tensor:
        return activation.log_softmax(x, self.axis)


_CELLS = (Tanh, Sigmoid, ReLU, SiLU, SeLU, Softplus, Sin, Cos, Exp, LeakyReLU, ELU, GELU, Softmax, LogSoftmax)
_BY_NAME: dict[str, Callable[[], Cell]] = {cell.__name__.lower(): cell for cell in _CELLS}
_BY_NAME |= {"swish": SiLU, "leaky_relu": LeakyReLU}

Activation = str | Callable[[Tensor], Tensor]


def get_activation(name: str) -> Cell:
    """The activation of that name.

    Examples
    --------
    >>> import dualtape as dt
    >>> dt.nn.get_activation("tanh")
    Tanh()
    """
    if not isinstance(name, str):
        raise ArgumentTypeError(f"the name of an activation must be a str, got {type(name).__name__}")
    if name.lower() not in _BY_NAME:
        raise ArgumentError(f"no activation is named {name!r}; there are {', '.join(_BY_NAME)}")
    return _BY_NAME[name.lower()]()


def as_activation(activation: Activation | None) -> Callable[[Tensor], Tensor] | None:
    """An activation given by name, as a Cell or as a function; ``None`` for none."""
    if activation is None or isinstance(activation, Cell):
        return activation
    if isinstance(activation, str):
        return get_activation(activation)
    if not callable(activation):
        raise ArgumentTypeError(
            f"`activation` must be the name of an activation, a Cell or a function, got {type(activation).__name__}"
        )
    return activation
