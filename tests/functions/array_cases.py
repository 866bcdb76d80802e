"""Calls of the functions of whole arrays: reductions, products, shapes, indices and creation."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from functions.cases import Case, numbers, of


def on_axes(reference: Callable[..., np.ndarray], smooth: bool = True, low: float = -2.0) -> list[Case]:
    """A reduction over every set of axes, with and without keeping them."""
    x = numbers(2, 3, 2, low=low)
    subsets = [None, *(s for n in (1, 2, 3) for s in itertools.combinations(range(3), n)), -1, (0, -1)]
    return [
        of(lambda x, a=axis, k=keep: reference(x, axis=a, keepdims=k), x, axis=axis, keepdims=keep, smooth=smooth)
        for axis, keep in itertools.product(subsets, (False, True))
    ]


def _scatter_add(x: np.ndarray, axis: int, index: np.ndarray, src: np.ndarray) -> np.ndarray:
    result = x.copy()
    places = list(np.indices(index.shape))
    places[axis] = index
    np.add.at(result, tuple(places), src)
    return result


def _norm(x: np.ndarray, axis: Any, keepdims: bool, order: float | None) -> np.ndarray:
    return np.asarray(np.linalg.norm(x, order, axis, keepdims))


EINSUM: tuple[tuple[str, tuple[tuple[int, ...], ...]], ...] = (
    ("ij,jk->ik", ((2, 3), (3, 4))),
    ("ij,jk", ((2, 3), (3, 4))),
    ("ij,jk->ki", ((2, 3), (3, 4))),
    ("ij->ji", ((2, 3),)),
    ("ij->", ((2, 3),)),
    ("ij->j", ((2, 3),)),
    ("ii->i", ((3, 3),)),
    ("ii", ((3, 3),)),
    ("iij->j", ((2, 2, 3),)),
    ("i,i->", ((3,), (3,))),
    ("i,j->ij", ((2,), (3,))),
    ("i,i->i", ((3,), (3,))),
    ("bij,bjk->bik", ((2, 2, 3), (2, 3, 2))),
    ("bij,jk->bik", ((2, 2, 3), (3, 2))),
    ("...ij,...jk->...ik", ((2, 2, 3), (3, 2))),
    ("...i,...i->...", ((2, 3), (2, 3))),
    ("i...->...i", ((2, 3),)),
    ("...->...", ((2, 3),)),
    ("ij,kj->ik", ((2, 3), (4, 3))),
    ("ij,ik->jk", ((3, 2), (3, 2))),
    ("ij,ij->", ((2, 3), (2, 3))),
    ("ij,k->i", ((2, 3), (2,))),
    ("ij,jk,kl->il", ((2, 3), (3, 2), (2, 2))),
    ("a,b,c->abc", ((2,), (2,), (2,))),
    ("ab,bc,ca->", ((2, 3), (3, 2), (2, 2))),
    ("ijk,jik->k", ((2, 3, 2), (3, 2, 2))),
    (",i->i", ((), (2,))),
    (" i j , j -> i ", ((2, 3), (3,))),
)

_matrix = numbers(3, 4)
_square = numbers(3, 3)
_mask = np.array([[True, False, True], [False, False, True]])
_labels = np.array([0, 2, 1])

CASES: dict[str, list[Case]] = {
    # Reductions
    "all": [of(lambda x, a=a: np.all(x, axis=a), _mask, axis=a) for a in (None, 0, 1, (0, 1))],
    "amax": on_axes(np.max),
    "amin": on_axes(np.min),
    "any": [of(lambda x, a=a: np.any(x, axis=a), _mask, axis=a) for a in (None, 0, 1, (0, 1))],
    "argmax": [
        of(lambda x, a=a, k=k: np.argmax(x, axis=a, keepdims=k), numbers(2, 3), axis=a, keepdims=k)
        for a, k in itertools.product((None, 0, 1, -1), (False, True))
    ],
    "argmin": [of(lambda x, a=a: np.argmin(x, axis=a), numbers(2, 3), axis=a) for a in (None, 0, 1)],
    "cumprod": [of(lambda x, a, i=a: np.cumprod(x, axis=a), numbers(2, 3), a) for a in (0, 1, -1)],
    "cumsum": [of(lambda x, a, i=a: np.cumsum(x, axis=a), numbers(2, 3), a) for a in (0, 1, -1)],
    "logsumexp": on_axes(special.logsumexp),
    "max": [
        of(lambda x: (np.max(x, 1), np.argmax(x, 1)), numbers(2, 3), axis=1),
        of(lambda x: (np.max(x, 0)[None], np.argmax(x, 0)[None]), numbers(2, 3), axis=0, keepdims=True),
        of(lambda x: (np.max(x), np.int64(0)), numbers(2, 3)),
    ],
    "mean": on_axes(np.mean),
    "min": [of(lambda x: (np.min(x, 1), np.argmin(x, 1)), numbers(2, 3), axis=1)],
    "norm": [
        of(lambda x, a=a, k=k, p=p: _norm(x, a, k, p), numbers(2, 3), ord=p, dim=a, keepdim=k)
        for p, a, k in itertools.product((None, 1, 2, np.inf), (None, 0, (0, 1)), (False, True))
        if p != 2 or a == 0  # the spectral norm of a matrix is not here
    ],
    "prod": on_axes(np.prod),
    "std": [*on_axes(np.std), of(lambda x: np.std(x, 1, ddof=1), numbers(2, 3), axis=1, ddof=1)],
    "sum": on_axes(np.sum),
    "var": [*on_axes(np.var), of(lambda x: np.var(x, 1, ddof=1), numbers(2, 3), axis=1, ddof=1)],
    # Products
    "dot": [
        of(np.dot, numbers(3), numbers(3)),
        of(np.dot, numbers(2, 3), numbers(3, 2)),
        of(np.dot, numbers(2, 2, 3), numbers(3, 2)),
        of(np.dot, numbers(2, 3), numbers(2, 3, 2)),
        of(np.dot, numbers(2, 3), numbers(3)),
    ],
    "einsum": [of(np.einsum, equation, *(numbers(*s) for s in shapes)) for equation, shapes in EINSUM],
    "matmul": [
        of(np.matmul, numbers(*a), numbers(*b))
        for a, b in (
            ((2, 3), (3, 2)),
            ((3,), (3,)),
            ((2, 3), (3,)),
            ((3,), (3, 2)),
            ((2, 2, 3), (3, 2)),
            ((2, 1, 2, 3), (3, 3, 1)),
            ((2, 2, 3), (3,)),
            ((3,), (2, 3, 2)),
            ((0, 3), (3, 2)),
            ((2, 0), (0, 3)),
        )
    ],
    "outer": [of(np.outer, numbers(2), numbers(3))],
    "tensordot": [
        of(lambda x, y: np.tensordot(x, y, 1), numbers(2, 3), numbers(3, 2), axes=1),
        of(lambda x, y: np.tensordot(x, y, 2), numbers(2, 3, 2), numbers(3, 2, 2)),
        of(lambda x, y: np.tensordot(x, y, 0), numbers(2), numbers(3), axes=0),
        of(lambda x, y: np.tensordot(x, y, ((0, 1), (1, 0))), numbers(2, 3), numbers(3, 2), axes=((0, 1), (1, 0))),
        of(lambda x, y: np.tensordot(x, y, ((-1,), (0,))), numbers(2, 3), numbers(3, 2), axes=((-1,), (0,))),
    ],
    "trace": [of(np.trace, _square), of(np.trace, _matrix)],
    # Shapes
    "broadcast_to": [
        of(np.broadcast_to, numbers(3), (2, 3)),
        of(lambda x, s: np.broadcast_to(x, (2, 3, 2)), numbers(3, 1), (2, -1, 2)),
        of(np.broadcast_to, numbers(), (2,)),
    ],
    "cast": [of(lambda x, d: x.astype(np.int32), numbers(3), "int32"), of(lambda x, d: x, numbers(3), "float64")],
    "cat": [
        of(lambda x: np.concatenate(x), (numbers(2, 3), numbers(1, 3))),
        of(lambda x: np.concatenate(x, 1), (numbers(2, 1), numbers(2, 2), numbers(2, 0)), axis=-1),
        of(lambda x: x[0], (numbers(2),)),
    ],
    "expand_dims": [of(np.expand_dims, numbers(2, 3), a) for a in (0, 1, 2, -1, -3)],
    "flatten": [of(np.ravel, numbers(2, 3)), of(np.ravel, numbers(0, 3)), of(np.ravel, numbers())],
    "flip": [of(np.flip, numbers(2, 3), a) for a in (0, -1, (0, 1))],
    "meshgrid": [
        of(lambda x, y: tuple(np.meshgrid(x, y)), numbers(2), numbers(3)),
        of(lambda x, y: tuple(np.meshgrid(x, y, indexing="ij")), numbers(2), numbers(3), indexing="ij"),
        of(lambda x, y, z: tuple(np.meshgrid(x, y, z)), numbers(2), numbers(3), numbers(1)),
    ],
    "pad": [
        of(lambda x, p: np.pad(x, ((0, 0), (1, 2))), numbers(2, 3), (1, 2)),
        of(lambda x, p: np.pad(x, ((0, 1), (1, 0)), constant_values=7), numbers(2, 3), (1, 0, 0, 1), value=7.0),
        of(lambda x, p: x, numbers(2, 3), ()),
        of(lambda x, p: np.pad(x, (1, 0), constant_values=np.inf), numbers(2), (1, 0), value=np.inf, smooth=False),
    ],
    "permute": [of(np.transpose, numbers(2, 3, 2), a) for a in ((2, 0, 1), (0, 1, 2), (-1, 0, 1))],
    "repeat_interleave": [
        of(np.repeat, numbers(2, 3), 2),
        of(lambda x, n: np.repeat(x, n, 1), numbers(2, 3), 2, axis=1),
        of(lambda x, n: np.repeat(x, n, 0), numbers(2, 3), 0, axis=0),
    ],
    "reshape": [of(np.reshape, numbers(2, 3), s) for s in ((3, 2), (-1,), (1, -1, 2), 6)],
    "roll": [
        of(np.roll, numbers(2, 3), 2),
        of(np.roll, numbers(2, 3), -1, 1),
        of(np.roll, numbers(2, 3), 5, 0),
        of(np.roll, numbers(2, 3), (1, 2), (0, 1)),
        of(np.roll, numbers(0, 3), 1, 0),
    ],
    "split": [
        of(lambda x, n: tuple(np.split(x, [2, 4])), numbers(5, 2), 2),
        of(lambda x, n: tuple(np.split(x, [1], axis=1)), numbers(2, 3), (1, 2), axis=1),
        of(lambda x, n: tuple(np.split(x, [0, 2], axis=-1)), numbers(2, 3), [0, 2, 1], axis=-1),
    ],
    "squeeze": [
        of(np.squeeze, numbers(1, 2, 1)),
        of(lambda x: np.squeeze(x, 0), numbers(1, 2, 1), axis=0),
        of(lambda x: np.squeeze(x, (0, 2)), numbers(1, 2, 1), axis=(0, -1)),
        of(np.squeeze, numbers(2)),
    ],
    "stack": [of(lambda x, a=a: np.stack(x, a), (numbers(2, 3), numbers(2, 3)), axis=a) for a in (0, 1, 2, -1)],
    "stop_gradient": [of(lambda x: x, numbers(2, 3), smooth=False)],
    "swapaxes": [of(np.swapaxes, numbers(2, 3, 2), a, b) for a, b in ((0, 1), (-1, 0), (1, 1))],
    "tile": [of(np.tile, numbers(2, 3), n) for n in ((2,), (2, 1), (1, 2), (2, 1, 2), (0, 1))],
    "transpose": [of(np.transpose, numbers(2, 3, 2)), of(np.transpose, numbers(2, 3, 2), (1, 0, 2))],
    # Indices
    "diag": [of(np.diag, numbers(3)), of(np.diag, _square), of(np.diag, _matrix), of(np.diag, _matrix.T)],
    "gather": [of(lambda x, i, a: np.take(x, i, a), numbers(4, 3), np.array([[0, 1], [3, 0]]), 0)],
    "one_hot": [
        of(lambda i, n: np.eye(4)[i], _labels, 4),
        of(lambda i, n: 5 * np.eye(4).T[:, i] - 2, _labels, 4, on_value=3.0, off_value=-2.0, axis=0),
        of(lambda i, n: np.zeros((1, 2)), np.array([9]), 2),
    ],
    "scatter_add": [
        of(_scatter_add, numbers(3, 2), 0, np.array([[0, 0], [2, 0], [2, 0]]), numbers(3, 2)),
        of(_scatter_add, numbers(3, 2), 1, np.array([[1, 1, 1]]), numbers(1, 3)),
        of(_scatter_add, numbers(4), 0, np.array([-1, 3]), numbers(2)),
    ],
    "take": [
        of(lambda x, i: np.take(x, i, 0), numbers(4, 3), np.array([0, 0, -1]), axis=0),
        of(lambda x, i: np.take(x, i, 1), numbers(2, 4), np.array([[0, 2], [-1, -4]]), axis=1),
        of(lambda x, i: np.take(x, i, -1), numbers(2, 4), np.array(2), axis=-1),
        of(lambda x, i: np.take(x, i, 0), numbers(4), np.zeros(0, np.int64), axis=0),
        of(lambda x, i: np.take(x, i), numbers(2, 4), np.array([5, -1])),
    ],
    "tril": [of(lambda x, k=k: np.tril(x, k), _matrix, diagonal=k) for k in (0, 1, -1)],
    "triu": [of(lambda x, k=k: np.triu(x, k), numbers(2, 3, 3), diagonal=k) for k in (0, 1, -1)],
    "where": [
        of(np.where, _mask, numbers(2, 3), numbers(2, 3)),
        of(np.where, _mask, numbers(3), 0.0),
        of(np.where, _mask, 1.0, numbers(2, 1)),
    ],
    # Creation
    "arange": [of(np.arange, 5), of(np.arange, 2, 5), of(np.arange, 5, 0, -2), of(np.arange, 0.0, 1.0, 0.25)],
    "eye": [of(np.eye, 3), of(np.eye, 2, 3)],
    "from_dlpack": [of(np.from_dlpack, numbers(2, 3))],
    "full": [of(np.full, (2, 3), 1.5), of(np.full, 2, 7)],
    "full_like": [of(np.full_like, numbers(2, 3), 1.5, smooth=False)],
    "linspace": [of(np.linspace, -1.0, 1.0, 5), of(np.linspace, 0.0, 1.0, 1)],
    "ones": [of(np.ones, (2, 3)), of(np.ones, ())],
    "ones_like": [of(np.ones_like, numbers(2, 3), smooth=False)],
    "zeros": [of(np.zeros, (2, 0))],
    "zeros_like": [of(np.zeros_like, numbers(2, 3), smooth=False)],
}
