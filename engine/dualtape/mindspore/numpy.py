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
from dualtape.errors import ArgumentError
from dualtape.mindspore.absent import refusal
from dualtape.mindspore.common.tensor import computing
from dualtape.mindspore.ops.element_types import keeping_type
from dualtape.mindspore.ops.function import FUNCTIONS
from dualtape.mindspore.ops.tables import named

pi, e, inf, nan, newaxis = math.pi, math.e, math.inf, math.nan, None
float_, int_ = float32, int32
PINF, NINF = math.inf, -math.inf
_f = FUNCTIONS


def _tensor(x: Any, dtype: Any = None) -> dt.Tensor:
    return x if isinstance(x, dt.Tensor) and dtype is None else dt.Tensor(x, dtype)


def _read(x: Any, dtype: Any) -> dt.Tensor:
    """A tensor; Python's integers become Int32."""
    read = _tensor(x, dtype)
    is_python = dtype is None and not isinstance(x, (dt.Tensor, np.ndarray))
    return o.cast(read, int32) if is_python and read.dtype is int64 else read


def _all_axes(function: Any, small_unsigned: Any = int32) -> Any:
    """A running sum or product, of all elements without an axis; in Int32 of smaller integers and of Bool."""
    wide = dict.fromkeys((bool_, int8, int16), int32) | dict.fromkeys((uint8, uint16), small_unsigned)

    def apply(a: Any, axis: Any = None, dtype: Any = None) -> Any:
        read = _tensor(a)
        read = o.cast(read, dtype or wide.get(read.dtype, read.dtype))
        running = keeping_type(function)
        return running(_f["ravel"](read), 0) if axis is None else running(read, axis)

    return apply


def _reduced(function: Any) -> Any:
    return lambda a, axis=None, keepdims=False, dtype=None: function(
        _tensor(a) if dtype is None else o.cast(_tensor(a), dtype), axis, keepdims
    )


def _largest(function: Any, pick: Any) -> Any:
    """The maximum or minimum of elements and ``initial``, of those that ``where`` keeps."""

    def apply(a: Any, axis: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True) -> Any:
        read = _tensor(a)
        if initial is None:
            if where is not True:
                raise ArgumentError("`where` of a maximum or minimum needs `initial`, for where nothing is kept")
            return function(read, axis, keepdims)
        first = dt.Tensor(initial, read.dtype)
        return pick(function(read if where is True else o.where(where, read, first), axis, keepdims), first)

    return apply


