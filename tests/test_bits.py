"""Values are told apart by type and bits, and found again by them."""

from __future__ import annotations

import numpy as np
import pytest

from dualtape.bits import exact_key, same_bits


def test_arrays() -> None:
    zeros = np.array([0.0, -0.0])
    assert not same_bits(zeros[:1], zeros[1:])
    assert same_bits(np.array([np.nan]), np.array([np.nan]))
    assert not same_bits(zeros, zeros.astype(np.float32))
    assert not same_bits(zeros, zeros[:1])
    assert same_bits(np.broadcast_to(zeros[1], (3, 2)), np.full((2, 3), -0.0).T)


def test_slices_and_types() -> None:
    assert exact_key(slice(0, 1)) == exact_key(slice(0, 1)) != exact_key(slice(0, True))
    assert exact_key(int) != exact_key(float)


def test_what_has_no_hash_has_no_key() -> None:
    with pytest.raises(TypeError):
        exact_key({1})
    with pytest.raises(TypeError):
        exact_key((1, [np.zeros(2)]))
