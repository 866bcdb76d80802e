"""The modified MLP, whose layers are mixed by two gates."""

from __future__ import annotations

from typing import Any

import dualtape as dt
from dualtape import nn
from dualtape.pinn.networks.sizes import read_sizes, stream


class GatedMLP(nn.Cell):
    """The modified MLP: each hidden layer chooses, unit by unit, between two embeddings of the input.

    Of the input X, U = s(W_U X) and V = s(W_V X); each layer H becomes (1 - Z) * U + Z * V with Z = s(W H). Wang, Teng
    & Perdikaris 2021, *Understanding and mitigating gradient flow pathologies in physics-informed neural networks*,
    SIAM Journal on Scientific Computing 43, section 2.6.

    Parameters
    ----------
    in_features, out_features, width, depth, activation, dtype, seed
        As of :class:`dualtape.nn.MLP`.

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import pinn
    >>> pinn.GatedMLP(2, 1, width=16, depth=3, seed=0)(dt.ops.zeros((5, 2))).shape
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
        seed: Any = None,
    ) -> None:
        super().__init__()
        self.sizes, random = read_sizes(in_features, out_features, width, depth), stream(seed)

        def layer(before: int, after: int, activation: Any = activation) -> nn.Dense:
            return nn.Dense(before, after, "xavier_normal", "zeros", activation=activation, dtype=dtype, seed=random)

        self.first, self.second = layer(in_features, width), layer(in_features, width)
        self.hidden = nn.CellList([layer(in_features if i == 0 else width, width) for i in range(depth)])
        self.last = layer(width, out_features, None)

    def construct(self, x: Any) -> dt.Tensor:
        u, v = self.first(x), self.second(x)
        h = x
        for layer in self.hidden:
            z = layer(h)
            h = u + z * (v - u)
        found: dt.Tensor = self.last(h)
        return found
