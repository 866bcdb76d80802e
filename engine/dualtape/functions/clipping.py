"""Clipping by norms: of one tensor, or of many together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from dualtape.core.interpreter import Value
from dualtape.dtypes import float32, promote
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError
from dualtape.functions.conversion import cast_to, floating, read_positive, read_real
from dualtape.functions.elementwise import abs, isfinite, maximum, sqrt, square
from dualtape.functions.indexing import where
from dualtape.functions.reduction import amax
from dualtape.functions.reduction import sum as sum_axes
from dualtape.functions.shape import stack

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = ["clip_by_global_norm", "clip_by_norm"]


def clip_by_global_norm(x: Any, clip_norm: float = 1.0, use_norm: None = None) -> Any:
    """``x`` scaled down together to the norm ``clip_norm``, if it is longer.

    Parameters
    ----------
    x
        A sequence of Tensors, or one Tensor.
    clip_norm
        The largest norm of all elements together.
    use_norm
        Must be ``None``, as in MindSpore.

    Returns
    -------
    tuple of Tensor, or Tensor
        ``x * clip_norm / max(norm, clip_norm)``, each in its element type.

    Examples
    --------
    >>> import dualtape as dt
    >>> for clipped in dt.ops.clip_by_global_norm((dt.Tensor([3.0]), dt.Tensor([4.0]))):
    ...     print(clipped)
    [0.6]
    [0.8]
    """
    if use_norm is not None:
        raise ArgumentError(
            f"For '_ClipByGlobalNorm', input 'use_norm' only supports None currently, but got 'use_norm': {use_norm}"
        )
    limit = read_positive("clip_by_global_norm", "clip_norm", clip_norm)
    tensors = _read_tensors("clip_by_global_norm", x)
    wide = reduce(promote, (t.dtype for t in tensors), float32)
    norm = sqrt(reduce(add, [sum_axes(square(cast_to(t, wide))) for t in tensors]))
    divisor = maximum(norm, limit)
    clipped = tuple(cast_to(cast_to(t, wide) * limit / divisor, t.dtype) for t in tensors)
    return clipped[0] if isinstance(x, Value) else clipped


def clip_by_norm(x: Any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False) -> Any:
    """``x`` times ``max_norm / (norm + 1e-6)``, if that is below 1.

    Parameters
    ----------
    x
        A Tensor, or a tuple or list of Tensors, whose norm is that of all elements together.
    max_norm
        The largest norm.
    norm_type
        Order of the norm; may be infinite.
    error_if_nonfinite
        Raise an error if the norm is infinite or NaN.
    """
    limit = read_positive("clip_by_norm", "max_norm", max_norm, zero=True)
    tensors = _read_tensors("clip_by_norm", x)
    norm = _norm(tensors, read_real("clip_by_norm", "norm_type", norm_type))
    if error_if_nonfinite and not isfinite(norm).item():
        raise ArgumentError(f"the norm of order {norm_type} of `x` of `clip_by_norm` is {norm}; expected a finite one")
    factor = limit / (norm + 1e-6)
    factor = where(factor < 1, factor, 1.0)
    clipped = [cast_to(t * cast_to(factor, t.dtype), t.dtype) for t in tensors]
    return clipped[0] if isinstance(x, Value) else type(x)(clipped)


def clip_along(x: Any, clip_norm: Any, axis: Any = None) -> Tensor:
    """``x * clip_norm / max(norm, clip_norm)``, with a norm for each slice along ``axis``."""
    x = floating("ClipByNorm", x, "x")
    limit: Any = clip_norm if isinstance(clip_norm, Value) else read_positive("ClipByNorm", "clip_norm", clip_norm)
    squares = sum_axes(square(x), axis, keepdims=True)
    norm = where(squares > 0, sqrt(where(squares > 0, squares, 1.0)), 0.0)
    scaled: Tensor = x * limit / maximum(norm, limit)
    return cast_to(scaled, x.dtype).reshape(x.shape)


def _norm(tensors: Sequence[Tensor], order: float) -> Tensor:
    if order == float("inf"):
        return amax(stack([amax(abs(t)) for t in tensors]))
    if not order > 0:
        raise ArgumentError(f"`norm_type` of `clip_by_norm` must be positive, got {order}")
    if order == 2.0:
        return sqrt(reduce(add, [sum_axes(square(t)) for t in tensors]))
    return reduce(add, [sum_axes(abs(t) ** order) for t in tensors]) ** (1.0 / order)


def _read_tensors(function: str, x: Any) -> list[Tensor]:
    items = [x] if isinstance(x, Value) else x
    if not isinstance(items, (tuple, list)):
        raise ArgumentTypeError(f"`x` of `{function}` must be a Tensor or a tuple of them, got {type(x).__name__}")
    if not items:
        raise ArgumentError(f"`x` of `{function}` is empty; expected at least one Tensor")
    for i, item in enumerate(items):
        if not isinstance(item, Value):
            raise ArgumentTypeError(f"x[{i}] of `{function}` must be a Tensor, got {type(item).__name__}")
        if not item.dtype.is_float:
            raise DTypeError(f"x[{i}] of `{function}` is of {item.dtype}; expected floats")
    return list(items)
