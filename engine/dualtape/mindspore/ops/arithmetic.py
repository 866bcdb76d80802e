"""Functions of numbers that are compositions of dualtape's, under MindSpore's names and argument names."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentTypeError, DTypeError, ShapeError
from dualtape.mindspore.ops.tables import Functions, named

_LN2 = math.log(2)


def _sum_of(x: Any) -> Any:
    """The sum of the tensors in a sequence."""
    if not isinstance(x, (tuple, list)) or not x:
        raise ArgumentTypeError("a sum of tensors needs a tuple or list of them")
    total = x[0]
    for one in x[1:]:
        total = total + one
    return total


def _where_finite(x: Any, nan: Any, posinf: Any, neginf: Any) -> Any:
    largest = {dt.float16: 65504.0, dt.float32: 3.4028234663852886e38}.get(x.dtype, 1.7976931348623157e308)
    x = o.where(o.isnan(x), 0.0 if nan is None else nan, x)
    x = o.where(x == math.inf, largest if posinf is None else posinf, x)
    return o.where(x == -math.inf, -largest if neginf is None else neginf, x)


def _without_zero(x: Any, y: Any, of: Callable[[Any], Any]) -> Any:
    """``x * of(y)``, and 0 where ``x`` is 0 and ``of(y)`` is no number."""
    at_zero = o.logical_and(o.equal(x, 0), o.logical_not(o.isfinite(of(y))))
    return o.where(at_zero, 0.0, x * of(o.where(at_zero, 1.0, y)))


def _float_tensor(x: Any) -> Any:
    read = x if isinstance(x, dt.Tensor) else dt.Tensor(x)
    return read if read.dtype.is_float else o.cast(read, dt.float32)


def _nansum(x: Any, axis: Any, keepdims: bool) -> Any:
    if x.dtype.is_float:
        return o.sum(o.where(o.isnan(x), 0.0, x), axis, keepdims)
    found = o.sum(x, axis, keepdims)
    return found if x.dtype is dt.bool_ else o.cast(found, x.dtype)


def _norm_of(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    """The norm of vectors or matrices; those by singular values, too."""
    count = x.ndim if axis is None else len(axis) if isinstance(axis, (tuple, list)) else 1
    by_singular_values = count == 2 and ord in (2, -2, "nuc")
    return (o.linalg.norm if by_singular_values else o.norm)(x, ord, axis, keepdims)


def _with_sign(x: Any, other: Any) -> Any:
    return o.where(_is_negative(other), -o.abs(x), o.abs(x))


def _remainder_of_trunc(x: Any, y: Any) -> Any:
    """What remains of ``x``, with its sign."""
    return o.where(x < 0, -(-x % o.abs(y)), x % o.abs(y))


def _log_sum(x: Any, y: Any) -> Any:
    larger, smaller = o.maximum(x, y), o.minimum(x, y)
    return larger + o.log1p(o.exp(smaller - larger))


def _but_nan(function: Callable[..., Any], x: Any, y: Any) -> Any:
    """``function(x, y)``, and where one of them is NaN the other."""
    return o.where(o.isnan(x), y, o.where(o.isnan(y), x, function(x, y)))


def _is_negative(x: Any) -> Any:
    """Whether there is a minus sign, also before a zero."""
    return o.logical_or(x < 0, o.equal(1 / o.where(o.equal(x, 0), x, 1.0), -math.inf))


def _bound(x: Any, number: float) -> Any:
    return o.equal(x, number)


def _is_close(x: Any, y: Any, rtol: float, atol: float, equal_nan: bool) -> Any:
    near = o.less_equal(o.abs(x - y), atol + rtol * o.abs(y))
    same = o.logical_or(near & o.isfinite(y), o.equal(x, y))
    return same | (o.isnan(x) & o.isnan(y)) if equal_nan else same


def _cross(x: Any, y: Any, dim: int | None) -> Any:
    """The vector product along an axis of three elements: the first of them, if none is named."""
    axis = next((i for i, n in enumerate(x.shape) if n == 3), None) if dim is None else dim
    if axis is None or x.shape[axis] != 3 or y.shape[axis] != 3:
        raise ShapeError(f"`cross` needs an axis of three elements, got shapes {x.shape} and {y.shape}, axis {dim}")
    return o.roll(x, -1, axis) * o.roll(y, 1, axis) - o.roll(x, 1, axis) * o.roll(y, -1, axis)


def _kron(x: Any, y: Any) -> Any:
    ndim = max(x.ndim, y.ndim)
    a, b = ((1,) * (ndim - one.ndim) + one.shape for one in (x, y))
    spread = tuple(n for pair in zip(a, (1,) * ndim, strict=True) for n in pair)
    repeated = tuple(n for pair in zip((1,) * ndim, b, strict=True) for n in pair)
    product = o.reshape(x, spread) * o.reshape(y, repeated)
    return o.reshape(product, tuple(m * n for m, n in zip(a, b, strict=True)))


def _trapezoid(y: Any, x: Any, dx: float, dim: int) -> Any:
    y = o.swapaxes(y, dim, -1)
    if x is None:
        steps: Any = dx
    else:
        x = x if x.ndim < 2 else o.swapaxes(x, dim, -1)
        steps = x[..., 1:] - x[..., :-1]
    return o.sum((y[..., 1:] + y[..., :-1]) * steps, -1) / 2


def _vector_norm(x: Any, ord: float, axis: Any, keepdims: bool) -> Any:
    if axis is not None:
        return o.norm(x, ord, axis, keepdims)
    found = o.norm(o.reshape(x, (-1,)), ord)
    return o.reshape(found, (1,) * x.ndim) if keepdims else found


def _dense(x: Any, weight: Any, bias: Any) -> Any:
    product = o.matmul(x, o.transpose(weight) if weight.ndim == 2 else weight)
    return product if bias is None else product + bias


FUNCTIONS = named({
    "accumulate_n": lambda x: _sum_of(x),
    "addn": lambda x: _sum_of(x),
    "addcdiv": lambda input, tensor1, tensor2, value=1: input + value * (tensor1 / tensor2),
    "addcmul": lambda input, tensor1, tensor2, value=1: input + value * (tensor1 * tensor2),
    "addmm": lambda input, mat1, mat2, *, beta=1, alpha=1: beta * input + alpha * o.matmul(mat1, mat2),
    "addmv": lambda input, mat, vec, *, beta=1, alpha=1: beta * input + alpha * o.matmul(mat, vec),
    "addr": lambda x, vec1, vec2, *, beta=1, alpha=1: beta * x + alpha * o.outer(vec1, vec2),
    "addbmm": lambda input, batch1, batch2, *, beta=1, alpha=1:
        beta * input + alpha * o.sum(o.matmul(batch1, batch2), 0),
    "baddbmm": lambda input, batch1, batch2, beta=1, alpha=1: beta * input + alpha * o.matmul(batch1, batch2),
    "bias_add": lambda input_x, bias: input_x + o.reshape(bias, (-1, *(1,) * (input_x.ndim - 2))),
    "bmm": lambda input_x, mat2: o.matmul(input_x, mat2),
    "count_nonzero": lambda x, axis=(), keep_dims=False, dtype=dt.int32:
        o.sum(o.not_equal(x, 0), None if axis == () else axis, keep_dims).astype(dtype),
    "cross": lambda input, other, dim=None: _cross(input, other, dim),
    "deepcopy": lambda input_x: input_x * 1,
    "deg2rad": lambda x: x * (math.pi / 180),
    "dense": lambda input, weight, bias=None: _dense(input, weight, bias),
    "dist": lambda input, other, p=2: o.norm(o.reshape(input - other, (-1,)), p),
    "fmod": lambda input, other: _remainder_of_trunc(input, other),
    "fmax": lambda input, other: _but_nan(o.maximum, input, other),
    "fmin": lambda input, other: _but_nan(o.minimum, input, other),
    "aminmax": lambda input, *, axis=0, keepdims=False: (o.amin(input, axis, keepdims), o.amax(input, axis, keepdims)),
    "copysign": lambda x, other: _with_sign(x if x.dtype.is_float else o.cast(x, dt.float32), other),
    "frac": lambda x: x - o.trunc(x),
    "float_power": lambda input, exponent: o.pow(o.cast(input, dt.float64), exponent),
    "heaviside": lambda input, values: o.where(o.equal(input, 0), values, (input > 0).astype(values.dtype)),
    "hypot": lambda input, other: o.sqrt(input * input + other * other),
    "inner": lambda input, other:
        input * other if 0 in (input.ndim, other.ndim) else o.tensordot(input, other, ((-1,), (-1,))),
    "isclose": lambda input, other, rtol=1e-5, atol=1e-8, equal_nan=False:
        _is_close(input, other, rtol, atol, equal_nan),
    "is_floating_point": lambda input: input.dtype.is_float,
    "isreal": lambda input:
        o.equal(o.imag(input), 0) if input.dtype.is_complex else o.ones_like(input, dtype=dt.bool_),
    "isneginf": lambda input: _bound(input, -math.inf),
    "isposinf": lambda input: _bound(input, math.inf),
    "kron": lambda input, other: _kron(input, other),
    "lerp": lambda input, end, weight: input + weight * (end - input),
    "ldexp": lambda x, other: x * o.exp2(_float_tensor(other)),
    "log10": lambda input: o.log(input) * (1 / math.log(10)),
    "logaddexp": lambda input, other: _log_sum(input, other),
    "logaddexp2": lambda input, other: _log_sum(input * _LN2, other * _LN2) / _LN2,
    "logit": lambda input, eps=None:
        (lambda p: o.log(p / (1 - p)))(input if eps is None else o.clamp(input, eps, 1 - eps)),
    "mv": lambda mat, vec: o.matmul(mat, vec),
    "nan_to_num": lambda input, nan=None, posinf=None, neginf=None: _where_finite(input, nan, posinf, neginf),
    "nansum": lambda input, axis=None, keepdims=False: _nansum(input, axis, keepdims),
    "nanmean": lambda input, axis=None, keepdims=False:
        o.sum(o.where(o.isnan(input), 0.0, input), axis, keepdims)
        / o.sum(o.logical_not(o.isnan(input)), axis, keepdims).astype(input.dtype),
    "positive": lambda input: +input,
    "matrix_norm": lambda A, ord="fro", axis=(-2, -1), keepdims=False: _norm_of(A, ord, axis, keepdims),
    "norm": lambda A, ord=None, axis=None, keepdims=False: _norm_of(A, ord, axis, keepdims),
    "rad2deg": lambda x: x * (180 / math.pi),
    "signbit": lambda input: _is_negative(input),
    "sinc": lambda input: (lambda a: o.where(o.equal(a, 0), 1.0, o.sin(a) / o.where(o.equal(a, 0), 1.0, a)))(
        math.pi * input
    ),
    "std_mean": lambda input, axis=None, ddof=0, keepdims=False:
        (o.std(input, axis, ddof, keepdims), o.mean(input, axis, keepdims)),
    "var_mean": lambda input, axis=None, ddof=0, keepdims=False:
        (o.var(input, axis, ddof, keepdims), o.mean(input, axis, keepdims)),
    "true_divide": lambda dividend, divisor: o.div(dividend, divisor),
    "trapz": lambda y, x=None, *, dx=1.0, dim=-1: _trapezoid(y, x, dx, dim),
    "truncate_mod": lambda x, y: _remainder_of_trunc(x, y),
    "vecdot": lambda x, y, *, axis=-1: o.sum(x * y, axis),
    "vector_norm": lambda x, ord=2, axis=None, keepdims=False: _vector_norm(x, ord, axis, keepdims),
    "xdivy": lambda x, y: _without_zero(x, y, o.reciprocal),
    "xlogy": lambda input, other: input * o.log(other),
})  # fmt: skip

ALIASES: Functions = {
    "arccos": o.acos, "arccosh": o.acosh, "arcsin": o.asin, "arcsinh": o.asinh, "arctan": o.atan, "arctan2": o.atan2,
    "arctanh": o.atanh, "eq": o.equal, "ne": o.not_equal, "lt": o.less, "le": o.less_equal, "gt": o.greater,
    "ge": o.greater_equal, "floor_div": o.floor_divide, "floordiv": o.floor_divide, "floor_mod": o.mod,
    "floormod": o.mod, "remainder": o.mod, "inv": o.reciprocal, "sgn": o.sign, "ger": o.outer,
    "pows": o.pow, "tensor_add": o.add, "tensor_sub": o.sub, "tensor_mul": o.mul, "tensor_div": o.div,
    "tensor_pow": o.pow, "tensor_exp": o.exp, "tensor_gt": o.greater, "tensor_ge": o.greater_equal,
    "tensor_lt": o.less, "tensor_le": o.less_equal, "tensor_mod": o.mod, "tensor_floordiv": o.floor_divide,
    "isnan_ext": o.isnan,
}  # fmt: skip


def require_tensor(function: str, x: Any) -> dt.Tensor:
    """``x``, if it is a tensor."""
    if not isinstance(x, dt.Tensor):
        raise ArgumentTypeError(f"`{function}` needs a Tensor, got {type(x).__name__}")
    return x


def require_floats(function: str, x: Any) -> dt.Tensor:
    """``x``, if it is a tensor of floats."""
    found = require_tensor(function, x)
    if not found.dtype.is_float:
        raise DTypeError(f"`{function}` needs a Tensor of floats, got {found.dtype}")
    return found
