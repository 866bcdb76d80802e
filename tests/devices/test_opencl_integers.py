"""Elementwise primitives on OpenCL devices where only equality counts: integers, bools, and comparisons at ties."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

Same = Callable[..., None]
UNARY = ("absolute", "relu", "negative", "square", "sign", "isnan", "isfinite")
BINARY = ("add", "subtract", "multiply", "maximum", "minimum")
COMPARISONS = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
NUMBERS = np.arange(-3, 4, dtype=np.int32)


@pytest.mark.parametrize("name", UNARY)
def test_function_of_integers(same: Same, name: str) -> None:
    same(name, NUMBERS)


@pytest.mark.parametrize("name", [*BINARY, *COMPARISONS])
def test_function_of_two_integers(same: Same, name: str) -> None:
    """Every pair of small ones, equal ones among them."""
    same(name, NUMBERS[:, None], NUMBERS)


@pytest.mark.parametrize("name", [*COMPARISONS, "minimum"])
def test_function_of_two_floats_at_ties_and_limits(same: Same, name: str) -> None:
    values = np.float32([np.nan, np.inf, -np.inf, 0.0, 1.0, -1.0, 2.5])
    same(name, values[:, None], values)


@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor", "equal", "not_equal"])
def test_truth_table(same: Same, name: str) -> None:
    flags = np.array([False, True])
    same(name, flags[:, None], flags)


def test_truth_of_rows(same: Same) -> None:
    rows = np.array([[False, False, False], [False, True, False], [True, True, True]])
    for axis in (0, 1):
        same("any", rows, axes=(axis,))
        same("all", rows, axes=(axis,))


def test_relu_on_both_sides(same: Same) -> None:
    same("relu", np.float32([-2.0, -0.5, 0.0, 0.5, 2.0, np.nan, np.inf, -np.inf]))
