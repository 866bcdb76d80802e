"""Networks whose activations have slopes that are trained."""

from __future__ import annotations

import math
from typing import Any

import dualtape as dt
from dualtape import nn
from dualtape.errors import ArgumentError
from dualtape.pinn.networks.sizes import read_sizes, stream


class AdaptiveMLP(nn.Cell):
    """An MLP of activations s(n a x), with a slope a of each layer, or each unit, which is trained and begins at 1/n.

    Steeper activations learn faster; n says how fast slopes change. Jagtap, Kawaguchi & Karniadakis 2020, *Adaptive
    activation functions accelerate convergence in deep and physics-informed neural networks*, J. Comput. Phys. 404, and
    *Locally adaptive activation functions with slope recovery*, Proc. R. Soc. A 476, without the latter's further term
    of the loss.

    Parameters
    ----------
    in_features, out_features, width, depth, activation, dtype, seed
        As of :class:`dualtape.nn.MLP`.
    scale
        n, 1 or more.
    each_unit
        Whether each unit has a slope of its own.

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import pinn
    >>> pinn.AdaptiveMLP(2, 1, width=16, depth=3, seed=0)(dt.ops.zeros((5, 2))).shape
    (5, 1)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        width: int = 20,
        depth: int = 4,
        activation: Any = "tanh",
        dtype: Any = dt.float32,
        *,
        scale: float = 10.0,
        each_unit: bool = False,
        seed: Any = None,
    ) -> None:
        super().__init__()
        self.sizes, random = read_sizes(in_features, out_features, width, depth), stream(seed)
        if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not 1 <= scale < math.inf:
            raise ArgumentError(f"`scale` of `AdaptiveMLP` must be finite, and 1 or more, got {scale!r}")
        self.scale, self.each_unit = float(scale), bool(each_unit)
        ends = [in_features, *[width] * depth, out_features]
        self.layers = nn.CellList(
            [
                nn.Dense(ends[i], ends[i + 1], "xavier_normal", "zeros", dtype=dtype, seed=random)
                for i in range(depth + 1)
            ]
        )
        self.activation = nn.get_activation(activation) if isinstance(activation, str) else activation
        first = dt.ops.full((depth, width if each_unit else 1), 1 / self.scale).astype(dtype)
        self.slopes = dt.Parameter(first, name="slopes")

    def construct(self, x: Any) -> dt.Tensor:
        *hidden, last = self.layers
        for i, layer in enumerate(hidden):
            x = self.activation(layer(x) * (self.slopes[i] * self.scale))
        found: dt.Tensor = last(x)
        return found
