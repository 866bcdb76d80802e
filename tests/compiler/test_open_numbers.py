"""A kernel that is built serves for other numbers of points, rates and coefficients: they are not in its text."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dualtape as dt
from dualtape import nn, ops
from dualtape.core.words import is_open, words_of
from dualtape.devices.opencl import opencl_devices

pytestmark = pytest.mark.opencl
DEVICES = opencl_devices()


def network(dtype: dt.DType) -> nn.Cell:
    dt.set_seed(0)
    return nn.MLP(2, 1, width=8, depth=2).astype(dtype)


def training_step(net: nn.Cell, rate: float, viscosity: float, weight: float) -> Callable[..., Any]:
    weights = net.trainable_params()
    update = dt.optim.SGD(weights, 0.1)

    def loss(x: dt.Tensor) -> dt.Tensor:
        u, slope, curvature = dt.partials(net, [(0, 0), (1, 0), (0, 2)])(x)
        return weight * ops.mean((slope + u * slope - viscosity * curvature) ** 2)

    def step(x: dt.Tensor) -> Any:
        value, gradients = dt.value_and_grad(loss, None, weights)(x)
        update(tuple(rate * g for g in gradients))
        return value, [p.value() for p in weights]

    return step


@pytest.mark.parametrize("dtype", [dt.float32, dt.float64], ids=str)
def test_other_numbers_need_no_other_kernels(dtype: dt.DType) -> None:
    """And what they give is what single operations give."""
    rng = np.random.default_rng(0)
    sources = set()
    for number, rate, viscosity, weight in ((300, 0.3, 0.01 / math.pi, 1.7), (1001, 0.01, 0.12, 0.3)):
        x = dt.Tensor(rng.uniform(-1, 1, (number, 2)).astype(dtype.numpy))
        expected = training_step(network(dtype), rate, viscosity, weight)(x)
        jitted = dt.jit(training_step(network(dtype), rate, viscosity, weight), device=DEVICES[0])
        sources.add(jitted.lower(x).kernels())
        eps = np.finfo(dtype.numpy).eps
        for got, wanted in zip(dt.pytree.leaves(jitted(x)), dt.pytree.leaves(expected), strict=True):
            np.testing.assert_allclose(got.asnumpy(), wanted.asnumpy(), rtol=300 * eps, atol=30 * eps)
    (source,) = sources
    assert source


@given(st.floats(allow_nan=False), st.sampled_from([32, 64]))
def test_words_are_the_bits_of_a_number(value: float, bits: int) -> None:
    kind = np.float32 if bits == 32 else np.float64
    with np.errstate(over="ignore"):
        expected = np.asarray(value, kind)
    assert np.array(words_of(value, bits), np.int32).view(kind).tobytes() == expected.tobytes()


def test_numbers_of_formulas_stay_in_the_text() -> None:
    assert not any(map(is_open, (0, 1, -2, 3.0, 0.5, -0.25, 16, True, math.inf, math.nan)))
    assert all(map(is_open, (0.1, 1 / 3, 17, -0.01, 1e300, 1e-300, 5e-324)))


def test_an_int_beyond_all_floats_is_refused_as_eagerly() -> None:
    x = dt.Tensor([1.0], device=DEVICES[0])
    for run in (lambda x: x * 10**400, dt.jit(lambda x: x * 10**400), dt.jit(lambda x: x * 10**400, device=DEVICES[0])):
        with pytest.raises(dt.errors.ArgumentError):
            run(x)
