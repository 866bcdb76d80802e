"""MindSpore's methods of tensors and parameters: dualtape's own, and functions of `ops` with the tensor first.

They stand on the room's own classes alone: importing this package changes no class of dualtape's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.mindspore.common.dtype import float16, float32, float64, int16, int32, int64, uint8
from dualtape.mindspore.common.parameter import Parameter
from dualtape.mindspore.common.tensor import Tensor, as_mindspore, as_plain, computing, for_programs
from dualtape.mindspore.ops.function import FUNCTIONS, spellings_of
from dualtape.mindspore.spellings import respelled

# Functions whose first argument is the tensor, under the same name.
SAME_NAME = [
    "angle", "cross", "conj", "imag", "is_complex", "isreal", "real", "absolute",
    "acos", "acosh", "add", "addbmm", "addcdiv", "addcmul", "addmm", "addmv", "addr", "adjoint",
    "aminmax", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "argsort", "argwhere",
    "asin", "asinh", "atan", "atan2", "atanh", "baddbmm", "bincount", "bmm", "ceil", "chunk", "copysign", "cosh",
    "count_nonzero", "cummax", "cummin", "cumprod", "deg2rad", "diagflat", "diagonal", "diff", "digamma", "div",
    "divide", "dsplit", "eq", "equal", "erf", "erfc", "expm1", "fliplr", "flipud", "float_power", "floor",
    "floor_divide", "fmod", "frac", "gather_elements", "gather_nd", "ge", "ger", "greater", "greater_equal", "gt",
    "hardshrink", "heaviside", "hsplit", "hypot", "index_add", "index_fill", "index_select", "inner", "inv",
    "isclose", "isfinite", "isinf", "isnan", "isneginf", "isposinf", "ldexp", "le", "lerp", "less", "less_equal",
    "lgamma", "log10", "log1p", "log2", "logaddexp", "logaddexp2", "logical_and", "logical_not", "logical_or",
    "logical_xor", "logit", "lt", "masked_fill", "masked_select", "maximum", "median", "minimum", "moveaxis",
    "movedim", "msort", "mul", "multinomial", "multiply", "nan_to_num", "nanmean", "nansum", "narrow", "ne", "neg",
    "negative", "nonzero", "not_equal", "outer", "positive", "rad2deg", "reciprocal", "remainder", "rot90", "rsqrt",
    "searchsorted", "sgn", "sign", "signbit", "sinc", "sinh", "soft_shrink", "softmax", "sort", "sub", "subtract",
    "swapdims", "t", "tan", "tensor_split", "top_k", "topk", "tril", "triu", "true_divide", "trunc", "type_as",
    "unbind", "unique", "view_as", "vsplit", "xdivy", "xlogy", "expand", "round", "fmax", "fmin",
    "scatter", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "bitwise_left_shift", "bitwise_right_shift",
    "gcd", "lcm", "logcumsumexp", "nextafter", "unsorted_segment_max", "unsorted_segment_min", "unsorted_segment_prod",
    "det", "slogdet", "logdet", "inverse", "matrix_power", "qr", "svd", "cholesky", "erfinv",
]  # fmt: skip

# What dualtape's tensors have for everybody.
OPERATORS = [
    "__abs__", "__add__", "__and__", "__eq__", "__floordiv__", "__ge__", "__getitem__", "__gt__", "__invert__",
    "__le__", "__lshift__", "__lt__", "__matmul__", "__mod__", "__mul__", "__ne__", "__neg__", "__or__",
    "__pos__", "__pow__", "__radd__", "__rand__", "__rfloordiv__", "__rlshift__", "__rmatmul__", "__rmod__",
    "__rmul__", "__ror__", "__rpow__", "__rrshift__", "__rshift__", "__rsub__", "__rtruediv__", "__rxor__", "__sub__",
    "__truediv__", "__xor__", "__array_ufunc__", "__array_function__", "__len__",
]  # fmt: skip
_ENGINES = {"from_numpy", "primal", "ground", "level", "try_add_in_place"}
_PARTS = {"real", "imag"}  # which MindSpore has as methods
PROPERTIES = [
    name for name in dir(dt.Tensor) if isinstance(getattr(dt.Tensor, name), property) and name not in _ENGINES | _PARTS
]
METHODS = [
    name for name in dir(dt.Tensor) if inspect.isfunction(getattr(dt.Tensor, name))
    and not name.startswith("_") and name not in _ENGINES
]  # fmt: skip


def _type(self: dt.Tensor, dtype: Any = None) -> Any:
    """The name of the element type, or the tensor converted to another."""
    return str(self.dtype) if dtype is None else o.cast(self, dtype)


def _to(self: dt.Tensor, *args: Any, **kwargs: Any) -> Any:
    """Converted to an element type, or on another device."""
    if len(args) == 1 and not kwargs and isinstance(args[0], type(float32)):
        return o.cast(self, args[0])
    return self.to(*args, **kwargs)


def _sum_to_size(self: dt.Tensor, *size: Any) -> Any:
    """The sum over axes that have size 1, or are missing, in ``size``."""
    sizes = tuple(size[0]) if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    lead = self.ndim - len(sizes)
    if lead < 0 or any(n not in (1, own) for n, own in zip(sizes, self.shape[lead:], strict=True)):
        raise ArgumentError(f"`sum_to_size` of shape {self.shape} got {sizes}")
    axes = (*range(lead), *(i + lead for i, n in enumerate(sizes) if n == 1))
    return o.reshape(o.sum(self, axes) if axes else self, sizes)


def _select(self: dt.Tensor, *args: Any) -> Any:
    """The slice ``index`` of the axis ``dim``; or, with a condition and another tensor, the elements where it holds."""
    if isinstance(args[0], dt.Tensor):
        return o.where(args[0], self, args[1])
    dim, index = args
    return self[(slice(None),) * (dim % self.ndim) + (index,)]


def _choose(self: dt.Tensor, choices: Any, mode: str = "clip") -> Any:
    """From each of ``choices``, broadcast, the elements whose place ``self`` names."""
    if mode not in ("clip", "wrap"):
        raise ArgumentError(f"`mode` of `choose` must be 'clip' or 'wrap', got {mode!r}")
    stacked = list(choices)
    index = o.clamp(self, 0, len(stacked) - 1) if mode == "clip" else self % len(stacked)
    found: Any = stacked[0]
    for i, one in enumerate(stacked[1:], 1):
        found = o.where(o.equal(index, i), one, found)
    return o.broadcast_to(found, np.broadcast_shapes(self.shape, found.shape))


def _stride(self: dt.Tensor, dim: int | None = None) -> Any:
    """Elements from one to the next along each axis."""
    steps = [int(np.prod(self.shape[i + 1 :], dtype=np.int64)) for i in range(self.ndim)]
    return steps if dim is None else steps[dim]


def _converter(dtype: Any) -> Callable[[dt.Tensor], Any]:
    return lambda self: o.cast(self, dtype)


def _maker(fill: float) -> Callable[..., Any]:
    return lambda self, size, dtype=None: o.full(size, fill, dtype=self.dtype if dtype is None else dtype)


OF_TENSORS: dict[str, Any] = {
    "allclose": lambda self, other, rtol=1e-5, atol=1e-8, equal_nan=False:
        bool(o.all(FUNCTIONS["isclose"](self, other, rtol, atol, equal_nan))),
    "argmax_with_value": lambda self, axis=0, keep_dims=False: o.max(self, axis, keep_dims),
    "argmin_with_value": lambda self, axis=0, keep_dims=False: o.min(self, axis, keep_dims),
    "bool": _converter(dt.bool_), "byte": _converter(uint8), "double": _converter(float64),
    "float": _converter(float32), "half": _converter(float16), "int": _converter(int32), "long": _converter(int64),
    "short": _converter(int16), "choose": _choose,
    "clone": lambda self: self * 1, "contiguous": lambda self: self, "data": property(lambda self: self),
    "fill": lambda self, value: o.full_like(self, value), "fills": lambda self, value: o.full_like(self, value),
    "H": property(lambda self: o.conj(o.transpose(self))), "mT": property(lambda self: o.swapaxes(self, -1, -2)),
    "has_init": property(lambda self: False), "init_data": lambda self, *args, **kwargs: self,
    "is_contiguous": lambda self: True,
    "is_floating_point": lambda self: self.dtype.is_float,
    "is_signed": lambda self: self.dtype not in (dt.bool_, dt.uint8, dt.uint16, dt.uint32, dt.uint64),
    "mm": lambda self, mat2: o.matmul(self, mat2), "move_to": lambda self, to, blocking=True: self,
    "ndimension": lambda self: self.ndim, "nelement": lambda self: self.size, "numel": lambda self: self.size,
    "new_ones": _maker(1), "new_zeros": _maker(0), "new_full": lambda self, size, fill_value, dtype=None:
        o.full(size, fill_value, dtype=self.dtype if dtype is None else dtype),
    "ptp": lambda self, axis=None, keepdims=False: o.amax(self, axis, keepdims) - o.amin(self, axis, keepdims),
    "repeat": lambda self, repeats, axis=None: o.repeat_interleave(self, repeats, axis),
    "reshape_as": lambda self, other: o.reshape(self, other.shape), "select": _select,
    "stride": _stride,
    "strides": property(lambda self: tuple(n * self.itemsize for n in _stride(self))), "sum_to_size": _sum_to_size,
    "type": _type, "value": lambda self: self,
    "where": lambda self, condition, y: o.where(condition, self, y),
}  # fmt: skip


def _extremum(plain: Callable[..., Any], paired: Callable[..., Any]) -> Callable[..., Any]:
    def extremum(
        self: dt.Tensor, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool | None = None,
        return_indices: bool = False,
    ) -> Any:  # fmt: skip
        """The extreme elements; with a ``dim`` by position, or ``return_indices``, also where they are."""
        if dim is not None and axis is not None:
            raise ArgumentTypeError("`max` and `min` of a tensor take one axis, `dim` or `axis`")
        place, keeps = axis if dim is None else dim, keepdim if keepdims is None else keepdims
        if place is None:
            return plain(self)  # of all elements there is one, whatever is kept
        # `axis` and `keepdims` are NumPy's spelling, of a function that gives values alone.
        is_paired = return_indices if axis is not None or keepdims is not None else dim is not None
        return (paired if is_paired and isinstance(place, int) else plain)(self, place, keeps)

    return respelled(extremum, {"keep_dims": "keepdims"})


def _astype(self: dt.Tensor, dtype: Any, copy: bool = True) -> Any:
    """Converted to another element type: one of this package's, its name, or a type of Python's or NumPy's."""
    return o.cast(self, np.dtype(dtype).name if isinstance(dtype, type) else dtype)


