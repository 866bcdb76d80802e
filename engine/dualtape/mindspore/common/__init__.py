"""MindSpore's `common`: tensors, parameters, element types, first values, `jit`."""

from dualtape.mindspore.common import dtype as dtype
from dualtape.mindspore.common import initializer as initializer
