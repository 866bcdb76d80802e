"""Kolmogorov-Arnold networks of Chebyshev polynomials."""

from __future__ import annotations

from typing import Any

import dualtape as dt
from dualtape import initializer, nn, ops
from dualtape.pinn.networks.sizes import read_sizes, stream
from dualtape.pinn.sampling import read_count


class ChebyshevKAN(nn.Cell):
    """Layers whose every connection is a polynomial of its own: sums of c T_k(tanh x) over degrees k and inputs x.

    Liu et al. 2024, *KAN: Kolmogorov-Arnold networks*, with splines; Sidharth, Keerthana, Gokul & Anas 2024, *Chebyshev
    polynomial-based Kolmogorov-Arnold networks*, with these polynomials.

    Parameters
    ----------
    in_features, out_features, width, depth, dtype, seed
        As of :class:`dualtape.nn.MLP`.
    degree
        Of the polynomials.

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import pinn
    >>> pinn.ChebyshevKAN(2, 1, width=8, depth=2, degree=4, seed=0)(dt.ops.zeros((5, 2))).shape
    (5, 1)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        width: int = 10,
        depth: int = 2,
        degree: int = 4,
        dtype: Any = dt.float32,
        *,
        seed: Any = None,
    ) -> None:
        super().__init__()
        self.sizes, random = read_sizes(in_features, out_features, width, depth), stream(seed)
        self.degree = read_count("degree", degree)
        ends = [in_features, *[width] * depth, out_features]

        def layer(before: int, after: int) -> nn.Dense:
            # The polynomial of degree 0 is the bias.
            weights = initializer.Normal(1 / (before * (self.degree + 1)))
            return nn.Dense(before * self.degree, after, weights, "zeros", dtype=dtype, seed=random)

        self.layers = nn.CellList([layer(ends[i], ends[i + 1]) for i in range(depth + 1)])

    def construct(self, x: Any) -> dt.Tensor:
        for layer in self.layers:
            x = layer(self._polynomials(ops.tanh(x)))
        found: dt.Tensor = x
        return found

    def _polynomials(self, x: dt.Tensor) -> dt.Tensor:
        """T_1(x) to T_degree(x), side by side."""
        found, before = [x], ops.ones_like(x)
        while len(found) < self.degree:
            found.append(2 * x * found[-1] - before)
            before = found[-2]
        return ops.cat(found, 1)