def _flatten(self: dt.Tensor, *args: Any, order: str = "C", start_dim: int = 0, end_dim: int = -1) -> Any:
    """The axes from ``start_dim`` to ``end_dim`` as one: all of them, by default."""
    if args and isinstance(args[0], str):
        order, args = args[0], args[1:]
    ends = [*args, *(start_dim, end_dim)[len(args) :]]
    return FUNCTIONS["flatten"](self, order, start_dim=ends[0], end_dim=ends[1])


# What MindSpore reads otherwise than dualtape.
CHANGED: dict[str, Any] = {
    "max": _extremum(o.amax, o.max), "min": _extremum(o.amin, o.min), "to": _to, "astype": _astype,
    "squeeze": FUNCTIONS["squeeze"], "flatten": _flatten,
} | {
    name: FUNCTIONS[name] for name in ("sum", "mean", "prod", "cumsum", "std", "var", "softmax", "norm", "diag")
}  # fmt: skip


def _table() -> dict[str, Any]:
    """Every method and property by its name, on dualtape's tensors."""
    found: dict[str, Any] = {name: FUNCTIONS[name] for name in SAME_NAME if name in FUNCTIONS} | OF_TENSORS
    found |= {name: getattr(dt.Tensor, name) for name in OPERATORS}
    found |= {name: property(attrgetter(name)) for name in PROPERTIES}
    for name in METHODS:
        method = getattr(dt.Tensor, name)
        found[name] = respelled(method, _method_spellings(method))
    return found | CHANGED


