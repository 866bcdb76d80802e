"""MindSpore's `mint.nn.functional`."""

from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.ops.function import OF_PROGRAMS as _OF_PROGRAMS

_NAMES = [
    "relu", "relu6", "elu", "gelu", "silu", "leaky_relu", "softplus", "sigmoid", "tanh", "softmax", "log_softmax",
    "logsigmoid", "mish", "hardshrink", "hardsigmoid", "hardswish", "softshrink", "softsign", "tanhshrink",
    "threshold", "prelu", "glu", "selu", "dropout", "layer_norm", "mse_loss", "l1_loss", "smooth_l1_loss",
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "nll_loss", "kl_div", "one_hot",
    "cosine_similarity", "pad", "hardtanh",
]  # fmt: skip

globals().update({name: _OF_PROGRAMS[name] for name in _NAMES} | {"linear": _OF_PROGRAMS["dense"]})
__getattr__ = _refusal(__name__)
