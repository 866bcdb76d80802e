"""MindSpore's `numpy`: NumPy's names and ways of axes, on tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import bool_ as bool_
from dualtape import float16 as float16
from dualtape import float32 as float32
from dualtape import float64 as float64
from dualtape import int8 as int8
from dualtape import int16 as int16
from dualtape import int32 as int32
from dualtape import int64 as int64
from dualtape import ops as o
from dualtape import uint8 as uint8
from dualtape import uint16 as uint16
from dualtape import uint32 as uint32
from dualtape import uint64 as uint64
from dualtape.mindspore.absent import refusal
from dualtape.mindspore.common.tensor import computing
from dualtape.mindspore.ops.function import FUNCTIONS
from dualtape.mindspore.ops.tables import named

pi, e, inf, nan, newaxis = math.pi, math.e, math.inf, math.nan, None
_f = FUNCTIONS


def _tensor(x: Any, dtype: Any = None) -> dt.Tensor:
    return x if isinstance(x, dt.Tensor) and dtype is None else dt.Tensor(x, dtype)


def _read(x: Any, dtype: Any) -> dt.Tensor:
    """A tensor; Python's integers become Int32."""
    read = _tensor(x, dtype)
    is_python = dtype is None and not isinstance(x, (dt.Tensor, np.ndarray))
    return o.cast(read, int32) if is_python and read.dtype is int64 else read


def _all_axes(function: Any) -> Any:
    """A running sum or product, of all elements without an axis."""
    return lambda a, axis=None, dtype=None: (
        function(_f["ravel"](_tensor(a)), 0) if axis is None else function(_tensor(a), axis)
    )


def _reduced(function: Any) -> Any:
    return lambda a, axis=None, keepdims=False, dtype=None: (lambda y: y if dtype is None else o.cast(y, dtype))(
        function(_tensor(a), axis, keepdims)
    )


def _deviation(function: Any) -> Any:
    return lambda x, axis=None, ddof=0, keepdims=False: function(_tensor(x), axis, ddof, keepdims)


def _floats(function: Any) -> Any:
    """A function of floats; integers become Float32 before."""

    def apply(x: Any, dtype: Any = None) -> Any:
        read = _tensor(x)
        found = function(read if read.dtype.is_float else o.cast(read, float32))
        return found if dtype is None else o.cast(found, dtype)

    return apply


def _average(x: Any, axis: Any = None, weights: Any = None, returned: bool = False) -> Any:
    if weights is None:
        return o.mean(_tensor(x), axis)
    return o.sum(_tensor(x) * _tensor(weights), axis) / o.sum(_tensor(weights), axis)


