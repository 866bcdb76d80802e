"""MindSpore's `ops`: dualtape's, with MindSpore's names of functions, arguments and operators.

Most of what is here stands in the tables of :mod:`dualtape.mindspore.ops.function` and
:mod:`dualtape.mindspore.ops.operations`.
"""

from dualtape import jacfwd as jacfwd
from dualtape import jacrev as jacrev
from dualtape import linearize as linearize
from dualtape import vmap as vmap
from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.common.tensor import is_tensor as is_tensor
from dualtape.mindspore.ops import composite as composite
from dualtape.mindspore.ops import functional as functional
from dualtape.mindspore.ops import operations as operations
from dualtape.mindspore.ops.composite import MultitypeFuncGraph as MultitypeFuncGraph
from dualtape.mindspore.ops.composite import constexpr as constexpr
from dualtape.mindspore.ops.composite import depend as depend
from dualtape.mindspore.ops.composite import partial as partial
from dualtape.mindspore.ops.function import FUNCTIONS as _FUNCTIONS
from dualtape.mindspore.ops.operations import *

print_ = print
globals().update(operations.CLASSES)
globals().update(_FUNCTIONS)
__getattr__ = _refusal(__name__)
