"""What metrics have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

import dualtape as dt


class Metric:
    """The base of metrics: ``clear``, then ``update(outputs, labels)`` for each batch, then ``eval``."""

    _indexes: Sequence[int] | None = None

    @property
    def indexes(self) -> Sequence[int] | None:
        """Which of the arguments of ``update`` count, for those that :func:`rearrange_inputs` is around."""
        return self._indexes

    def set_indexes(self, indexes: Sequence[int]) -> Metric:
        """Let ``update`` take its arguments from these positions of what it is given."""
        self._indexes = list(indexes)
        return self

    def clear(self) -> None:
        """Forget all batches."""
        raise NotImplementedError

    def update(self, *inputs: Any) -> None:
        """Add a batch."""
        raise NotImplementedError

    def eval(self) -> Any:
        """The number."""
        raise NotImplementedError

    def _convert_data(self, data: Any) -> np.ndarray:
        return data.asnumpy() if isinstance(data, dt.Tensor) else np.asarray(data)


def rearrange_inputs(func: Callable[..., Any]) -> Callable[..., Any]:
    """Around the ``update`` of a metric: it gets what :meth:`Metric.set_indexes` chose."""

    @wraps(func)
    def update(self: Metric, *inputs: Any) -> Any:
        chosen = inputs if self.indexes is None else [inputs[i] for i in self.indexes]
        return func(self, *chosen)

    return update
