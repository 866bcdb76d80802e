"""MindSpore's `mint.nn`: layers under PyTorch's names."""

from __future__ import annotations

from typing import Any

from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.mint.nn import functional as functional
from dualtape.mindspore.nn.faces import ELU as ELU
from dualtape.mindspore.nn.faces import GELU as GELU
from dualtape.mindspore.nn.faces import Cell as Cell
from dualtape.mindspore.nn.faces import Identity as Identity
from dualtape.mindspore.nn.faces import L1Loss as L1Loss
from dualtape.mindspore.nn.faces import LogSoftmax as LogSoftmax
from dualtape.mindspore.nn.faces import MSELoss as MSELoss
from dualtape.mindspore.nn.faces import ReLU as ReLU
from dualtape.mindspore.nn.faces import Sigmoid as Sigmoid
from dualtape.mindspore.nn.faces import SiLU as SiLU
from dualtape.mindspore.nn.faces import Softmax as _Softmax
from dualtape.mindspore.nn.faces import Softplus as Softplus
from dualtape.mindspore.nn.faces import Tanh as Tanh
from dualtape.mindspore.nn.layer import LAYERS as _LAYERS
from dualtape.mindspore.nn.layer import Linear as Linear


class Dropout(Cell):
    """Zeros in the place of elements with probability ``p`` while it trains."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def construct(self, input: Any) -> Any:
        return functional.dropout(input, self.p, self.training)


class Softmax(_Softmax):
    """Exponentials over their sum along an axis."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim)


globals().update({name: _LAYERS[name] for name in ("ReLU6", "LogSigmoid", "Mish", "Threshold") if name in _LAYERS})
__getattr__ = _refusal(__name__)
