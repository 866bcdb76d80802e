"""MindSpore's older path of the functions of `ops`."""

from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.ops.composite import constexpr as constexpr
from dualtape.mindspore.ops.composite import depend as depend
from dualtape.mindspore.ops.composite import partial as partial
from dualtape.mindspore.ops.function import OF_PROGRAMS as _OF_PROGRAMS
from dualtape.mindspore.ops.transforms import TRANSFORMS as _TRANSFORMS

globals().update(_OF_PROGRAMS | _TRANSFORMS)
__getattr__ = _refusal(__name__)
