"""Networks that are sums of products of functions of one coordinate."""

from __future__ import annotations

from functools import reduce
from typing import Any

import dualtape as dt
from dualtape import nn, ops
from dualtape.pinn.networks.sizes import read_sizes, stream
from dualtape.pinn.sampling import read_count


class SeparableMLP(nn.Cell):
    """An MLP of each coordinate, with ``rank`` outputs, whose products over the coordinates are added up.

    For boxes, on which many solutions are nearly of low rank. Cho, Nam, Yun, Yang & Park 2023, *Separable
    physics-informed neural networks*, NeurIPS 36, equation 4. Points are single ones here, not those of a grid, whose
    rows share values there.

    Parameters
    ----------
    in_features, out_features, activation, dtype, seed
        As of :class:`dualtape.nn.MLP`.
    width, depth
        Those of the MLP of each coordinate.
    rank
        How many products are added up.

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import pinn
    >>> pinn.SeparableMLP(3, 1, width=16, depth=2, rank=8, seed=0)(dt.ops.zeros((5, 3))).shape
    (5, 1)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        width: int = 20,
        depth: int = 3,
        rank: int = 16,
        activation: Any = "tanh",
        dtype: Any = dt.float32,
        *,
        seed: Any = None,
    ) -> None:
        super().__init__()
        self.sizes, random = read_sizes(in_features, out_features, width, depth), stream(seed)
        self.rank = read_count("rank", rank)
        self.parts = nn.CellList(
            [nn.MLP(1, rank * out_features, width, depth, activation, dtype, seed=random) for _ in range(in_features)]
        )

    def construct(self, x: Any) -> dt.Tensor:
        factors = [part(x[:, i : i + 1]) for i, part in enumerate(self.parts)]
        products = reduce(lambda a, b: a * b, factors)
        unknowns = range(self.sizes["out_features"])
        sums = [ops.sum(products[:, j * self.rank : (j + 1) * self.rank], 1, keepdims=True) for j in unknowns]
        return sums[0] if len(sums) == 1 else ops.cat(sums, 1)
