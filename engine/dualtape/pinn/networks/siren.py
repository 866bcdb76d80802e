"""Networks of sines."""

from __future__ import annotations

import math
from typing import Any

import dualtape as dt
from dualtape import initializer, nn, ops
from dualtape.errors import ArgumentError
from dualtape.pinn.networks.sizes import read_sizes, stream


class SIREN(nn.Cell):
    """Layers sin(omega W x + b), with first values that keep their distribution from layer to layer.

    For solutions with much detail, whose derivatives are as detailed. Sitzmann et al. 2020, *Implicit neural
    representations with periodic activation functions*, NeurIPS 33: weights of the first layer are uniform within 1/n
    for n inputs, those of others within sqrt(6/n)/omega.

    Parameters
    ----------
    in_features, out_features, width, depth, dtype, seed
        As of :class:`dualtape.nn.MLP`.
    omega
        The frequency; 30 in the paper, for images. Solutions of differential equations want less.

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import pinn
    >>> pinn.SIREN(2, 1, width=16, depth=3, omega=5.0, seed=0)(dt.ops.zeros((5, 2))).shape
    (5, 1)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        width: int = 64,
        depth: int = 3,
        omega: float = 10.0,
        dtype: Any = dt.float32,
        *,
        seed: Any = None,
    ) -> None:
        super().__init__()
        self.sizes, random = read_sizes(in_features, out_features, width, depth), stream(seed)
        if not (isinstance(omega, (int, float)) and math.isfinite(omega) and omega > 0):
            raise ArgumentError(f"`omega` of `SIREN` must be positive and finite, got {omega!r}")
        self.omega = float(omega)
        ends = [in_features, *[width] * depth, out_features]

        def layer(i: int) -> nn.Dense:
            scale = 1 / in_features if i == 0 else math.sqrt(6 / ends[i]) / omega
            weights = initializer.Uniform(scale)
            return nn.Dense(ends[i], ends[i + 1], weights, "zeros", dtype=dtype, seed=random)

        self.layers = nn.CellList([layer(i) for i in range(depth + 1)])

    def construct(self, x: Any) -> dt.Tensor:
        *hidden, last = self.layers
        for layer in hidden:
            x = ops.sin(layer(x) * self.omega)
        found: dt.Tensor = last(x)
        return found
