"""MindSpore's ``ops``: the public functions, under the names that its users know.

What a module of functions lists in its ``__all__`` is public here.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dualtape.autodiff.transforms import GradOperation as GradOperation
from dualtape.autodiff.transforms import derivative as derivative
from dualtape.autodiff.transforms import get_grad as get_grad
from dualtape.autodiff.transforms import grad as grad
from dualtape.autodiff.transforms import jet as jet
from dualtape.autodiff.transforms import jvp as jvp
from dualtape.autodiff.transforms import value_and_grad as value_and_grad
from dualtape.autodiff.transforms import vjp as vjp
from dualtape.control.conditions import cond as cond
from dualtape.control.loops import fori_loop as fori_loop
from dualtape.control.loops import scan as scan
from dualtape.control.loops import while_loop as while_loop
from dualtape.functions.activation import *
from dualtape.functions.bitwise import *
from dualtape.functions.calculus import *
from dualtape.functions.clipping import *
from dualtape.functions.complex_numbers import *
from dualtape.functions.creation import *
from dualtape.functions.elementary import *
from dualtape.functions.elementwise import *
from dualtape.functions.indexing import *
from dualtape.functions.linear_algebra import *
from dualtape.functions.loss import *
from dualtape.functions.nan_reductions import *
from dualtape.functions.reduction import *
from dualtape.functions.scans import *
from dualtape.functions.scattering import *
from dualtape.functions.segments import *
from dualtape.functions.shape import *
from dualtape.functions.sorting import *
from dualtape.functions.statistics import *
from dualtape.ops.assignment import *
from dualtape.ops.classes import *
from dualtape.ops.looping import *
from dualtape.ops.mapping import *

absolute = abs
unsqueeze = expand_dims
multiply = mul
subtract = sub
divide = div
negative = neg
reduce_sum = sum
reduce_mean = mean

if TYPE_CHECKING:
    from dualtape.ops import fft as fft
    from dualtape.ops import linalg as linalg
    from dualtape.ops import special as special


def __getattr__(name: str) -> Any:
    # These are imported when they are first asked for.
    if name in ("fft", "linalg", "special"):
        return import_module(f"dualtape.ops.{name}")
    raise AttributeError(f"module 'dualtape.ops' has no attribute {name!r}")
