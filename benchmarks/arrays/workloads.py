"""Programs on arrays, each written once for all engines, with what it has to move and to compute."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

Shapes = tuple[tuple[int, ...], ...]


class ArrayProgram(NamedTuple):
    """A function of arrays.

    Attributes
    ----------
    function
        Of an engine's namespace, then of its arrays.
    shapes
        Of the arguments.
    result
        The result's.
    flops
        Operations on numbers that it must do, a call of `tanh` or `exp` being 20.
    reference
        The operation that passes once over as much memory, eagerly by this library, and how often: the limit.
    """

    function: Callable[..., Any]
    shapes: Shapes
    result: tuple[int, ...]
    flops: int
    reference: tuple[str, float] | None = None

    def least_bytes(self, itemsize: int) -> int:
        """Of arguments and result, each moved once."""
        return itemsize * (sum(map(prod, self.shapes)) + prod(self.result))

    def arguments(self, dtype: str) -> list[np.ndarray]:
        numbers = np.random.default_rng(0)
        return [numbers.standard_normal(shape).astype(dtype) for shape in self.shapes]


N = 10_000_000
_LONG = ((N,), (N,))
_WIDE = ((4000, 2500),)


def _chain(xp: Any, a: Any, b: Any) -> Any:
    return xp.tanh(a * b + 1) * a


def _softmax(xp: Any, a: Any) -> Any:
    e = xp.exp(a - xp.rows(xp.row_max(a)))
    return e / xp.rows(xp.row_sum(e))


def _layer(xp: Any, a: Any, w: Any, b: Any) -> Any:
    return xp.tanh(a @ w + b)


PROGRAMS: dict[str, ArrayProgram] = {
    "chain": ArrayProgram(_chain, _LONG, (N,), 23 * N, ("add", 1)),
    "chain, sum": ArrayProgram(lambda xp, a, b: _chain(xp, a, b).sum(), _LONG, (), 24 * N, ("sum", 2)),
    "transpose": ArrayProgram(lambda xp, a: xp.transposed(a), _WIDE, (2500, 4000), 0),
    "column sums": ArrayProgram(lambda xp, a: a.sum(0), _WIDE, (2500,), N),
    "row sums": ArrayProgram(lambda xp, a: a.sum(1), _WIDE, (4000,), N),
    "chain, column sums": ArrayProgram(lambda xp, a: xp.tanh(a * 2 + 1).sum(0), _WIDE, (2500,), 22 * N),
    "chain, row sums": ArrayProgram(lambda xp, a: xp.tanh(a * 2 + 1).sum(1), _WIDE, (4000,), 22 * N),
    "chain of transpose": ArrayProgram(
        lambda xp, a, b: xp.tanh(a.T * b), ((4000, 2500), (2500, 4000)), (2500, 4000), 21 * N
    ),
    "softmax": ArrayProgram(_softmax, _WIDE, _WIDE[0], 24 * N),
    "product 20": ArrayProgram(lambda xp, a, b: a @ b, ((40_000, 20), (20, 20)), (40_000, 20), 2 * 40_000 * 400),
    "product 50": ArrayProgram(lambda xp, a, b: a @ b, ((20_000, 50), (50, 50)), (20_000, 50), 2 * 20_000 * 2500),
    "product 1000": ArrayProgram(lambda xp, a, b: a @ b, ((1000, 1000),) * 2, (1000, 1000), 2 * 10**9),
    "layer": ArrayProgram(_layer, ((40_000, 50), (50, 50), (50,)), (40_000, 50), 40_000 * 50 * 121),
    "small products": ArrayProgram(
        lambda xp, a, b: a @ b, ((100_000, 4, 4), (100_000, 4, 4)), (100_000, 4, 4), 100_000 * 128
    ),
}
