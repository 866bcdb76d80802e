"""A small battery: moments, correlation between neighbours, and Kolmogorov and Smirnov's distance, at fixed keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

import dualtape as dt
from dualtape import random
from dualtape.testing import check_derivatives

COUNT = 20_000
# With a probability of 1 in 10,000 that a right sampler is taken for a wrong one; the keys are fixed.
RARE = 1e-4
SAMPLERS: dict[str, tuple[Callable[..., dt.Tensor], Any]] = {
    "uniform": (random.uniform, stats.uniform()),
    "uniform between": (lambda key, shape, **kw: random.uniform(key, shape, -3.0, 1.0, **kw), stats.uniform(-3, 4)),
    "normal": (random.normal, stats.norm()),
    "normal moved": (lambda key, shape, **kw: random.normal(key, shape, 3.0, 0.5, **kw), stats.norm(3, 0.5)),
    "exponential": (lambda key, shape, **kw: random.exponential(key, shape, 2.0, **kw), stats.expon(scale=2)),
    "truncated": (
        lambda key, shape, **kw: random.truncated_normal(key, -0.5, 1.5, shape, **kw), stats.truncnorm(-0.5, 1.5)
    ),
    "right tail": (
        lambda key, shape, **kw: random.truncated_normal(key, 8.0, 9.0, shape, **kw), stats.truncnorm(8, 9)
    ),
    "left tail": (
        lambda key, shape, **kw: random.truncated_normal(key, -dt.ops.full((), np.inf), -6.0, shape, **kw),
        stats.truncnorm(-np.inf, -6),
    ),
    "gamma": (lambda key, shape, **kw: random.gamma(key, 0.4, shape, **kw), stats.gamma(0.4)),
    "beta": (lambda key, shape, **kw: random.beta(key, 2.5, 0.7, shape, **kw), stats.beta(2.5, 0.7)),
}  # fmt: skip
each_sampler = pytest.mark.parametrize(("draw", "law"), SAMPLERS.values(), ids=SAMPLERS)


@pytest.mark.parametrize("dtype", [dt.float32, dt.float64], ids=str)
@each_sampler
def test_sample_has_its_distribution(draw: Callable[..., dt.Tensor], law: Any, dtype: dt.dtype.DType) -> None:
    found = draw(random.key(11), (COUNT,), dtype=dtype)
    assert (found.shape, found.dtype) == ((COUNT,), dtype)
    sample = found.asnumpy().astype(np.float64)
    mean, variance, _, kurtosis = (float(m) for m in law.stats("mvsk"))
    assert abs(sample.mean() - mean) < 4 * np.sqrt(variance / COUNT)
    assert abs(sample.var() - variance) < 4 * variance * np.sqrt((kurtosis + 2) / COUNT)
    assert stats.kstest(sample, law.cdf).pvalue > RARE
    for lag in (1, 2, 4, 64):
        correlation = np.corrcoef(sample[:-lag], sample[lag:])[0, 1]
        assert abs(correlation) < 4 / np.sqrt(COUNT)


def test_each_bit_is_one_half_of_the_time_and_knows_no_other() -> None:
    words = random.bits(random.key(5), (COUNT,)).asnumpy()
    ones = (words[:, None] >> np.arange(32, dtype=np.uint32)) & 1
    assert np.abs(ones.mean(0) - 0.5).max() < 4.5 * 0.5 / np.sqrt(COUNT)
    together = np.corrcoef(ones.T) - np.eye(32)
    assert np.abs(together).max() < 5 / np.sqrt(COUNT)


def test_neighbouring_seeds_keys_and_streams_have_nothing_in_common() -> None:
    near = [random.key(i) for i in range(3)]
    keys = [*near, *random.split(near[0], 3), random.fold_in(near[0], 0), random.fold_in(near[0], 1)]
    together = np.corrcoef([random.normal(key, (COUNT,)).asnumpy() for key in keys]) - np.eye(len(keys))
    assert np.abs(together).max() < 4.5 / np.sqrt(COUNT)


def test_integers_are_equally_frequent() -> None:
    found = random.randint(random.key(3), (COUNT,), -2, 5).asnumpy()
    assert found.dtype == np.int64
    assert stats.chisquare(np.bincount(found + 2, minlength=7)).pvalue > RARE


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [
        (-128, 128, dt.int8),
        (2**63 - 2, 2**63, dt.int64),
        (2**64 - 4, 2**64, dt.uint64),
        (-(2**63), 5 - 2**63, dt.int64),
    ],
)
def test_integers_reach_the_ends_of_their_type(low: int, high: int, dtype: dt.dtype.DType) -> None:
    found = random.randint(random.key(0), (4000,), low, high, dtype).asnumpy()
    assert (found.dtype, int(found.min()), int(found.max())) == (dtype.numpy, low, high - 1)


def test_a_permutation_is_one_of_all_with_equal_probability() -> None:
    orders = dt.vmap(lambda key: random.permutation(key, 3))(random.split(random.key(1), 3000)).asnumpy()
    assert (np.sort(orders, axis=1) == np.arange(3)).all()
    assert stats.chisquare(np.unique(orders @ [9, 3, 1], return_counts=True)[1]).pvalue > RARE
    rows = dt.Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    shuffled = random.permutation(random.key(2), rows, axis=1).asnumpy()
    assert sorted(map(tuple, shuffled.T)) == [(1, 4), (2, 5), (3, 6)]


WEIGHTS = np.array([0.0, 1.0, 3.0, 0.0, 4.0, 0.0])


@pytest.mark.parametrize("weights", [WEIGHTS, WEIGHTS.astype(np.float32), None], ids=["float64", "float32", "equal"])
def test_choices_have_their_probabilities(weights: np.ndarray | None) -> None:
    found = random.choice(random.key(4), 6, (100, 50), p=weights).asnumpy()
    counts = np.bincount(found.ravel(), minlength=6)
    expected = np.full(6, 5000 / 6) if weights is None else 5000 * weights / weights.sum()
    assert (counts[expected == 0] == 0).all()
    assert stats.chisquare(counts[expected > 0], expected[expected > 0]).pvalue > RARE


def test_choices_without_replacement_are_made_one_after_the_other() -> None:
    """The pairs of a first and a second choice, where the second is among what is left."""
    keys = random.split(random.key(6), 3000)
    pairs = dt.vmap(lambda key: random.choice(key, 3, (2,), replace=False, p=dt.Tensor([1.0, 2.0, 5.0])))(keys)
    p = np.array([1, 2, 5]) / 8
    expected = {(i, j): p[i] * p[j] / (1 - p[i]) for i in range(3) for j in range(3) if i != j}
    counts = [int((pairs.asnumpy() == pair).all(1).sum()) for pair in expected]
    assert stats.chisquare(counts, 3000 * np.array([*expected.values()])).pvalue > RARE
    rows = random.choice(random.key(0), dt.Tensor([[1.0, 2.0], [3.0, 4.0]]), (2,), replace=False).asnumpy()
    assert sorted(map(tuple, rows)) == [(1, 2), (3, 4)]


def test_truth_values_and_categories_have_their_probabilities() -> None:
    true = random.bernoulli(random.key(0), 0.3, (COUNT,)).asnumpy()
    assert abs(true.mean() - 0.3) < 4 * np.sqrt(0.21 / COUNT)
    certain = random.bernoulli(random.key(0), dt.Tensor([0.0, 1.0]), (1000, 2)).asnumpy()
    assert not certain[:, 0].any()
    assert certain[:, 1].all()
    logits = dt.ops.log(dt.Tensor([[0.2], [0.5], [0.3]])) + dt.ops.zeros((3, COUNT))
    found = random.categorical(random.key(0), logits, axis=0).asnumpy()
    assert stats.chisquare(np.bincount(found), COUNT * np.array([0.2, 0.5, 0.3])).pvalue > RARE


DIFFERENTIABLE: dict[str, tuple[Callable[..., dt.Tensor], tuple[float, ...]]] = {
    "uniform": (lambda a, b: random.uniform(random.key(0), (5,), a, b), (-1.0, 2.0)),
    "normal": (lambda a, b: random.normal(random.key(0), (5,), a, b), (-1.0, 2.0)),
    "exponential": (lambda a: random.exponential(random.key(0), (5,), a), (2.0,)),
    "truncated normal": (lambda a, b: random.truncated_normal(random.key(0), a, b, (5,)), (0.5, 2.0)),
    "gamma": (lambda a: random.gamma(random.key(0), a, (5,)), (1.7,)),
    "beta": (lambda a, b: random.beta(random.key(0), a, b, (5,)), (1.7, 0.8)),
}


@pytest.mark.parametrize(("draw", "at"), DIFFERENTIABLE.values(), ids=DIFFERENTIABLE)
def test_samples_have_derivatives_by_the_parameters(draw: Callable[..., dt.Tensor], at: tuple[float, ...]) -> None:
    check_derivatives(draw, *(dt.Tensor(x, dt.float64) for x in at), order=2)


def test_slope_of_a_mean_is_that_of_the_distribution() -> None:
    """The mean of the gamma distribution is a, that of the beta distribution a / (a + b)."""
    key = random.key(0)
    by_gamma = dt.grad(lambda a: random.gamma(key, a, (2000,)).mean())(dt.Tensor(3.0, dt.float64))
    assert abs(by_gamma.item() - 1) < 0.03
    by_beta = dt.grad(lambda a: random.beta(key, a, 2.0, (2000,)).mean())(dt.Tensor(3.0, dt.float64))
    assert abs(by_beta.item() - 2 / 25) < 0.003
