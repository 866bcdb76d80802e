"""MindSpore's `mint`: the functions of `ops`, in PyTorch's ways."""

from __future__ import annotations

from typing import Any

from dualtape import ops as o
from dualtape.mindspore.absent import refusal as _refusal
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
    "norm": lambda input, p="fro", dim=None, keepdim=False: _norm(input, p, dim, keepdim),
})  # fmt: skip


def _wide(indices: Any) -> Any:
    return indices.long()


def _wide_pair(pair: Any) -> Any:
    values, indices = pair
    return values, indices.long()


def _norm(x: Any, p: Any, dim: Any, keepdim: bool) -> Any:
    if p in ("fro", 2):
        return o.norm(x, None, dim, keepdim)
    return o.norm(o.reshape(x, (-1,)) if dim is None else x, p, dim, keepdim)


# What is PyTorch's under another sense of the name is above; what `mint` has not is left out.
_LEFT_OUT = {"random", "shape", "size", "rank", "pad", "dropout"}
globals().update({name: function for name, function in _FUNCTIONS.items() if name not in _LEFT_OUT} | TABLE)
__getattr__ = _refusal(__name__)