def _sum(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    found = _summed(o.sum)(a, axis, dtype, keepdims)
    return found if initial is None else found + initial


def _repeated(a: Any, repeats: Any, axis: Any = None) -> Any:
    if isinstance(repeats, int):
        return o.repeat_interleave(a, repeats, axis)
    read, along = (_f["ravel"](a), 0) if axis is None else (a, axis)
    return o.gather(read, dt.Tensor(np.repeat(np.arange(read.shape[along]), repeats)), along)


def _taken(a: Any, indices: Any, axis: Any = None, mode: str = "clip") -> Any:
    """Elements by number, from the end where it is negative; ``mode`` says which one a number outside means."""
    read, at, along = (_f["ravel"](a) if axis is None else _tensor(a)), _tensor(indices), 0 if axis is None else axis
    size = read.shape[along]
    if mode not in ("clip", "wrap"):
        raise ArgumentError(f"`mode` of `take` must be clip or wrap, got {mode!r}")
    nearest = o.clamp(o.where(at < 0, at + size, at), 0, size - 1)
    return _f["take"](read, nearest if mode == "clip" else at % size, along)


def _filled(first: Any) -> Any:
    """A tensor like another, or of another type or shape, of the number that ``first`` is or ``fill_value``."""

    def apply(a: Any, dtype: Any = None, shape: Any = None) -> Any:
        like = _read(a, None)
        return o.full(like.shape if shape is None else shape, first, dtype=dtype or like.dtype)

    return apply


def _converted(function: Any) -> Any:
    """A function of one argument, whose result is of ``dtype``."""

    def apply(x: Any, dtype: Any = None) -> Any:
        found = function(x)
        return found if dtype is None else o.cast(found, dtype)

    return apply


def _converted_of_two(function: Any) -> Any:
    """A function of two arguments, whose result is of ``dtype``."""

    def apply(x1: Any, x2: Any, dtype: Any = None) -> Any:
        found = function(x1, x2)
        return found if dtype is None else o.cast(found, dtype)

    return apply


def _summed(function: Any) -> Any:
    """A reduction whose ``dtype`` stands before ``keepdims``."""
    return lambda a, axis=None, dtype=None, keepdims=False: _reduced(function)(a, axis, keepdims, dtype)


def _deviation(function: Any) -> Any:
    return lambda x, axis=None, ddof=0, keepdims=False: function(_tensor(x), axis, ddof, keepdims)


def _floats(function: Any) -> Any:
    """A function of floats; integers become Float32 before."""

    def apply(x: Any, dtype: Any = None) -> Any:
        read = _tensor(x)
        found = function(read if read.dtype.is_float else o.cast(read, float32))
        return found if dtype is None else o.cast(found, dtype)

    return apply


def _grid(vectors: Any, sparse: bool, indexing: str) -> list[Any]:
    """Coordinates at all points; with ``sparse`` of one axis each, which broadcast to them."""
    whole = o.meshgrid(*vectors, indexing=indexing)
    if not sparse:
        return list(whole)
    axes = list(range(len(vectors)))
    if indexing == "xy":
        axes[:2] = axes[1::-1]
    sizes = [[-1 if i == axis else 1 for i in range(len(axes))] for axis in axes]
    return [o.reshape(x, size) for x, size in zip(vectors, sizes, strict=True)]


def _spaced(found: tuple[Any, Any], dtype: Any, with_step: bool) -> Any:
    points, step = dt.Tensor(found[0], dtype), dt.Tensor(np.asarray(found[1]), dtype)
    return (points, step) if with_step else points


def _of_numbers(function: Any) -> Any:
    """A function of two that reads Python's integers as Int32, where it is given no tensor that says otherwise."""

    def apply(*args: Any, **kwargs: Any) -> Any:
        if any(isinstance(x, (dt.Tensor, np.ndarray)) for x in args[-2:]):
            return function(*args, **kwargs)
        return function(*args[:-2], *(_read(x, None) for x in args[-2:]), **kwargs)

    return apply


def _beside(function: Any) -> Any:
    """A function of two integers, of which a number is of the tensor's type."""

    def apply(x1: Any, x2: Any) -> Any:
        kind = next((x.dtype for x in (x1, x2) if isinstance(x, dt.Tensor)), int32)
        return function(*(x if isinstance(x, dt.Tensor) else dt.Tensor(x, kind) for x in (x1, x2)))

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
    "isnan", "isneginf", "isposinf", "absolute", "abs", "negative", "positive", "reciprocal", "floor",
    "ceil", "trunc", "square", "reshape", "transpose", "ravel", "squeeze", "expand_dims", "broadcast_to",
    "swapaxes", "moveaxis", "fliplr", "flipud", "tile", "matmul", "dot", "inner", "outer",
    "tensordot", "where", "argmax", "argmin", "take", "diff", "diagonal", "diagflat", "tril", "triu",
    "hsplit", "vsplit", "dsplit", "count_nonzero", "float_power",
    "nansum", "atleast_1d", "atleast_2d", "atleast_3d", "ones_like", "zeros_like",
    "full_like", "trace", "bincount", "signbit", "argwhere", "bitwise_and", "bitwise_or", "bitwise_xor", "copysign",
    "cross", "gcd", "lcm", "kron",
]  # fmt: skip

# Those whose parameters are `x` or `x1`, `x2`, and `dtype`.
OF_ONE = [*FLOATS, "isfinite", "isinf", "isnan", "absolute", "abs", "reciprocal", "floor", "ceil", "trunc", "square"]
OF_TWO = [
    "add", "subtract", "multiply", "divide", "true_divide", "floor_divide", "remainder", "fmod", "power", "maximum",
    "minimum", "arctan2", "hypot", "logaddexp", "logaddexp2", "equal", "not_equal", "less", "less_equal", "greater",
    "greater_equal", "logical_and", "logical_or", "logical_xor", "matmul", "float_power", "bitwise_and", "bitwise_or",
    "bitwise_xor", "copysign", "gcd", "lcm", "mod",
]  # fmt: skip

