"""An integral over nodes at each of many points is one kernel over the points, however the two axes are arranged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from compiler.losses import largest_error
from dualtape import ops
from dualtape.devices.opencl import opencl_devices

DEVICES = opencl_devices()
pytestmark = pytest.mark.opencl
POINTS, NODES = 130, 12
Integral = Callable[[Any, Any, Any, Any], Any]


def network(w: Any, z: Any) -> Any:
    return (ops.tanh(z @ w) * 0.5).sum(-1)


def folded(w: Any, x: Any, s: Any, weights: Any) -> Any:
    """Points and nodes on one axis, points first, beside a column of ones."""
    t = (x * s).reshape(-1, 1)
    return (network(w, ops.cat([t, ops.ones_like(t)], axis=1)).reshape(POINTS, NODES) * weights).sum(-1)


def joined(w: Any, x: Any, s: Any, weights: Any) -> Any:
    """All points for one node, then all for the next one; each node's part is cut out again."""
    z = ops.cat([ops.cat([x * s[k] for k in range(NODES)]), ops.cat([x] * NODES)], axis=1)
    values = network(w, z)
    parts = [values[k * POINTS : (k + 1) * POINTS] * weights[k] for k in range(NODES)]
    return sum(parts[1:], start=parts[0]) + values[2 * POINTS : 4 * POINTS].reshape(2, POINTS).sum(0)


def apart(w: Any, x: Any, s: Any, weights: Any) -> Any:
    """Nodes on an axis in front of the points."""
    z = ops.stack([s.reshape(-1, 1) * x[:, 0], 0 * s.reshape(-1, 1) + x[:, 0]], axis=-1)
    return weights @ network(w, z)


@pytest.mark.parametrize("integral", [folded, joined, apart])
def test_it_is_one_kernel_over_the_points(integral: Integral) -> None:
    rng = np.random.default_rng(3)
    places, weights = np.polynomial.legendre.leggauss(NODES)
    values = rng.normal(size=(2, 16)), rng.random((POINTS, 1)), (places + 1) / 2, weights / 2
    loss = dt.value_and_grad(lambda w, x, s, q: ops.square(integral(w, x, s, q) - x[:, 0]).mean(), (0, 1))
    given = [dt.Tensor(value.astype(np.float32)) for value in values]
    jitted = dt.jit(loss, device=DEVICES[0])
    explanation = jitted.lower(*given).explanation
    assert explanation.count(" operations at ") == 1
    assert f" operations at {POINTS} points" in explanation
    assert "operation by operation" not in explanation
    assert largest_error(jitted(*given), loss(*(dt.Tensor(value) for value in values))) < 1e-5
