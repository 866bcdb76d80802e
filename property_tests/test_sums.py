"""Sums of 1 to 10^8 terms are right to 1e-6 of the result for like terms in Float32, whatever is made of them.

Float16 is added up in Float32 and rounded once. The longest sums are made in the nightly profile only, and large ones
there are drawn rarely: 10^8 numbers of Float32 are 400 MB.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualtape as dt
from drawn import fewer
from dualtape import nn, ops
from dualtape.testing.targets import Target

NIGHTLY = settings().max_examples >= 1000
LONGEST = 10**8 if NIGHTLY else 10**6
BOUND = {np.float64: 1e-14, np.float32: 1e-6, np.float16: 2.0**-11 * 1.01}


def _deviation(x: np.ndarray, axis: Any) -> np.ndarray:
    return np.asarray(x - x.mean(axis, keepdims=True))


# What is made along an axis, and what it is in NumPy's Float64.
FUNCTIONS: dict[str, tuple[Callable[[dt.Tensor, Any], dt.Tensor], Callable[[np.ndarray, Any], np.ndarray]]] = {
    "sum": (lambda x, axis: ops.sum(x, axis), lambda x, axis: x.sum(axis)),
    "mean": (lambda x, axis: ops.mean(x, axis), lambda x, axis: x.mean(axis)),
    "var": (lambda x, axis: ops.var(x, axis), lambda x, axis: (_deviation(x, axis) ** 2).mean(axis)),
    "std": (lambda x, axis: ops.std(x, axis), lambda x, axis: np.sqrt((_deviation(x, axis) ** 2).mean(axis))),
    "norm": (lambda x, axis: ops.norm(x, dim=axis), lambda x, axis: np.sqrt((x * x).sum(axis))),
    "product of ones": (
        lambda x, axis: ops.tensordot(ops.ones_like(x).reshape(-1), x.reshape(-1), 1), lambda x, axis: x.sum(),
    ),
    "gradient of a bias": (
        lambda x, axis: dt.grad(lambda b: (x * b).sum())(ops.ones(x.shape[-1:], dtype=x.dtype)),
        lambda x, axis: x.sum(tuple(range(x.ndim - 1))),
    ),
    "mean squared error": (lambda x, axis: nn.MSELoss()(x, 0 * x), lambda x, axis: (x * x).mean()),
    "mean absolute error": (lambda x, axis: nn.L1Loss()(x, 0 * x), lambda x, axis: np.abs(x).mean()),
    "gradient of a loss": (
        lambda x, axis: dt.grad(lambda c: nn.MSELoss()(c * x, 0 * x))(ops.ones((), dtype=x.dtype)),
        lambda x, axis: 2 * (x * x).mean(),
    ),
}  # fmt: skip
# What is a product of means, or a mean of products, is rounded at each of them.
ROUNDED = {"gradient of a loss": 3, "mean squared error": 2, "mean absolute error": 2, "var": 2, "std": 2}
# In Float16 these would be beyond the largest number.
LARGE = ("sum", "product of ones", "gradient of a bias", "norm")


def terms(shape: tuple[int, ...], spread: float, seed: int, dtype: Any) -> np.ndarray:
    """Numbers around 1, a thousand different ones."""
    numbers = 1 + spread * np.random.default_rng(seed).uniform(-1, 1, 1009)
    return np.resize(numbers.astype(dtype), shape)


def agree(name: str, x: np.ndarray, axis: Any, target: Target) -> None:
    function, by_numpy = FUNCTIONS[name]
    found = target(lambda x: function(x, axis))(dt.Tensor(x)).asnumpy()
    assert found.dtype == x.dtype
    wider = np.longdouble if x.dtype == np.float64 else np.float64
    wanted = by_numpy(x.astype(wider), axis).astype(np.float64)
    roundings = ROUNDED.get(name, 1) if x.dtype == np.float16 else 1
    small = 0.0
    if x.dtype == np.float16 and name == "gradient of a loss":
        # The cotangents of the elements, 2 x / N, are below the normal numbers of Float16, which keep no relative
        # accuracy: each is off by half of the least number, and the gradient by the sum of that times x.
        small = 2.0**-25 * float(np.abs(x).sum(dtype=np.float64))
    np.testing.assert_allclose(found, wanted, rtol=roundings * BOUND[x.dtype.type], atol=small)


sizes = st.one_of(
    st.integers(1, 70), st.integers(71, 9000), st.integers(9001, 10**5),
    st.sampled_from([10**5] * 30 + [10**6] * 4 + [10**7]) if NIGHTLY else st.just(10**5),
)  # fmt: skip
others = st.lists(st.integers(1, 4), max_size=2)
MOST = 2 * 10**7
"""Elements in all: functions of float64 hold several arrays of their size at once."""


@pytest.mark.dualtape_devices
@fewer(4)
@given(
    name=st.sampled_from(sorted(FUNCTIONS)), size=sizes, before=others, after=others,
    spread=st.sampled_from([0.5, 0.01]), seed=st.integers(0, 99), dtype=st.sampled_from([np.float32, *BOUND]),
)  # fmt: skip
def test_along_any_axis(
    name: str, size: int, before: list[int], after: list[int], spread: float, seed: int, dtype: Any,
    dualtape_device: Target,
) -> None:  # fmt: skip
    if dtype is np.float16 and (name in LARGE or spread < 0.5):
        return
    axis = None if seed % 5 == 0 else len(before)
    size = min(size, MOST // math.prod((*before, *after)))
    agree(name, terms((*before, size, *after), spread, seed, dtype), axis, dualtape_device)


@pytest.mark.parametrize("shape", [(LONGEST,), (LONGEST // 4, 4), (2, LONGEST // 4, 2)], ids=len)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_of_very_many_terms(name: str, shape: tuple[int, ...], dualtape_device: Target) -> None:
    x = terms(shape, 0.5, 0, np.float32)
    agree(name, x, len(shape) // 2, dualtape_device)