TABLE = named({
    "array": lambda obj, dtype=None, copy=True, ndmin=0: _read(obj, dtype),
    "asarray": lambda a, dtype=None: _read(a, dtype),
    "flip": lambda m, axis=None: o.flip(m, tuple(range(m.ndim)) if axis is None else axis),
    "meshgrid": lambda *xi, sparse=False, indexing="xy": _grid(xi, sparse, indexing),
    "asfarray": lambda a, dtype=float32: _tensor(a, dtype),
    "zeros": lambda shape, dtype=float32: o.zeros(shape, dtype),
    "ones": lambda shape, dtype=float32: o.ones(shape, dtype),
    "full": lambda shape, fill_value, dtype=None:
        o.full(shape, fill_value, dtype=dtype or _read(fill_value, None).dtype),
    "empty": lambda shape, dtype=float32: o.zeros(shape, dtype),
    "eye": lambda N, M=None, k=0, dtype=float32: dt.Tensor(np.eye(N, M, k), dtype),
    "identity": lambda n, dtype=float32: o.eye(n, n, dtype),
    "arange": lambda start, stop=None, step=None, dtype=None: _arange(start, stop, step, dtype),
    "linspace": lambda start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0:
        _spaced(np.linspace(start, stop, num, endpoint, retstep=True), dtype or float32, retstep),
    "logspace": lambda start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0:
        dt.Tensor(np.logspace(start, stop, num, endpoint, base), dtype or float32),
    "geomspace": lambda start, stop, num=50, endpoint=True, dtype=None, axis=0:
        dt.Tensor(np.geomspace(start, stop, num, endpoint), dtype or float32),
    "tri": lambda N, M=None, k=0, dtype=float32: dt.Tensor(np.tri(N, M, k), dtype),
    "rand": lambda *size, dtype=float32: _f["rand"](*size, dtype=dtype),
    "randn": lambda *size, dtype=float32, seed=None: _f["randn"](*size, dtype=dtype, seed=seed),
    "randint": lambda minval, maxval=None, shape=None, dtype=int32:
        _f["randint"](*((0, minval) if maxval is None else (minval, maxval)), shape or (1,), dtype=dtype),
    "mean": _reduced(o.mean), "sum": _sum, "max": _largest(o.amax, o.maximum), "min": _largest(o.amin, o.minimum),
    "amax": _largest(o.amax, o.maximum), "amin": _largest(o.amin, o.minimum),
    "ones_like": _filled(1), "zeros_like": _filled(0), "take": _taken,
    "full_like": lambda a, fill_value, dtype=None, shape=None: _filled(fill_value)(a, dtype, shape),
    "tril": lambda m, k=0: o.tril(_tensor(m), k), "triu": lambda m, k=0: o.triu(_tensor(m), k),
    "diagonal": lambda a, offset=0, axis1=0, axis2=1: _f["diagonal"](_tensor(a), offset, axis1, axis2),
    "trace": lambda a, offset=0, axis1=0, axis2=1, dtype=None:
        _reduced(o.sum)(_f["diagonal"](_tensor(a), offset, axis1, axis2), -1, False, dtype or a.dtype),
    "tile": lambda a, reps: o.tile(_tensor(a), (reps,) if isinstance(reps, int) else tuple(reps)),
    "swapaxes": lambda x, axis1, axis2: o.swapaxes(x, axis1, axis2),
    "tensordot": lambda a, b, axes=2: o.tensordot(a, b, axes),
    "broadcast_to": lambda array, shape: o.broadcast_to(_tensor(array), shape),
    "moveaxis": lambda a, source, destination: _f["moveaxis"](a, source, destination),
    "fliplr": lambda m: _f["fliplr"](m), "flipud": lambda m: _f["flipud"](m), "argwhere": lambda a: _f["argwhere"](a),
    "diagflat": lambda v, k=0: _f["diagflat"](_tensor(v), k), "nansum": _summed(_f["nansum"]),
    "reshape": lambda x, new_shape: o.reshape(_tensor(x), new_shape),
    "dot": lambda a, b: _f["dot"](a, b), "inner": lambda a, b: _f["inner"](a, b),
    "outer": lambda a, b: _f["outer"](a, b), "kron": lambda a, b: _f["kron"](a, b),
"std": _deviation(o.std), "var": _deviation(o.var), "average": _average,
    "ptp": lambda x, axis=None, keepdims=False: o.amax(x, axis, keepdims) - o.amin(x, axis, keepdims),
    "cumsum": _all_axes(o.cumsum), "cumprod": _all_axes(o.cumprod, uint32),
    "concatenate": lambda arrays, axis=0:
        o.cat([o.reshape(x, (-1,)) if axis is None else x for x in map(_tensor, arrays)], axis or 0),
    "heaviside": lambda x1, x2:
        _f["heaviside"](_tensor(x1), _tensor(x2, None if isinstance(x2, dt.Tensor) else float32)),
    "nanmean": lambda a, axis=None, dtype=None, keepdims=False:
        _f["nanmean"](o.cast(a, dtype or (float32 if a.dtype is float16 else a.dtype)), axis, keepdims),
    "clip": lambda x, xmin=None, xmax=None, dtype=None: o.clamp(_tensor(x, dtype), xmin, xmax),
    "sign": _floats(o.sign),
    "append": lambda arr, values, axis=None: o.cat((_f["ravel"](arr), _f["ravel"](values)), 0) if axis is None
        else o.cat((arr, values), axis),
    "stack": lambda arrays, axis=0: o.stack(tuple(arrays), axis), "hstack": lambda tup: _f["hstack"](tup),
    "vstack": lambda tup: _f["vstack"](tup), "dstack": lambda tup: _f["dstack"](tup),
    "column_stack": lambda tup: _f["column_stack"](tup),
    "split": lambda x, indices_or_sections, axis=0: _f["tensor_split"](x, indices_or_sections, axis),
    "array_split": lambda x, indices_or_sections, axis=0: _f["tensor_split"](x, indices_or_sections, axis),
    "repeat": _repeated,
    "unique": lambda x, return_inverse=False:
        (lambda pair: (pair[0], o.reshape(pair[1], (-1,))) if return_inverse else pair[0])(_f["unique"](x)),
    "norm": lambda x, ord=None, axis=None, keepdims=False: o.norm(x, ord, axis, keepdims),
    "radians": lambda x: _f["deg2rad"](x), "fix": lambda x: o.trunc(x),
    "rint": lambda x: o.round(x), "fabs": lambda x: o.abs(x), "cbrt": lambda x: o.sign(x) * o.pow(o.abs(x), 1 / 3),
    "size": lambda a, axis=None: a.size if axis is None else a.shape[axis],
    "gradient": _gradient, "isscalar": lambda x: isinstance(x, (int, float, str)),
    "array_equal": lambda a1, a2, equal_nan=False: dt.Tensor(a1.shape == a2.shape and bool(o.all(o.equal(a1, a2)))),
    "broadcast_arrays": lambda *args: [o.broadcast_to(x, np.broadcast_shapes(*(a.shape for a in args))) for x in args],
    "rot90": lambda a, k=1, axes=(0, 1): _f["rot90"](a, k, axes),
    "roll": lambda a, shift, axis=None: o.roll(a, shift, axis),
    "searchsorted": lambda a, v, side="left", sorter=None:
        _f["searchsorted"](a, _tensor(v, None if isinstance(v, dt.Tensor) else a.dtype), out_int32=True, side=side),
    "trapz": lambda y, x=None, dx=1.0, axis=-1: _trapezoid(y, x, dx, axis),
    "bitwise_not": lambda x: _f["bitwise_not"](x), "invert": lambda x: _f["bitwise_not"](x),
    "correlate": lambda a, v, mode="valid": o.correlate(a, v, mode),
    "interp": lambda x, xp, fp, left=None, right=None: _interpolated(x, xp, fp, left, right),
    "multi_dot": lambda arrays: o.linalg.multi_dot(list(arrays)),
    "nancumsum": lambda a, axis=None, dtype=None: _all_axes(o.cumsum)(o.where(o.isnan(a), 0.0, a), axis, dtype),
    "nanmax": lambda a, axis=None, dtype=None, keepdims=False: o.nanmax(a, axis, keepdims),
    "nanmin": lambda a, axis=None, dtype=None, keepdims=False: o.nanmin(a, axis, keepdims),
    "nanstd": lambda a, axis=None, dtype=None, ddof=0, keepdims=False: o.nanstd(a, axis, ddof, keepdims),
    "nanvar": lambda a, axis=None, dtype=None, ddof=0, keepdims=False: o.nanvar(a, axis, ddof, keepdims),
    "polyval": lambda p, x: o.polyval(_floating(p), _floating(x)),
    "take_along_axis": lambda arr, indices, axis: _along(arr, indices, axis),
    "vander": lambda x, N=None, increasing=False: o.linalg.vander(x, N, increasing),
    "divmod": lambda x1, x2, dtype=None: (o.floor_divide(x1, x2), o.mod(x1, x2)),
    "empty_like": lambda prototype, dtype=None, shape=None: _filled(0)(prototype, dtype, shape),
    "isin": lambda element, test_elements, invert=False: _is_in(element, test_elements, invert),
    "in1d": lambda ar1, ar2, invert=False: _is_in(_f["ravel"](ar1), ar2, invert),
    "rollaxis": lambda x, axis, start=0: _f["moveaxis"](x, axis, start - (axis % x.ndim < start)),
    "sometrue": lambda a, axis=None, keepdims=False: o.any(a, axis, keepdims),
    "array_str": lambda a: str(a),
    "bartlett": lambda M: dt.Tensor(np.bartlett(M), float32), "hanning": lambda M: dt.Tensor(np.hanning(M), float32),
    "hamming": lambda M: dt.Tensor(np.hamming(M), float32),
    "diag": lambda v, k=0: _f["diagflat"](v, k) if v.ndim == 1 else _f["diagonal"](v, k),
})  # fmt: skip


