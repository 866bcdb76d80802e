"""MindSpore's `experimental.optim`: optimizers in PyTorch's way, whose rates schedules change."""

from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.experimental.optim import lr_scheduler as lr_scheduler
from dualtape.mindspore.experimental.optim.optimizer import SGD as SGD
from dualtape.mindspore.experimental.optim.optimizer import Adam as Adam
from dualtape.mindspore.experimental.optim.optimizer import AdamW as AdamW
from dualtape.mindspore.experimental.optim.optimizer import Optimizer as Optimizer

__getattr__ = _refusal(__name__)
