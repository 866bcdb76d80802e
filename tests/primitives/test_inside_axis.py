"""The check of indices names the first one that is outside, and the axis."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape as dt
from dualtape.core.primitive import CATALOGUE


@pytest.mark.parametrize(
    ("indices", "named"), [([-4, 3, 9, -5], 9), ([0, -5, 4], -5), ([4, -9], 4), ([-4, -6], -6), ([1, 4], 4)]
)
def test_the_first_index_outside_is_named(indices: list[int], named: int) -> None:
    """From -4 on: an index counts from the end."""
    with pytest.raises(IndexError, match=f"^index {named} is outside axis 1 of size 4"):
        CATALOGUE["inside_axis"].numpy(np.array(indices), size=4, axis=1)
    x = dt.Tensor(np.zeros((2, 4)))
    with pytest.raises(IndexError, match=f"^index {named} is outside axis 1 of size 4"):
        dt.ops.take(x, dt.Tensor(indices), axis=1)


def test_indices_inside_are_handed_on() -> None:
    indices = np.array([[-4, 3], [0, -1]])
    assert CATALOGUE["inside_axis"].numpy(indices, size=4, axis=1) is indices
    empty = np.zeros((0,), np.int64)
    assert CATALOGUE["inside_axis"].numpy(empty, size=0, axis=0) is empty
