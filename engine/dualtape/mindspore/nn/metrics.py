"""Metrics: what an evaluation adds up over batches."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError


class Metric:
    """The base of metrics: ``clear``, then ``update(outputs, labels)`` for each batch, then ``eval``."""

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


class _Mean(Metric):
    """A sum over batches by a number of elements."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._total, self._count = 0.0, 0

    def _add(self, total: float, count: int) -> None:
        self._total, self._count = self._total + float(total), self._count + count

    def eval(self) -> float:
        if self._count == 0:
            raise RuntimeError(f"`{type(self).__name__}` has got no batch: call update before eval")
        return self._total / self._count


class MAE(_Mean):
    """The mean over samples of the absolute differences' sum."""

    def update(self, *inputs: Any) -> None:
        outputs, labels = map(self._convert_data, inputs)
        self._add(np.abs(labels.reshape(outputs.shape) - outputs).sum(), outputs.shape[0])


class MSE(_Mean):
    """The mean over samples of the squared differences' sum."""

    def update(self, *inputs: Any) -> None:
        outputs, labels = map(self._convert_data, inputs)
        self._add(np.power(labels.reshape(outputs.shape) - outputs, 2).sum(), outputs.shape[0])


class RootMeanSquareDistance(MSE):
    """The root of :class:`MSE`."""

    def eval(self) -> float:
        return math.sqrt(super().eval())


class Loss(_Mean):
    """The mean of the losses of batches."""

    def update(self, *inputs: Any) -> None:
        loss = self._convert_data(inputs[0])
        self._add(float(loss.mean()), 1)


class Accuracy(_Mean):
    """The share of samples whose class has the largest output."""

    def __init__(self, eval_type: str = "classification") -> None:
        if eval_type not in ("classification", "multilabel"):
            raise ArgumentError(f"`eval_type` of `Accuracy` must be classification or multilabel, got {eval_type!r}")
        super().__init__()
        self._type = eval_type

    def update(self, *inputs: Any) -> None:
        outputs, labels = map(self._convert_data, inputs)
        if self._type == "multilabel":
            same = (outputs == labels).reshape(outputs.shape[0], -1).all(1)
        else:
            classes = labels.argmax(1) if labels.ndim == outputs.ndim else labels
            same = outputs.argmax(1) == classes
        self._add(float(same.sum()), same.size)


class TopKCategoricalAccuracy(_Mean):
    """The share of samples whose class is among the ``k`` largest outputs."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k

    def update(self, *inputs: Any) -> None:
        outputs, labels = map(self._convert_data, inputs)
        classes = labels.argmax(1) if labels.ndim == outputs.ndim else labels
        best = np.argsort(-outputs, 1, kind="stable")[:, : self.k]
        self._add(float((best == classes.reshape(-1, 1)).any(1).sum()), classes.size)


class Top1CategoricalAccuracy(TopKCategoricalAccuracy):
    """The share of samples whose class has the largest output."""

    def __init__(self) -> None:
        super().__init__(1)


class Top5CategoricalAccuracy(TopKCategoricalAccuracy):
    """The share of samples whose class is among the five largest outputs."""

    def __init__(self) -> None:
        super().__init__(5)


_BY_NAME: dict[str, Callable[..., Metric]] = {
    "accuracy": Accuracy, "acc": Accuracy, "loss": Loss, "mae": MAE, "mse": MSE,
    "top_1_accuracy": Top1CategoricalAccuracy, "top_5_accuracy": Top5CategoricalAccuracy,
    "root_mean_square_distance": RootMeanSquareDistance, "topk": TopKCategoricalAccuracy,
}  # fmt: skip


def names() -> list[str]:
    """The names of metrics."""
    return sorted(_BY_NAME)


def get_metric_fn(name: str, *args: Any, **kwargs: Any) -> Metric:
    """The metric of that name."""
    if name not in _BY_NAME:
        raise KeyError(f"There is no metric named {name!r}; there are {', '.join(names())}")
    return _BY_NAME[name](*args, **kwargs)


def get_metrics(metrics: Any) -> dict[str, Metric]:
    """Metrics by name: of a dict, or a set or list of names."""
    if metrics is None:
        return {}
    if isinstance(metrics, dict):
        return dict(metrics)
    return {name: get_metric_fn(name) for name in metrics}
