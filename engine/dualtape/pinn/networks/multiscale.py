"""Networks of several scales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dualtape as dt
from dualtape import nn
from dualtape.errors import ArgumentError
from dualtape.pinn.networks.sizes import read_sizes, stream


class MultiScaleMLP(nn.Cell):
    """A sum of MLPs, each of which is given the points times a scale of its own.

    So one network's low frequencies are the solution's high ones. Liu, Cai & Xu 2020, *Multi-scale deep neural network
    (MscaleDNN) for solving Poisson-Boltzmann equation in complex domains*, Communications in Computational Physics 28.

    Parameters
    ----------
    in_features, out_features, width, depth, activation, dtype, seed
        As of :class:`dualtape.nn.MLP`, of each of the MLPs.
    scales
        One for each MLP.

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import pinn
    >>> pinn.MultiScaleMLP(2, 1, scales=(1, 4, 16), seed=0)(dt.ops.zeros((5, 2))).shape
    (5, 1)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        width: int = 20,
        depth: int = 3,
        scales: Sequence[float] = (1.0, 2.0, 4.0, 8.0),
        activation: Any = "tanh",
        dtype: Any = dt.float32,
        *,
        seed: Any = None,
    ) -> None:
        super().__init__()
        read_sizes(in_features, out_features, width, depth)
        self.scales, random = tuple(map(float, scales)), stream(seed)
        if not self.scales or not all(0 < scale < float("inf") for scale in self.scales):
            raise ArgumentError(f"`scales` of `MultiScaleMLP` must be positive and finite, got {scales!r}")
        self.parts = nn.CellList(
            [nn.MLP(in_features, out_features, width, depth, activation, dtype, seed=random) for _ in self.scales]
        )

    def construct(self, x: Any) -> dt.Tensor:
        first, *others = (part(x * scale) for part, scale in zip(self.parts, self.scales, strict=True))
        total: dt.Tensor = first
        for one in others:
            total = total + one
        return total
