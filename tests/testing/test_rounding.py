"""The bound of rounding: above what rounding does, in every element type, and not far above."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.testing import check_derivatives
from dualtape.testing.modes import Tensors
from dualtape.testing.rounding import rounding_bound

NUMBERS = np.linspace(0.3, 2.9, 40)


def bound_and_error(f: Callable[[dt.Tensor], dt.Tensor], x: np.ndarray, exact: np.ndarray) -> tuple[float, float]:
    found = rounding_bound(lambda a: [f(a[0])], [dt.Tensor(x)])
    assert found is not None
    error = np.abs(np.asarray(f(dt.Tensor(x)), np.float64) - exact)
    return float(found[0].max()), float(error.max())


def exact(f: Callable[..., mpmath.mpf], x: np.ndarray) -> np.ndarray:
    with mpmath.workdps(60):
        return np.array([float(f(mpmath.mpf(float(a)))) for a in x.ravel()]).reshape(x.shape)


# Well and ill-conditioned: what is lost by the last subtraction, far out in a tail, near a zero, by a large power.
CASES: dict[str, tuple[Callable[[dt.Tensor], dt.Tensor], Callable[..., mpmath.mpf]]] = {
    "product": (lambda x: x * x * x, lambda x: x**3),
    "exponential": (lambda x: ops.exp(ops.sin(x)), lambda x: mpmath.exp(mpmath.sin(x))),
    "cancelling": (lambda x: (x * x + 10000) - 10000, lambda x: x * x),
    "slope of tanh": (lambda x: 1 - ops.tanh(3 * x) ** 2, lambda x: mpmath.sech(3 * x) ** 2),
    "near a zero": (lambda x: ops.log(1 + x / 1024), lambda x: mpmath.log(1 + x / 1024)),
    "steep": (lambda x: ops.exp(ops.exp(x) - 9), lambda x: mpmath.exp(mpmath.exp(x) - 9)),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("case", CASES)
def test_it_is_above_what_rounding_does_and_not_far(case: str, dtype: type) -> None:
    if dtype is np.float16 and case == "cancelling":
        return  # all is lost, and no bound of first order holds
    f, by_mpmath = CASES[case]
    x = NUMBERS.astype(dtype)
    bound, error = bound_and_error(f, x, exact(by_mpmath, x))
    assert error <= bound
    assert bound <= 1000 * max(error, float(np.finfo(dtype).eps) * 1e-3)


def test_exact_operations_count_for_nothing() -> None:
    moved = lambda x: ops.reshape(ops.concat([x, x]), (2, 40))[1]
    assert bound_and_error(lambda x: moved(x) - moved(x), NUMBERS, np.zeros(40)) == (0, 0)
    assert bound_and_error(lambda x: ops.where(x > 1, x, 0.5).max(), NUMBERS, NUMBERS.max()) == (0, 0)


def test_each_element_type_counts_with_its_own_unit() -> None:
    x = [dt.Tensor(NUMBERS)]
    narrow = rounding_bound(lambda a: [ops.sin((a[0].astype(dt.float32) / 3.15).astype(dt.float64))], x)
    wide = rounding_bound(lambda a: [ops.sin(a[0] / 3.15)], x)
    assert narrow is not None
    assert wide is not None
    assert 1e-9 < narrow[0].max() < 1e-4
    assert wide[0].max() < 1e-13


def test_decisions_are_held() -> None:
    """At a tie the smallest movement would choose otherwise."""
    x = np.array([1.5, 1.5, 1.5])
    index = lambda x: ops.argmax(x).astype(dt.float64) + ops.floor(x * 2).sum() + (x >= 1.5).astype(dt.float64).sum()
    assert max(bound_and_error(index, x, np.array(12.0))) < 1e-12


def test_nothing_is_known_of_what_cannot_be_traced() -> None:
    def looped(x: Tensors) -> Tensors:
        return [ops.fori_loop(0, 5, lambda i, c: ops.sin(c), x[0])]

    assert rounding_bound(looped, [dt.Tensor(NUMBERS)]) is None
    assert rounding_bound(lambda x: [x[0] * float(x[0].sum())], [dt.Tensor(NUMBERS)]) is None
    check_derivatives(lambda x: ops.fori_loop(0, 5, lambda i, c: ops.sin(c) * x, x), dt.Tensor(NUMBERS))


def test_ill_conditioned_derivatives_agree_within_it() -> None:
    """The derivative of a saturated tanh of a sum of equal terms: by 4000 roundings it was wrong."""

    def f(x: dt.Tensor) -> dt.Tensor:
        y = ops.sin(ops.log2(ops.sin(x) * 1.56 + 2.05)) * 1.6
        return ops.tanh(ops.stack([y, y, y]) @ ops.stack([y, y, y])) * 2.4

    for a in (0.0, 0.01, 0.3, 0.7):
        check_derivatives(f, dt.Tensor(np.array(a)), order=3)


@pytest.mark.parametrize("error", [1e-6, 1e-9, 1e-11])
def test_a_rule_that_is_wrong_by_little_is_found(error: float) -> None:
    almost = dt.custom_derivative(ops.sin, partials=lambda x, y: ops.cos(x) * (1 + error))
    with pytest.raises(AssertionError, match="differ by"):
        check_derivatives(lambda x: almost(x) * ops.exp(x), dt.Tensor(NUMBERS), order=2)
