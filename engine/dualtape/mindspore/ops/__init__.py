"""MindSpore's `ops`: dualtape's, with MindSpore's names of functions, arguments and operators.

Most of what is here stands in the tables of :mod:`dualtape.mindspore.ops.function` and
:mod:`dualtape.mindspore.ops.operations`.
"""

from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.common.tensor import is_tensor as is_tensor
from dualtape.mindspore.ops import composite as composite
from dualtape.mindspore.ops import functional as functional
from dualtape.mindspore.ops import operations as operations
from dualtape.mindspore.ops.composite import MultitypeFuncGraph as MultitypeFuncGraph
from dualtape.mindspore.ops.composite import constexpr as constexpr
from dualtape.mindspore.ops.composite import depend as depend
from dualtape.mindspore.ops.composite import partial as partial
from dualtape.mindspore.ops.function import OF_PROGRAMS as _OF_PROGRAMS
from dualtape.mindspore.ops.operations import *
from dualtape.mindspore.ops.transforms import TRANSFORMS as _TRANSFORMS

print_ = print
globals().update(operations.CLASSES)
globals().update(_OF_PROGRAMS | _TRANSFORMS)
__getattr__ = _refusal(__name__)
