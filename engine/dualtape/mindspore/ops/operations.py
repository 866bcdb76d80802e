"""MindSpore's operators as classes: ``ops.Split(0, 2)(x)``. What the constructor takes goes with each call."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentTypeError
from dualtape.mindspore.absent import refusal
from dualtape.mindspore.common.tensor import as_mindspore, as_plain, transformation
from dualtape.mindspore.ops import composite as composite
from dualtape.mindspore.ops.activations import normalized
from dualtape.mindspore.ops.composite import Depend as Depend
from dualtape.mindspore.ops.composite import HookBackward as HookBackward
from dualtape.mindspore.ops.composite import InsertGradientOf as InsertGradientOf
from dualtape.mindspore.ops.composite import Print as Print
from dualtape.mindspore.ops.function import FUNCTIONS

_f = FUNCTIONS


def _operator(name: str, call: Callable[..., Any], options: dict[str, Any]) -> type:
    """The class of an operator; ``options`` are the constructor's arguments, in order."""

    def construct(self: Any, *args: Any, **kwargs: Any) -> None:
        given = dict(zip(options, args, strict=False))
        if len(args) > len(options) or set(kwargs) - set(options) or set(kwargs) & set(given):
            raise ArgumentTypeError(f"`{name}` takes {', '.join(options) or 'no arguments'}; got {args} and {kwargs}")
        self.options = {**options, **given, **kwargs}
        self.name = self.__name__ = name

    def apply(self: Any, *inputs: Any) -> Any:
        return as_mindspore(call(*map(as_plain, inputs), **as_plain(self.options)))

    return type(name, (), {"__init__": construct, "__call__": apply, "__doc__": f"MindSpore's operator {name}."})


def _argmax(x: Any, axis: int, output_type: Any) -> Any:
    return o.argmax(x, axis).astype(output_type)


def _number(x: Any) -> Any:
    """A number, of a tensor of one element too."""
    return x.item() if isinstance(x, dt.Tensor) else x


def _numbers(x: Any) -> Any:
    """Python's numbers, of a tensor too."""
    return x.tolist() if isinstance(x, dt.Tensor) else x


def _paired(search: Callable[..., Any]) -> Callable[..., Any]:
    """The indices before the values."""
    return lambda x, axis, keep_dims: tuple(reversed(search(x, axis, keep_dims)))


