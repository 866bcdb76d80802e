"""What NumPy's own functions do when they are given tensors.

Functions of elements that both have are those of the library, so that derivatives, `vmap` and `jit` go through them.
All others compute with arrays, and give arrays, where a tensor is no more than its numbers; where it is being
differentiated, mapped or traced, they are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape import pytree
from dualtape.core.interpreter import Value
from dualtape.functions import (
    activation,
    bitwise,
    complex_numbers,
    creation,
    elementary,
    elementwise,
    indexing,
    linear_algebra,
    reduction,
    shape,
)
from dualtape.leaving import require_constant

_MODULES = (
    activation, bitwise, complex_numbers, creation, elementary, elementwise, indexing, linear_algebra, reduction, shape,
)  # fmt: skip
_FUNCTIONS: dict[str, Any] = {name: getattr(module, name) for module in _MODULES for name in module.__all__}

# NumPy's names for what has another name here.
_RENAMED = {
    "absolute": "abs", "amax": "amax", "amin": "amin", "arccos": "acos", "arccosh": "acosh", "arcsin": "asin",
    "arcsinh": "asinh", "arctan": "atan", "arctan2": "atan2", "arctanh": "atanh", "bitwise_invert": "bitwise_not",
    "concatenate": "cat", "conjugate": "conj", "diagonal": "diag", "divide": "div", "fabs": "abs",
    "float_power": "pow", "invert": "bitwise_not", "left_shift": "bitwise_left_shift", "multiply": "mul",
    "negative": "neg", "power": "pow", "remainder": "mod", "repeat": "repeat_interleave",
    "right_shift": "bitwise_right_shift", "rint": "round", "subtract": "sub",
}  # fmt: skip

_UFUNCS: dict[np.ufunc, Callable[..., Any]] = {
    ufunc: _FUNCTIONS[_RENAMED.get(ufunc.__name__, ufunc.__name__)]
    for ufunc in (
        np.add, np.subtract, np.multiply, np.divide, np.power, np.float_power, np.floor_divide, np.remainder,
        np.maximum, np.minimum, np.negative, np.absolute, np.fabs, np.exp, np.expm1, np.exp2, np.log, np.log1p,
        np.log2, np.sqrt, np.square, np.reciprocal, np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan,
        np.arctan2, np.sinh, np.cosh, np.tanh, np.arcsinh, np.arccosh, np.arctanh, np.sign, np.floor, np.ceil,
        np.trunc, np.rint, np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
        np.logical_and, np.logical_or, np.logical_xor, np.logical_not, np.isnan, np.isfinite, np.isinf, np.matmul,
        np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift,
        np.log10, np.cbrt, np.hypot, np.copysign, np.fmod, np.signbit, np.gcd, np.lcm, np.conjugate,
    )
}  # fmt: skip

# They ask for shape and element type alone.
_OF_THE_OUTSIDE = {
    np.can_cast, np.common_type, np.iscomplexobj, np.isrealobj, np.min_scalar_type, np.ndim, np.result_type, np.shape,
    np.size,
}  # fmt: skip


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function of elements, such as `numpy.sin`; ``NotImplemented`` where another class has its own."""
    if any(map(_has_its_own, (*inputs, *pytree.leaves(kwargs)) if kwargs else inputs)):
        return NotImplemented
    function = _UFUNCS.get(ufunc)
    if function is not None and method == "__call__" and not kwargs:
        return function(*inputs)
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    arrays, keywords = _as_arrays(name, (inputs, kwargs))
    return getattr(ufunc, method)(*arrays, **keywords)


def call_function(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Any other function of NumPy, such as `numpy.where`.

    Of plain tensors it computes with arrays, and gives arrays. Of values that are being differentiated, mapped or
    traced it is the library's own, if it has one that does the same.
    """
    from dualtape.numpy_functions import of_numpy  # when it is first needed

    ours = of_numpy(function)
    if ours is not None and any(isinstance(x, Value) and x.level.depth for x in pytree.leaves((args, kwargs))):
        return ours(*args, **kwargs)
    if function in _OF_THE_OUTSIDE:
        args, kwargs = pytree.map(lambda x: _outside(x) if isinstance(x, Value) else x, (args, kwargs))
    else:
        args, kwargs = _as_arrays(function.__name__, (args, kwargs))
    return function(*args, **kwargs)


def _has_its_own(x: Any) -> bool:
    theirs = getattr(type(x), "__array_ufunc__", np.ndarray.__array_ufunc__)
    return not isinstance(x, Value) and theirs is not np.ndarray.__array_ufunc__


def _as_arrays(name: str, arguments: Any) -> Any:
    """``arguments`` with arrays in the place of tensors, unless one of these has more to it than its numbers."""
    ours = _RENAMED.get(name, name)
    instead = f"`dualtape.ops.{ours}`" if ours in _FUNCTIONS else "functions of `dualtape.ops`"

    def array(x: Any) -> Any:
        if not isinstance(x, Value):
            return x
        require_constant(x, f"`{name}` of NumPy", instead)
        return np.asarray(x)

    return pytree.map(array, arguments)


def _outside(x: Value) -> np.ndarray:
    """An array of the shape and element type of ``x``, of no memory."""
    return np.broadcast_to(np.zeros((), x.dtype.numpy), x.shape)
