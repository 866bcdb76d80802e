"""Networks with identity connections."""

from __future__ import annotations

from typing import Any

import dualtape as dt
from dualtape import nn
from dualtape.pinn.networks.sizes import read_sizes, stream


class ResidualMLP(nn.Cell):
    """Blocks of two layers, each added to what came before: H + s(W_2 s(W_1 H)).

    As E & Yu 2018, *The Deep Ritz Method*, Communications in Mathematics and Statistics 6, use them, after He et al.
    2016, *Deep residual learning for image recognition*.

    Parameters
    ----------
    in_features, out_features, width, activation, dtype, seed
        As of :class:`dualtape.nn.MLP`.
    depth
        How many blocks.

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import pinn
    >>> pinn.ResidualMLP(2, 1, width=16, depth=3, seed=0)(dt.ops.zeros((5, 2))).shape
    (5, 1)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        width: int = 20,
        depth: int = 3,
        activation: Any = "tanh",
        dtype: Any = dt.float32,
        *,
        seed: Any = None,
    ) -> None:
        super().__init__()
        self.sizes, random = read_sizes(in_features, out_features, width, depth), stream(seed)

        def layer(before: int, after: int, activation: Any = activation) -> nn.Dense:
            return nn.Dense(before, after, "xavier_normal", "zeros", activation=activation, dtype=dtype, seed=random)

        self.first = layer(in_features, width)
        self.inner = nn.CellList([layer(width, width) for _ in range(depth)])
        self.outer = nn.CellList([layer(width, width) for _ in range(depth)])
        self.last = layer(width, out_features, None)

    def construct(self, x: Any) -> dt.Tensor:
        h = self.first(x)
        for inner, outer in zip(self.inner, self.outer, strict=True):
            h = h + outer(inner(h))
        found: dt.Tensor = self.last(h)
        return found
