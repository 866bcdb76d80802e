"""MindSpore's older path of the functions of `ops`."""

from dualtape import jacfwd as jacfwd
from dualtape import jacrev as jacrev
from dualtape import linearize as linearize
from dualtape import vmap as vmap
from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.ops.composite import constexpr as constexpr
from dualtape.mindspore.ops.composite import depend as depend
from dualtape.mindspore.ops.composite import partial as partial
from dualtape.mindspore.ops.function import FUNCTIONS as _FUNCTIONS
from dualtape.ops import *

globals().update(_FUNCTIONS)
__getattr__ = _refusal(__name__)
