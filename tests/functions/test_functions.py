"""Every function of `dualtape.ops` against NumPy or SciPy, and its derivatives: one that has no case fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dualtape import pytree
from dualtape.testing import check_derivatives
from functions.all_cases import CASES, FUNCTIONS
from functions.cases import Case, convert

EVERY = [pytest.param(name, case, id=f"{name}-{i}") for name in CASES for i, case in enumerate(CASES[name])]


def holds_floats(x: Any) -> bool:
    arrays = (leaf for leaf in pytree.leaves(x) if isinstance(leaf, (np.ndarray, np.generic)))
    return any(array.dtype == np.float64 for array in arrays)


OF_FLOATS = [pytest.param(name, cases[0], id=name) for name, cases in CASES.items() if holds_floats(cases[0].args)]
SMOOTH = [
    pytest.param(name, case, id=f"{name}-{i}")
    for name in CASES
    for i, case in enumerate(CASES[name])
    if case.smooth and holds_floats(case.args) and holds_floats(case.reference(*case.args))
]


def test_every_function_has_a_case() -> None:
    covered = {FUNCTIONS[name] for name in CASES}
    assert [name for name, function in FUNCTIONS.items() if function not in covered] == []


def values(outputs: Any) -> list[np.ndarray]:
    return [np.asarray(y) for y in pytree.leaves(outputs)]


@pytest.mark.parametrize(("name", "case"), EVERY)
def test_value(name: str, case: Case) -> None:
    got = values(FUNCTIONS[name](*convert(case.args, np.float64), **case.kwargs))
    expected = values(case.reference(*case.args))
    assert [y.shape for y in got] == [y.shape for y in expected]
    for a, b in zip(got, expected, strict=True):
        assert a.dtype.kind == b.dtype.kind
        rtol = 1e-13 * case.condition if a.dtype == np.float64 else 1e-6
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize(("name", "case"), OF_FLOATS)
def test_floats_keep_their_type(name: str, case: Case, dtype: type) -> None:
    got = values(FUNCTIONS[name](*convert(case.args, dtype), **case.kwargs))
    expected = values(case.reference(*case.args))
    for a, b in zip(got, expected, strict=True):
        if b.dtype.kind == "f":
            assert a.dtype == dtype
            rounding = 40 * case.condition * float(np.finfo(dtype).eps)
            np.testing.assert_allclose(a, b, rtol=rounding, atol=rounding)


@pytest.mark.parametrize(("name", "case"), SMOOTH)
def test_derivatives(name: str, case: Case) -> None:
    check_derivatives(lambda *a: FUNCTIONS[name](*a, **case.kwargs), *convert(case.args, np.float64))
