"""MindSpore's path of the schedules of learning rates."""

from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.nn import faces as _faces

_NAMES = (
    "CosineDecayLR", "ExponentialDecayLR", "InverseDecayLR", "LearningRateSchedule", "NaturalExpDecayLR",
    "PolynomialDecayLR", "WarmUpLR",
)  # fmt: skip
globals().update({name: getattr(_faces, name) for name in _NAMES})
__getattr__ = _refusal(__name__)
