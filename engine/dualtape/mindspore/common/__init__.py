"""MindSpore's `common`: tensors, parameters, element types, first values, `jit`."""

from dualtape import get_seed as get_seed
from dualtape.mindspore.common import dtype as dtype
from dualtape.mindspore.common import initializer as initializer
from dualtape.mindspore.common.api import JitConfig as JitConfig
from dualtape.mindspore.common.api import jit as jit
from dualtape.mindspore.common.api import jit_class as jit_class
from dualtape.mindspore.common.dtype import *
from dualtape.mindspore.common.parameter import Parameter as Parameter
from dualtape.mindspore.common.parameter import ParameterTuple as ParameterTuple
from dualtape.mindspore.common.seed import set_seed as set_seed
from dualtape.mindspore.common.tensor import Tensor as Tensor
from dualtape.mindspore.common.tensor import from_numpy as from_numpy
from dualtape.mindspore.common.tensor import is_tensor as is_tensor