def _arange(start: Any, stop: Any, step: Any, dtype: Any) -> dt.Tensor:
    ends = (start,) if stop is None else (start, stop) if step is None else (start, stop, step)
    found = np.arange(*ends)
    return dt.Tensor(found, dtype or (float32 if found.dtype.kind == "f" else int32))


def _floating(x: Any) -> dt.Tensor:
    read = _tensor(x)
    return read if read.dtype.is_float else o.cast(read, float32)


def _interpolated(x: Any, xp: Any, fp: Any, left: Any, right: Any) -> Any:
    return o.interp(_floating(x), _floating(xp), _floating(fp), left, right)


def _along(x: Any, indices: Any, axis: Any) -> Any:
    return o.take_along_axis(_f["ravel"](x), indices, 0) if axis is None else o.take_along_axis(x, indices, axis)


def _is_in(elements: Any, among: Any, invert: bool) -> Any:
    """Which elements are among others."""
    found = o.any(o.equal(o.expand_dims(_tensor(elements), -1), _f["ravel"](_tensor(among))), -1)
    return o.logical_not(found) if invert else found


def _trapezoid(y: Any, x: Any, dx: float, axis: int) -> Any:
    n = y.shape[axis]
    pairs = _f["narrow"](y, axis, 1, n - 1) + _f["narrow"](y, axis, 0, n - 1)
    return o.sum(pairs * (dx if x is None else _f["diff"](x, 1, axis if x.ndim > 1 else 0)), axis) / 2


_names = {name: _f[name] for name in SAME if name in _f}
_names |= {"power": o.pow, "absolute": o.abs, "mod": o.mod}
_names |= {name: _of_numbers(_names[name]) for name in ("add", "subtract", "multiply", "where", "maximum", "minimum")}
_names |= {name: _floats(_f[name]) for name in FLOATS}
_names |= {name: _beside(_f[name]) for name in ("gcd", "lcm")}
_names |= {name: keeping_type(_floats(_f[name])) for name in ("reciprocal", "exp2")}
_names |= {name: _converted(_names[name]) for name in OF_ONE}
_names |= {name: _converted_of_two(_names[name]) for name in OF_TWO}
_names |= TABLE
globals().update({name: computing(function) for name, function in _names.items()})
__getattr__ = refusal(__name__)
