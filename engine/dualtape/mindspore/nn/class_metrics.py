"""Metrics of how samples are put into classes."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.mindspore.nn.metric_base import Metric, rearrange_inputs

_LEAST = sys.float_info.min  # keeps a class that never occurs from dividing by zero


class _OfClasses(Metric):
    """Counts of each class over batches: how often it was predicted, true, and both.

    With ``multilabel``, where a sample may be of several classes, of each sample instead.
    """

    def __init__(self, eval_type: str = "classification") -> None:
        if eval_type not in ("classification", "multilabel"):
            raise ArgumentTypeError(
                f"`eval_type` of `{type(self).__name__}` must be classification or multilabel, got {eval_type!r}"
            )
        self._type = eval_type
        self.clear()

    def clear(self) -> None:
        """Forget all batches."""
        self._classes = 0
        self._predicted = self._true = self._both = np.zeros(0)

    @rearrange_inputs
    def update(self, *inputs: Any) -> None:
        """Add a batch: outputs (N, C), and labels (N,) of classes or (N, C) of ones and zeros."""
        outputs, labels = self._outputs_and_labels(inputs)
        if self._type == "multilabel":
            axis, predicted, true = 1, outputs, labels
        else:
            axis, eye = 0, np.eye(outputs.shape[1])
            predicted, true = eye[outputs.argmax(1).reshape(-1)], eye[labels.reshape(-1)]
        counts = predicted.sum(axis), true.sum(axis), (predicted * true).sum(axis)
        if self._classes and self._type == "classification":
            self._predicted, self._true, self._both = (
                old + new for old, new in zip((self._predicted, self._true, self._both), counts, strict=True)
            )
        else:
            self._predicted, self._true, self._both = (
                np.concatenate(pair) for pair in zip((self._predicted, self._true, self._both), counts, strict=True)
            )
        self._classes = outputs.shape[1]

    def _outputs_and_labels(self, inputs: tuple[Any, ...]) -> tuple[np.ndarray, np.ndarray]:
        name = f"`update` of `{type(self).__name__}`"
        if len(inputs) != 2:
            raise ArgumentError(f"{name} needs 2 inputs, outputs and labels, got {len(inputs)}")
        outputs, labels = map(self._convert_data, inputs)
        if outputs.ndim < 2 or (self._classes and outputs.shape[1] != self._classes):
            raise ArgumentError(f"{name} needs outputs (N, {self._classes or 'C'}), got {outputs.shape}")
        if self._type == "multilabel":
            if outputs.shape != labels.shape or not all(np.isin(x, (0, 1)).all() for x in (outputs, labels)):
                raise ArgumentError(f"{name} needs ones and zeros of one shape (N, C) with eval_type 'multilabel'")
            return outputs, labels
        if labels.shape == outputs.shape and np.isin(labels, (0, 1)).all() and (labels.sum(1) == 1).all():
            labels = labels.argmax(1)
        if labels.shape != (outputs.shape[0], *outputs.shape[2:]):
            raise ArgumentError(f"{name} got labels {labels.shape} for outputs {outputs.shape}")
        if labels.dtype.kind not in "iu":
            raise ArgumentError(f"{name} needs labels that are numbers of classes, got {labels.dtype}")
        if labels.size and not (labels.min() >= 0 and labels.max() < outputs.shape[1]):
            raise ArgumentError(f"{name} got labels outside of the {outputs.shape[1]} classes of the outputs")
        return outputs, labels

    def _share(self, numerator: np.ndarray, denominator: np.ndarray, average: bool) -> Any:
        if self._classes == 0:
            raise RuntimeError(f"`{type(self).__name__}` has got no batch: call update before eval")
        if not isinstance(average, bool):
            raise ArgumentTypeError(f"`average` of `{type(self).__name__}.eval` must be a bool, got {average!r}")
        shares = numerator / (denominator + _LEAST)
        return shares.mean() if average else shares


class Precision(_OfClasses):
    """Of the samples that were put into a class, the share that belongs there.

    Examples
    --------
    >>> import numpy as np
    >>> from dualtape.mindspore import Tensor, train
    >>> metric = train.Precision()
    >>> metric.update(Tensor(np.array([[0.2, 0.5], [0.3, 0.1], [0.9, 0.6]])), Tensor(np.array([1, 0, 1])))
    >>> print(metric.eval())
    [0.5 1. ]
    """

    def eval(self, average: bool = False) -> Any:
        """The share of each class, or their mean."""
        return self._share(self._both, self._predicted, average)


class Recall(_OfClasses):
    """Of the samples that belong into a class, the share that was put there."""

    def eval(self, average: bool = False) -> Any:
        """The share of each class, or their mean."""
        return self._share(self._both, self._true, average)


class Fbeta(_OfClasses):
    """The harmonic mean of precision and recall, with recall counted ``beta`` times."""

    def __init__(self, beta: float) -> None:
        if not beta > 0:
            raise ArgumentError(f"`beta` of `Fbeta` must be more than 0, got {beta!r}")
        super().__init__()
        self.beta = beta

    def eval(self, average: bool = False) -> Any:
        """The mean of each class, or the mean of these."""
        square = self.beta**2
        return self._share((1 + square) * self._both, square * self._true + self._predicted, average)


class F1(Fbeta):
    """The harmonic mean of precision and recall."""

    def __init__(self) -> None:
        super().__init__(1.0)


class ConfusionMatrix(Metric):
    """How many samples of each class (rows) were put into each class (columns).

    ``normalize`` divides by the sum of a row (``'target'``), of a column (``'prediction'``) or of all.
    """

    def __init__(self, num_classes: int, normalize: str = "no_norm", threshold: float = 0.5) -> None:
        if isinstance(num_classes, bool) or not isinstance(num_classes, int):
            raise ArgumentTypeError(f"`num_classes` of `ConfusionMatrix` must be an int, got {num_classes!r}")
        if normalize not in ("target", "prediction", "all", "no_norm"):
            raise ArgumentError(
                f"`normalize` of `ConfusionMatrix` must be target, prediction, all or no_norm, got {normalize!r}"
            )
        self.num_classes, self.normalize, self.threshold = num_classes, normalize, threshold
        self.clear()

    def clear(self) -> None:
        """Forget all batches."""
        self.confusion_matrix = np.zeros((self.num_classes, self.num_classes))
        self._is_updated = False

    @rearrange_inputs
    def update(self, *inputs: Any) -> None:
        """Add a batch: outputs (N, C), or numbers (N,) of which those at the threshold are of class 1; labels (N,)."""
        if len(inputs) != 2:
            raise ArgumentError(f"`update` of `ConfusionMatrix` needs 2 inputs, got {len(inputs)}")
        outputs, labels = map(self._convert_data, inputs)
        if outputs.ndim == labels.ndim + 1:
            classes = outputs.argmax(1)
        elif outputs.ndim == labels.ndim:
            classes = outputs >= self.threshold if outputs.dtype.kind == "f" else outputs
        else:
            raise ArgumentError(f"`update` of `ConfusionMatrix` got outputs {outputs.shape} and labels {labels.shape}")
        if classes.shape != labels.shape:
            raise ArgumentError(f"`update` of `ConfusionMatrix` got outputs {outputs.shape} and labels {labels.shape}")
        true, predicted = labels.reshape(-1).astype(int), classes.reshape(-1).astype(int)
        if any(x.size and not (x.min() >= 0 and x.max() < self.num_classes) for x in (true, predicted)):
            raise ArgumentError(f"`update` of `ConfusionMatrix` got a class outside of its {self.num_classes}")
        np.add.at(self.confusion_matrix, (true, predicted), 1)
        self._is_updated = True

    def eval(self) -> Any:
        """The matrix."""
        if not self._is_updated:
            raise RuntimeError("`ConfusionMatrix` has got no batch: call update before eval")
        counts = self.confusion_matrix
        sums = {"target": counts.sum(1, keepdims=True), "prediction": counts.sum(0, keepdims=True), "all": counts.sum()}
        return counts.copy() if self.normalize == "no_norm" else counts / sums[self.normalize]


class Perplexity(Metric):
    """The exponential of the mean over samples of minus the logarithm of the true class' probability."""

    def __init__(self, ignore_label: int | None = None) -> None:
        if isinstance(ignore_label, bool) or not isinstance(ignore_label, (int, type(None))):
            raise ArgumentTypeError(f"`ignore_label` of `Perplexity` must be an int or None, got {ignore_label!r}")
        self.ignore_label = ignore_label
        self.clear()

    def clear(self) -> None:
        """Forget all batches."""
        self._total, self._count = 0.0, 0

    @rearrange_inputs
    def update(self, *inputs: Any) -> None:
        """Add a batch: probabilities (N, C) and labels (N,)."""
        if len(inputs) != 2:
            raise ArgumentError(f"`update` of `Perplexity` needs 2 inputs, got {len(inputs)}")
        probabilities, labels = map(self._convert_data, inputs)
        if probabilities.ndim != 2 or labels.size != probabilities.shape[0]:
            raise RuntimeError(f"`update` of `Perplexity` got shapes {probabilities.shape} and {labels.shape}")
        classes = labels.reshape(-1).astype(int)
        counted = np.full(classes.shape, True) if self.ignore_label is None else classes != self.ignore_label
        chosen = probabilities[np.flatnonzero(counted), classes[counted]]
        self._total -= float(np.log(np.maximum(1e-10, chosen)).sum())
        self._count += chosen.size

    def eval(self) -> float:
        """The number."""
        if self._count == 0:
            raise RuntimeError("`Perplexity` has got no sample: call update before eval")
        return math.exp(self._total / self._count)
