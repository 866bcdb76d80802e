"""Keys, from which random numbers are computed: where there is the same key, there are the same numbers.

A key is a tensor of two words of 32 bits, so that `jit` takes it as an input and `vmap` maps over many. Its streams of
words are those of :data:`~dualtape.primitives.philox.philox`: one for numbers, and others for the keys made of it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualtape.core.interpreter import value_of
from dualtape.devices.device import Device
from dualtape.dtypes import DType, as_dtype, uint8, uint16, uint32, uint64
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from dualtape.functions.bitwise import bitwise_left_shift, bitwise_or, bitwise_right_shift
from dualtape.functions.conversion import cast_to, read_shape
from dualtape.functions.shape import reshape, stack
from dualtape.primitives.philox import philox
from dualtape.random.stream import read_seed
from dualtape.tensor import Tensor

_NUMBERS, _CHILDREN, _FOLDED = 0, 1, 2


def key(seed: int) -> Tensor:
    """The key of a seed: a UInt32 tensor of shape (2,).

    Parameters
    ----------
    seed
        An int from 0 to 2**64 - 1; different seeds have different keys.

    Examples
    --------
    >>> import dualtape as dt
    >>> key = dt.random.key(7)
    >>> print(dt.random.normal(key, (3,)))
    [ 1.6911632   0.67496866 -1.2046076 ]
    """
    number = read_seed(seed)
    if number >= 2**64:
        raise ArgumentError(f"`seed` of `key` must be below 2**64, got {number}")
    return Tensor(np.array([number & 0xFFFFFFFF, number >> 32], np.uint32))


def split(key: Tensor, num: int | tuple[int, ...] = 2) -> Tensor:
    """New keys, whose numbers have nothing to do with each other, nor with those of ``key``.

    Parameters
    ----------
    key
        Of shape (2,).
    num
        How many, as a number or a shape.

    Returns
    -------
    Tensor
        UInt32, of the shape ``(*num, 2)``.

    Examples
    --------
    >>> import dualtape as dt
    >>> first, second = dt.random.split(dt.random.key(0))
    >>> dt.vmap(dt.random.normal)(dt.random.split(first, 5)).shape
    (5,)
    """
    shape = (*read_shape("split", "num", num), 2)
    return reshape(words("split", key, math.prod(shape), _CHILDREN), shape)


def fold_in(key: Tensor, data: int | Tensor) -> Tensor:
    """The key of a number within a key, such as that of a step or of an example: one of 2**32 for each key.

    Parameters
    ----------
    key
        Of shape (2,).
    data
        An int from 0 to 2**32 - 1, or a tensor of one integer, which counts modulo 2**32.

    Examples
    --------
    >>> import dualtape as dt
    >>> key = dt.random.key(0)
    >>> print(dt.random.randint(dt.random.fold_in(key, 3), (4,), 0, 10))
    [8 3 6 9]
    """
    if isinstance(data, Tensor):
        index = value_of(data)
        if not index.dtype.is_integer or index.size != 1:
            raise ArgumentTypeError(
                f"`data` of `fold_in` must be one integer, got a Tensor of {index.dtype} and shape {index.shape}"
            )
        index = reshape(index, ())
    else:
        if isinstance(data, bool) or not isinstance(data, (int, np.integer)):
            raise ArgumentTypeError(f"`data` of `fold_in` must be an int or a Tensor, got {type(data).__name__}")
        if not 0 <= data < 2**32:
            raise ArgumentError(f"`data` of `fold_in` must be from 0 to 2**32 - 1, got {data}")
        index = Tensor(np.uint32(data))
    low, high = _read_key("fold_in", key)
    return stack([philox(low, high, index.to(low.device), stream=_FOLDED + i) for i in range(2)])


def bits(key: Tensor, shape: int | tuple[int, ...] = (), dtype: DType = uint32) -> Tensor:
    """Random bits, as integers of ``dtype``: UInt8, UInt16, UInt32 or UInt64.

    Those of UInt32 are the words of Philox 4x32-10 with this key, in the order of its counter.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.random.bits(dt.random.key(0), (2,)))
    [1713891541 3781805453]
    """
    sizes, kind = read_shape("bits", "shape", shape), as_dtype(dtype)
    count = math.prod(sizes)
    if kind is uint64:
        low, high = (cast_to(half, uint64) for half in word_pairs("bits", key, count))
        return reshape(bitwise_or(low, bitwise_left_shift(high, 32)), sizes)
    if kind not in (uint8, uint16, uint32):
        raise DTypeError(f"`dtype` of `bits` must be UInt8, UInt16, UInt32 or UInt64, got {kind}")
    return reshape(cast_to(bitwise_right_shift(words("bits", key, count), 32 - kind.bits), kind), sizes)


def words(function: str, key: Tensor, count: int, stream: int = _NUMBERS) -> Tensor:
    """The first ``count`` words of a stream of ``key``: UInt32."""
    low, high = _read_key(function, key)
    if count > 2**32:
        raise ShapeError(f"`{function}` was asked for {count} words of one key, which has 2**32; split the key")
    places = Tensor(np.arange(count, dtype=np.uint32), device=low.device)
    return philox(low, high, places, stream=stream)


def word_pairs(function: str, key: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Two words for each of ``count`` numbers."""
    both = words(function, key, 2 * count)
    return both[:count], both[count:]


def device_of_key(function: str, key: Any) -> Device:
    """Where its numbers are made."""
    _require_key(function, key)
    return key.device  # type: ignore[no-any-return]


def _read_key(function: str, key: Any) -> tuple[Tensor, Tensor]:
    """Its words."""
    _require_key(function, key)
    return key[0], key[1]


def _require_key(function: str, key: Any) -> None:
    if not isinstance(key, Tensor):
        raise ArgumentTypeError(f"`key` of `{function}` must be a key, as `dt.random.key(seed)` gives, got {key!r}")
    if key.dtype is not uint32 or key.shape != (2,):
        several = "; map over several keys with `vmap`" if key.dtype is uint32 and key.shape[-1:] == (2,) else ""
        raise ArgumentTypeError(
            f"`key` of `{function}` must be a key, a Tensor of UInt32 and shape (2,), got one of {key.dtype} and shape "
            f"{key.shape}{several}"
        )
