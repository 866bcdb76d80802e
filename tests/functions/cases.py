"""One call or more of every public function, with what NumPy or SciPy makes of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import special

import dualtape as dt

Reference = Callable[..., Any]
_draws = np.random.default_rng(7)


def numbers(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    """Short decimals between two bounds, all different, away from 0 and the bounds."""
    grid = np.arange(round(low * 100) + 5, round(high * 100) - 4) / 100
    grid = grid[np.abs(grid) > 0.05]
    return _draws.choice(grid, shape, replace=False)


def positive(*shape: int) -> np.ndarray:
    return numbers(*shape, low=0.2, high=4.0)


@dataclass(frozen=True)
class Case:
    """``function(*args, **kwargs)`` is ``reference(*args)``; arrays of floats are differentiated.

    ``condition`` is by how much the function amplifies rounding.
    """

    args: tuple[Any, ...]
    reference: Reference
    kwargs: dict[str, Any] = field(default_factory=dict)
    smooth: bool = True
    condition: float = 1.0


def convert(x: Any, dtype: type) -> Any:
    """Arrays as tensors, floats among them in ``dtype``; everything else as it is."""
    if isinstance(x, tuple):
        return tuple(convert(item, dtype) for item in x)
    if isinstance(x, np.ndarray):
        return dt.Tensor(x.astype(dtype) if x.dtype.kind == "f" else x)
    return x


def of(reference: Reference, *args: Any, smooth: bool = True, condition: float = 1.0, **kwargs: Any) -> Case:
    return Case(args, reference, kwargs, smooth, condition)


def on_axes(reference: Callable[..., np.ndarray], smooth: bool = True, low: float = -2.0) -> list[Case]:
    """A reduction over every set of axes, with and without keeping them."""
    x = numbers(2, 3, 2, low=low)
    subsets = [None, *(s for n in (1, 2, 3) for s in itertools.combinations(range(3), n)), -1, (0, -1)]
    return [
        of(lambda x, a=axis, k=keep: reference(x, axis=a, keepdims=k), x, axis=axis, keepdims=keep, smooth=smooth)
        for axis, keep in itertools.product(subsets, (False, True))
    ]


def unary(reference: Reference, low: float = -2.0, high: float = 2.0, smooth: bool = True) -> list[Case]:
    shapes: tuple[tuple[int, ...], ...] = ((2, 3), (), (0, 2))
    return [of(reference, numbers(*shape, low=low, high=high), smooth=smooth) for shape in shapes]


def binary(reference: Reference, low: float = -2.0, smooth: bool = True) -> list[Case]:
    shapes: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (((2, 3), (2, 3)), ((2, 1), (3,)), ((), (2,)))
    cases = [of(reference, numbers(*a, low=low), numbers(*b, low=low), smooth=smooth) for a, b in shapes]
    return [*cases, of(reference, positive(3), 1.5, smooth=smooth), of(reference, 2, positive(3), smooth=smooth)]


def _softmax_cross_entropy(x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return -special.log_softmax(x, axis=1)[np.arange(len(labels)), labels].mean()


def _scatter_add(x: np.ndarray, axis: int, index: np.ndarray, src: np.ndarray) -> np.ndarray:
    result = x.copy()
    places = list(np.indices(index.shape))
    places[axis] = index
    np.add.at(result, tuple(places), src)
    return result


def _norm(x: np.ndarray, axis: Any, keepdims: bool, order: float | None) -> np.ndarray:
    return np.asarray(np.linalg.norm(x, order, axis, keepdims))


def _huber(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    d = np.abs(a - b)
    return np.where(d <= 1, 0.5 * d * d, d - 0.5).mean()


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
_bits = np.array([5, -3, 0, 12, 2**40])

CASES: dict[str, list[Case]] = {
    # Elementwise
    "abs": unary(np.abs),
    "acos": unary(np.arccos, -0.9, 0.9),
    "acosh": unary(np.arccosh, 1.2, 4.0),
    "add": binary(np.add),
    "asin": unary(np.arcsin, -0.9, 0.9),
    "asinh": unary(np.arcsinh),
    "atan": unary(np.arctan),
    "atan2": binary(np.arctan2),
    "atanh": unary(np.arctanh, -0.9, 0.9),
    "bitwise_and": [
        of(np.bitwise_and, _bits, _bits[::-1]),
        of(np.bitwise_and, _mask, ~_mask),
        of(np.bitwise_and, 6, _bits),
    ],
    "bitwise_left_shift": [of(np.left_shift, _bits, np.array([0, 1, 2, 63, 64])), of(np.left_shift, 1, np.arange(3))],
    "bitwise_not": [of(np.bitwise_not, _bits), of(np.bitwise_not, _mask)],
    "bitwise_or": [
        of(np.bitwise_or, _bits, _bits[::-1]),
        of(np.bitwise_or, _mask, _mask[0]),
        of(np.bitwise_or, _bits, -7),
    ],
    "bitwise_right_shift": [of(np.right_shift, _bits, np.array([0, 1, 2, 63, 64])), of(np.right_shift, _bits, 2)],
    "bitwise_xor": [of(np.bitwise_xor, _bits, _bits[::-1]), of(np.bitwise_xor, _mask, ~_mask)],
    "ceil": unary(np.ceil),
    "cos": unary(np.cos),
    "cosh": unary(np.cosh),
    "digamma": unary(special.digamma, 0.2, 4.0),
    "div": binary(np.divide, 0.2),
    "equal": [of(np.equal, np.array([1.0, 2.0]), np.array([1.0, 3.0])), of(np.equal, np.array([1.0, 2.0]), 2)],
    "erf": unary(special.erf),
    "erfc": unary(special.erfc),
    "exp": unary(np.exp),
    "exp2": unary(np.exp2),
    "expm1": unary(np.expm1),
    "floor": unary(np.floor),
    "floor_divide": binary(np.floor_divide, 0.2),
    "greater": binary(np.greater),
    "greater_equal": binary(np.greater_equal),
    "isfinite": [of(np.isfinite, np.array([1.0, np.inf, np.nan]), smooth=False)],
    "isinf": [of(np.isinf, np.array([1.0, -np.inf, np.nan]), smooth=False)],
    "isnan": [of(np.isnan, np.array([1.0, np.inf, np.nan]), smooth=False)],
    "less": binary(np.less),
    "less_equal": binary(np.less_equal),
    "lgamma": unary(special.gammaln, 0.2, 4.0),
    "log": unary(np.log, 0.2, 4.0),
    "log1p": unary(np.log1p, -0.8, 2.0),
    "log2": unary(np.log2, 0.2, 4.0),
    "logical_and": [of(np.logical_and, _mask, ~_mask), of(np.logical_and, _mask, np.array([0, 1, 2]))],
    "logical_not": [of(np.logical_not, _mask)],
    "logical_or": [of(np.logical_or, _mask, np.array([True, False, False]))],
    "logical_xor": [of(np.logical_xor, _mask, np.array([True, False, False]))],
    "maximum": binary(np.maximum),
    "minimum": binary(np.minimum),
    "mod": binary(np.mod, 0.2),
    "mul": binary(np.multiply),
    "neg": unary(np.negative),
    "not_equal": binary(np.not_equal),
    "pow": [
        *binary(np.power, 0.2),
        of(lambda x, p: x**p, numbers(3), 2),
        of(lambda x, p: x**p, numbers(3), 3),
        of(lambda x, p: x**p, numbers(3), 1),
        of(lambda x, p: x**p, numbers(3), 0),
        of(lambda x, p: x**p, numbers(3), -2),
    ],
    "reciprocal": unary(np.reciprocal, 0.2),
    "relu": unary(lambda x: np.maximum(x, 0)),
    "round": unary(np.rint),
    "rsqrt": unary(lambda x: 1 / np.sqrt(x), 0.2, 4.0),
    "sigmoid": unary(special.expit),
    "sign": unary(np.sign),
    "sin": unary(np.sin),
    "sinh": unary(np.sinh),
    "softplus": unary(lambda x: np.log1p(np.exp(x))),
    "sqrt": unary(np.sqrt, 0.2, 4.0),
    "square": unary(np.square),
    "sub": binary(np.subtract),
    "tan": unary(np.tan, -1.2, 1.2),
    "tanh": unary(np.tanh),
    "trunc": unary(np.trunc),
    # Activations and clipping
    "clamp": [
        of(lambda x: np.clip(x, -1, 1), numbers(2, 3), min=-1.0, max=1.0),
        of(lambda x: np.maximum(x, -1), numbers(2, 3), min=-1.0),
        of(lambda x: np.minimum(x, 1), numbers(2, 3), max=1.0),
    ],
    "clip_by_global_norm": [
        of(lambda x: tuple(a / np.sqrt(sum((b * b).sum() for b in x)) for a in x), (numbers(2, 3), numbers(2))),
        of(lambda x: x, (numbers(2) / 9, numbers(1) / 9)),
    ],
    "clip_by_norm": [
        of(lambda x, n: x * n / (np.sqrt((x * x).sum()) + 1e-6), numbers(2, 3), 0.5),
        of(lambda x, n: x, numbers(2, 3), 50.0),
    ],
    "clip_by_value": [of(lambda x, a, b: np.clip(x, a, b), numbers(2, 3), -1.0, 1.0)],
    "elu": unary(lambda x: np.where(x > 0, x, np.expm1(x))),
    "gelu": [
        *unary(lambda x: x * special.ndtr(x)),
        of(
            lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
            numbers(3),
            approximate="tanh",
        ),
    ],
    "hardtanh": unary(lambda x: np.clip(x, -1, 1)),
    "leaky_relu": [
        *unary(lambda x: np.where(x > 0, x, 0.2 * x)),
        of(lambda x: np.where(x > 0, x, 2 * x), numbers(4), alpha=2.0),
    ],
    "log_softmax": [of(lambda x, a=a: special.log_softmax(x, axis=a), numbers(2, 3), axis=a) for a in (-1, 0)],
    "relu6": unary(lambda x: np.clip(x, 0, 6), -2, 8),
    "selu": unary(lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))),
    "silu": unary(lambda x: x * special.expit(x)),
    "softmax": [of(lambda x, a=a: special.softmax(x, axis=a), numbers(2, 3), axis=a) for a in (-1, 0)],
    # Losses
    "cross_entropy": [of(_softmax_cross_entropy, numbers(3, 4), _labels)],
    "huber_loss": [of(_huber, numbers(2, 3), numbers(2, 3))],
    "l1_loss": [of(lambda a, b: np.abs(a - b).mean(), numbers(2, 3), numbers(2, 3))],
    "mse_loss": [
        of(lambda a, b: ((a - b) ** 2).mean(), numbers(2, 3), numbers(2, 3)),
        of(lambda a, b: (a - b) ** 2, numbers(2, 3), numbers(2, 3), reduction="none"),
        of(lambda a, b: ((a - b) ** 2).sum(), numbers(2, 3), numbers(2, 3), reduction="sum"),
    ],
    "smooth_l1_loss": [
        of(
            lambda a, b: np.where(np.abs(a - b) < 1, 0.5 * (a - b) ** 2, np.abs(a - b) - 0.5),
            numbers(2, 3),
            numbers(2, 3),
        )
    ],
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
