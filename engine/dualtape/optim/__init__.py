"""Optimizers and learning-rate schedules, with MindSpore's names and update rules."""

from dualtape.optim.adam import Adam as Adam
from dualtape.optim.adam import AdaMax as AdaMax
from dualtape.optim.adam import AdamWeightDecay as AdamWeightDecay
from dualtape.optim.adaptive import Adadelta as Adadelta
from dualtape.optim.adaptive import Adagrad as Adagrad
from dualtape.optim.adaptive import RMSProp as RMSProp
from dualtape.optim.momentum import SGD as SGD
from dualtape.optim.momentum import Momentum as Momentum
from dualtape.optim.optimizer import Optimizer as Optimizer
from dualtape.optim.schedule import CosineDecayLR as CosineDecayLR
from dualtape.optim.schedule import ExponentialDecayLR as ExponentialDecayLR
from dualtape.optim.schedule import InverseDecayLR as InverseDecayLR
from dualtape.optim.schedule import LearningRateSchedule as LearningRateSchedule
from dualtape.optim.schedule import NaturalExpDecayLR as NaturalExpDecayLR
from dualtape.optim.schedule import PolynomialDecayLR as PolynomialDecayLR
from dualtape.optim.schedule import WarmUpLR as WarmUpLR
