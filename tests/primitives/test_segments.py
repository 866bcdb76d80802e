"""Which elements of a row stand for those that share a number: the values themselves, which others only index with."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape as dt
from dualtape.primitives import CATALOGUE


def test_the_last_place_of_each_number_and_none() -> None:
    last_of = CATALOGUE["last_of"].numpy
    np.testing.assert_array_equal(last_of(np.array([0, 2, 0]), size=4), [2, -1, 1, -1])
    rows = np.array([[[0, 0], [1, 0]], [[2, 1], [2, 2]]])
    np.testing.assert_array_equal(last_of(rows, size=3), [[[1, -1, -1], [1, 0, -1]], [[-1, 1, 0], [-1, -1, 1]]])
    assert last_of(np.zeros((2, 0), int), size=2).tolist() == [[-1, -1], [-1, -1]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.uint8])
@pytest.mark.parametrize("largest", [True, False])
def test_the_first_extremum_of_each_number_and_none(largest: bool, dtype: type) -> None:
    extremum_of = CATALOGUE["extremum_of"].numpy
    x: np.ndarray = np.array([[1, 7, 7, 0, 3], [5, 5, 0, 9, 2]], dtype)
    ids = np.array([0, 0, 0, 2, 2])
    expected = [[1, -1, 4, -1], [0, -1, 3, -1]] if largest else [[0, -1, 3, -1], [2, -1, 4, -1]]
    np.testing.assert_array_equal(extremum_of(x, ids, size=4, largest=largest), expected)
    limits = np.iinfo(dtype) if np.issubdtype(dtype, np.integer) else np.finfo(dtype)
    for worst in (limits.min, limits.max) + ((-np.inf, np.inf) if dtype in (np.float32, np.float64) else ()):
        alone = extremum_of(np.array([worst, worst], dtype), np.array([1, 1]), size=2, largest=largest)
        assert alone.tolist() == [-1, 0]


@pytest.mark.parametrize("largest", [True, False])
def test_nan_is_the_extremum(largest: bool) -> None:
    x, ids = dt.Tensor([1.0, np.nan, 3.0, np.nan, 2.0]), dt.Tensor([0, 0, 0, 0, 1])
    found = CATALOGUE["extremum_of"](x, ids, size=2, largest=largest)
    assert found.tolist() == [1, 4]
