"""Schedules that set the rates of `experimental` optimizers: call ``step()`` after each epoch.

Each makes the next rate of the present one, so that several act on one optimizer, and a rate set by hand stays.
"""

from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.experimental.optim.lr_scheduler.base import LRScheduler as LRScheduler
from dualtape.mindspore.experimental.optim.lr_scheduler.changes import ReduceLROnPlateau as ReduceLROnPlateau
from dualtape.mindspore.experimental.optim.lr_scheduler.changes import SequentialLR as SequentialLR
from dualtape.mindspore.experimental.optim.lr_scheduler.curves import CosineAnnealingLR as CosineAnnealingLR
from dualtape.mindspore.experimental.optim.lr_scheduler.curves import (
    CosineAnnealingWarmRestarts as CosineAnnealingWarmRestarts,
)
from dualtape.mindspore.experimental.optim.lr_scheduler.curves import CyclicLR as CyclicLR
from dualtape.mindspore.experimental.optim.lr_scheduler.curves import LambdaLR as LambdaLR
from dualtape.mindspore.experimental.optim.lr_scheduler.factors import ConstantLR as ConstantLR
from dualtape.mindspore.experimental.optim.lr_scheduler.factors import ExponentialLR as ExponentialLR
from dualtape.mindspore.experimental.optim.lr_scheduler.factors import LinearLR as LinearLR
from dualtape.mindspore.experimental.optim.lr_scheduler.factors import MultiplicativeLR as MultiplicativeLR
from dualtape.mindspore.experimental.optim.lr_scheduler.factors import MultiStepLR as MultiStepLR
from dualtape.mindspore.experimental.optim.lr_scheduler.factors import PolynomialLR as PolynomialLR
from dualtape.mindspore.experimental.optim.lr_scheduler.factors import StepLR as StepLR

__getattr__ = _refusal(__name__)
