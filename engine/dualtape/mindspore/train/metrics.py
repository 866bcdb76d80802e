"""MindSpore's path of the metrics."""

from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.nn.metrics import *

__getattr__ = _refusal(__name__)
