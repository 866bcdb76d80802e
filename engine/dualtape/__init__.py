"""dualtape: automatic differentiation with jets inside a tape, on OpenCL devices.

``import dualtape as dt`` and differentiate: :func:`grad`, :func:`jvp`, :func:`partials`.
"""

from dualtape import amp as amp
from dualtape import dtypes as dtypes
from dualtape import initializer as initializer
from dualtape import nn as nn
from dualtape import ops as ops
from dualtape import optim as optim
from dualtape import parallel as parallel
from dualtape import random as random
from dualtape.autodiff.fields import bilaplacian as bilaplacian
from dualtape.autodiff.fields import curl as curl
from dualtape.autodiff.fields import divergence as divergence
from dualtape.autodiff.fields import laplacian as laplacian
from dualtape.autodiff.fields import linear_operator as linear_operator
from dualtape.autodiff.fields import partials as partials
from dualtape.autodiff.rules import custom_derivative as custom_derivative
from dualtape.autodiff.solvers import fixed_point as fixed_point
from dualtape.autodiff.solvers import root as root
from dualtape.autodiff.transforms import derivative as derivative
from dualtape.autodiff.transforms import functional as functional
from dualtape.autodiff.transforms import gauss_newton_product as gauss_newton_product
from dualtape.autodiff.transforms import get_grad as get_grad
from dualtape.autodiff.transforms import grad as grad
from dualtape.autodiff.transforms import hessian as hessian
from dualtape.autodiff.transforms import hvp as hvp
from dualtape.autodiff.transforms import jacfwd as jacfwd
from dualtape.autodiff.transforms import jacobian as jacobian
from dualtape.autodiff.transforms import jacrev as jacrev
from dualtape.autodiff.transforms import jet as jet
from dualtape.autodiff.transforms import jvp as jvp
from dualtape.autodiff.transforms import linearize as linearize
from dualtape.autodiff.transforms import residual_jacobian as residual_jacobian
from dualtape.autodiff.transforms import value_and_grad as value_and_grad
from dualtape.autodiff.transforms import vhp as vhp
from dualtape.autodiff.transforms import vjp as vjp
from dualtape.autodiff.transforms import vmap as vmap
from dualtape.checkpoint import check_checkpoint_path as check_checkpoint_path
from dualtape.checkpoint import load_checkpoint as load_checkpoint
from dualtape.checkpoint import load_param_into_net as load_param_into_net
from dualtape.checkpoint import save_checkpoint as save_checkpoint
from dualtape.compiler.explanation import explain as explain
from dualtape.compiler.jit import Jitted as Jitted
from dualtape.compiler.jit import jit as jit
from dualtape.control.shapes import eval_shape as eval_shape
from dualtape.core.spec import Spec as Spec
from dualtape.devices.device import Device as Device
from dualtape.devices.registry import device as device
from dualtape.devices.registry import devices as devices
from dualtape.devices.registry import set_device as set_device
from dualtape.devices.usage import memory as memory
from dualtape.devices.usage import release_memory as release_memory
from dualtape.devices.warming import warm_up as warm_up
from dualtape.dtypes import bool_ as bool_
from dualtape.dtypes import complex64 as complex64
from dualtape.dtypes import complex128 as complex128
from dualtape.dtypes import float16 as float16
from dualtape.dtypes import float32 as float32
from dualtape.dtypes import float64 as float64
from dualtape.dtypes import int8 as int8
from dualtape.dtypes import int16 as int16
from dualtape.dtypes import int32 as int32
from dualtape.dtypes import int64 as int64
from dualtape.dtypes import uint8 as uint8
from dualtape.dtypes import uint16 as uint16
from dualtape.dtypes import uint32 as uint32
from dualtape.dtypes import uint64 as uint64
from dualtape.exchange import export_onnx as export_onnx
from dualtape.functions.creation import from_dlpack as from_dlpack
from dualtape.parameter import Parameter as Parameter
from dualtape.parameter import ParameterTuple as ParameterTuple
from dualtape.primitives.convention import strict_derivatives as strict_derivatives
from dualtape.random import get_seed as get_seed
from dualtape.random import set_seed as set_seed
from dualtape.reference import Reference as Reference
from dualtape.tensor import Tensor as Tensor

# After the module that saves files, whose name in this package it takes.
from dualtape.autodiff.transforms import checkpoint as checkpoint  # isort: skip

# `import dualtape.devices.registry as r` finds the module, though a function has its package's name here.
devices.__name__ = "dualtape.devices"

__version__ = "0.1.0"

# MindSpore's other spellings.
dtype = dtypes
bool = bool_


def __getattr__(name: str) -> object:
    # Imported when first asked for: they bring along what most programs do not need.
    if name in ("ode", "pinn", "testing"):
        import importlib

        return importlib.import_module(f"dualtape.{name}")
    raise AttributeError(f"module 'dualtape' has no attribute {name!r}")
