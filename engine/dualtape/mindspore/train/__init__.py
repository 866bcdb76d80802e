"""MindSpore's `train`: `Model`, callbacks, metrics, mixed precision and checkpoints."""

from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.nn.metrics import *
from dualtape.mindspore.train import amp as amp
from dualtape.mindspore.train import callback as callback
from dualtape.mindspore.train import model as model
from dualtape.mindspore.train import serialization as serialization
from dualtape.mindspore.train.amp import DynamicLossScaleManager as DynamicLossScaleManager
from dualtape.mindspore.train.amp import FixedLossScaleManager as FixedLossScaleManager
from dualtape.mindspore.train.amp import LossScaleManager as LossScaleManager
from dualtape.mindspore.train.amp import build_train_network as build_train_network
from dualtape.mindspore.train.callback import Callback as Callback
from dualtape.mindspore.train.callback import CheckpointConfig as CheckpointConfig
from dualtape.mindspore.train.callback import EarlyStopping as EarlyStopping
from dualtape.mindspore.train.callback import History as History
from dualtape.mindspore.train.callback import LambdaCallback as LambdaCallback
from dualtape.mindspore.train.callback import LearningRateScheduler as LearningRateScheduler
from dualtape.mindspore.train.callback import LossMonitor as LossMonitor
from dualtape.mindspore.train.callback import ModelCheckpoint as ModelCheckpoint
from dualtape.mindspore.train.callback import RunContext as RunContext
from dualtape.mindspore.train.callback import TimeMonitor as TimeMonitor
from dualtape.mindspore.train.model import DatasetHelper as DatasetHelper
from dualtape.mindspore.train.model import Model as Model
from dualtape.mindspore.train.model import connect_network_with_dataset as connect_network_with_dataset
from dualtape.mindspore.train.model import data_sink as data_sink
from dualtape.mindspore.train.serialization import load_checkpoint as load_checkpoint
from dualtape.mindspore.train.serialization import load_param_into_net as load_param_into_net
from dualtape.mindspore.train.serialization import save_checkpoint as save_checkpoint

__getattr__ = _refusal(__name__)
