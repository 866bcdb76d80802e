"""MindSpore's `mint`: the functions of `ops`, in PyTorch's ways."""

from __future__ import annotations

from typing import Any

from dualtape import int64
from dualtape import ops as o
from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.common.tensor import computing as _computing
from dualtape.mindspore.mint import nn as nn
from dualtape.mindspore.ops.function import FUNCTIONS as _FUNCTIONS
from dualtape.mindspore.ops.tables import named as _named


def _spread(function: Any) -> Any:
    """The deviation from the mean, divided by the number of elements less 1."""
    return lambda input, dim=None, *, correction=1, keepdim=False: function(input, dim, correction, keepdim)


def _extremum(name: str, function: Any, paired: Any) -> Any:
    def apply(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
        if dim is None:
            return function(input)
        return (
            (o.maximum if name == "max" else o.minimum)(input, dim)
            if hasattr(dim, "shape")
            else paired(input, dim, keepdim)
        )

    return apply


TABLE = _named({
    "add": lambda input, other, *, alpha=1: o.add(input, other if alpha == 1 else alpha * other),
    "sub": lambda input, other, *, alpha=1: o.sub(input, other if alpha == 1 else alpha * other),
    "std": _spread(o.std), "var": _spread(o.var), "max": _extremum("max", o.amax, o.max),
    "min": _extremum("min", o.amin, o.min),
    "std_mean": lambda input, dim=None, *, correction=1, keepdim=False:
        (o.std(input, dim, correction, keepdim), o.mean(input, dim, keepdim)),
    "var_mean": lambda input, dim=None, *, correction=1, keepdim=False:
        (o.var(input, dim, correction, keepdim), o.mean(input, dim, keepdim)),
    "flatten": lambda input, start_dim=0, end_dim=-1:
        _FUNCTIONS["flatten"](input, start_dim=start_dim, end_dim=end_dim),
    "split": lambda tensor, split_size_or_sections, dim=0: o.split(tensor, split_size_or_sections, dim),
    "sort": lambda input, *, dim=-1, descending=False, stable=False:
        _wide_pair(_FUNCTIONS["sort"](input, dim, descending)),
    "topk": lambda input, k, dim=-1, largest=True, sorted=True: _wide_pair(_FUNCTIONS["topk"](input, k, dim, largest)),
    "argsort": lambda input, dim=-1, descending=False, stable=False:
        _wide(_FUNCTIONS["argsort"](input, dim, descending)),
    "clone": lambda input: input * 1, "t": lambda input: o.transpose(input),
    "mm": lambda input, mat2: o.matmul(input, mat2),
    "permute": lambda input, dims: o.transpose(input, dims), "concat": lambda tensors, dim=0: o.cat(tensors, dim),
    "transpose": lambda input, dim0, dim1: o.swapaxes(input, dim0, dim1),
    "select": lambda input, dim, index: _FUNCTIONS["unstack"](input, dim)[index],
    "gather": lambda input, dim, index: _FUNCTIONS["gather_elements"](input, dim, index),
    "median": lambda input, dim=None, keepdim=False:
        _FUNCTIONS["sort"](_FUNCTIONS["ravel"](input))[0][(input.size - 1) // 2] if dim is None
        else _FUNCTIONS["median"](input, dim, keepdim),
    "diag": lambda input, diagonal=0: _FUNCTIONS["diagflat" if input.ndim == 1 else "diagonal"](input, diagonal),
    "meshgrid": lambda *tensors, indexing=None: o.meshgrid(*_together(tensors), indexing=indexing or "ij"),
    "unique": lambda input, sorted=True, return_inverse=False:
        _sorted_unique(input, return_inverse),
    "norm": lambda input, p="fro", dim=None, keepdim=False: _norm(input, p, dim, keepdim),
})  # fmt: skip


def _together(tensors: Any) -> Any:
    return tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors


def _wide(indices: Any) -> Any:
    return o.cast(indices, int64)


def _wide_pair(pair: Any) -> Any:
    values, indices = pair
    return values, o.cast(indices, int64)


def _sorted_unique(x: Any, with_inverse: bool) -> Any:
    values, inverse = _FUNCTIONS["unique"](x)
    ordered, order = _FUNCTIONS["sort"](values)
    place = _FUNCTIONS["argsort"](order)
    return (ordered, o.cast(place, int64)[inverse]) if with_inverse else ordered


def _norm(x: Any, p: Any, dim: Any, keepdim: bool) -> Any:
    if p in ("fro", 2):
        return o.norm(x, None, dim, keepdim)
    return o.norm(o.reshape(x, (-1,)) if dim is None else x, p, dim, keepdim)


# The functions of `ops` that PyTorch has in the same sense.
SAME = [
    "abs", "acos", "acosh", "addbmm", "addcdiv", "addcmul", "addmm", "addmv", "all", "amax", "amin", "any",
    "arange", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "argmax", "argmin", "asin",
    "asinh", "atan", "atan2", "atanh", "baddbmm", "bincount", "bmm", "broadcast_to", "cat", "ceil", "chunk",
    "clamp", "clip", "cos", "cosh", "count_nonzero", "cummax", "cummin", "cumprod", "cumsum", "diff", "div",
    "divide", "dot", "dstack", "einsum", "eq", "equal", "erf", "erfc", "exp", "exp2", "expm1", "eye", "flip",
    "float_power", "floor", "floor_divide", "fmod", "frac", "full", "full_like", "ge", "greater", "greater_equal",
    "gt", "hstack", "index_add", "index_select", "isclose", "isfinite", "isinf", "isnan", "isneginf", "le", "lerp",
    "less", "less_equal", "linspace", "log", "log10", "log1p", "log2", "logaddexp", "logaddexp2", "logical_and",
    "logical_not", "logical_or", "logical_xor", "logsumexp", "lt", "masked_select", "matmul", "maximum", "mean",
    "minimum", "mul", "mv", "nan_to_num", "nansum", "narrow", "ne", "neg", "negative", "nonzero",
    "not_equal", "ones", "ones_like", "outer", "pow", "prod", "rand", "rand_like", "randint", "randint_like",
    "randn", "randn_like", "randperm", "ravel", "reciprocal", "remainder", "repeat_interleave", "reshape", "roll",
    "round", "rsqrt", "scatter", "scatter_add", "searchsorted", "sigmoid", "sign", "sin", "sinc", "sinh", "softmax",
    "sqrt", "square", "squeeze", "stack", "sum", "swapaxes", "take", "tan", "tanh", "tile", "trace", "tril", "triu",
    "trunc", "unbind", "unsqueeze", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "cross", "erfinv",
    "inverse", "where", "xlogy", "zeros", "zeros_like", "imag", "polar", "real",
]  # fmt: skip
globals().update({name: _computing(f) for name, f in ({name: _FUNCTIONS[name] for name in SAME} | TABLE).items()})
__getattr__ = _refusal(__name__)
