"""MindSpore's operators as classes: ``ops.Sin()(x)`` is ``ops.sin(x)``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dualtape.errors import ArgumentTypeError, ShapeError
from dualtape.functions import activation, creation, indexing, linear_algebra, reduction, shape
from dualtape.functions import elementwise as e
from dualtape.functions.conversion import as_tensor, read_flag

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


def _operators(**functions: Callable[..., Any]) -> Iterator[Callable[..., Operator]]:
    """Constructors without arguments, in the order of their names."""
    return (_operator(name, function) for name, function in functions.items())


def _reductions(**functions: Callable[..., Any]) -> Iterator[Callable[..., Operator]]:
    """Constructors of operators that take their axes with each call."""

    def with_axes(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda x, axis=(), *, keep_dims: function(x, axis, keep_dims)

    return (_operator(name, with_axes(function), keep_dims=False) for name, function in functions.items())


def _matmul(x: Any, y: Any, transpose_a: bool, transpose_b: bool) -> Any:
    """The product of two matrices."""
    a, b = as_tensor(x, "MatMul", "x"), as_tensor(y, "MatMul", "y")
    if a.ndim != 2 or b.ndim != 2:
        raise ShapeError(f"`MatMul` takes two matrices, got shapes {a.shape} and {b.shape}; see ops.matmul")
    return _batch_matmul(a, b, transpose_a, transpose_b)


def _batch_matmul(x: Any, y: Any, transpose_a: bool, transpose_b: bool) -> Any:
    """The products of stacks of matrices."""
    a, b = as_tensor(x, "BatchMatMul", "x"), as_tensor(y, "BatchMatMul", "y")
    of_a, of_b = read_flag("MatMul", "transpose_a", transpose_a), read_flag("MatMul", "transpose_b", transpose_b)
    return linear_algebra.matmul(a.swapaxes(-1, -2) if of_a else a, b.swapaxes(-1, -2) if of_b else b)


def _squeeze(x: Any, axis: Any) -> Any:
    """``squeeze``; no axes mean all of size 1."""
    return shape.squeeze(x, None if isinstance(axis, tuple) and not axis else axis)


Add, Sub, Mul, Pow, Mod = _operators(Add=e.add, Sub=e.sub, Mul=e.mul, Pow=e.pow, Mod=e.mod)
Div, RealDiv, FloorDiv = _operators(Div=e.div, RealDiv=e.div, FloorDiv=e.floor_divide)
Abs, Neg, Sign, Reciprocal = _operators(Abs=e.abs, Neg=e.neg, Sign=e.sign, Reciprocal=e.reciprocal)
Maximum, Minimum = _operators(Maximum=e.maximum, Minimum=e.minimum)
Floor, Ceil, Round = _operators(Floor=e.floor, Ceil=e.ceil, Round=e.round)
Square, Sqrt, Rsqrt = _operators(Square=e.square, Sqrt=e.sqrt, Rsqrt=e.rsqrt)
Exp, Expm1, Log, Log1p = _operators(Exp=e.exp, Expm1=e.expm1, Log=e.log, Log1p=e.log1p)
Sin, Cos, Tan = _operators(Sin=e.sin, Cos=e.cos, Tan=e.tan)
Asin, ACos, Atan, Atan2 = _operators(Asin=e.asin, ACos=e.acos, Atan=e.atan, Atan2=e.atan2)
Sinh, Cosh, Tanh = _operators(Sinh=e.sinh, Cosh=e.cosh, Tanh=e.tanh)
Asinh, Acosh, Atanh = _operators(Asinh=e.asinh, Acosh=e.acosh, Atanh=e.atanh)
Erf, Erfc, Lgamma = _operators(Erf=e.erf, Erfc=e.erfc, Lgamma=e.lgamma)

Equal, NotEqual, Less, Greater = _operators(Equal=e.equal, NotEqual=e.not_equal, Less=e.less, Greater=e.greater)
LessEqual, GreaterEqual = _operators(LessEqual=e.less_equal, GreaterEqual=e.greater_equal)
LogicalAnd, LogicalOr = _operators(LogicalAnd=e.logical_and, LogicalOr=e.logical_or)
LogicalNot, IsNan, IsInf, IsFinite = _operators(
    LogicalNot=e.logical_not, IsNan=e.isnan, IsInf=e.isinf, IsFinite=e.isfinite
)

ReLU, SeLU, GeLU = _operators(ReLU=e.relu, SeLU=activation.selu, GeLU=lambda x: activation.gelu(x, "tanh"))
Sigmoid, Softplus = _operators(Sigmoid=e.sigmoid, Softplus=e.softplus)
Elu = _operator("Elu", activation.elu, alpha=1.0)
Softmax = _operator("Softmax", activation.softmax, axis=-1)
LogSoftmax = _operator("LogSoftmax", activation.log_softmax, axis=-1)

ReduceSum, ReduceMean = _reductions(ReduceSum=reduction.sum, ReduceMean=reduction.mean)
ReduceMax, ReduceMin = _reductions(ReduceMax=reduction.amax, ReduceMin=reduction.amin)
ReduceAll, ReduceAny = _reductions(ReduceAll=reduction.all, ReduceAny=reduction.any)
(ReduceProd,) = _reductions(ReduceProd=reduction.prod)

MatMul = _operator("MatMul", _matmul, transpose_a=False, transpose_b=False)
BatchMatMul = _operator("BatchMatMul", _batch_matmul, transpose_a=False, transpose_b=False)
Reshape, Transpose = _operators(Reshape=shape.reshape, Transpose=shape.transpose)
ExpandDims, Tile, Cast = _operators(ExpandDims=shape.expand_dims, Tile=shape.tile, Cast=shape.cast)
Squeeze = _operator("Squeeze", _squeeze, axis=())
BroadcastTo = _operator("BroadcastTo", shape.broadcast_to, shape=None)
Concat = _operator("Concat", shape.cat, axis=0)
Stack = _operator("Stack", shape.stack, axis=0)
Select, Gather = _operators(Select=indexing.where, Gather=indexing.gather)
ZerosLike, OnesLike = _operators(ZerosLike=creation.zeros_like, OnesLike=creation.ones_like)
