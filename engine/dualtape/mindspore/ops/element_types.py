"""Element types that MindSpore's functions take and give: `dtype` of sums, and integers where dualtape wants floats."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentError
from dualtape.mindspore.ops.tables import Functions, named

_FIRST = ("input", "x", "input_x", "A", "logits", "a", "tensor")
"""What the first argument is called, where it is given by name."""


def converting(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` with an argument ``dtype``: the element type in which it computes."""

    @wraps(function)
    def call(*args: Any, dtype: Any = None, **kwargs: Any) -> Any:
        if dtype is None:
            return function(*args, **kwargs)
        if args:
            return o.cast(function(o.cast(args[0], dtype), *args[1:], **kwargs), dtype)
        given = {name: o.cast(x, dtype) if name in _FIRST else x for name, x in kwargs.items()}
        return o.cast(function(**given), dtype)

    return call


def _in_floats(function: Callable[..., Any], back: bool) -> Callable[..., Any]:
    """``function`` of integers, too, which it computes in Float32; the result is converted ``back``, or not."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        first = args[0] if args else next((x for name, x in kwargs.items() if name in _FIRST), None)
        if not isinstance(first, dt.Tensor) or first.dtype.is_float:
            return function(*args, **kwargs)
        found = converting(function)(*args, dtype=dt.float32, **kwargs)
        return o.cast(found, first.dtype) if back else found

    return call


def keeping_type(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function``, whose result is of its first argument's type where that is one of integers."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        first = args[0] if args else next((x for name, x in kwargs.items() if name in _FIRST), None)
        found = function(*args, **kwargs)
        is_whole = isinstance(first, dt.Tensor) and not first.dtype.is_float and first.dtype is not dt.bool_
        return o.cast(found, first.dtype) if is_whole and first is not None else found

    return call


def _spread(function: Callable[..., Any]) -> Callable[..., Any]:
    """A variance or deviation whose ``ddof`` may be a bool."""

    @wraps(function)
    def call(input: Any, axis: Any = None, ddof: Any = 0, keepdims: bool = False) -> Any:
        return function(input, axis, int(ddof), keepdims)

    return call


def _loss(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(input: Any, target: Any, *args: Any, **kwargs: Any) -> Any:
        pair = (x if x.dtype.is_float else o.cast(x, dt.float32) for x in (input, target))
        return function(*pair, *args, **kwargs)

    return call


def _quotient(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """The quotient: as it is, or rounded down (``'floor'``) or towards 0 (``'trunc'``)."""
    if rounding_mode not in (None, "floor", "trunc"):
        raise ArgumentError(f"`rounding_mode` of `div` must be None, 'floor' or 'trunc', got {rounding_mode!r}")
    if rounding_mode == "floor":
        return o.floor_divide(input, other)
    return o.div(input, other) if rounding_mode is None else o.trunc(o.div(input, other))


def changed(functions: Functions) -> Functions:
    """Those of the table that take or give other element types than dualtape's."""
    found = {
        name: converting(functions[name]) for name in ("sum", "mean", "prod", "cumsum", "cumprod", "softmax", "softmin")
    }
    found["cumsum"] = converting(keeping_type(functions["cumsum"]))
    found |= {name: _in_floats(functions[name], back=True) for name in ("leaky_relu", "hardtanh")}
    found |= {name: _in_floats(functions[name], back=False) for name in ("exp2", "tanhshrink", "norm")}
    found |= {name: _spread(functions[name]) for name in ("std", "var", "std_mean", "var_mean")}
    found["mse_loss"] = _loss(functions["mse_loss"])
    return found | named({"div": _quotient, "truncate_div": lambda x, y: _quotient(x, y, rounding_mode="trunc")})
