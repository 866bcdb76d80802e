"""Activations keep their relative accuracy where they, or their slopes, are small; mpmath is the judge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.devices.device import Device

# Past 9 an argument's own rounding is felt in what falls as exp(-x^2 / 2) does.
POINTS = [-9.0, -7.5, -5.0, -3.0, -1.0, -0.25, 0.25, 1.0]


def _gelu_tanh(x: Any) -> Any:
    return x / (1 + mpmath.exp(-2 * mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3)))


FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], float]] = {
    "gelu": (ops.gelu, lambda x: x * mpmath.ncdf(x), 400),
    "gelu, tanh": (lambda x: ops.gelu(x, "tanh"), _gelu_tanh, 400),
    "silu": (ops.silu, lambda x: x / (1 + mpmath.exp(-x)), 20),
    "softplus": (ops.softplus, lambda x: mpmath.log1p(mpmath.exp(x)), 20),
    "elu": (ops.elu, lambda x: x if x > 0 else mpmath.expm1(x), 20),
    "sigmoid": (ops.sigmoid, lambda x: 1 / (1 + mpmath.exp(-x)), 20),
}  # fmt: skip


def test_the_way_out_for_slopes_where_the_value_rounds_to_1() -> None:
    x = np.array([10.0, 12, 15, 20])
    slope = dt.grad(lambda x: (1 - 2 * ops.sigmoid(-2 * x)).sum())(dt.Tensor(x.astype(np.float32)))
    np.testing.assert_allclose(slope.asnumpy(), 1 / np.cosh(x) ** 2, rtol=1e-5)
    slope = dt.grad(lambda x: (1 - ops.sigmoid(-x)).sum())(dt.Tensor(2 * x.astype(np.float32)))
    np.testing.assert_allclose(slope.asnumpy(), np.exp(-2 * x), rtol=1e-5)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_relative_accuracy(device: Device, name: str, dtype: type, order: int) -> None:
    function, reference, ulps = FUNCTIONS[name]
    points = np.array(POINTS, dtype)
    with mpmath.workdps(60):
        wanted = np.array([float(mpmath.diff(reference, mpmath.mpf(x), order)) for x in POINTS])
    x = dt.Tensor(points)
    got = ops.derivative(function, x, order)[1] if order else function(x)
    np.testing.assert_allclose(got.asnumpy(), wanted.astype(dtype), rtol=ulps * float(np.finfo(dtype).eps))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_log_softmax_and_logsumexp_near_zero(device: Device, dtype: type) -> None:
    """The sum of exponentials is 1 and a little: its logarithm was 0, or had an absolute accuracy."""
    rows = [[20.0, 0.0, -1.0], [0.0, -30.0, -30.0], [3.0, 3.0, -20.0], [-1.0, 2.0, 0.5], [0.0, -5.0, -90.0]]
    x = np.array(rows, dtype)
    with mpmath.workdps(60):
        total = [mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(v)) for v in row)) for row in rows]
        wanted = [[float(v - t) for v in row] for row, t in zip(rows, total, strict=True)]
    tolerance = 20 * float(np.finfo(dtype).eps)
    for run in (lambda f: f, dt.jit):
        np.testing.assert_allclose(run(ops.log_softmax)(dt.Tensor(x)).asnumpy(), wanted, rtol=tolerance)
        found = run(lambda x: ops.logsumexp(x, 1))(dt.Tensor(x)).asnumpy()
        np.testing.assert_allclose(found, [float(t) for t in total], rtol=tolerance)
