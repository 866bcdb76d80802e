"""MindSpore's `experimental.optim`: optimizers in PyTorch's way, whose rates schedules change."""

from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.experimental.optim import lr_scheduler as lr_scheduler
from dualtape.mindspore.experimental.optim.adam import Adam as Adam
from dualtape.mindspore.experimental.optim.adam import Adamax as Adamax
from dualtape.mindspore.experimental.optim.adam import AdamW as AdamW
from dualtape.mindspore.experimental.optim.adam import NAdam as NAdam
from dualtape.mindspore.experimental.optim.adam import RAdam as RAdam
from dualtape.mindspore.experimental.optim.adaptive import Adadelta as Adadelta
from dualtape.mindspore.experimental.optim.adaptive import Adagrad as Adagrad
from dualtape.mindspore.experimental.optim.adaptive import RMSprop as RMSprop
from dualtape.mindspore.experimental.optim.descent import ASGD as ASGD
from dualtape.mindspore.experimental.optim.descent import SGD as SGD
from dualtape.mindspore.experimental.optim.descent import Rprop as Rprop
from dualtape.mindspore.experimental.optim.optimizer import Optimizer as Optimizer

__getattr__ = _refusal(__name__)
