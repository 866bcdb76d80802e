"""MindSpore's path of first values."""

from dualtape.mindspore.absent import refusal
from dualtape.mindspore.common.first_values import Constant as Constant
from dualtape.mindspore.common.first_values import HeNormal as HeNormal
from dualtape.mindspore.common.first_values import HeUniform as HeUniform
from dualtape.mindspore.common.first_values import Identity as Identity
from dualtape.mindspore.common.first_values import Initializer as Initializer
from dualtape.mindspore.common.first_values import Normal as Normal
from dualtape.mindspore.common.first_values import One as One
from dualtape.mindspore.common.first_values import Orthogonal as Orthogonal
from dualtape.mindspore.common.first_values import TruncatedNormal as TruncatedNormal
from dualtape.mindspore.common.first_values import Uniform as Uniform
from dualtape.mindspore.common.first_values import VarianceScaling as VarianceScaling
from dualtape.mindspore.common.first_values import XavierNormal as XavierNormal
from dualtape.mindspore.common.first_values import XavierUniform as XavierUniform
from dualtape.mindspore.common.first_values import Zero as Zero
from dualtape.mindspore.common.first_values import initializer as _plain
from dualtape.mindspore.common.tensor import for_programs

initializer = for_programs(_plain)
__getattr__ = refusal(__name__)
