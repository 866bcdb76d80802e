"""The program's own stream: one seed for a program, from which first values and samples are drawn."""

from __future__ import annotations

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError

_seed: int | None = None
# Made when first drawn from: importing numpy.random costs a tenth of importing this package.
_stream: np.random.Generator | None = None


def set_seed(seed: int) -> None:
    """Start the stream of random numbers anew, so that what follows can be repeated exactly.

    Examples
    --------
    >>> import dualtape as dt
    >>> dt.set_seed(7)
    >>> first = dt.nn.Dense(2, 3).weight.asnumpy()
    >>> dt.set_seed(7)
    >>> bool((dt.nn.Dense(2, 3).weight.asnumpy() == first).all())
    True
    """
    global _seed, _stream
    _seed = read_seed(seed)
    _stream = np.random.default_rng(_seed)


def get_seed() -> int | None:
    """What :func:`set_seed` was last given; ``None`` if nothing."""
    return _seed


def generator(seed: int | np.random.Generator | None = None) -> np.random.Generator:
    """The program's stream, or the stream of a given seed."""
    global _stream
    if seed is None:
        if _stream is None:
            _stream = np.random.default_rng()
        return _stream
    return seed if isinstance(seed, np.random.Generator) else np.random.default_rng(read_seed(seed))


def read_seed(seed: object) -> int:
    """An int from 0 on."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise ArgumentTypeError(f"`seed` must be an int, got {type(seed).__name__}")
    if seed < 0:
        raise ArgumentError(f"`seed` must not be negative, got {seed}")
    return int(seed)
