"""The host and each OpenCL device compute the same, within a stated tolerance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import dualtape as dt
from dualtape import ops
from dualtape.devices.device import Device
from expressions import Expression, problems

Problem = tuple[Expression, list[dt.Tensor]]
# float32, relative to the largest element: a few hundred roundings for a tree of five functions and its derivative.
TOLERANCE = 3e-5


@pytest.mark.parametrize("accelerator", dt.devices()[1:], ids=lambda device: device.name)
def test_value_and_gradient_are_the_hosts(accelerator: Device) -> None:
    # Every new expression compiles kernels: few of them, unless many are asked for.
    few = min(settings().max_examples, 15) if settings().max_examples <= 100 else settings().max_examples

    @settings(max_examples=few)
    @given(problems(max_leaves=4))
    def same(problem: Problem) -> None:
        f, x = problem
        loss = lambda *a: ops.sum(f(*a))
        everything = tuple(range(len(x)))
        expected = dt.value_and_grad(loss, everything)(*x)
        with dt.device(accelerator):
            got = dt.value_and_grad(loss, everything)(*(dt.Tensor(a.asnumpy().astype(np.float32)) for a in x))
        for a, b in zip((got[0], *got[1]), (expected[0], *expected[1]), strict=True):
            assert a.device is accelerator
            scale = max(float(np.abs(b.asnumpy()).max(initial=0)), 1.0)
            np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=0, atol=TOLERANCE * scale)

    same()
