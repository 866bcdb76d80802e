"""Distributions of integers, choices and orders, each as a function of a key; their derivatives are zero."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualtape.control.conditions import is_undecided
from dualtape.core.interpreter import value_of
from dualtape.core.spec import broadcast_shapes, normalize_axis
from dualtape.dtypes import DType, as_dtype, float32, int64, uint64
from dualtape.errors import ArgumentError, DTypeError, ShapeError
from dualtape.functions.conversion import as_tensor, cast_to, floating, read_flag, read_int, read_shape
from dualtape.functions.creation import arange
from dualtape.functions.elementwise import log, minimum
from dualtape.functions.reduction import argmax, cumsum
from dualtape.functions.shape import part, reshape
from dualtape.functions.sorting import searchsorted
from dualtape.primitives.gathering import take
from dualtape.primitives.ordering import argsort
from dualtape.random.continuous import SampleShape, uniform
from dualtape.random.keys import bits, device_of_key
from dualtape.random.units import between, half_open
from dualtape.tensor import Tensor

_WIDEST = 2**48


def randint(key: Tensor, shape: int | tuple[int, ...], low: int, high: int, dtype: DType = int64) -> Tensor:
    """Integers from ``low`` up to but without ``high``.

    The remainder of 64 random bits: the probabilities of two numbers differ by (high - low) / 2**64 of them at most.

    Parameters
    ----------
    key
        Of shape (2,).
    shape
        Of the result.
    low, high
        Ints that ``dtype`` holds, of which ``high`` may be one beyond; at most 2**48 apart.
    dtype
        A type of integers.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.random.randint(dt.random.key(0), (8,), -3, 3))
    [ 0  0  1 -1 -1  0  0 -2]
    """
    start, end, kind = read_int("randint", "low", low), read_int("randint", "high", high), as_dtype(dtype)
    if not kind.is_integer:
        raise DTypeError(f"`dtype` of `randint` must be a type of integers, got {kind}")
    bounds = np.iinfo(kind.numpy)
    if not (bounds.min <= start < end <= int(bounds.max) + 1 and end - start <= _WIDEST):
        raise ArgumentError(
            f"`randint` got the bounds {start} and {end}; expected a lower and a higher one, at most 2**48 apart, of "
            f"{kind}, which holds {bounds.min} to {bounds.max}"
        )
    rest = bits(key, read_shape("randint", "shape", shape), uint64) % (end - start)
    return cast_to(cast_to(rest, int64) + start if kind is not uint64 else rest + start, kind)


def permutation(key: Tensor, x: int | Tensor, axis: int = 0) -> Tensor:
    """The slices of ``x`` along ``axis`` in a random order; for an int, the numbers below it (Int64).

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.random.permutation(dt.random.key(0), 6))
    [2 1 4 5 3 0]
    """
    if not isinstance(x, Tensor):
        count = read_int("permutation", "x", x)
        if count < 0:
            raise ArgumentError(f"`x` of `permutation` must not be negative, got {count}")
        return _order("permutation", key, count)
    if x.ndim == 0:
        raise ShapeError("`x` of `permutation` must be an int or have an axis, got a Tensor of shape ()")
    i = normalize_axis("permutation", read_int("permutation", "axis", axis), x.ndim)
    return take(x, _order("permutation", key, x.shape[i]), axis=i) if x.shape[i] else x


def choice(
    key: Tensor, a: int | Tensor, shape: int | tuple[int, ...] = (), replace: bool = True, p: Any = None
) -> Tensor:
    """Slices of ``a`` along its first axis, or numbers below an int, chosen at random.

    Parameters
    ----------
    key
        Of shape (2,).
    a
        An int or a tensor.
    shape
        How many; the result has the shape ``(*shape, *a.shape[1:])``.
    replace
        Whether one may be chosen twice.
    p
        A vector of probabilities, or of weights that are proportional to them, one for each slice; by default they are
        equal. Without replacement, one after the other is chosen of those that are left.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.random.choice(dt.random.key(0), 5, (4,), p=[0.0, 0.9, 0.1, 0.0, 0.0]))
    [1 1 1 1]
    """
    sizes, again = read_shape("choice", "shape", shape), read_flag("choice", "replace", replace)
    wanted = math.prod(sizes)
    count = a.shape[0] if isinstance(a, Tensor) and a.ndim else read_int("choice", "a", a)
    if wanted and (count < 1 or (not again and wanted > count)):
        raise ArgumentError(f"`choice` was asked for {wanted} of {count}" + ("" if again else ", each at most once"))
    if p is None:
        places = randint(key, (wanted,), 0, max(count, 1)) if again else _order("choice", key, count)[:wanted]
    else:
        places = _weighted(key, _read_weights(key, p, count, wanted, again), wanted, again)
    chosen = take(a, places, axis=0) if isinstance(a, Tensor) and wanted else places
    return reshape(chosen, (*sizes, *(a.shape[1:] if isinstance(a, Tensor) else ())))


def bernoulli(key: Tensor, p: float | Tensor = 0.5, shape: SampleShape = None) -> Tensor:
    """Bools that are true with the probability ``p``, a number or a tensor that broadcasts to ``shape``.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.random.bernoulli(dt.random.key(0), 0.8, (5,)))
    [ True False  True  True False]
    """
    probability = as_tensor(p, "bernoulli", "p")
    sizes = probability.shape if shape is None else read_shape("bernoulli", "shape", shape)
    if broadcast_shapes("bernoulli", sizes, probability.shape) != sizes:
        raise ShapeError(f"`bernoulli` got `p` of shape {probability.shape}; expected what broadcasts to {sizes}")
    unit = half_open("bernoulli", key, sizes, float32)
    if not isinstance(p, Tensor):
        probability = probability.to(unit.device)
        if not bool(((probability >= 0) & (probability <= 1)).all()):
            raise ArgumentError(f"`p` of `bernoulli` must be from 0 to 1, got {p}")
    return unit < probability


def categorical(key: Tensor, logits: Tensor, axis: int = -1) -> Tensor:
    """For each vector along ``axis`` the index of one of its elements (Int64), with probabilities `softmax(logits)`.

    By the largest of the logits with Gumbel noise.

    Examples
    --------
    >>> import dualtape as dt
    >>> logits = dt.ops.log(dt.Tensor([[0.9, 0.1], [0.1, 0.9]]))
    >>> print(dt.random.categorical(dt.random.key(0), logits))
    [0 1]
    """
    given = floating("categorical", logits, "logits")
    i = normalize_axis("categorical", read_int("categorical", "axis", axis), given.ndim)
    return argmax(given + _gumbel("categorical", key, given), i)


def _order(function: str, key: Tensor, count: int) -> Tensor:
    """Sorted by words of 64 bits: equal ones, which would keep their order, are too rare to be seen."""
    return argsort(bits(key, (count,), uint64), descending=False) if count else arange(0)


def _read_weights(key: Tensor, p: Any, count: int, wanted: int, again: bool) -> Tensor:
    weights = floating("choice", p, "p")
    if weights.shape != (count,):
        raise ShapeError(f"`p` of `choice` has shape {weights.shape}; expected ({count},), one for each that is there")
    weights = weights if isinstance(p, Tensor) else weights.to(device_of_key("choice", key))
    if not is_undecided(value_of(weights)):
        numbers = value_of(weights).ground.asnumpy()
        positive = int((numbers > 0).sum())
        if not (np.isfinite(numbers) & (numbers >= 0)).all() or not positive:
            raise ArgumentError(f"`p` of `choice` must be weights from 0 on, of which one is positive, got {numbers}")
        if not again and positive < wanted:
            raise ArgumentError(f"`choice` was asked for {wanted} of {positive} that have a weight, each at most once")
    return weights


def _weighted(key: Tensor, weights: Tensor, wanted: int, again: bool) -> Tensor:
    if not again:
        scores = log(weights) + _gumbel("choice", key, weights)
        return part(argsort(scores, descending=True), 0, 0, wanted)
    total = cumsum(weights, 0)
    found = searchsorted(total, uniform(key, (wanted,), dtype=weights.dtype) * total[-1], right=True)
    # Rounded up to the whole sum, a number would lie behind the last that has a weight.
    return minimum(found, searchsorted(total, total[-1:]))


def _gumbel(function: str, key: Tensor, like: Tensor) -> Tensor:
    return -log(-log(between(function, key, like.shape, like.dtype)))
