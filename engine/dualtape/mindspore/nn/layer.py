"""Layers of MindSpore's that dualtape has not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentError
from dualtape.mindspore.absent import refusal
from dualtape.mindspore.common.first_values import Uniform, initializer
from dualtape.mindspore.nn import faces as nn
from dualtape.mindspore.nn.batch_norm import BatchNorm1d as BatchNorm1d
from dualtape.mindspore.nn.face import ACTIVATIONS
from dualtape.mindspore.nn.faces import *
from dualtape.mindspore.ops.activations import normalized
from dualtape.mindspore.ops.function import FUNCTIONS
from dualtape.mindspore.ops.random import require_no_tracing


class Dropout(nn.Cell):
    """Zeros in the place of elements with probability ``p`` while it trains; the others are larger by ``1 / (1 - p)``.

    Parameters
    ----------
    keep_prob
        ``1 - p``, where ``p`` is not given.
    """

    def __init__(self, keep_prob: float = 0.5, p: float | None = None, dtype: Any = dt.float32) -> None:
        super().__init__()
        self.keep_prob, self._is_by_p = (keep_prob if p is None else 1 - p), p is not None
        self.p = 1 - keep_prob if p is None else p
        if not 0 <= self.p < 1:
            raise ArgumentError(f"`p` of `Dropout` must be at least 0 and below 1, got {self.p}")

    def construct(self, x: Any) -> Any:
        require_no_tracing("Dropout")  # also when it does not train: a program would not see that change
        return FUNCTIONS["dropout"](x, self.p, self.training)

    def extend_repr(self) -> str:
        return f"p={self.p}" if self._is_by_p else f"keep_prob={self.keep_prob}"


class LayerNorm(nn.Cell):
    """Mean 0 and variance 1 over the last axes, then a factor and a summand that are learned."""

    def __init__(
        self,
        normalized_shape: Any,
        begin_norm_axis: int = -1,
        begin_params_axis: int = -1,
        gamma_init: Any = "ones",
        beta_init: Any = "zeros",
        epsilon: float = 1e-7,
        dtype: Any = dt.float32,
    ) -> None:
        super().__init__()
        if not isinstance(normalized_shape, (tuple, list)):
            raise dt.errors.ArgumentTypeError(
                "For 'LayerNorm', the type of 'normalized_shape' should be tuple[int] or list[int], "
                f"but got {normalized_shape} and the type is {type(normalized_shape)}."
            )
        self.normalized_shape = normalized_shape
        self.begin_norm_axis, self.begin_params_axis = begin_norm_axis, begin_params_axis
        self.epsilon = epsilon
        self.gamma = dt.Parameter(initializer(gamma_init, tuple(normalized_shape), dtype), name="gamma")
        self.beta = dt.Parameter(initializer(beta_init, tuple(normalized_shape), dtype), name="beta")

    def construct(self, input_x: Any) -> Any:
        axes = tuple(range(self.begin_norm_axis % input_x.ndim, input_x.ndim))
        scaled = normalized(input_x, axes, self.epsilon) * self.gamma + self.beta
        return o.cast(scaled, input_x.dtype) if input_x.dtype is dt.float16 else scaled

    def extend_repr(self) -> str:
        return (
            f"normalized_shape={self.normalized_shape}, begin_norm_axis={self.begin_norm_axis}, "
            f"begin_params_axis={self.begin_params_axis}, gamma{self.gamma}, beta={self.beta}"
        )


class PReLU(nn.Cell):
    """``x`` where positive, else times a learned slope, one of each channel."""

    def __init__(self, channel: int = 1, w: Any = 0.25) -> None:
        super().__init__()
        first = o.full((channel,), w, dtype=dt.float32) if isinstance(w, (int, float)) else w
        self.w = dt.Parameter(first, name="a")

    def construct(self, x: Any) -> Any:
        return FUNCTIONS["prelu"](x, o.cast(self.w, x.dtype))


class Embedding(nn.Cell):
    """The rows of a learned table that integers name."""

    def __init__(
        self,
        vocab_size: int,
        embedding_size: int,
        use_one_hot: bool = False,
        embedding_table: Any = "normal",
        dtype: Any = dt.float32,
        padding_idx: int | None = None,
    ) -> None:
        super().__init__()
        self.vocab_size, self.embedding_size, self.use_one_hot = vocab_size, embedding_size, use_one_hot
        self.dtype, self.padding_idx = dtype, padding_idx
        table = initializer(embedding_table, (vocab_size, embedding_size), dtype)
        if padding_idx is not None:
            table = table * (o.arange(vocab_size) != padding_idx).astype(dtype).reshape(-1, 1)
        self.embedding_table = dt.Parameter(table, name="embedding_table")

    def construct(self, ids: Any) -> Any:
        return o.gather(self.embedding_table, ids, 0)

    def extend_repr(self) -> str:
        return (
            f"vocab_size={self.vocab_size}, embedding_size={self.embedding_size}, use_one_hot={self.use_one_hot}, "
            f"embedding_table={self.embedding_table}, dtype={self.dtype}, padding_idx={self.padding_idx}"
        )


class Norm(nn.Cell):
    """The Euclidean norm over ``axis``."""

    def __init__(self, axis: Any = (), keep_dims: bool = False) -> None:
        super().__init__()
        self.axis, self.keep_dims = (None if axis == () else axis), keep_dims

    def construct(self, x: Any) -> Any:
        return o.sqrt(o.sum(o.square(x), self.axis, self.keep_dims))


class Linear(nn.Dense):
    """``x @ weight.T + bias``, drawn uniformly between plus and minus ``1 / sqrt(in_features)``."""

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, weight_init: Any = None, bias_init: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        bound = Uniform(1 / math.sqrt(in_features))
        super().__init__(
            in_features, out_features, bound if weight_init is None else weight_init,
            bound if bias_init is None else bias_init, has_bias=bias, dtype=dt.float32 if dtype is None else dtype,
        )  # fmt: skip


def _layer(name: str, function: Callable[..., Any], **options: Any) -> type[nn.Cell]:
    """The class of cells that apply a function; ``options`` are the constructor's arguments, in order."""

    def construct_cell(self: nn.Cell, *args: Any, **kwargs: Any) -> None:
        nn.Cell.__init__(self)
        given = dict(zip(options, args, strict=False))
        if len(args) > len(options) or set(kwargs) - set(options) or set(kwargs) & set(given):
            raise dt.errors.ArgumentTypeError(f"`{name}` takes {', '.join(options) or 'nothing'}; got {args}, {kwargs}")
        missing = [key for key, value in options.items() if value is ... and key not in {**given, **kwargs}]
        if missing:
            raise dt.errors.ArgumentTypeError(f"`{name}` needs {', '.join(missing)}")
        self.options = {**options, **given, **kwargs}

    def construct(self: Any, *inputs: Any) -> Any:
        return function(*inputs, **self.options)

    body = {"__init__": construct_cell, "construct": construct, "__doc__": f"MindSpore's layer {name}.",
            "__module__": __name__}  # fmt: skip
    return type(name, (nn.Cell,), body)


