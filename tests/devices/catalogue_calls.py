"""Calls of every primitive of the catalogue, with numbers from its domain, for tests that compare what devices give."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualtape.core.example import Complexes, Dominant, Example, Indices, Reals
from dualtape.core.primitive import Elementwise, Primitive
from dualtape.testing.operands import draw_input


def calls(primitive: Primitive, dtype: str) -> list[tuple[list[np.ndarray], dict[str, Any]]]:
    """Inputs and parameters to try a primitive on."""
    rng = np.random.default_rng(7)
    if not isinstance(primitive, Elementwise):
        return [([_draw(rng, x, dtype) for x in example.inputs], example.params) for example in _examples(primitive)]
    # The second input repeats along an axis, and rows are no whole number of vectors.
    inputs = [
        rng.uniform(low, high, (3, 37) if i == 0 else (37,)).astype(dtype)
        for i, (low, high) in enumerate(primitive.domain)
    ]
    return [(inputs, params) for params in primitive.params]


def _examples(primitive: Primitive) -> tuple[Example, ...]:
    examples: tuple[Example, ...] = primitive.examples  # type: ignore[attr-defined]
    return examples


def _draw(rng: np.random.Generator, x: Any, dtype: str) -> np.ndarray:
    if isinstance(x, Reals):
        return np.asarray(rng.uniform(x.low, x.high, x.shape)).astype(dtype)
    if isinstance(x, Complexes):
        parts = (rng.uniform(x.low, x.high, x.shape).astype(dtype) for _ in range(2))
        return np.asarray(next(parts) + 1j * next(parts))
    if isinstance(x, Dominant):
        return draw_input(x, rng).astype(dtype)
    if isinstance(x, Indices):
        return np.asarray(rng.integers(0, x.size, x.shape))
    return np.asarray(rng.integers(0, 2, x.shape)).astype(bool)