def _split(x: Any, axis: int, output_num: int) -> Any:
    if x.shape[axis] % output_num:
        raise dt.errors.ShapeError(f"`Split` of axis {axis} of shape {x.shape} into {output_num} parts of one size")
    return o.split(x, x.shape[axis] // output_num, axis)


def _cumulated(function: Callable[..., Any], neutral: float) -> Callable[..., Any]:
    def apply(x: Any, axis: int, exclusive: bool, reverse: bool) -> Any:
        x = o.flip(x, (axis,)) if reverse else x
        if exclusive:
            first = _f["narrow"](x, axis, 0, 1)
            x = o.cat([o.full_like(first, neutral), _f["narrow"](x, axis, 0, x.shape[axis] - 1)], axis)
        found = function(x, axis)
        return o.flip(found, (axis,)) if reverse else found

    return apply


def _layer_norm(x: Any, gamma: Any, beta: Any, begin_norm_axis: int, begin_params_axis: int, epsilon: float) -> Any:
    axes = tuple(range(begin_norm_axis % x.ndim, x.ndim))
    mean = o.mean(x, axes, keepdims=True)
    variance = o.mean(o.square(x - mean), axes, keepdims=True)
    return normalized(x, axes, epsilon) * gamma + beta, mean, variance


def _softmax_cross_entropy(logits: Any, labels: Any) -> Any:
    return -o.sum(labels * o.log_softmax(logits, -1), -1), o.softmax(logits, -1) - labels


def _l2_normalize(x: Any, axis: Any, epsilon: float) -> Any:
    return x / o.sqrt(o.maximum(o.sum(o.square(x), axis, keepdims=True), epsilon))


def _pad(x: Any, paddings: Any) -> Any:
    return o.pad(x, tuple(n for pair in reversed(paddings) for n in pair))


def _dropout(x: Any, keep_prob: float, Seed0: int, Seed1: int) -> Any:
    mask = _f["dropout"](o.ones_like(x), 1 - keep_prob)
    return x * mask, o.cast(mask > 0, x.dtype)


# What dualtape has as MindSpore has it.
_OWN = [
    name
    for name, one in vars(o).items()
    if name[0].isupper() and getattr(one, "__module__", "") == "dualtape.ops.classes"
]

# Constructors without arguments: the class, and the function that a call is.
PLAIN: dict[str, str] = {
    "AddN": "addn", "AccumulateNV2": "accumulate_n", "Addcdiv": "addcdiv", "Addcmul": "addcmul", "TensorAdd": "add",
    "BiasAdd": "bias_add", "Digamma": "digamma", "DivNoNan": "div_no_nan",
    "FastGeLU": "fast_gelu", "FastGelu": "fast_gelu", "Fill": "fill", "Fills": "fills",
    "Flatten": "flatten",
    "FloorMod": "floor_mod", "Gelu": "gelu_tanh", "RealDiv": "real_div",
    "GatherD": "gather_d", "GatherNd": "gather_nd", "Ger": "ger",
    "HSigmoid": "hardsigmoid", "HSwish": "hardswish", "Heaviside": "heaviside", "Hypot": "hypot", "Inv": "inv",
    "IsClose": "isclose", "Lerp": "lerp", "LogicalXor": "logical_xor", "MaskedFill": "masked_fill",
    "MaskedSelect": "masked_select", "Mish": "mish", "Ones": "ones", "Zeros": "zeros", "PReLU": "prelu",
    "Rank": "rank", "ReLU6": "relu6", "Rint": "round", "ScatterNd": "scatter_nd", "Shape": "shape",
    "Size": "size", "Softsign": "softsign", "StopGradient": "stop_gradient",
    "TensorScatterUpdate": "tensor_scatter_update", "TensorScatterAdd": "tensor_scatter_add", "Slice": "slice",
    "TensorScatterSub": "tensor_scatter_sub", "Trunc": "trunc", "TruncateMod": "truncate_mod",
    "UnsortedSegmentSum": "unsorted_segment_sum", "Xdivy": "xdivy", "Xlogy": "xlogy", "Assign": "assign",
    "AssignAdd": "assign_add", "AssignSub": "assign_sub", "NonZero": "nonzero",
    "SquaredDifference": "squared_difference", "CountNonZero": "count_nonzero", "Conj": "conj", "Sinc": "sinc",
    "BroadcastTensors": "broadcast_tensors", "BitwiseAnd": "bitwise_and", "BitwiseOr": "bitwise_or",
    "BitwiseXor": "bitwise_xor", "Invert": "bitwise_not", "LeftShift": "bitwise_left_shift",
    "RightShift": "bitwise_right_shift", "Gcd": "gcd", "Lcm": "lcm", "NextAfter": "nextafter", "Fmax": "fmax",
    "Fmin": "fmin", "Erfinv": "erfinv", "Logit": "logit", "TruncateDiv": "truncate_div", "Real": "real",
    "Imag": "imag", "Angle": "angle", "Complex": "complex", "ComplexAbs": "abs", "Polar": "polar",
    "MatrixInverse": "inverse", "MatrixDeterminant": "det",
    "LogMatrixDeterminant": "slogdet", "Trace": "trace", "Dense": "dense",
    "IndexFill": "index_fill", "ScalarToTensor": "scalar_to_tensor",
    "TupleToArray": "tuple_to_array", "Unique": "unique", "UnsortedSegmentMax": "unsorted_segment_max",
    "UnsortedSegmentMin": "unsorted_segment_min", "UnsortedSegmentProd": "unsorted_segment_prod",
    "SquareSumAll": "square_sum_all", "MulNoNan": "mul_no_nan", "Diag": "diag_of", "IdentityN": "identity_n",
    "ScatterNdAdd": "scatter_nd_add", "ScatterNdSub": "scatter_nd_sub", "FillV2": "fill_v2", "Eps": "eps_like",
}  # fmt: skip

_MORE: dict[str, Callable[..., Any]] = {
    "div_no_nan": lambda x, y: o.where(o.equal(y, 0), 0.0, x / o.where(o.equal(y, 0), 1.0, y)),
    "square_sum_all": lambda x, y: (o.sum(o.square(x)), o.sum(o.square(y))),
    "mul_no_nan": lambda x, y: o.where(o.equal(y, 0), 0.0, x * y), "identity_n": lambda xs: tuple(xs),
    "diag_of": lambda x: _f["diagflat"](x).reshape(x.shape * 2),
    "fill_v2": lambda shape, value:
        o.full(tuple(map(int, _numbers(shape))), value.item(), dtype=value.dtype),
    "eps_like": lambda x: o.full_like(x, float(np.finfo(x.dtype.numpy).eps)),
    "squared_difference": lambda x, y: o.square(x - y), "gelu_tanh": lambda x: o.gelu(x, "tanh"),
    "real_div": lambda x, y: o.div(x, y) if x.dtype.is_float else o.cast(o.div(x, y), x.dtype),
    "assign": o.assign, "assign_add": o.assign_add, "assign_sub": o.assign_sub,
}  # fmt: skip

# Constructors with arguments: what a call computes, and the arguments in order.
WITH_OPTIONS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "Argmax": (_argmax, {"axis": -1, "output_type": dt.int32}),
    "MatrixPower": (lambda x, n: _f["matrix_power"](x, n), {"n": ...}),
    "Cummax": (lambda x, axis: _f["cummax"](x, axis), {"axis": ...}),
    "Cummin": (lambda x, axis: (lambda pair: (pair[0], o.cast(pair[1], dt.int32)))(_f["cummin"](x, axis)),
               {"axis": ...}),
    "Cholesky": (lambda x, upper: _f["cholesky"](x, upper), {"upper": False}),
    "Cross": (lambda x, y, dim: _f["cross"](x, y, -1 if dim == -65530 else dim), {"dim": -65530}),
    "CumulativeLogsumexp": (lambda x, axis, exclusive, reverse: _f["logcumsumexp"](x, int(axis.item())),
                            {"exclusive": False, "reverse": False}),
    "NanToNum": (lambda x, nan, posinf, neginf: _f["nan_to_num"](x, nan, posinf, neginf),
                 {"nan": 0.0, "posinf": None, "neginf": None}),
    "Qr": (lambda x, full_matrices: _f["qr"](x), {"full_matrices": False}),
    "EuclideanNorm": (lambda x, axes, keep_dims: o.sqrt(o.sum(o.square(x), axes, keep_dims)), {"keep_dims": False}),
    "Argmin": (lambda x, axis, output_type: o.argmin(x, axis).astype(output_type),
               {"axis": -1, "output_type": dt.int32}),
    "ArgMaxWithValue": (_paired(o.max), {"axis": 0, "keep_dims": False}),
    "ArgMinWithValue": (_paired(o.min), {"axis": 0, "keep_dims": False}),
    "BCEWithLogitsLoss": (_f["binary_cross_entropy_with_logits"], {"reduction": "mean"}),
    "BinaryCrossEntropy": (_f["binary_cross_entropy"], {"reduction": "mean"}),
    "CeLU": (_f["celu"], {"alpha": 1.0}),
    "CumProd": (_cumulated(o.cumprod, 1), {"exclusive": False, "reverse": False}),
    "CumSum": (_cumulated(o.cumsum, 0), {"exclusive": False, "reverse": False}),
    "Dropout": (_dropout, {"keep_prob": 0.5, "Seed0": 0, "Seed1": 0}),
    "Einsum": (lambda x, equation: o.einsum(equation, *x), {"equation": None}),
    "Eye": (lambda n, m, t: o.eye(n, m, t), {}),
    "GLU": (_f["glu"], {"axis": -1}),
    "HShrink": (_f["hardshrink"], {"lambd": 0.5}),
    "Identity": (lambda x: x, {}),
    "KLDivLoss": (_f["kl_div"], {"reduction": "mean"}),
    "L2Loss": (lambda x: o.sum(o.square(x)) / 2, {}),
    "L2Normalize": (_l2_normalize, {"axis": 0, "epsilon": 1e-4}),
    "LayerNorm": (_layer_norm, {"begin_norm_axis": 1, "begin_params_axis": 1, "epsilon": 1e-7}),
    "LinSpace": (lambda start, stop, num: o.linspace(_number(start), _number(stop), num), {}),
    "LpNorm": (lambda x, axis, p, keep_dims, epsilon: o.norm(x, p, axis, keep_dims),
               {"axis": None, "p": 2, "keep_dims": False, "epsilon": 1e-12}),
    "Meshgrid": (lambda inputs, indexing: o.meshgrid(*inputs, indexing=indexing), {"indexing": "xy"}),
    "NLLLoss": (lambda x, target, weight, reduction, ignore_index: (
        _f["nll_loss"](x, target, weight, ignore_index, reduction), o.sum(o.gather(weight, target, 0))),
        {"reduction": "mean", "ignore_index": -100}),
    "OneHot": (lambda indices, depth, on, off, axis: o.one_hot(indices, depth, on, off, axis), {"axis": -1}),
    "Pad": (_pad, {"paddings": ()}),
    "Range": (lambda start, limit, delta, maxlen: o.arange(*map(_number, (start, limit, delta))), {"maxlen": 1000000}),
    "ReverseV2": (lambda x, axis: o.flip(x, tuple(axis) if isinstance(axis, (list, tuple)) else (axis,)), {"axis": 0}),
    "Roll": (lambda x, shift, axis: o.roll(x, shift, axis), {"shift": 0, "axis": None}),
    "SmoothL1Loss": (o.smooth_l1_loss, {"beta": 1.0, "reduction": "none"}),
    "SoftShrink": (_f["softshrink"], {"lambd": 0.5}),
    "SoftMarginLoss": (_f["soft_margin_loss"], {"reduction": "mean"}),
    "SigmoidCrossEntropyWithLogits": (
        lambda logits, label: _f["binary_cross_entropy_with_logits"](logits, label, reduction="none"), {}),
    "SoftmaxCrossEntropyWithLogits": (_softmax_cross_entropy, {}),
    "Sort": (_f["sort"], {"axis": -1, "descending": False}),
    "Split": (_split, {"axis": 0, "output_num": 1}),
    "StandardLaplace": (lambda shape, seed, seed2: _f["standard_laplace"](shape, seed or None),
                        {"seed": 0, "seed2": 0}),
    "StandardNormal": (lambda shape, seed, seed2: _f["standard_normal"](shape, seed or None), {"seed": 0, "seed2": 0}),
    "StridedSlice": (lambda x, begin, end, strides: _f["strided_slice"](x, begin, end, strides), {}),
    "TopK": (lambda x, k, sorted: _f["topk"](x, k), {"sorted": True}),
    "Tril": (o.tril, {"diagonal": 0}),
    "Triu": (o.triu, {"diagonal": 0}),
    "UniformInt": (lambda shape, low, high, seed, seed2: _f["uniform"](shape, low, high, seed or None, dt.int32),
                   {"seed": 0, "seed2": 0}),
    "UniformReal": (lambda shape, seed, seed2: _f["uniform"](shape, 0.0, 1.0, seed or None), {"seed": 0, "seed2": 0}),
    "Unstack": (lambda x, axis, num: _f["unstack"](x, axis), {"axis": 0, "num": None}),
    "TensorShape": (lambda x: dt.Tensor(x.shape, dt.int64), {}),
    "Squeeze": (lambda x, axis: _f["squeeze"](x, None if axis == () else axis), {"axis": ()}),
    "DType": (lambda x: x.dtype, {}),
}  # fmt: skip

