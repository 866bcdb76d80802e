"""Orders along the last axis: what sorting and searching find, which is constant almost everywhere."""

from __future__ import annotations

import numpy as np

from dualtape.core.example import Example, Reals
from dualtape.core.lowering import OnHost
from dualtape.core.primitive import NonDifferentiable
from dualtape.core.spec import Spec, broadcast_shapes
from dualtape.dtypes import int64

_ROWS = (Example((Reals((2, 5)),)), Example((Reals((4,)),)))


def _argsort(x: np.ndarray, descending: bool) -> np.ndarray:
    if not descending:
        return np.argsort(x, axis=-1, kind="stable")
    # Equal elements stay in their order, NaNs come first: that of the reversed rows, reversed.
    backwards = np.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    return np.asarray(x.shape[-1] - 1 - backwards)


# The order in which the elements of each row are sorted; equal ones stay as they are, NaN is the largest.
argsort: NonDifferentiable = NonDifferentiable(
    name="argsort",
    numpy=_argsort,
    lowering=OnHost(),
    infer=lambda x, descending: Spec(x.shape, int64),
    examples=tuple(
        Example(example.inputs, {"descending": descending}) for example in _ROWS for descending in (False, True)
    ),
    kink=lambda x, y, descending: np.any(np.diff(np.sort(x, axis=-1), axis=-1) == 0),
    written=lambda x, descending: None,
)


def _running_extremum(x: np.ndarray, largest: bool) -> np.ndarray:
    extreme = (np.maximum if largest else np.minimum).accumulate(x, axis=-1)
    places = np.broadcast_to(np.arange(x.shape[-1]), x.shape)
    return np.asarray(np.maximum.accumulate(np.where((x == extreme) | (x != x), places, 0), axis=-1))


# Where, up to each place of a row, the last of the largest (or smallest) elements stands; NaN counts as such.
running_extremum: NonDifferentiable = NonDifferentiable(
    name="running_extremum",
    numpy=_running_extremum,
    lowering=OnHost(),
    infer=lambda x, largest: Spec(x.shape, int64),
    examples=tuple(Example(example.inputs, {"largest": largest}) for example in _ROWS for largest in (False, True)),
    written=lambda x, largest: None,
)


def _searchsorted(rows: np.ndarray, values: np.ndarray, right: bool) -> np.ndarray:
    side = "right" if right else "left"
    lead = np.broadcast_shapes(rows.shape[:-1], values.shape[:-1])
    if not lead:
        return np.asarray(np.searchsorted(rows, values, side), np.int64)  # type: ignore[call-overload]
    rows, values = (np.broadcast_to(x, (*lead, x.shape[-1])) for x in (rows, values))
    found = np.empty(values.shape, np.int64)
    for place in np.ndindex(lead):
        found[place] = np.searchsorted(rows[place], values[place], side)  # type: ignore[call-overload]
    return found


# How many elements of a sorted row are smaller than each value, or equal to it, too, from the right.
searchsorted: NonDifferentiable = NonDifferentiable(
    name="searchsorted",
    numpy=_searchsorted,
    lowering=OnHost(),
    infer=lambda rows, values, right: Spec(
        (*broadcast_shapes("searchsorted", rows.shape[:-1], values.shape[:-1]), values.shape[-1]), int64
    ),
    examples=(
        Example((Reals((4,)), Reals((3,))), {"right": False}),
        Example((Reals((2, 4)), Reals((3,))), {"right": True}),
        Example((Reals((2, 4)), Reals((3, 2, 3))), {"right": False}),
    ),
    kink=lambda rows, values, found, right: np.isin(values, rows),
    written=lambda rows, values, right: None,
)
