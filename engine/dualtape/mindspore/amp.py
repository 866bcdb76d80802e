"""MindSpore's `amp`: mixed precision and loss scaling."""

from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.train.amp import DynamicLossScaleManager as DynamicLossScaleManager
from dualtape.mindspore.train.amp import DynamicLossScaler as DynamicLossScaler
from dualtape.mindspore.train.amp import FixedLossScaleManager as FixedLossScaleManager
from dualtape.mindspore.train.amp import LossScaleManager as LossScaleManager
from dualtape.mindspore.train.amp import LossScaler as LossScaler
from dualtape.mindspore.train.amp import StaticLossScaler as StaticLossScaler
from dualtape.mindspore.train.amp import all_finite as all_finite
from dualtape.mindspore.train.amp import auto_mixed_precision as auto_mixed_precision
from dualtape.mindspore.train.amp import build_train_network as build_train_network
from dualtape.mindspore.train.amp import custom_mixed_precision as custom_mixed_precision
from dualtape.mindspore.train.amp import get_black_list as get_black_list
from dualtape.mindspore.train.amp import get_white_list as get_white_list

__getattr__ = _refusal(__name__)
