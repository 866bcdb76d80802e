"""Random Fourier features: sines and cosines in front of a network, which learns fine structure late otherwise."""

from __future__ import annotations

import math

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError
from dualtape.pinn.sampling import read_count


class FourierFeatures(dt.nn.Cell):
    """``cos(2 pi B x)`` and ``sin(2 pi B x)``, with a random matrix B that is not trained.

    References: Tancik et al. 2020, *Fourier features let networks learn high frequency functions in low dimensional
    domains* (arXiv:2006.10739); for physics-informed networks Wang, Wang & Perdikaris 2021 (arXiv:2012.10047).

    Parameters
    ----------
    inputs
        How many: those of the network, which run from -1 to 1 where :func:`solve` scales them.
    features
        How many waves; twice as many numbers come out.
    scale
        The standard deviation of the elements of B: how fine the structure is.
    seed
        Of B.
    dtype
        Its element type.

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import nn, pinn
    >>> network = nn.SequentialCell([pinn.FourierFeatures(2, 16, scale=2.0), nn.MLP(32, 1)])
    >>> network(dt.ops.zeros((5, 2))).shape
    (5, 1)
    """

    def __init__(
        self, inputs: int, features: int, scale: float = 1.0, seed: int = 0, dtype: dt.dtype.DType = dt.float32
    ) -> None:
        super().__init__()
        shape = read_count("inputs", inputs), read_count("features", features)
        if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not 0 < scale < math.inf:
            raise ArgumentError(f"`scale` of `FourierFeatures` must be a positive, finite number, got {scale!r}")
        drawn = np.random.default_rng(read_count("seed", seed, 0)).normal(scale=2 * np.pi * scale, size=shape)
        self.frequencies = dt.Parameter(dt.Tensor(drawn, dtype), name="frequencies", requires_grad=False)

    def construct(self, x: dt.Tensor) -> dt.Tensor:
        angles = x @ self.frequencies
        return dt.ops.concat([dt.ops.cos(angles), dt.ops.sin(angles)], axis=1)
