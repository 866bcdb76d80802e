"""Metrics of likeness, and the area under a curve."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.mindspore.nn.metric_base import Metric, rearrange_inputs


class CosineSimilarity(Metric):
    """Products of the rows of the last batch with each other, of rows of length 1 with ``similarity='cosine'``."""

    def __init__(self, similarity: str = "cosine", reduction: str = "none", zero_diagonal: bool = True) -> None:
        for name, value, known in (
            ("similarity", similarity, ("dot", "cosine")), ("reduction", reduction, ("none", "sum", "mean")),
        ):  # fmt: skip
            if value not in known:
                raise ArgumentError(f"`{name}` of `CosineSimilarity` must be {' or '.join(known)}, got {value!r}")
        self.similarity, self.reduction, self.zero_diagonal = similarity, reduction, zero_diagonal
        self.clear()

    def clear(self) -> None:
        """Forget the batch."""
        self._products: np.ndarray | None = None

    @rearrange_inputs
    def update(self, inputs: Any) -> None:
        """Take a matrix."""
        rows = self._convert_data(inputs)
        if rows.ndim != 2:
            raise ArgumentError(f"`update` of `CosineSimilarity` needs a matrix, got shape {rows.shape}")
        if self.similarity == "cosine":
            rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        self._products = rows @ rows.T

    def eval(self) -> Any:
        """The matrix, or its rows' sums or means."""
        if self._products is None:
            raise RuntimeError("`CosineSimilarity` has got no batch: call update before eval")
        products = self._products.copy()
        if self.zero_diagonal:
            np.fill_diagonal(products, 0)
        return products if self.reduction == "none" else getattr(products, self.reduction)(-1)


class Dice(Metric):
    """Twice the product of outputs and labels by the sum of their squares, over batches, by the number of samples."""

    def __init__(self, smooth: float = 1e-5) -> None:
        if not smooth > 0:
            raise ArgumentError(f"`smooth` of `Dice` must be more than 0, got {smooth!r}")
        self.smooth = smooth
        self.clear()

    def clear(self) -> None:
        """Forget all batches."""
        self._total, self._count = 0.0, 0

    @rearrange_inputs
    def update(self, *inputs: Any) -> None:
        """Add a batch of two equal shapes."""
        if len(inputs) != 2:
            raise ArgumentError(f"`update` of `Dice` needs 2 inputs, got {len(inputs)}")
        outputs, labels = map(self._convert_data, inputs)
        if outputs.shape != labels.shape:
            raise ArgumentError(f"`update` of `Dice` got outputs {outputs.shape} and labels {labels.shape}")
        squares = float((outputs * outputs).sum() + (labels * labels).sum())
        self._total += 2 * float((outputs * labels).sum()) / (squares + self.smooth)
        self._count += labels.shape[0]

    def eval(self) -> float:
        """The number."""
        if self._count == 0:
            raise RuntimeError("`Dice` has got no batch: call update before eval")
        return self._total / self._count


def auc(x: Any, y: Any, reorder: bool = False) -> Any:
    """The area under the curve of the points ``x``, ``y``, by trapezoids.

    Examples
    --------
    >>> import numpy as np
    >>> from dualtape.mindspore.train import auc
    >>> float(auc(np.array([0.0, 0.5, 1.0]), np.array([0.0, 1.0, 1.0])))
    0.75
    """
    if not (isinstance(x, np.ndarray) and isinstance(y, np.ndarray)):
        raise ArgumentTypeError(f"`x` and `y` of `auc` must be np.ndarray, got {type(x).__name__}, {type(y).__name__}")
    if x.size != y.size or x.size < 2 or any(one.ndim == 0 or one.shape[0] != one.size for one in (x, y)):
        raise ArgumentError(f"`auc` needs two vectors of one length, 2 or more, got shapes {x.shape} and {y.shape}")
    x, y = x.reshape(-1), y.reshape(-1)
    if reorder:
        order = np.lexsort((y, x))
        x, y = x[order], y[order]
    steps = np.diff(x)
    if (steps < 0).any() and (steps > 0).any():
        raise ArgumentError("`x` of `auc` must rise or fall; `reorder=True` sorts it")
    return np.trapezoid(y, x) * (-1 if (steps < 0).any() else 1)
