"""Dense layers, and the multilayer perceptron made of them."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from dualtape.cell import Cell
from dualtape.core.spec import normalize_axis
from dualtape.dtypes import DType, as_dtype, float32
from dualtape.errors import ArgumentError, DTypeError, ShapeError
from dualtape.functions.conversion import as_tensor, read_flag, read_int
from dualtape.functions.linear_algebra import matmul
from dualtape.functions.shape import reshape, transpose
from dualtape.initializer import Uniform, initializer
from dualtape.nn.activation import Activation, as_activation
from dualtape.nn.container import CellList
from dualtape.parameter import Parameter
from dualtape.random import generator
from dualtape.tensor import Tensor

__all__ = ["MLP", "Dense", "Flatten", "Identity"]


class Dense(Cell):
    """A fully connected layer: ``activation(x @ weight.T + bias)``.

    Parameters
    ----------
    in_channels, out_channels
        Sizes of the last axis before and after; ``weight`` has shape (out_channels, in_channels).
    weight_init, bias_init
        An initializer, its name, a number or a Tensor; uniform between -1/sqrt(in_channels) and
        1/sqrt(in_channels) by default.
    has_bias
        Without, ``bias`` is ``None``.
    activation
        Its name, a Cell or a function.
    dtype
        Element type of the parameters. An input must have the same: a layer never converts it.
    seed
        A stream of random numbers for this layer alone.

    Examples
    --------
    >>> import dualtape as dt
    >>> layer = dt.nn.Dense(2, 1, weight_init="ones", bias_init=0.5)
    >>> print(layer(dt.Tensor([[1.0, 2.0]])))
    [[3.5]]
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        weight_init: Any = None,
        bias_init: Any = None,
        has_bias: bool = True,
        activation: Activation | None = None,
        dtype: DType = float32,
        *,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        super().__init__()
        self.in_channels = _read_size("Dense", "in_channels", in_channels)
        self.out_channels = _read_size("Dense", "out_channels", out_channels)
        self.has_bias = read_flag(self, "has_bias", has_bias)
        dtype = as_dtype(dtype)
        if not dtype.is_float:
            raise DTypeError(f"`dtype` of `Dense` must be a float type, got {dtype}")
        default = Uniform(1.0 / math.sqrt(in_channels))
        stream = generator(seed)

        def parameter(name: str, init: Any, shape: tuple[int, ...]) -> Parameter:
            if isinstance(init, Tensor) and init.shape != shape:
                raise ShapeError(f"`{name}_init` of `Dense` must have shape {shape}, got {init.shape}")
            return Parameter(initializer(default if init is None else init, shape, dtype, seed=stream), name=name)

        self.weight = parameter("weight", weight_init, (out_channels, in_channels))
        self.bias = parameter("bias", bias_init, (out_channels,)) if self.has_bias else None
        self.activation = as_activation(activation)

    def construct(self, x: Any) -> Tensor:
        x = as_tensor(x, "Dense", "x")
        weight = self.weight
        if not x.shape or x.shape[-1] != self.in_channels:
            raise ShapeError(
                f"`Dense` got an input of shape {x.shape}; expected {self.in_channels} (in_channels) on its last axis"
            )
        if x.dtype is not weight.dtype:
            raise DTypeError(
                f"`Dense` got an input of {x.dtype}, but its parameters are of {weight.dtype}: "
                f"convert one of them, as in net.astype(dualtape.{x.dtype.name.lower()})"
                if x.dtype.is_float
                else f"`Dense` got an input of {x.dtype}; expected {weight.dtype}, as in x.astype(...)"
            )
        y = matmul(x, transpose(weight))
        if self.bias is not None:
            y = y + self.bias
        return y if self.activation is None else self.activation(y)

    def extend_repr(self) -> str:
        text = f"input_channels={self.in_channels}, output_channels={self.out_channels}"
        if self.has_bias:
            text += ", has_bias=True"
        return text if self.activation is None else f"{text}, activation={self.activation}"


class MLP(Cell):
    """A multilayer perceptron: ``depth`` hidden layers of ``width`` units, and a linear output layer.

    Parameters
    ----------
    in_features, out_features
        Sizes of the last axis before and after.
    width
        Units of each hidden layer.
    depth
        Number of hidden layers; 0 gives a linear map.
    activation
        Name of an activation, a Cell or a function, after each hidden layer. Smooth ones suit differential equations.
    dtype
        Element type of the parameters and of the inputs.
    weight_init, bias_init
        Glorot's normal distribution, and zeros, by default: what the literature on PINNs uses.
    seed
        A stream of random numbers for this network alone.

    Examples
    --------
    >>> import dualtape as dt
    >>> net = dt.nn.MLP(2, 1, width=20, depth=3, seed=0)
    >>> net(dt.ops.zeros((5, 2))).shape, sum(p.size for p in net.trainable_params())
    ((5, 1), 921)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        width: int = 20,
        depth: int = 4,
        activation: Activation = "tanh",
        dtype: DType = float32,
        *,
        weight_init: Any = "xavier_normal",
        bias_init: Any = "zeros",
        seed: int | np.random.Generator | None = None,
    ) -> None:
        super().__init__()
        if read_int("MLP", "depth", depth) < 0:
            raise ArgumentError(f"`depth` of `MLP` must not be negative, got {depth}")
        for name, size in (("in_features", in_features), ("out_features", out_features), ("width", width)):
            _read_size("MLP", name, size)
        stream = generator(seed)
        sizes = [in_features, *[width] * depth, out_features]
        activations = [*[activation] * depth, None]
        layers = [
            Dense(*size, weight_init, bias_init, activation=after, dtype=dtype, seed=stream)
            for size, after in zip(pairwise(sizes), activations, strict=True)
        ]
        self.layers = CellList(layers)

    def construct(self, x: Any) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        output: Tensor = x
        return output


class Identity(Cell):
    """Gives what it takes."""

    def construct(self, x: Any) -> Any:
        return x


class Flatten(Cell):
    """All axes but the first merged into one.

    Examples
    --------
    >>> import dualtape as dt
    >>> dt.nn.Flatten()(dt.ops.zeros((5, 2, 3))).shape
    (5, 6)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = read_int("Flatten", "start_dim", start_dim)
        self.end_dim = read_int("Flatten", "end_dim", end_dim)

    def construct(self, x: Any) -> Tensor:
        x = as_tensor(x, "Flatten", "x")
        if not x.shape:
            return reshape(x, 1)
        first = normalize_axis("Flatten", self.start_dim, x.ndim) if x.ndim > 1 else 0
        last = normalize_axis("Flatten", self.end_dim, x.ndim)
        if first > last:
            raise ShapeError(f"`Flatten` from axis {self.start_dim} to {self.end_dim} of shape {x.shape} is empty")
        return reshape(x, (*x.shape[:first], math.prod(x.shape[first : last + 1]), *x.shape[last + 1 :]))


def _read_size(owner: str, argument: str, size: Any) -> int:
    if read_int(owner, argument, size) <= 0:
        raise ArgumentError(f"`{argument}` of `{owner}` must be positive, got {size}")
    return int(size)
