"""Networks of random Fourier features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import nn, ops
from dualtape.errors import ArgumentError
from dualtape.pinn.networks.sizes import read_sizes, stream


class FourierMLP(nn.Cell):
    """An MLP of cos(2 pi B x) and sin(2 pi B x), where B is drawn from a Gaussian once, and not trained.

    It learns high frequencies as fast as low ones, up to those of B. With several widths of the Gaussian, one MLP is
    applied to the features of each, and the output layer sees all of them. Tancik et al. 2020, *Fourier features let
    networks learn high frequency functions in low dimensional domains*, NeurIPS 33; Wang, Wang & Perdikaris 2021, *On
    the eigenvector bias of Fourier feature networks*, CMAME 384, section 3.2.

    Parameters
    ----------
    in_features, out_features, width, depth, activation, dtype
        As of :class:`dualtape.nn.MLP`. The features are as many as ``width``, or one less.
    deviations
        The standard deviation of B, or several: frequencies in periods for one unit of the input, which by default runs
        from -1 to 1 over the domain.
    seed
        Of B and of the first values.

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import pinn
    >>> pinn.FourierMLP(2, 1, width=16, depth=2, deviations=(0.5, 5.0), seed=0)(dt.ops.zeros((5, 2))).shape
    (5, 1)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        width: int = 32,
        depth: int = 3,
        deviations: float | Sequence[float] = 1.0,
        activation: Any = "tanh",
        dtype: Any = dt.float32,
        *,
        seed: Any = None,
    ) -> None:
        super().__init__()
        self.sizes, random = read_sizes(in_features, out_features, width, depth), stream(seed)
        given = deviations if isinstance(deviations, Sequence) else (deviations,)
        self.deviations = tuple(map(float, given))
        if not self.deviations or not all(0 < deviation < float("inf") for deviation in self.deviations):
            raise ArgumentError(f"`deviations` of `FourierMLP` must be positive and finite, got {deviations!r}")
        number = max(1, width // 2)
        drawn = random.normal(size=(len(self.deviations), in_features, number))
        angles = 2 * np.pi * np.array(self.deviations)[:, None, None] * drawn
        # Parameters that are not trained: they are in checkpoints, and move with the network from device to device.
        self.frequencies = dt.Parameter(dt.Tensor(angles.astype(dtype.numpy)), name="frequencies", requires_grad=False)
        ends = [2 * number, *[width] * depth]
        self.hidden = nn.CellList(
            [
                nn.Dense(
                    ends[i], ends[i + 1], "xavier_normal", "zeros", activation=activation, dtype=dtype, seed=random
                )
                for i in range(depth)
            ]
        )
        self.last = nn.Dense(
            width * len(self.deviations), out_features, "xavier_normal", "zeros", dtype=dtype, seed=random
        )

    def construct(self, x: Any) -> dt.Tensor:
        seen = []
        for i in range(len(self.deviations)):
            angle = ops.matmul(x, self.frequencies[i])
            h = ops.cat([ops.cos(angle), ops.sin(angle)], 1)
            for layer in self.hidden:
                h = layer(h)
            seen.append(h)
        found: dt.Tensor = self.last(seen[0] if len(seen) == 1 else ops.cat(seen, 1))
        return found
