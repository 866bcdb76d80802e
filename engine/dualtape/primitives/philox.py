"""Philox 4x32-10: random words by counting, so that each is known by its key and its place alone.

Reference: Salmon, Moraes, Dror & Shaw 2011, *Parallel random numbers: as easy as 1, 2, 3* (SC '11).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualtape.core.example import Example, Indices
from dualtape.core.expression import by_type, call, static, x, y, z
from dualtape.core.primitive import NonDifferentiable
from dualtape.core.spec import Spec
from dualtape.dtypes import uint32
from dualtape.errors import DTypeError
from dualtape.primitives.declaring import infer_elementwise

_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_AT_ONCE = 2**13
"""Counters whose words fit the cache."""


def philox_4x32(counter: Any, key: Any) -> list[np.ndarray]:
    """The four words of a counter of four and a key of two words, all of 32 bits, which broadcast."""
    a, b, c, d = (np.asarray(word, np.uint64) for word in counter)
    k, m = (np.asarray(word, np.uint64) for word in key)
    for _ in range(_ROUNDS):
        p, q = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b, c, d = (q >> _HALF) ^ b ^ k, q & _LOW, (p >> _HALF) ^ d ^ m, p & _LOW
        k, m = (k + _WEYL[0]) & _LOW, (m + _WEYL[1]) & _LOW
    return [np.asarray(word, np.uint32) for word in (a, b, c, d)]


def _philox(key: np.ndarray, other: np.ndarray, index: np.ndarray, stream: int) -> np.ndarray:
    low, high, place = (word.astype(np.uint32) for word in (key, other, index))
    if _is_run(place) and all(word.ndim == 0 or word.shape[-1] == 1 for word in (low, high)):
        return _run(low, high, int(place.flat[0]), place.shape, stream)
    words = philox_4x32((place >> 2, stream, 0, 0), (low, high))
    return np.choose(place & 3, np.broadcast_arrays(*words, place)[:4])


def _is_run(place: np.ndarray) -> bool:
    """Whether these are neighbours along one axis, which share their counters."""
    line = place.ravel()
    return 1 < line.size == place.shape[-1] and bool((np.diff(line) == 1).all())


def _run(low: np.ndarray, high: np.ndarray, first: int, shape: tuple[int, ...], stream: int) -> np.ndarray:
    count = shape[-1]
    start, end = first >> 2, (first + count - 1 >> 2) + 1
    lead = np.broadcast_shapes(low.shape, high.shape, (*shape[:-1], 1))[:-1]
    words = np.empty((*lead, end - start, 4), np.uint32)
    for at in range(start, end, _AT_ONCE):
        counters = np.arange(at, min(at + _AT_ONCE, end), dtype=np.uint64)
        for i, word in enumerate(philox_4x32((counters, stream, 0, 0), (low, high))):
            words[..., at - start : at - start + counters.size, i] = word
    return words.reshape(*lead, -1)[..., first & 3 :][..., :count]


def _infer_philox(*inputs: Spec, stream: int) -> Spec:
    if not all(spec.dtype.is_integer for spec in inputs):
        raise DTypeError(f"`philox` got words of {', '.join(str(spec.dtype) for spec in inputs)}; expected integers")
    return infer_elementwise("philox", uint32)(*inputs)


# The word of 32 bits at an index of a stream: of four that counter (index // 4, stream, 0, 0) has, that of
# index % 4. The inputs are both words of the key and the index, modulo 2**32.
philox = NonDifferentiable(
    name="philox",
    numpy=_philox,
    lowering=by_type(x, call("dt_philox", static("stream"), x, y, z)),
    infer=_infer_philox,
    examples=(
        Example((Indices((), 2**31), Indices((), 2**31), Indices((9,), 100)), {"stream": 0}),
        Example((Indices((2, 1), 2**31), Indices((2, 1), 2**31), Indices((3,), 100)), {"stream": 1}),
    ),
    written=lambda *inputs, **_: None,
)
