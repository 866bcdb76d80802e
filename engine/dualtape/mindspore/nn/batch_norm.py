"""Batch normalization of vectors."""

from __future__ import annotations

from typing import Any

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.mindspore.common.first_values import initializer
from dualtape.mindspore.nn import faces as nn


class BatchNorm1d(nn.Cell):
    """Mean 0 and variance 1 of each feature over the batch, then a factor and a summand that are learned.

    While it trains it takes mean and variance of the batch, and keeps running ones; else it takes these
    (Ioffe and Szegedy, 2015, algorithms 1 and 2). Inputs are (N, C) or (N, C, L), in training with two values
    or more of each feature.

    Parameters
    ----------
    momentum
        The share of the running values that stays at each batch.
    affine
        Whether factor ``gamma`` and summand ``beta`` are learned.
    use_batch_statistics
        Whether to take those of the batch: always, never, or, with None, while it trains.

    Examples
    --------
    >>> from dualtape.mindspore import Tensor, nn
    >>> norm = nn.BatchNorm1d(1).set_train()
    >>> print(norm(Tensor([[1.0], [3.0]])), norm.moving_mean.asnumpy())
    [[-0.999995]
     [ 0.999995]] [0.2]
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.9,
        affine: bool = True,
        gamma_init: Any = "ones",
        beta_init: Any = "zeros",
        moving_mean_init: Any = "zeros",
        moving_var_init: Any = "ones",
        use_batch_statistics: bool | None = None,
        data_format: str = "NCHW",
        dtype: Any = dt.float32,
    ) -> None:
        super().__init__()
        if isinstance(num_features, bool) or not isinstance(num_features, int):
            raise ArgumentTypeError(
                f"For 'BatchNorm1d', the type of 'num_features' should be 'int', but got type {type(num_features)}."
            )
        if num_features < 1:
            raise ArgumentError(f"For 'BatchNorm1d', the 'num_features' must be at least 1, but got {num_features}.")
        if not 0 <= momentum <= 1:
            raise ArgumentError(
                f"For 'BatchNorm1d', the 'momentum' must be a number in range [0, 1], but got {momentum}."
            )
        if use_batch_statistics not in (True, False, None) or data_format != "NCHW":
            raise ArgumentError(
                "`BatchNorm1d` needs `use_batch_statistics` True, False or None, and `data_format` NCHW"
            )
        self.num_features, self.eps, self.momentum = num_features, eps, 1.0 - momentum
        self.use_batch_statistics = use_batch_statistics

        def first(init: Any) -> Any:
            return initializer(init, (num_features,), dtype)

        self.moving_mean = dt.Parameter(first(moving_mean_init), name="mean", requires_grad=False)
        self.moving_variance = dt.Parameter(first(moving_var_init), name="variance", requires_grad=False)
        self.gamma = dt.Parameter(first(gamma_init), name="gamma", requires_grad=affine)
        self.beta = dt.Parameter(first(beta_init), name="beta", requires_grad=affine)

    def construct(self, x: Any) -> Any:
        if x.ndim not in (2, 3):
            raise ArgumentError(f"For 'BatchNorm1d', the must have 2 dims or 3 dims, but got {x.ndim}.")
        if x.shape[1] != self.num_features:
            raise ShapeError(f"`BatchNorm1d` of {self.num_features} features got an input of shape {x.shape}")
        axes, size = ((0,), (1, -1)) if x.ndim == 2 else ((0, 2), (1, -1, 1))
        wide = o.cast(x, dt.float32) if x.dtype is dt.float16 else x
        takes_batch = self.training if self.use_batch_statistics is None else self.use_batch_statistics
        if takes_batch:
            mean, variance = o.mean(wide, axes), o.var(wide, axes)
            self._run_on(mean, variance, x.size // self.num_features)
        else:
            mean, variance = self.moving_mean.value(), self.moving_variance.value()
        mean, variance, gamma, beta = (o.reshape(one, size) for one in (mean, variance, self.gamma, self.beta))
        return o.cast((wide - mean) / o.sqrt(variance + self.eps) * gamma + beta, x.dtype)

    def _run_on(self, mean: Any, variance: Any, count: int) -> None:
        """Bring the running values nearer to those of a batch: mean, and the estimate of the variance without bias."""
        if count < 2:
            raise ArgumentError("`BatchNorm1d` needs two values or more of each feature while it trains, got one")
        unbiased = variance * (count / (count - 1))
        for running, new in ((self.moving_mean, mean), (self.moving_variance, unbiased)):
            o.assign(running, running + self.momentum * (o.stop_gradient(new) - running))

    def extend_repr(self) -> str:
        return (
            f"num_features={self.num_features}, eps={self.eps}, momentum={1.0 - self.momentum}, gamma={self.gamma}, "
            f"beta={self.beta}, moving_mean={self.moving_mean}, moving_variance={self.moving_variance}"
        )
