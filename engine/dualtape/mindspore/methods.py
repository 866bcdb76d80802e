"""MindSpore's methods of tensors that dualtape's have not: most are functions of `ops` with the tensor first."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentError
from dualtape.mindspore.additions import add_missing, respelled
from dualtape.mindspore.common.dtype import float16, float32, float64, int16, int32, int64, uint8
from dualtape.mindspore.ops.function import FUNCTIONS, spellings_of

# Functions whose first argument is the tensor, under the same name.
SAME_NAME = [
    "cross", "conj", "isreal", "absolute",
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
    "scatter",
]  # fmt: skip

# Methods that dualtape has too: the arguments get MindSpore's names beside their own.
RESPELLED = [
    "sum", "mean", "prod", "amax", "amin", "argmax", "argmin", "any", "all", "var", "std", "norm", "logsumexp",
    "cumsum", "squeeze", "expand_dims", "flip", "roll", "tile", "repeat_interleave", "split", "clip", "clamp",
    "diag", "trace",
]  # fmt: skip


def _type(self: dt.Tensor, dtype: Any = None) -> Any:
    """The name of the element type, or the tensor converted to another."""
    return str(self.dtype) if dtype is None else o.cast(self, dtype)


def _to(self: dt.Tensor, *args: Any, **kwargs: Any) -> Any:
    """Converted to an element type, or on another device."""
    if len(args) == 1 and not kwargs and isinstance(args[0], type(float32)):
        return o.cast(self, args[0])
    return _to_device(self, *args, **kwargs)


_to_device = dt.Tensor.to


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
    "H": property(lambda self: o.transpose(self)), "mT": property(lambda self: o.swapaxes(self, -1, -2)),
    "has_init": property(lambda self: False), "init_data": lambda self, *args, **kwargs: self,
    "is_complex": lambda self: False, "is_contiguous": lambda self: True,
    "is_floating_point": lambda self: self.dtype.is_float,
    "is_signed": lambda self: self.dtype not in (dt.bool_, dt.uint8, dt.uint16, dt.uint32, dt.uint64),
    "mm": lambda self, mat2: o.matmul(self, mat2), "move_to": lambda self, to, blocking=True: self,
    "ndimension": lambda self: self.ndim, "nelement": lambda self: self.size, "numel": lambda self: self.size,
    "new_ones": _maker(1), "new_zeros": _maker(0), "new_full": lambda self, size, fill_value, dtype=None:
        o.full(size, fill_value, dtype=self.dtype if dtype is None else dtype),
    "ptp": lambda self, axis=None, keepdims=False: o.amax(self, axis, keepdims) - o.amin(self, axis, keepdims),
    "real": lambda self: self, "repeat": lambda self, repeats, axis=None: o.repeat_interleave(self, repeats, axis),
    "reshape_as": lambda self, other: o.reshape(self, other.shape), "select": _select,
    "stride": _stride,
    "strides": property(lambda self: tuple(n * self.itemsize for n in _stride(self))), "sum_to_size": _sum_to_size,
    "type": _type, "value": lambda self: self,
    "where": lambda self, condition, y: o.where(condition, self, y),
}  # fmt: skip


def add_methods() -> None:
    """Give dualtape's tensors what only MindSpore's have."""
    add_missing(dt.Tensor, {name: FUNCTIONS[name] for name in SAME_NAME if name in FUNCTIONS})
    add_missing(dt.Tensor, OF_TENSORS)
    for name in RESPELLED:
        method = getattr(dt.Tensor, name)
        if not hasattr(method, "__wrapped__"):
            setattr(dt.Tensor, name, respelled(method, _method_spellings(method)))
    for name in ("max", "min"):
        method = getattr(dt.Tensor, name)
        if not hasattr(method, "__wrapped__"):
            setattr(dt.Tensor, name, _extremum(method))
    if dt.Tensor.to is _to_device:
        dt.Tensor.to = _to  # type: ignore[method-assign]


def _method_spellings(method: Callable[..., Any]) -> dict[str, str]:
    first = next(iter(inspect.signature(method).parameters))
    return {other: own for other, own in spellings_of(method).items() if own != first}


def _extremum(method: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: dt.Tensor, *dim: Any, **kwargs: Any) -> Any:
        """As dualtape's, with MindSpore's ``dim`` and ``return_indices`` too."""
        if kwargs.pop("return_indices", False):
            dim, kwargs = (dim or (kwargs.pop("axis", None),)), kwargs
        if "dim" in kwargs:
            dim = (kwargs.pop("dim"),)
        for other in ("keepdim", "keep_dims"):
            if other in kwargs:
                kwargs["keepdims"] = kwargs.pop(other)
        return method(self, *dim, **kwargs)

    call.__wrapped__ = method  # type: ignore[attr-defined]
    return call
