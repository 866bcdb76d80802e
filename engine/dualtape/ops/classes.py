"""MindSpore's operators as classes: ``ops.Sin()(x)`` is ``ops.sin(x)``, one line of a table each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape.errors import ArgumentTypeError, ShapeError
from dualtape.functions import activation, creation, elementwise, indexing, linear_algebra, reduction, shape
from dualtape.functions.conversion import as_tensor

__all__ = [
    "ACos", "Abs", "Acosh", "Add", "Asin", "Asinh", "Atan", "Atan2", "Atanh", "BatchMatMul", "BroadcastTo", "Cast",
    "Ceil", "Concat", "Cos", "Cosh", "Div", "Elu", "Equal", "Erf", "Erfc", "Exp", "ExpandDims", "Expm1", "Floor",
    "FloorDiv", "Gather", "GeLU", "Greater", "GreaterEqual", "IsFinite", "IsInf", "IsNan", "Less", "LessEqual",
    "Lgamma", "Log", "Log1p", "LogSoftmax", "LogicalAnd", "LogicalNot", "LogicalOr", "MatMul", "Maximum", "Minimum",
    "Mod", "Mul", "Neg", "NotEqual", "OnesLike", "Pow", "ReLU", "RealDiv", "Reciprocal", "ReduceAll", "ReduceAny",
    "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "Reshape", "Round", "Rsqrt", "SeLU", "Select",
    "Sigmoid", "Sign", "Sin", "Sinh", "Softmax", "Softplus", "Sqrt", "Square", "Squeeze", "Stack", "Sub", "Tan", "Tanh",
    "Tile", "Transpose", "ZerosLike",
]  # fmt: skip


class Operator:
    """A function of tensors as an object; what its constructor takes is passed on with each call."""

    def __init__(self, function: Callable[..., Any], name: str, options: dict[str, Any]) -> None:
        self._function = function
        self._options = options
        self.name = self.__name__ = name

    def __call__(self, *inputs: Any) -> Any:
        return self._function(*inputs, **self._options)

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={v!r}' for k, v in self._options.items())})"


def _operator(name: str, function: Callable[..., Any], **defaults: Any) -> Callable[..., Operator]:
    """The constructor of an operator; ``defaults`` are its arguments in order."""

    def construct(*args: Any, **kwargs: Any) -> Operator:
        given = dict(zip(defaults, args, strict=False))
        wrong = set(kwargs) - set(defaults) | (set(kwargs) & set(given))
        if len(args) > len(defaults) or wrong:
            raise ArgumentTypeError(f"`{name}` takes {', '.join(defaults) or 'no arguments'}; got {args} and {kwargs}")
        return Operator(function, name, {**defaults, **given, **kwargs})

    construct.__name__ = construct.__qualname__ = name
    construct.__doc__ = f"MindSpore's operator {name}, made with {', '.join(defaults) or 'no arguments'}."
    return construct


def _matmul(x: Any, y: Any, transpose_a: bool, transpose_b: bool) -> Any:
    """The product of two matrices."""
    a, b = as_tensor(x, "MatMul", "x"), as_tensor(y, "MatMul", "y")
    if a.ndim != 2 or b.ndim != 2:
        raise ShapeError(f"`MatMul` takes two matrices, got shapes {a.shape} and {b.shape}; see ops.matmul")
    return linear_algebra.matmul(a.T if transpose_a else a, b.T if transpose_b else b)


def _batch_matmul(x: Any, y: Any, transpose_a: bool, transpose_b: bool) -> Any:
    """The products of stacks of matrices."""
    a, b = as_tensor(x, "BatchMatMul", "x"), as_tensor(y, "BatchMatMul", "y")
    left = a.swapaxes(-1, -2) if transpose_a else a
    return linear_algebra.matmul(left, b.swapaxes(-1, -2) if transpose_b else b)


def _gelu(x: Any) -> Any:
    """``gelu`` in its tanh approximation."""
    return activation.gelu(x, "tanh")


def _squeeze(x: Any, axis: Any) -> Any:
    """``squeeze``; no axes mean all of size 1."""
    return shape.squeeze(x, None if isinstance(axis, tuple) and not axis else axis)


def _reduce(function: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(x: Any, axis: Any = (), *, keep_dims: bool) -> Any:
        return function(x, axis, keep_dims)

    reduce.__name__ = function.__name__
    return reduce


MatMul = _operator("MatMul", _matmul, transpose_a=False, transpose_b=False)
BatchMatMul = _operator("BatchMatMul", _batch_matmul, transpose_a=False, transpose_b=False)

Add = _operator("Add", elementwise.add)
Sub = _operator("Sub", elementwise.sub)
Mul = _operator("Mul", elementwise.mul)
Div = _operator("Div", elementwise.div)
RealDiv = _operator("RealDiv", elementwise.div)
FloorDiv = _operator("FloorDiv", elementwise.floor_divide)
Mod = _operator("Mod", elementwise.mod)
Pow = _operator("Pow", elementwise.pow)
Maximum = _operator("Maximum", elementwise.maximum)
Minimum = _operator("Minimum", elementwise.minimum)
Atan2 = _operator("Atan2", elementwise.atan2)

Abs = _operator("Abs", elementwise.abs)
Neg = _operator("Neg", elementwise.neg)
Sign = _operator("Sign", elementwise.sign)
Floor = _operator("Floor", elementwise.floor)
Ceil = _operator("Ceil", elementwise.ceil)
Round = _operator("Round", elementwise.round)
Square = _operator("Square", elementwise.square)
Sqrt = _operator("Sqrt", elementwise.sqrt)
Rsqrt = _operator("Rsqrt", elementwise.rsqrt)
Reciprocal = _operator("Reciprocal", elementwise.reciprocal)
Exp = _operator("Exp", elementwise.exp)
Expm1 = _operator("Expm1", elementwise.expm1)
Log = _operator("Log", elementwise.log)
Log1p = _operator("Log1p", elementwise.log1p)
Sin = _operator("Sin", elementwise.sin)
Cos = _operator("Cos", elementwise.cos)
Tan = _operator("Tan", elementwise.tan)
Asin = _operator("Asin", elementwise.asin)
ACos = _operator("ACos", elementwise.acos)
Atan = _operator("Atan", elementwise.atan)
Sinh = _operator("Sinh", elementwise.sinh)
Cosh = _operator("Cosh", elementwise.cosh)
Tanh = _operator("Tanh", elementwise.tanh)
Asinh = _operator("Asinh", elementwise.asinh)
Acosh = _operator("Acosh", elementwise.acosh)
Atanh = _operator("Atanh", elementwise.atanh)
Erf = _operator("Erf", elementwise.erf)
Erfc = _operator("Erfc", elementwise.erfc)
Lgamma = _operator("Lgamma", elementwise.lgamma)

ReLU = _operator("ReLU", elementwise.relu)
Sigmoid = _operator("Sigmoid", elementwise.sigmoid)
Softplus = _operator("Softplus", elementwise.softplus)
Elu = _operator("Elu", activation.elu, alpha=1.0)
SeLU = _operator("SeLU", activation.selu)
GeLU = _operator("GeLU", _gelu)
Softmax = _operator("Softmax", activation.softmax, axis=-1)
LogSoftmax = _operator("LogSoftmax", activation.log_softmax, axis=-1)

Equal = _operator("Equal", elementwise.equal)
NotEqual = _operator("NotEqual", elementwise.not_equal)
Less = _operator("Less", elementwise.less)
LessEqual = _operator("LessEqual", elementwise.less_equal)
Greater = _operator("Greater", elementwise.greater)
GreaterEqual = _operator("GreaterEqual", elementwise.greater_equal)
LogicalAnd = _operator("LogicalAnd", elementwise.logical_and)
LogicalOr = _operator("LogicalOr", elementwise.logical_or)
LogicalNot = _operator("LogicalNot", elementwise.logical_not)
IsNan = _operator("IsNan", elementwise.isnan)
IsInf = _operator("IsInf", elementwise.isinf)
IsFinite = _operator("IsFinite", elementwise.isfinite)
Select = _operator("Select", indexing.where)

ReduceSum = _operator("ReduceSum", _reduce(reduction.sum), keep_dims=False)
ReduceMean = _operator("ReduceMean", _reduce(reduction.mean), keep_dims=False)
ReduceProd = _operator("ReduceProd", _reduce(reduction.prod), keep_dims=False)
ReduceMax = _operator("ReduceMax", _reduce(reduction.amax), keep_dims=False)
ReduceMin = _operator("ReduceMin", _reduce(reduction.amin), keep_dims=False)
ReduceAll = _operator("ReduceAll", _reduce(reduction.all), keep_dims=False)
ReduceAny = _operator("ReduceAny", _reduce(reduction.any), keep_dims=False)

Reshape = _operator("Reshape", shape.reshape)
Transpose = _operator("Transpose", shape.transpose)
ExpandDims = _operator("ExpandDims", shape.expand_dims)
Squeeze = _operator("Squeeze", _squeeze, axis=())
BroadcastTo = _operator("BroadcastTo", shape.broadcast_to, shape=None)
Tile = _operator("Tile", shape.tile)
Cast = _operator("Cast", shape.cast)
Concat = _operator("Concat", shape.cat, axis=0)
Stack = _operator("Stack", shape.stack, axis=0)
Gather = _operator("Gather", indexing.gather)
ZerosLike = _operator("ZerosLike", creation.zeros_like)
OnesLike = _operator("OnesLike", creation.ones_like)
