"""MindSpore's `mint.nn`: layers under PyTorch's names."""

from __future__ import annotations

from typing import Any

import dualtape as dt
from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.mint.nn import functional as functional
from dualtape.mindspore.nn.layer import LAYERS as _LAYERS
from dualtape.mindspore.nn.layer import Linear as Linear
from dualtape.nn import ELU as ELU
from dualtape.nn import GELU as GELU
from dualtape.nn import Cell as Cell
from dualtape.nn import Identity as Identity
from dualtape.nn import L1Loss as L1Loss
from dualtape.nn import LogSoftmax as LogSoftmax
from dualtape.nn import MSELoss as MSELoss
from dualtape.nn import ReLU as ReLU
from dualtape.nn import Sigmoid as Sigmoid
from dualtape.nn import SiLU as SiLU
from dualtape.nn import Softmax as Softmax
from dualtape.nn import Softplus as Softplus
from dualtape.nn import Tanh as Tanh


class Dropout(dt.nn.Cell):
    """Zeros in the place of elements with probability ``p`` while it trains."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def construct(self, input: Any) -> Any:
        return functional.dropout(input, self.p, self.training)


globals().update({name: _LAYERS[name] for name in ("ReLU6", "LogSigmoid", "Mish", "Threshold") if name in _LAYERS})
__getattr__ = _refusal(__name__)
