"""MindSpore's `mint.nn.functional`."""

from typing import Any as _Any

from dualtape.errors import ArgumentError as _ArgumentError
from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.ops.function import OF_PROGRAMS as _OF_PROGRAMS

_NAMES = [
    "relu", "relu6", "elu", "gelu", "silu", "leaky_relu", "sigmoid", "tanh", "softmax", "log_softmax",
    "logsigmoid", "mish", "hardshrink", "hardsigmoid", "hardswish", "softshrink", "softsign", "tanhshrink",
    "threshold", "prelu", "glu", "selu", "dropout", "layer_norm", "mse_loss", "l1_loss",
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "nll_loss", "kl_div", "one_hot",
    "cosine_similarity", "pad", "hardtanh",
]  # fmt: skip

globals().update({name: _OF_PROGRAMS[name] for name in _NAMES} | {"linear": _OF_PROGRAMS["dense"]})


def smooth_l1_loss(input: _Any, target: _Any, reduction: str = "mean", beta: float = 1.0) -> _Any:
    """The square of small differences and the absolute value of large ones: their mean, unless told otherwise."""
    return _OF_PROGRAMS["smooth_l1_loss"](input, target, beta, reduction)


def softplus(input: _Any, beta: float = 1, threshold: float = 20) -> _Any:
    """``log(1 + exp(beta x)) / beta``, and ``x`` where ``beta x`` is above the threshold."""
    if beta == 0:
        raise _ArgumentError("`beta` of `softplus` must not be 0")
    scaled = input * beta
    return _OF_PROGRAMS["where"](scaled > threshold, input, _OF_PROGRAMS["softplus"](scaled) / beta)


__getattr__ = _refusal(__name__)