CLASSES: dict[str, Any] = {
    name: _operator(name, _MORE.get(function) or _f[function], {})
    for name, function in PLAIN.items()
    if function in _f or function in _MORE
} | {name: _operator(name, call, options) for name, (call, options) in WITH_OPTIONS.items()}


class Operator:
    """One of dualtape's operators: it takes and gives MindSpore's tensors."""

    def __init__(self, own: Any) -> None:
        self._own = own
        self.name = self.__name__ = own.name

    def __call__(self, *inputs: Any) -> Any:
        return as_mindspore(self._own(*map(as_plain, inputs)))

    def __repr__(self) -> str:
        return repr(self._own)


def _made(constructor: Callable[..., Any]) -> Callable[..., Operator]:
    return wraps(constructor)(lambda *args, **kwargs: Operator(constructor(*as_plain(args), **as_plain(kwargs))))


def _loop(own: type) -> type:
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return transformation(partial(own.__call__, self))(*args, **kwargs)

    return type(own.__name__, (own,), {"__call__": call, "__doc__": own.__doc__})


CLASSES |= {name: _made(getattr(dt.ops, name)) for name in _OWN if name not in CLASSES}
CLASSES |= {name: _loop(getattr(dt.ops, name)) for name in ("WhileLoop", "ForiLoop", "Scan")}
CLASSES |= {"Map": composite.Map, "HyperMap": composite.HyperMap, "GradOperation": composite.GradOperation}
globals().update(CLASSES)
__getattr__ = refusal(__name__)
