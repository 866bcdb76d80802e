"""How dualtape's cells become MindSpore's: a subclass of each, with what MindSpore's has beyond it."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.mindspore.common.first_values import named
from dualtape.mindspore.common.numpy_stream import from_numpys_stream
from dualtape.mindspore.common.tensor import as_plain
from dualtape.mindspore.nn.cell import PLAIN_MODULES, Cell
from dualtape.mindspore.nn.optimizing import WAYS_OF_OPTIMIZERS, keeping_momentum, keeping_powers
from dualtape.mindspore.ops.composite import GradOperation


def get_loss(self: Any, x: Any, weights: Any = 1.0) -> Any:
    """The mean or sum of ``x``, or ``x``, after it was multiplied by ``weights``."""
    weighted = as_plain(x) * as_plain(weights)
    return weighted if self.reduction == "none" else o.mean(weighted) if self.reduction == "mean" else o.sum(weighted)


def make_dense(
    self: Any, in_channels: int, out_channels: int, weight_init: Any = None, bias_init: Any = None,
    has_bias: bool = True, activation: Any = None, dtype: Any = dt.float32,
) -> None:  # fmt: skip
    """dualtape's layer, whose first values come from NumPy's stream."""
    weight, bias = (one() if isinstance(one := named(x), FunctionType) else one for x in (weight_init, bias_init))
    stream = from_numpys_stream()
    self.activation_flag = activation is not None
    made = get_activation(activation) if isinstance(activation, str) else activation
    dt.nn.Dense.__init__(self, in_channels, out_channels, weight, bias, has_bias, made, dtype, seed=stream)


# What MindSpore's have beyond dualtape's.
_ADDED: dict[type, dict[str, Any]] = {
    dt.nn.LossBase: {"get_loss": get_loss},
    dt.nn.Dense: {"__init__": make_dense},
    dt.nn.TrainOneStepCell: {
        "grad": property(lambda self: GradOperation(get_by_list=True, sens_param=True)),
        "grad_no_sens": property(lambda self: GradOperation(get_by_list=True)),
        "grad_reducer": staticmethod(lambda gradients: gradients),
        "reducer_flag": False,
    },
    dt.optim.Optimizer: WAYS_OF_OPTIMIZERS,
    dt.optim.Adam: keeping_powers(dt.optim.Adam, ("beta1", "beta2")),
    dt.optim.SGD: keeping_momentum(dt.optim.SGD, has_first_step=True),
    dt.optim.Momentum: keeping_momentum(dt.optim.Momentum, has_first_step=False),
    dt.optim.AdaMax: keeping_powers(dt.optim.AdaMax, ("beta1",), (1,)),
}
_faces: dict[type, type] = {dt.nn.Cell: Cell}


def face_of(cls: type) -> Any:
    """The class of dualtape's cells as MindSpore's programs have it: a subclass that is a :class:`Cell` too."""
    if cls not in _faces:
        body = {
            "__module__": cls.__module__,
            "__doc__": cls.__doc__,
            "takes_plain": cls.__module__.startswith(PLAIN_MODULES),
        }
        body |= _ADDED.get(cls, {})
        _faces[cls] = type(cls.__name__, (face_of(cls.__bases__[0]), cls), body)
    return _faces[cls]


ACTIVATIONS: dict[str, Callable[[], Any]] = {}
"""Layers by names that dualtape does not know."""


class UnknownActivationError(ArgumentError, KeyError):
    """A name that no activation has: programs of MindSpore's catch a KeyError."""

    __str__ = ArgumentError.__str__  # a KeyError shows its text in quotes


def get_activation(name: str | None) -> Any:
    """The layer of that name, as ``'tanh'``; None for None."""
    if name is None:
        return None
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]()
    try:
        own = dt.nn.get_activation(name)
    except (ArgumentError, ArgumentTypeError) as failure:
        raise UnknownActivationError(str(failure)) from None
    return face_of(type(own))()
