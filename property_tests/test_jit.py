"""`jit` changes no meaning: a traced program computes what the eager run does."""

from __future__ import annotations

import numpy as np
from hypothesis import given

import dualtape as dt
from dualtape import ops
from expressions import Expression, problems

Problem = tuple[Expression, list[dt.Tensor]]


@given(problems())
def test_value_and_gradient_are_those_of_the_eager_run(problem: Problem) -> None:
    f, x = problem
    run = dt.value_and_grad(lambda *a: ops.sum(f(*a)), tuple(range(len(x))))
    value, gradients = dt.jit(run)(*x)
    expected, expected_gradients = run(*x)
    for got, wanted in zip((value, *gradients), (expected, *expected_gradients), strict=True):
        scale = max(float(np.abs(wanted.asnumpy()).max(initial=0)), 1.0)
        np.testing.assert_allclose(got.asnumpy(), wanted.asnumpy(), rtol=0, atol=1e-13 * scale)
