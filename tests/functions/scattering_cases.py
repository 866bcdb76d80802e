"""Calls of the functions that put elements at places, or join those that share a number; what NumPy makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from functions.cases import Case, numbers, of

_x = numbers(3, 4)
_ids = np.array([1, 0, 1, 3, 1])
_data = numbers(5, 2)
_line = numbers(5)
_places = np.array([[0, 1], [2, 3], [0, 1]])
_values = numbers(3)

_AT = {"set": None, "add": np.add, "multiply": np.multiply, "min": np.minimum, "max": np.maximum}


def updated(key: Any, mode: str) -> Any:
    def reference(x: np.ndarray, values: Any) -> np.ndarray:
        found = np.array(x)
        if mode == "set":
            found[key] = values
        else:
            _AT[mode].at(found, key, values)  # type: ignore[union-attr]
        return found

    return reference


def _update(key: Any, mode: str, values: Any, smooth: bool = True) -> Case:
    return of(lambda x, _, v: updated(key, mode)(x, v), _x, key, values, mode=mode, smooth=smooth)


def _segments(ufunc: np.ufunc, initial: float) -> list[Case]:
    def reference(x: np.ndarray, ids: np.ndarray, size: int = 4) -> np.ndarray:
        found = np.full((size, *x.shape[1:]), initial, x.dtype)
        ufunc.at(found, ids, x)
        return found

    whole = np.array([1, 0, 1, 2, 1])
    return [
        *(of(lambda x, i: reference(x, i, 3), x, whole, num_segments=3) for x in (_data, _line)),
        of(reference, _data, _ids, num_segments=4, smooth=np.isfinite(initial).item()),
    ]


def _at_indices(mode: str) -> Any:
    return lambda x, i, v: updated(tuple(i.T), mode)(x, v)


def _scattered(i: np.ndarray, v: np.ndarray) -> np.ndarray:
    return updated(tuple(i.T), "add")(np.zeros((3, 4)), v)


def _dynamic_update(x: np.ndarray, new: np.ndarray, _: Any) -> np.ndarray:
    found = x.copy()
    found[1:3, 1:3] = new
    return found


CASES: dict[str, list[Case]] = {
    "index_update": [
        *(_update((slice(None), np.array([0, 2])), mode, numbers(3, 2)) for mode in _AT),
        *(_update(np.array([0, 2, 0]), mode, numbers(3, 4)) for mode in _AT),
        *(_update(1, mode, numbers(4)) for mode in _AT),
        _update((slice(0, 3, 2), slice(None, None, -1)), "set", numbers(2, 4)),
        _update(_x > 0.2, "set", 5.0),
        _update(Ellipsis, "add", numbers(4)),
        _update((np.array([0, 0]), np.array([1, 1])), "multiply", np.array([0.0, 0.0])),
    ],
    "segment_sum": _segments(np.add, 0.0),
    "segment_prod": [*_segments(np.multiply, 1.0), of(lambda x, i: np.array([0.0, 3.0]), np.array([0.0, 3.0, 0.0]),
                                                      np.array([0, 1, 0]), num_segments=2)],
    "segment_max": _segments(np.maximum, -np.inf),
    "segment_min": _segments(np.minimum, np.inf),
    "unsorted_segment_sum": _segments(np.add, 0.0),
    "unsorted_segment_prod": _segments(np.multiply, 1.0),
    "unsorted_segment_max": _segments(np.maximum, -np.inf),
    "unsorted_segment_min": _segments(np.minimum, np.inf),
    "gather_nd": [
        of(lambda x, i: x[tuple(i.T)], _x, _places),
        of(lambda x, i: x[i[..., 0]], _x, np.array([[[2], [0]]])),
    ],
    "scatter_nd": [of(_scattered, _places, _values, shape=(3, 4))],
    "tensor_scatter_update": [of(_at_indices("set"), _x, _places, _values)],
    "tensor_scatter_add": [of(_at_indices("add"), _x, _places, _values)],
    "tensor_scatter_sub": [of(lambda x, i, v: _at_indices("add")(x, i, -v), _x, _places, _values)],
    "tensor_scatter_mul": [of(_at_indices("multiply"), _x, _places, _values)],
    "tensor_scatter_min": [of(_at_indices("min"), _x, _places, _values)],
    "tensor_scatter_max": [of(_at_indices("max"), _x, _places, _values)],
    "index_add": [
        of(lambda x, i, y: updated((slice(None), i), "add")(x, y), _x, np.array([1, 1, 0]), numbers(3, 3), axis=1),
        of(lambda x, i, y: updated(i, "add")(x, y), _x, np.array([2]), numbers(1, 4), axis=0),
    ],
    "dynamic_slice": [
        of(lambda x: x[1:3, 1:4], _x, start_indices=(1, 7), slice_sizes=(2, 3)),
        of(lambda x, s: x[1:3, 1:4], _x, np.array([1, 1]), slice_sizes=(2, 3)),
        of(lambda x, s: x[0:2, 1:4], _x, np.array([-5, 9]), slice_sizes=(2, 3)),
    ],
    "dynamic_update_slice": [
        of(_dynamic_update, _x, numbers(2, 2), (1, 1)),
        of(_dynamic_update, _x, numbers(2, 2), np.array([9, 1])),
    ],
}  # fmt: skip
