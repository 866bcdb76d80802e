"""Calls of the functions of `dualtape.ops.linalg`, with what NumPy or SciPy makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg

from functions.cases import Case, numbers, of


def dominant(*shape: int) -> np.ndarray:
    """Matrices of short decimals with large diagonals that are all different."""
    rows, columns = shape[-2:]
    return numbers(*shape, low=-0.5, high=0.5) + np.eye(rows, columns) * (2 + np.arange(rows))[:, None]


def _signed(vectors: np.ndarray) -> np.ndarray:
    largest = np.abs(vectors).argmax(-2)[..., None, :]
    return np.sign(np.take_along_axis(vectors, largest, -2))


def _symmetric(x: np.ndarray) -> np.ndarray:
    return np.asarray((x + x.swapaxes(-1, -2)) / 2)


def _eigh(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, vectors = np.linalg.eigh(_symmetric(x))
    return values, vectors * _signed(vectors)


def _svd(x: np.ndarray) -> tuple[np.ndarray, ...]:
    u, s, v = np.linalg.svd(x, full_matrices=False)
    return u * _signed(u), s, v * _signed(u).swapaxes(-1, -2)


def _lstsq(a: np.ndarray, b: np.ndarray) -> tuple[Any, ...]:
    x, _, rank, s = np.linalg.lstsq(a, b)
    return x, ((a @ x - b) ** 2).reshape(len(a), -1).sum(0), np.int64(rank), s


def squares(reference: Callable[..., Any], condition: float = 20.0, **kwargs: Any) -> list[Case]:
    """One matrix, a stack of them, and a small one."""
    return [of(reference, dominant(*s), condition=condition, **kwargs) for s in ((3, 3), (2, 2, 2), (1, 1), (4, 4))]


def rectangles(reference: Callable[..., Any], condition: float = 20.0, **kwargs: Any) -> list[Case]:
    return [of(reference, dominant(*s), condition=condition, **kwargs) for s in ((3, 3), (3, 2), (2, 4), (2, 3, 2))]


_A = dominant(3, 3)
_stack = dominant(2, 3, 3)
_columns = numbers(3, 2)
_vector = numbers(3)

CASES: dict[str, list[Case]] = {
    "linalg.solve": [
        of(np.linalg.solve, _A, _columns, condition=20.0),
        of(np.linalg.solve, _A, _vector, condition=20.0),
        of(np.linalg.solve, _stack, _columns, condition=20.0),
        of(np.linalg.solve, _A, numbers(2, 3, 1), condition=20.0),
    ],
    "linalg.solve_triangular": [
        of(
            lambda a, b, t=trans, low=lower, u=unit: scipy.linalg.solve_triangular(
                a, b, trans=int(t), lower=low, unit_diagonal=u
            ),
            _A,
            b,
            trans=trans,
            lower=lower,
            unit_diagonal=unit,
            condition=20.0,
        )
        for trans in (False, True)
        for lower in (False, True)
        for unit, b in ((False, _columns), (True, _vector))
    ],
    "linalg.cholesky_solve": [
        of(
            lambda b, a, up=upper: scipy.linalg.cho_solve((a, not up), b), _columns, _A, upper=upper, condition=20.0
        )
        for upper in (False, True)
    ],
    "linalg.inv": squares(np.linalg.inv),
    "linalg.det": [
        *squares(np.linalg.det),
        of(np.linalg.det, np.ones((2, 2)), condition=20.0),
        of(np.linalg.det, np.diag([1.0, 2.0, 3.0, 0.0]), condition=20.0, smooth=False),
    ],
    "linalg.slogdet": [*squares(np.linalg.slogdet), of(np.linalg.slogdet, _A[::-1].copy(), condition=20.0)],
    "linalg.lu": squares(scipy.linalg.lu),
    "linalg.cholesky": [
        *squares(lambda x: np.linalg.cholesky(_symmetric(x))),
        of(lambda x: np.linalg.cholesky(_symmetric(x)).T, _A, upper=True, condition=20.0),
    ],
    "linalg.qr": [*rectangles(np.linalg.qr), of(lambda x: np.linalg.qr(x, "r"), _A, mode="r", condition=20.0)],
    "linalg.eigh": squares(_eigh),
    "linalg.eigvalsh": squares(lambda x: np.linalg.eigvalsh(_symmetric(x))),
    "linalg.svd": [
        *rectangles(_svd),
        of(lambda x: np.linalg.svd(x, compute_uv=False), _A, compute_uv=False, condition=20.0),
    ],
    "linalg.svdvals": rectangles(lambda x: np.linalg.svd(x, compute_uv=False)),
    "linalg.pinv": [*rectangles(np.linalg.pinv), of(np.linalg.pinv, np.diag([2.0, 1.0, 0.0]), smooth=False)],
    "linalg.matrix_rank": [
        *rectangles(np.linalg.matrix_rank),
        of(np.linalg.matrix_rank, np.diag([2.0, 1.0, 0.0])),
        of(lambda x: np.linalg.matrix_rank(x, rtol=0.5), _A, rtol=0.5),
    ],
    "linalg.lstsq": [
        of(_lstsq, dominant(4, 2), numbers(4, 2), condition=20.0),
        of(_lstsq, dominant(4, 2), numbers(4), condition=20.0),
        of(_lstsq, _A + 1, _vector, smooth=False, condition=20.0),
    ],
    "linalg.cond": [
        *squares(np.linalg.cond),
        *(of(lambda x, p=p: np.linalg.cond(x, p), _A, p=p, condition=20.0) for p in (2, -2, 1, np.inf, "fro")),
    ],
    "linalg.expm": squares(scipy.linalg.expm, condition=100.0),
    "linalg.matrix_power": [
        of(lambda x, k=n: np.linalg.matrix_power(x, k), a, n=n, condition=100.0)
        for n in (0, 1, 2, 3, 6, -1, -2)
        for a in (_A, _stack)
    ],
    "linalg.norm": [
        of(np.linalg.norm, _stack),
        *(of(lambda x, o=o: np.linalg.norm(x, o), _A, ord=o, condition=20.0)
          for o in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)),
        *(of(lambda x, o=o: np.linalg.norm(x, o), _vector, ord=o) for o in (1, 2, 3, 2.5, np.inf, -np.inf)),
        of(lambda x: np.linalg.norm(x, 0), _vector, ord=0, smooth=False),
        of(lambda x: np.linalg.norm(x, 3, axis=1), _stack, ord=3, axis=1),
        of(lambda x: np.linalg.norm(x, axis=(0, 2)), _stack, axis=(0, 2)),
        of(lambda x: np.linalg.norm(x, 2, axis=(2, 0), keepdims=True), _stack, ord=2, axis=(2, 0), keepdims=True,
           condition=20.0),
        of(lambda x: np.linalg.norm(x, np.inf, axis=(2, 0), keepdims=True), _stack, ord=np.inf, axis=(2, 0),
           keepdims=True),
        of(lambda x: np.linalg.norm(x, 1, axis=(2, 0)), _stack, ord=1, axis=(2, 0)),
    ],
    "linalg.vector_norm": [
        of(lambda x, o=o, k=k: np.linalg.vector_norm(x, ord=o, axis=(0, 2), keepdims=k), _stack, ord=o, axis=(0, 2),
           keepdims=k, smooth=o != 0)
        for o in (0, 1, 2, 3, -1, np.inf, -np.inf)
        for k in (False, True)
    ],
    "linalg.matrix_norm": [
        of(lambda x, o=o, k=k: np.linalg.matrix_norm(x, ord=o, keepdims=k), _stack, ord=o, keepdims=k, condition=20.0)
        for o in ("fro", "nuc", 1, 2, np.inf)
        for k in (False, True)
    ],
    "linalg.inner": [
        of(np.inner, numbers(2, 3), numbers(4, 3)),
        of(np.inner, _vector, _vector[::-1].copy()),
        of(np.inner, 2.0, _vector),
    ],
    "linalg.kron": [
        of(np.kron, numbers(2, 3), numbers(2, 2)),
        of(np.kron, _vector, numbers(2, 2)),
        of(np.kron, numbers(2, 2, 2), _vector),
    ],
    "linalg.cross": [
        of(np.cross, numbers(2, 3), numbers(2, 3)),
        of(np.cross, _vector, numbers(2, 3)),
        of(lambda x, y: np.cross(x, y, axis=0), numbers(3, 2), numbers(3, 2), axis=0),
    ],
    "linalg.vander": [
        of(np.vander, _vector),
        of(lambda x: np.vander(x, 4, increasing=True), _vector, N=4, increasing=True),
        of(lambda x: np.vander(x, 1), _vector, N=1),
        of(lambda x: np.vander(x, 0), _vector, N=0, smooth=False),
    ],
    "linalg.multi_dot": [
        of(lambda x: np.linalg.multi_dot(list(x)), (numbers(2, 3), numbers(3, 4), numbers(4, 2))),
        of(lambda x: np.linalg.multi_dot(list(x)), (_vector, numbers(3, 4), numbers(4, 5), numbers(5, 2), numbers(2))),
        of(lambda x: np.linalg.multi_dot(list(x)), (numbers(2, 3), _vector)),
    ],
}  # fmt: skip
