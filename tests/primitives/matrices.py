"""Matrices that the tests of their functions are tried on, and parts of what these give."""

from __future__ import annotations

from typing import Any

import numpy as np

TYPES = (np.float16, np.float32, np.float64, np.complex64, np.complex128)


def conditioned(shape: tuple[int, ...], kind: type, seed: int = 0) -> np.ndarray:
    """Matrices with large diagonals, all different; complex ones are so on the diagonal, too."""
    numbers = np.random.default_rng(seed)
    x = numbers.uniform(-1, 1, shape) + np.eye(*shape[-2:]) * (2.5 + np.arange(shape[-2]))[:, None]
    if np.issubdtype(kind, np.complexfloating):
        x = x + 1j * numbers.uniform(-1, 1, shape)
    return x.astype(kind)


def t(x: np.ndarray) -> np.ndarray:
    """The transposed matrices."""
    return x.swapaxes(-1, -2)


def h(x: np.ndarray) -> np.ndarray:
    """The same, conjugated."""
    return t(x).conj()


def parts(packed: np.ndarray, *shapes: tuple[int, ...]) -> list[np.ndarray]:
    """The arrays that lie one after another along the last axis."""
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    assert packed.shape[-1] == ends[-1]
    cuts = np.split(packed, ends[:-1], axis=-1)
    return [x.reshape(*packed.shape[:-1], *shape) for x, shape in zip(cuts, shapes, strict=True)]


class Close:
    """Asserts that arrays agree to some units of rounding of a type, relative to the largest magnitude."""

    def __init__(self, dtype: np.dtype) -> None:
        self.rounding = 60 * float(np.finfo(dtype).eps)

    def __call__(self, found: np.ndarray, expected: Any) -> None:
        size = max(float(np.abs(expected).max(initial=0)), 1.0)
        np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), rtol=0, atol=self.rounding * size)