_f = FUNCTIONS
_TABLE: list[tuple[str, Callable[..., Any], dict[str, Any]]] = [
    ("CELU", _f["celu"], {"alpha": 1.0}),
    ("FastGelu", _f["fast_gelu"], {}),
    ("GLU", _f["glu"], {"axis": -1}),
    ("HShrink", _f["hardshrink"], {"lambd": 0.5}),
    ("HSigmoid", _f["hardsigmoid"], {}),
    ("HSwish", _f["hardswish"], {}),
    ("Hardtanh", o.hardtanh, {"min_val": -1.0, "max_val": 1.0}),
    ("LogSigmoid", _f["logsigmoid"], {}),
    ("Mish", _f["mish"], {}),
    ("ReLU6", o.relu6, {}),
    ("Softmin", _f["softmin"], {"axis": -1}),
    ("SoftShrink", _f["softshrink"], {"lambd": 0.5}),
    ("Softsign", _f["softsign"], {}),
    ("Tanhshrink", _f["tanhshrink"], {}),
    ("Threshold", lambda x, threshold, value: _f["threshold"](x, threshold, value), {"threshold": ..., "value": ...}),
    ("OneHot", lambda x, axis, depth, on_value, off_value, dtype:
            o.one_hot(x, depth, on_value, off_value, axis).astype(dtype),
            {"axis": -1, "depth": 1, "on_value": 1.0, "off_value": 0.0, "dtype": dt.float32}),
    ("Pad", lambda x, paddings, mode: _f["pad"](x, tuple(n for p in reversed(paddings) for n in p), mode.lower()),
            {"paddings": ..., "mode": "CONSTANT"}),
    ("Roll", lambda x, shift, axis: o.roll(x, shift, axis), {"shift": ..., "axis": ...}),
    ("Tril", lambda x, k=0: o.tril(x, k), {}),
    ("Triu", lambda x, k=0: o.triu(x, k), {}),
    ("ReduceLogSumExp", lambda x, axis, keep_dims: o.logsumexp(x, axis, keep_dims),
            {"axis": ..., "keep_dims": False}),
    ("L1Regularizer", lambda weights, scale: scale * o.sum(o.abs(weights)), {"scale": ...}),
    ("Unflatten", lambda x, axis, unflattened_size:
            o.reshape(x, (*x.shape[: axis % x.ndim], *unflattened_size, *x.shape[axis % x.ndim + 1 :])),
            {"axis": ..., "unflattened_size": ...}),
    ]  # fmt: skip
LAYERS = {name: _layer(name, function, **options) for name, function, options in _TABLE}

ACTIVATIONS.update({
    "relu6": LAYERS["ReLU6"], "softsign": LAYERS["Softsign"], "fast_gelu": LAYERS["FastGelu"], "prelu": PReLU,
    "hswish": LAYERS["HSwish"], "hsigmoid": LAYERS["HSigmoid"], "logsigmoid": LAYERS["LogSigmoid"],
    "softshrink": LAYERS["SoftShrink"], "hshrink": LAYERS["HShrink"], "mish": LAYERS["Mish"],
})  # fmt: skip
globals().update(LAYERS)
__getattr__ = refusal(__name__)
