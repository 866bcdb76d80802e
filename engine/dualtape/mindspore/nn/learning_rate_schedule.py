"""MindSpore's path of the schedules of learning rates."""

from dualtape.mindspore.absent import refusal as _refusal
from dualtape.optim import CosineDecayLR as CosineDecayLR
from dualtape.optim import ExponentialDecayLR as ExponentialDecayLR
from dualtape.optim import InverseDecayLR as InverseDecayLR
from dualtape.optim import LearningRateSchedule as LearningRateSchedule
from dualtape.optim import NaturalExpDecayLR as NaturalExpDecayLR
from dualtape.optim import PolynomialDecayLR as PolynomialDecayLR
from dualtape.optim import WarmUpLR as WarmUpLR

__getattr__ = _refusal(__name__)
