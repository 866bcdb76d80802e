"""Which elements of a row stand for those that share a number: what is found is constant almost everywhere."""

from __future__ import annotations

import numpy as np

from dualtape.core.example import Example, Indices, Reals
from dualtape.core.lowering import OnHost
from dualtape.core.primitive import NonDifferentiable
from dualtape.core.spec import Spec, broadcast_shapes
from dualtape.dtypes import int64


def _numbered(ids: np.ndarray, size: int) -> np.ndarray:
    """The numbers of all rows, each row's own ones behind those of the row before."""
    rows = ids.reshape(int(np.prod(ids.shape[:-1], dtype=np.int64)), ids.shape[-1])
    return rows + np.arange(len(rows))[:, None] * size


def _last_of(ids: np.ndarray, size: int) -> np.ndarray:
    found = np.full((*ids.shape[:-1], size), -1, np.int64)
    places = np.broadcast_to(np.arange(ids.shape[-1]), ids.shape)
    np.maximum.at(found.reshape(-1), _numbered(ids, size).ravel(), places.ravel())
    return found


# For each number below `size`, where in a row it stands last; -1 where it does not.
last_of: NonDifferentiable = NonDifferentiable(
    name="last_of",
    numpy=_last_of,
    lowering=OnHost(),
    infer=lambda ids, size: Spec((*ids.shape[:-1], size), int64),
    examples=(Example((Indices((5,), 3),), {"size": 4}), Example((Indices((2, 3), 3),), {"size": 3})),
    written=lambda ids, size: None,
)


def _extremum_of(x: np.ndarray, ids: np.ndarray, size: int, largest: bool) -> np.ndarray:
    shape = np.broadcast_shapes(x.shape, ids.shape)
    x, ids = np.broadcast_to(x, shape), np.broadcast_to(ids, shape)
    flat, numbers = x.ravel(), _numbered(ids, size).ravel()
    limits = np.finfo(x.dtype) if x.dtype.kind == "f" else np.iinfo(x.dtype)
    worst = limits.min if largest else limits.max
    best = np.full(int(np.prod(shape[:-1], dtype=np.int64)) * size, worst, x.dtype)
    if x.dtype.kind == "f":
        best[:] = -np.inf if largest else np.inf
    (np.maximum if largest else np.minimum).at(best, numbers, flat)
    # NaN is the largest and the smallest.
    attained = (flat == best[numbers]) | (flat != flat)
    places = np.broadcast_to(np.arange(shape[-1]), shape).ravel()
    found = np.full(best.shape, shape[-1], np.int64)
    np.minimum.at(found, numbers[attained], places[attained])
    return np.where(found == shape[-1], -1, found).reshape(*shape[:-1], size)


# For each number below `size`, where in a row the first of its largest (or smallest) elements is; -1 if it has none.
extremum_of: NonDifferentiable = NonDifferentiable(
    name="extremum_of",
    numpy=_extremum_of,
    lowering=OnHost(),
    infer=lambda x, ids, size, largest: Spec((*broadcast_shapes("extremum_of", x.shape, ids.shape)[:-1], size), int64),
    examples=(
        Example((Reals((2, 5)), Indices((5,), 3)), {"size": 4, "largest": True}),
        Example((Reals((4,)), Indices((4,), 2)), {"size": 2, "largest": False}),
    ),
    written=lambda x, ids, size, largest: None,
)