def _gradient(f: Any, *varargs: Any, axis: Any = None) -> Any:
    """Differences to both sides; to one at the ends."""
    found = []
    axes = range(f.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    steps = varargs or (1,)
    for k, at in enumerate(axes):
        step, n = steps[k % len(steps)], f.shape[at]
        steps_up = _f["narrow"](f, at, 1, n - 1) - _f["narrow"](f, at, 0, n - 1)
        both_sides = _f["narrow"](f, at, 2, n - 2) - _f["narrow"](f, at, 0, n - 2)
        ends = [_f["narrow"](steps_up, at, i, 1) / step for i in (0, n - 2)]
        found.append(o.cat([ends[0], both_sides / (2 * step), ends[1]], at))
    return found[0] if len(found) == 1 else found


FLOATS = [
    "sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "sqrt",
    "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "deg2rad", "rad2deg",
]  # fmt: skip
SAME = [
    "add", "subtract", "multiply", "divide", "true_divide", "floor_divide", "remainder", "fmod", "power", "maximum",
    "minimum", "arctan2", "hypot", "logaddexp", "logaddexp2", "equal", "not_equal", "less", "less_equal", "greater",
    "greater_equal", "logical_and", "logical_or", "logical_xor", "logical_not", "isclose", "isfinite", "isinf",
    "isnan", "isneginf", "isposinf", "absolute", "abs", "negative", "positive", "reciprocal", "sign", "floor",
    "ceil", "trunc", "square", "reshape", "transpose", "ravel", "squeeze", "expand_dims", "broadcast_to",
    "swapaxes", "moveaxis", "fliplr", "flipud", "tile", "matmul", "dot", "inner", "outer",
    "tensordot", "where", "argmax", "argmin", "clip", "take", "diff", "diagonal", "diagflat", "tril", "triu",
    "hsplit", "vsplit", "dsplit", "count_nonzero", "heaviside", "float_power",
    "nansum", "nanmean", "atleast_1d", "atleast_2d", "atleast_3d", "ones_like", "zeros_like",
    "full_like", "trace", "bincount", "signbit", "argwhere", "bitwise_and", "bitwise_or", "bitwise_xor", "copysign",
    "cross", "gcd", "lcm", "kron",
]  # fmt: skip

TABLE = named({
    "array": lambda obj, dtype=None, copy=True, ndmin=0: _read(obj, dtype),
    "asarray": lambda a, dtype=None: _read(a, dtype),
    "flip": lambda m, axis=None: o.flip(m, tuple(range(m.ndim)) if axis is None else axis),
    "meshgrid": lambda *xi, sparse=False, indexing="xy": list(o.meshgrid(*xi, indexing=indexing)),
    "asfarray": lambda a, dtype=float32: _tensor(a, dtype),
    "zeros": lambda shape, dtype=float32: o.zeros(shape, dtype),
    "ones": lambda shape, dtype=float32: o.ones(shape, dtype),
    "full": lambda shape, fill_value, dtype=None: o.full(shape, fill_value, dtype=dtype or _tensor(fill_value).dtype),
    "empty": lambda shape, dtype=float32: o.zeros(shape, dtype),
    "eye": lambda N, M=None, k=0, dtype=float32: dt.Tensor(np.eye(N, M, k), dtype),
    "identity": lambda n, dtype=float32: o.eye(n, n, dtype),
    "arange": lambda start, stop=None, step=None, dtype=None: _arange(start, stop, step, dtype),
    "linspace": lambda start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0:
        dt.Tensor(np.linspace(start, stop, num, endpoint), dtype or float32),
    "logspace": lambda start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0:
        dt.Tensor(np.logspace(start, stop, num, endpoint, base), dtype or float32),
    "geomspace": lambda start, stop, num=50, endpoint=True, dtype=None, axis=0:
        dt.Tensor(np.geomspace(start, stop, num, endpoint), dtype or float32),
    "tri": lambda N, M=None, k=0, dtype=float32: dt.Tensor(np.tri(N, M, k), dtype),
    "rand": lambda *size, dtype=float32: _f["rand"](*size, dtype=dtype),
    "randn": lambda *size, dtype=float32, seed=None: _f["randn"](*size, dtype=dtype, seed=seed),
    "randint": lambda low, high=None, shape=(), dtype=int32:
        _f["randint"](*((0, low) if high is None else (low, high)), shape or (1,), dtype=dtype),
    "mean": _reduced(o.mean), "sum": _reduced(o.sum), "max": _reduced(o.amax),
    "min": _reduced(o.amin), "amax": _reduced(o.amax),
    "amin": _reduced(o.amin), "std": _deviation(o.std), "var": _deviation(o.var), "average": _average,
    "ptp": lambda x, axis=None, keepdims=False: o.amax(x, axis, keepdims) - o.amin(x, axis, keepdims),
    "cumsum": _all_axes(o.cumsum), "cumprod": _all_axes(o.cumprod),
    "concatenate": lambda arrays, axis=0: o.cat(tuple(map(_tensor, arrays)), axis),
    "append": lambda arr, values, axis=None: o.cat((_f["ravel"](arr), _f["ravel"](values)), 0) if axis is None
        else o.cat((arr, values), axis),
    "stack": lambda arrays, axis=0: o.stack(tuple(arrays), axis), "hstack": lambda tup: _f["hstack"](tup),
    "vstack": lambda tup: _f["vstack"](tup), "dstack": lambda tup: _f["dstack"](tup),
    "column_stack": lambda tup: _f["column_stack"](tup),
    "split": lambda x, indices_or_sections, axis=0: _f["tensor_split"](x, indices_or_sections, axis),
    "array_split": lambda x, indices_or_sections, axis=0: _f["tensor_split"](x, indices_or_sections, axis),
    "repeat": lambda a, repeats, axis=None: o.repeat_interleave(a, repeats, axis),
    "unique": lambda x, return_inverse=False: _f["unique"](x) if return_inverse else _f["unique"](x)[0],
    "norm": lambda x, ord=None, axis=None, keepdims=False: o.norm(x, ord, axis, keepdims),
    "radians": lambda x: _f["deg2rad"](x), "fix": lambda x: o.trunc(x),
    "rint": lambda x: o.round(x), "fabs": lambda x: o.abs(x), "cbrt": lambda x: o.sign(x) * o.pow(o.abs(x), 1 / 3),
    "size": lambda a, axis=None: a.size if axis is None else a.shape[axis],
    "gradient": _gradient, "isscalar": lambda x: isinstance(x, (int, float, str)),
    "array_equal": lambda a1, a2, equal_nan=False: dt.Tensor(a1.shape == a2.shape and bool(o.all(o.equal(a1, a2)))),
    "broadcast_arrays": lambda *args: [o.broadcast_to(x, np.broadcast_shapes(*(a.shape for a in args))) for x in args],
    "rot90": lambda a, k=1, axes=(0, 1): _f["rot90"](a, k, axes),
    "roll": lambda a, shift, axis=None: o.roll(a, shift, axis),
    "searchsorted": lambda a, v, side="left", sorter=None: _f["searchsorted"](a, v, out_int32=True, side=side),
    "trapz": lambda y, x=None, dx=1.0, axis=-1: _trapezoid(y, x, dx, axis),
    "diag": lambda v, k=0: _f["diagflat"](v, k) if v.ndim == 1 else _f["diagonal"](v, k),
})  # fmt: skip


def _arange(start: Any, stop: Any, step: Any, dtype: Any) -> dt.Tensor:
    ends = (start,) if stop is None else (start, stop) if step is None else (start, stop, step)
    found = np.arange(*ends)
    return dt.Tensor(found, dtype or (float32 if found.dtype.kind == "f" else int32))


def _trapezoid(y: Any, x: Any, dx: float, axis: int) -> Any:
    n = y.shape[axis]
    pairs = _f["narrow"](y, axis, 1, n - 1) + _f["narrow"](y, axis, 0, n - 1)
    return o.sum(pairs * (dx if x is None else _f["diff"](x, 1, axis if x.ndim > 1 else 0)), axis) / 2


_names = {name: _f[name] for name in SAME if name in _f}
_names |= {"power": o.pow, "absolute": o.abs, "mod": o.mod}
_names |= {name: _floats(_f[name]) for name in FLOATS}
_names |= TABLE
globals().update({name: computing(function) for name, function in _names.items()})
__getattr__ = refusal(__name__)
