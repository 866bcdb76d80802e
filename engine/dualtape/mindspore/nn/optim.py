"""MindSpore's path of the optimizers."""

from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.nn import faces as _faces

_NAMES = (
    "ASGD", "FTRL", "SGD", "Adadelta", "Adagrad", "Adam", "AdaMax", "AdamWeightDecay", "Momentum", "Optimizer",
    "ProximalAdagrad", "RMSProp", "Rprop",
)  # fmt: skip
globals().update({name: getattr(_faces, name) for name in _NAMES})
__getattr__ = _refusal(__name__)
