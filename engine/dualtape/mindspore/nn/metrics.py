"""Metrics: what an evaluation adds up over batches."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError
from dualtape.mindspore.nn.class_metrics import F1 as F1
from dualtape.mindspore.nn.class_metrics import ConfusionMatrix as ConfusionMatrix
from dualtape.mindspore.nn.class_metrics import Fbeta as Fbeta
from dualtape.mindspore.nn.class_metrics import Perplexity as Perplexity
from dualtape.mindspore.nn.class_metrics import Precision as Precision
from dualtape.mindspore.nn.class_metrics import Recall as Recall
from dualtape.mindspore.nn.metric_base import Metric as Metric
from dualtape.mindspore.nn.metric_base import rearrange_inputs as rearrange_inputs
from dualtape.mindspore.nn.similarity_metrics import CosineSimilarity as CosineSimilarity
from dualtape.mindspore.nn.similarity_metrics import Dice as Dice
from dualtape.mindspore.nn.similarity_metrics import auc as auc


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

    @rearrange_inputs
    def update(self, *inputs: Any) -> None:
        outputs, labels = map(self._convert_data, inputs)
        self._add(np.abs(labels.reshape(outputs.shape) - outputs).sum(), outputs.shape[0])


class MSE(_Mean):
    """The mean over samples of the squared differences' sum."""

    @rearrange_inputs
    def update(self, *inputs: Any) -> None:
        outputs, labels = map(self._convert_data, inputs)
        self._add(np.power(labels.reshape(outputs.shape) - outputs, 2).sum(), outputs.shape[0])


class RootMeanSquareDistance(MSE):
    """The root of :class:`MSE`."""

    def eval(self) -> float:
        return math.sqrt(super().eval())


class Loss(_Mean):
    """The mean of the losses of batches."""

    @rearrange_inputs
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

    @rearrange_inputs
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

    @rearrange_inputs
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


_BY_NAME: dict[str, Callable[..., Any]] = {
    "accuracy": Accuracy, "acc": Accuracy, "loss": Loss, "mae": MAE, "mse": MSE,
    "top_1_accuracy": Top1CategoricalAccuracy, "top_5_accuracy": Top5CategoricalAccuracy,
    "root_mean_square_distance": RootMeanSquareDistance, "topk": TopKCategoricalAccuracy,
    "precision": Precision, "recall": Recall, "F1": F1, "confusion_matrix": ConfusionMatrix, "perplexity": Perplexity,
    "cosine_similarity": CosineSimilarity, "dice": Dice, "auc": auc,
}  # fmt: skip


def names() -> list[str]:
    """The names of metrics."""
    return sorted(_BY_NAME)


def get_metric_fn(name: str, *args: Any, **kwargs: Any) -> Any:
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
