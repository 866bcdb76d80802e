"""MindSpore's path of the optimizers."""

from dualtape.mindspore.absent import refusal as _refusal
from dualtape.optim import SGD as SGD
from dualtape.optim import Adadelta as Adadelta
from dualtape.optim import Adagrad as Adagrad
from dualtape.optim import Adam as Adam
from dualtape.optim import AdaMax as AdaMax
from dualtape.optim import AdamWeightDecay as AdamWeightDecay
from dualtape.optim import Momentum as Momentum
from dualtape.optim import Optimizer as Optimizer
from dualtape.optim import RMSProp as RMSProp

__getattr__ = _refusal(__name__)
