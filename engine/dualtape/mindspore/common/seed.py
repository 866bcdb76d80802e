"""`set_seed` as MindSpore has it: NumPy's stream, from which weights and most data come, starts anew as well."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np

import dualtape as dt

_streams: dict[int, np.random.Generator] = {}


def stream_of(seed: Any) -> np.random.Generator:
    """The program's stream; or that of a seed, which begins with it and goes on from one call to the next."""
    if seed is None or isinstance(seed, np.random.Generator):
        return dt.random.generator(seed)
    if seed not in _streams:
        _streams[seed] = dt.random.generator(seed)
    return _streams[seed]


def set_seed(seed: int) -> None:
    """Start the streams of random operations, of first values and of `numpy.random` anew."""
    dt.set_seed(seed)
    _streams.clear()
    np.random.seed(seed)  # noqa: NPY002 - NumPy's old stream is the one that MindSpore seeds


def manual_seed(seed: int) -> None:
    """Start the stream of random operations anew, and that one alone."""
    dt.set_seed(seed)


def seed() -> int:
    """Start the stream of random operations somewhere, and say where."""
    somewhere = secrets.randbits(32)
    dt.set_seed(somewhere)
    return somewhere
