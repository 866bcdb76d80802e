"""MindSpore's names and ways, on dualtape: ``import dualtape.mindspore as ms``.

``python -m dualtape.mindspore program.py`` runs a program that imports ``mindspore`` or ``luojianet_ms`` as it is. What
differs, and what is not here, stands in ``docs/mindspore.md``. Importing this package changes nothing for programs of
dualtape's own: tensors, parameters and cells here are classes of their own.

Examples
--------
>>> import dualtape.mindspore as ms
>>> from dualtape.mindspore import Tensor, ops
>>> print(ms.grad(lambda x: ops.addcmul(x, x, x, value=2).sum())(Tensor([1.0, 3.0])))
[ 5. 13.]
"""

from __future__ import annotations

from collections.abc import Callable as _Callable
from typing import Any as _Any

from dualtape import get_seed as get_seed
from dualtape.mindspore import amp as amp
from dualtape.mindspore import common as common
from dualtape.mindspore import context as context
from dualtape.mindspore import dataset as dataset
from dualtape.mindspore import experimental as experimental
from dualtape.mindspore import log as log
from dualtape.mindspore import methods as _methods
from dualtape.mindspore import mint as mint
from dualtape.mindspore import nn as nn
from dualtape.mindspore import numpy as numpy
from dualtape.mindspore import ops as ops
from dualtape.mindspore import runtime as runtime
from dualtape.mindspore import train as train
from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.common import dtype as dtype
from dualtape.mindspore.common.api import JitConfig as JitConfig
from dualtape.mindspore.common.api import jit as jit
from dualtape.mindspore.common.api import jit_class as jit_class
from dualtape.mindspore.common.api import ms_class as ms_class
from dualtape.mindspore.common.api import ms_function as ms_function
from dualtape.mindspore.common.dtype import *
from dualtape.mindspore.common.dtype import dtype_to_nptype as dtype_to_nptype
from dualtape.mindspore.common.dtype import dtype_to_pytype as dtype_to_pytype
from dualtape.mindspore.common.dtype import pytype_to_dtype as pytype_to_dtype
from dualtape.mindspore.common.parameter import Parameter as Parameter
from dualtape.mindspore.common.parameter import ParameterTuple as ParameterTuple
from dualtape.mindspore.common.seed import manual_seed as manual_seed
from dualtape.mindspore.common.seed import seed as seed
from dualtape.mindspore.common.seed import set_seed as set_seed
from dualtape.mindspore.common.tensor import Tensor as Tensor
from dualtape.mindspore.common.tensor import from_numpy as from_numpy
from dualtape.mindspore.common.tensor import is_tensor as is_tensor
from dualtape.mindspore.common.tensor import tensor as tensor
from dualtape.mindspore.context import COMPATIBLE as COMPATIBLE
from dualtape.mindspore.context import GRAPH_MODE as GRAPH_MODE
from dualtape.mindspore.context import LAX as LAX
from dualtape.mindspore.context import PYNATIVE_MODE as PYNATIVE_MODE
from dualtape.mindspore.context import STRICT as STRICT
from dualtape.mindspore.context import get_context as get_context
from dualtape.mindspore.context import set_context as set_context
from dualtape.mindspore.context import set_device as set_device
from dualtape.mindspore.log import get_level as get_level
from dualtape.mindspore.log import get_log_config as get_log_config
from dualtape.mindspore.ops.transforms import TRANSFORMS as _TRANSFORMS
from dualtape.mindspore.runtime import empty_cache as empty_cache
from dualtape.mindspore.runtime import launch_blocking as launch_blocking
from dualtape.mindspore.runtime import synchronize as synchronize

# What `train` has stands at the top, too, but for its modules.
_FUNCTIONS_OF_TRAIN = (
    "save_checkpoint", "load_checkpoint", "load_param_into_net", "data_sink", "build_train_network", "names",
    "connect_network_with_dataset", "get_metric_fn",
)  # fmt: skip
_AT_THE_TOP = ("grad", "value_and_grad", "get_grad", "jvp", "vjp", "jacfwd", "jacrev", "hessian", "vmap")
_methods.add_methods()
globals().update({name: _TRANSFORMS[name] for name in _AT_THE_TOP})
globals().update({name: one for name, one in vars(train).items() if name[0].isupper() or name in _FUNCTIONS_OF_TRAIN})

lazy_inline: _Callable[..., _Any] = lambda fn=None, *args, **options: fn if callable(fn) else lazy_inline
no_inline: _Callable[..., _Any] = lambda fn: fn
__version__ = "2.10.0"  # of the MindSpore whose names and ways these are
bool = dtype.bool_  # MindSpore's name
_no_grad = common.tensor.NoGradient
mutable: _Callable[..., _Any] = lambda input_data, dynamic_len=False: input_data
recompute: _Callable[..., _Any] = lambda block, *args, **options: _TRANSFORMS["checkpoint"](block)(*args)
__getattr__ = _refusal(__name__)
