"""A stated derivative against differences of the function: extrapolated central ones along one direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.autodiff.rules.custom_rules import CustomRule, VjpRule
from dualtape.devices.registry import HOST, device
from dualtape.errors import ArgumentTypeError
from dualtape.tensor import Tensor

_STEPS = 7


def compare_with_differences(rule: CustomRule, inputs: list[Any], rtol: float, seed: int) -> None:
    """Raise an AssertionError where the derivative of ``rule`` is not that of its function."""
    moving = [isinstance(x, Tensor) and x.dtype.is_float for x in inputs]
    if not any(moving):
        raise ArgumentTypeError(f"`check` of `{rule.name}` needs a Tensor of floats among the arguments")
    numbers = np.random.default_rng(seed)
    with device(HOST):
        points = [_precise(x) if isinstance(x, Tensor) else x for x in inputs]
        tangents = [
            Tensor(numbers.normal(size=x.shape)) if moves else None for x, moves in zip(points, moving, strict=True)
        ]

        def along(t: float) -> np.ndarray:
            moved = [x if v is None else x + v * t for x, v in zip(points, tangents, strict=True)]
            return np.concatenate([np.asarray(y, np.float64).ravel() for y in rule.run(moved)])

        outputs = rule.run(points)
        expected = _split(_differences(along), [np.shape(y) for y in outputs])
        weights = [Tensor(numbers.normal(size=np.shape(e))) for e in expected]
        total = sum(float(np.vdot(w, e)) for w, e in zip(weights, expected, strict=True))
        if not isinstance(rule, VjpRule):
            pushed = rule.linear(points, outputs)(tangents)
            for k, (slope, e) in enumerate(zip(pushed, expected, strict=True)):
                found = np.zeros_like(e) if slope is None else np.asarray(slope, np.float64)
                _require_equal(f"the tangent of output {k} of `{rule.name}`", found, e, rtol)
        pulled = rule.transpose(points, outputs, list(weights), moving)
        products = [
            float((np.asarray(v) * np.asarray(g)).sum())
            for v, g in zip(tangents, pulled, strict=True)
            if v is not None and g is not None
        ]
        size = max(abs(total), *map(abs, products), 0.0) if products else abs(total)
        title = f"the cotangents of `{rule.name}` times a direction"
        _require_equal(title, np.asarray(sum(products)), np.asarray(total), rtol, size)


def _differences(along: Callable[[float], np.ndarray]) -> np.ndarray:
    """Richardson extrapolation of central differences: the column whose last two entries differ least."""
    best, error = np.array([]), np.inf
    before: list[np.ndarray] = []
    for k in range(_STEPS):
        h = 0.05 * 0.5**k
        row = [(along(h) - along(-h)) / (2 * h)]
        for j in range(1, k + 1):
            row.append(row[j - 1] + (row[j - 1] - before[j - 1]) / (4**j - 1))
            change = float(np.abs(row[j] - row[j - 1]).max(initial=0))
            if change < error or not best.size:
                error, best = change, row[j]
        before = row
    return best


def _split(flat: np.ndarray, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
    return [part.reshape(shape) for part, shape in zip(np.split(flat, ends), shapes, strict=True)]


def _precise(x: Tensor) -> Tensor:
    array = x.asnumpy()
    return Tensor(array.astype(np.float64) if x.dtype.is_float else array, device=HOST)


def _require_equal(title: str, got: np.ndarray, expected: np.ndarray, rtol: float, size: float = 0.0) -> None:
    allowed = rtol * max(size, float(np.abs(expected).max(initial=0)), 1e-3)
    wrong = ~(np.abs(got - expected) <= allowed)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        difference = abs(got[place] - expected[place])
        raise AssertionError(
            f"{title}{f', element {place}' if place else ''}: got {got[place]!s} from the rule, {expected[place]!s} "
            f"from differences of the function; they differ by {difference:.3g}, allowed {allowed:.3g}"
        )
