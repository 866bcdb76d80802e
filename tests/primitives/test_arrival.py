"""What `require_arrival` says of integrations that have stopped: of one, and of some of many."""

from __future__ import annotations

import numpy as np
import pytest

from dualtape.errors import IntegrationError
from dualtape.primitives import CATALOGUE

REASONS = ("it was tired", "it was late")


def arrive(status: object) -> np.ndarray:
    shape = np.shape(status)
    time, size, count = np.full(shape, 0.25), np.full(shape, 0.125), np.full(shape, 7)
    for values in (time, size, count):
        values[...] += np.arange(values.size).reshape(shape).astype(values.dtype)
    found: np.ndarray = CATALOGUE["require_arrival"].numpy(np.array(status), time, size, count, reasons=REASONS)
    return found


@pytest.mark.parametrize("status", [0, [0, 0, 0]], ids=str)
def test_all_have_arrived(status: object) -> None:
    found = arrive(status)
    assert isinstance(found, np.ndarray)
    assert found.shape == np.shape(status)
    assert not found.any()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (2, "the integration stopped at t = 0.25, in step 7 of size 0.125: it was late"),
        ([2], "the integration of example 0 stopped at t = 0.25, in step 7 of size 0.125: it was late"),
        (
            [[0, 0, 0], [0, 1, 2]],
            "the integration of example 1, 1 stopped at t = 4.25, in step 11 of size 4.12: it was tired "
            "(2 of 6 examples failed)",
        ),
        (
            [0, 1],
            "the integration of example 1 stopped at t = 1.25, in step 8 of size 1.12: it was tired "
            "(1 of 2 examples failed)",
        ),
    ],
    ids=str,
)  # fmt: skip
def test_the_first_that_has_not_is_named(status: object, words: str) -> None:
    with pytest.raises(IntegrationError) as caught:
        arrive(status)
    assert str(caught.value) == words
