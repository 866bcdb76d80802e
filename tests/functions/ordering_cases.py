"""Calls of the functions that sort, search and count, with what NumPy makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from functions.cases import Case, numbers, of

_x = numbers(3, 4)
_line = numbers(7)
_ties = np.array([2.0, 1.0, 2.0, 1.0, 3.0])
_counts = np.array([0, 2, 2, 5, 1])
_flags = _x > 0.3


def _sorted(axis: int, descending: bool) -> Any:
    def reference(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(-x if descending else x, axis=axis, kind="stable")
        return np.take_along_axis(x, order, axis), order.astype(np.int32)

    return reference


def _topk(k: int, axis: int, largest: bool) -> Any:
    def reference(x: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(np.take(part, np.arange(k), axis) for part in _sorted(axis, largest)(x))

    return reference


def _running(ufunc: np.ufunc, axis: int) -> Any:
    def reference(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        extreme = ufunc.accumulate(x, axis=axis)
        rows, most = np.moveaxis(x, axis, -1), np.moveaxis(extreme, axis, -1)
        at = [
            [max(k for k in range(j + 1) if row[k] == top[j]) for j in range(len(row))]
            for row, top in zip(rows.reshape(-1, x.shape[axis]), most.reshape(-1, x.shape[axis]), strict=True)
        ]
        return extreme, np.moveaxis(np.array(at).reshape(rows.shape), -1, axis).astype(np.int32)

    return reference


def _quantiles(name: str, q: Any, **kwargs: Any) -> Case:
    return of(lambda x: getattr(np, name)(x, q, **kwargs), _x, q=q, **kwargs)


CASES: dict[str, list[Case]] = {
    "sort": [
        *(of(_sorted(a, d), _x, axis=a, descending=d) for a in (0, 1, -1) for d in (False, True)),
        of(_sorted(-1, False), _ties, smooth=False),
        of(_sorted(-1, True), _ties, descending=True, smooth=False),
        of(_sorted(-1, True), _counts, descending=True),
    ],
    "argsort": [
        *(of(lambda x, a=a, d=d: _sorted(a, d)(x)[1], _x, axis=a, descending=d) for a in (0, -1) for d in (False, True))
    ],
    "topk": [
        *(of(_topk(2, a, big), _x, k=2, dim=a, largest=big) for a in (0, 1) for big in (False, True)),
        of(_topk(7, -1, True), _line, k=7, sorted=False),
        of(_topk(0, -1, True), _line, k=0, smooth=False),
    ],
    "take_along_axis": [
        of(lambda x, i: np.take_along_axis(x, i, 1), _x, np.array([[0, 3], [-1, 0], [2, 2]]), axis=1),
        of(lambda x, i: np.take_along_axis(x, i, 0), _x, np.array([[2, 0, 1, -3]]), axis=0),
        of(lambda x, i: np.take_along_axis(x, i, None), _x, np.array([11, 0, -1]), axis=None),
        of(lambda x, i: np.take_along_axis(x, i, -1), _x, np.array([[1]])),
    ],
    "searchsorted": [
        of(lambda s, v: np.searchsorted(s, v), np.sort(_line), _x),
        of(lambda s, v: np.searchsorted(s, v, "right"), np.sort(_ties), _ties, right=True),
        of(lambda s, v: np.searchsorted(s, v, "right"), np.sort(_ties), _ties, side="right"),
        of(lambda s, v: np.stack([np.searchsorted(a, b) for a, b in zip(s, v, strict=True)]), np.sort(_x), _x[:, :2]),
        of(lambda s, v: np.searchsorted(s, v), np.sort(_counts), 2),
    ],
    "nonzero": [of(np.nonzero, np.array([[1.0, 0.0], [0.0, 2.0]])), of(np.nonzero, _flags)],
    "masked_select": [
        of(lambda x, m: x[m], _x, _flags),
        of(lambda x, m: x[:, m].ravel(), _x, np.array([True, False] * 2)),
    ],
    "unique": [
        of(np.unique, _x, smooth=False),
        of(lambda x: np.unique(x, True, True, True), _ties, return_index=True, return_inverse=True, return_counts=True,
           smooth=False),
        of(lambda x: np.unique(x, return_counts=True), _counts, return_counts=True),
    ],
    "bincount": [
        of(np.bincount, _counts),
        of(lambda x: np.bincount(x, minlength=9), _counts, minlength=9),
        of(lambda x: np.bincount(x, minlength=6), _counts, length=6),
        of(lambda x, w: np.bincount(x, w), _counts, numbers(5)),
    ],
    "associative_scan": [of(lambda f, x: np.cumprod(x, 0), lambda a, b: a * b, _x)],
    "cummax": [of(_running(np.maximum, a), _x, axis=a) for a in (0, 1)]
    + [of(_running(np.maximum, 0), _ties, axis=0, smooth=False)],
    "cummin": [of(_running(np.minimum, a), _x, axis=a) for a in (0, -1)]
    + [of(_running(np.minimum, 0), _ties, axis=0, smooth=False)],
    "logcumsumexp": [of(lambda x, a=a: np.logaddexp.accumulate(x, axis=a), _x, axis=a) for a in (0, 1, -1)],
    "median": [
        *(of(lambda x, a=a, k=k: np.median(x, axis=a, keepdims=k), _x, axis=a, keepdims=k)
          for a in (None, 0, 1, (0, 1)) for k in (False, True)),
        of(np.median, _line),
    ],
    "quantile": [
        *(_quantiles("quantile", q, axis=1) for q in (0.0, 0.3, 1.0, [0.1, 0.5])),
        *(_quantiles("quantile", 0.3, axis=0, method=m) for m in ("linear", "lower", "higher", "midpoint", "nearest")),
        _quantiles("quantile", [0.2, 0.9], axis=(0, 1), keepdims=True),
    ],
    "percentile": [_quantiles("percentile", 30.0, axis=1), _quantiles("percentile", [5, 95])],
    "histogram": [
        of(lambda x: np.histogram(x, 4), _x, bins=4, smooth=False),
        of(lambda x: np.histogram(x, 4, (-1.0, 1.0)), _x, bins=4, range=(-1.0, 1.0), smooth=False),
        of(lambda x: np.histogram(x, [-1.0, 0.0, 1.5]), _x, bins=np.array([-1.0, 0.0, 1.5]), smooth=False),
        of(lambda x: np.histogram(x, 3, density=True), _x, bins=3, density=True, smooth=False),
        of(lambda x: np.histogram(x, 3), np.array([2.0, 2.0]), bins=3, smooth=False),
        of(lambda x: np.histogram(x, 3), np.array([0, 5, 3, 3]), bins=3),
    ],
}  # fmt: skip
