"""MindSpore's `nn`: dualtape's cells with MindSpore's methods, and its layers, losses and lists of rates."""

from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.nn import cell as cell
from dualtape.mindspore.nn import dynamic_lr as dynamic_lr
from dualtape.mindspore.nn import faces as _faces
from dualtape.mindspore.nn import layer as layer
from dualtape.mindspore.nn import learning_rate_schedule as learning_rate_schedule
from dualtape.mindspore.nn import loss as loss
from dualtape.mindspore.nn import optim as optim
from dualtape.mindspore.nn import wrap as wrap
from dualtape.mindspore.nn.dynamic_lr import cosine_decay_lr as cosine_decay_lr
from dualtape.mindspore.nn.dynamic_lr import exponential_decay_lr as exponential_decay_lr
from dualtape.mindspore.nn.dynamic_lr import inverse_decay_lr as inverse_decay_lr
from dualtape.mindspore.nn.dynamic_lr import natural_exp_decay_lr as natural_exp_decay_lr
from dualtape.mindspore.nn.dynamic_lr import piecewise_constant_lr as piecewise_constant_lr
from dualtape.mindspore.nn.dynamic_lr import polynomial_decay_lr as polynomial_decay_lr
from dualtape.mindspore.nn.dynamic_lr import warmup_lr as warmup_lr
from dualtape.mindspore.nn.face import get_activation as get_activation
from dualtape.mindspore.nn.layer import BatchNorm1d as BatchNorm1d
from dualtape.mindspore.nn.layer import Dropout as Dropout
from dualtape.mindspore.nn.layer import Embedding as Embedding
from dualtape.mindspore.nn.layer import LayerNorm as LayerNorm
from dualtape.mindspore.nn.layer import Linear as Linear
from dualtape.mindspore.nn.layer import Norm as Norm
from dualtape.mindspore.nn.layer import PReLU as PReLU
from dualtape.mindspore.nn.loss import BCELoss as BCELoss
from dualtape.mindspore.nn.loss import BCEWithLogitsLoss as BCEWithLogitsLoss
from dualtape.mindspore.nn.loss import GaussianNLLLoss as GaussianNLLLoss
from dualtape.mindspore.nn.loss import KLDivLoss as KLDivLoss
from dualtape.mindspore.nn.loss import MAELoss as MAELoss
from dualtape.mindspore.nn.loss import MarginRankingLoss as MarginRankingLoss
from dualtape.mindspore.nn.loss import NLLLoss as NLLLoss
from dualtape.mindspore.nn.loss import RMSELoss as RMSELoss
from dualtape.mindspore.nn.loss import SoftMarginLoss as SoftMarginLoss
from dualtape.mindspore.nn.loss import SoftmaxCrossEntropyWithLogits as SoftmaxCrossEntropyWithLogits
from dualtape.mindspore.nn.metrics import *
from dualtape.mindspore.nn.wrap import DynamicLossScaleUpdateCell as DynamicLossScaleUpdateCell
from dualtape.mindspore.nn.wrap import FixedLossScaleUpdateCell as FixedLossScaleUpdateCell
from dualtape.mindspore.nn.wrap import TrainOneStepWithLossScaleCell as TrainOneStepWithLossScaleCell
from dualtape.mindspore.nn.wrap import WithEvalCell as WithEvalCell
from dualtape.mindspore.nn.wrap import WithGradCell as WithGradCell

globals().update({name: one for name, one in vars(_faces).items() if isinstance(one, type)} | layer.LAYERS)
__getattr__ = _refusal(__name__)
