"""What would give a wrong number without a word is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops

X = dt.Tensor(np.arange(6.0).reshape(2, 3))
MASKED = np.ma.masked_array([1.0, 2.0], [True, False])


@pytest.mark.parametrize(
    "use",
    [
        dt.Tensor, dt.Tensor.from_numpy, dt.Parameter, lambda m: dt.Tensor([m, m]), lambda m: dt.Tensor([1.0]) + m,
        ops.sin, lambda m: ops.stack([m, m]),
    ],
)  # fmt: skip
def test_masked_arrays_lost_their_mask(use: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match=r"masked array, whose mask a Tensor cannot keep.*filled"):
        use(MASKED)
    assert dt.Tensor(MASKED.filled(0.0)).tolist() == [0, 2]


@pytest.mark.parametrize(
    "key",
    [
        [True], [True, False, True, False], np.ones((2, 2), bool), np.ones((3, 3), bool), (slice(None), [True, False]),
        (..., [True, True]), (None, [True, True, True]), (0, np.ones((2, 3), bool)[0][:2]), np.zeros(4, bool),
    ],
)  # fmt: skip
def test_masks_of_another_length_were_accepted(key: Any) -> None:
    with pytest.raises(IndexError, match="mask"):
        X[key]
    with pytest.raises(IndexError):
        X.asnumpy()[key]


@pytest.mark.parametrize(
    "key",
    [
        [True, False], np.ones((2, 3), bool), (slice(None), [True, False, True]), (..., [False, True, True]),
        (None, [True, False]), (0, [True, False, True]), ([False, True], 2), ([True, False], None, slice(1)),
    ],
)  # fmt: skip
def test_masks_of_the_right_length(key: Any) -> None:
    np.testing.assert_array_equal(X[key].asnumpy(), X.asnumpy()[key])


@pytest.mark.parametrize(
    "make", [lambda: X, lambda: X.reshape(3, 2).T, lambda: X[:, 1:], lambda: X.broadcast_to((4, 2, 3))]
)
def test_arrays_of_tensors_could_be_made_writable(make: Callable[[], dt.Tensor]) -> None:
    for array in (make().asnumpy(), np.asarray(make())):
        owner: Any = array
        while isinstance(owner, np.ndarray):
            with pytest.raises(ValueError, match="WRITEABLE"):
                owner.setflags(write=True)
            owner = owner.base


@pytest.mark.parametrize("number", [3, -1, 100])
def test_classes_that_no_logit_has_counted_nothing(number: int) -> None:
    logits = dt.Tensor(np.zeros((2, 3), np.float32))
    with pytest.raises(IndexError, match=f"holds the class {number}; expected 0 to 2"):
        ops.cross_entropy(logits, dt.Tensor([0, number]))
    np.testing.assert_allclose(ops.cross_entropy(logits, dt.Tensor([0, number]), ignore_index=number), np.log(3), 1e-6)
    np.testing.assert_allclose(ops.cross_entropy(logits, dt.Tensor([0, -100])), np.log(3), 1e-6)