def _method_spellings(method: Callable[..., Any]) -> dict[str, str]:
    first = next(iter(inspect.signature(method).parameters))
    return {other: own for other, own in spellings_of(method).items() if own != first}


def _property(read: Callable[..., Any] | None) -> property:
    assert read is not None
    return property(lambda self: as_mindspore(read(as_plain(self))))


# Methods that compute: an operator says by itself what it cannot read.
_NAMED = {*SAME_NAME, *OF_TENSORS, *METHODS, *CHANGED}


def add_methods() -> None:
    """Give the room's own classes their methods; a Parameter keeps what it has by itself, as `set_data`."""
    own = {name for name in (*vars(dt.Parameter), *vars(Parameter)) if name not in ("value", "data", "to")}
    for name, method in _table().items():
        if isinstance(method, property):
            face: Any = _property(method.fget)
        else:
            face = computing(method) if name in _NAMED else for_programs(method)
        setattr(Tensor, name, face)
        if name not in own and name not in PROPERTIES:
            setattr(Parameter, name, face)
    for face in (Tensor, Parameter):
        face.__iter__ = lambda self: map(as_mindspore, iter(as_plain(self.value())))
    Parameter.T = property(lambda self: self.value().T)  # type: ignore[assignment, method-assign]
    Parameter.value = for_programs(dt.Parameter.value)  # type: ignore[method-assign]
    Parameter.data = property(Parameter.value)  # type: ignore[assignment, method-assign]
