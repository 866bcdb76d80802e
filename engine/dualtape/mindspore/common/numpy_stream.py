"""The stream of first values: each random tensor is drawn from a seed that NumPy's global stream gives.

So `numpy.random.seed` makes weights repeat, and what a program draws after its network was built is the same as there.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np


def from_numpys_stream() -> np.random.Generator:
    """A generator that takes one number of NumPy's stream for each tensor, and none for constants."""
    made: np.random.Generator = _kind()()
    return made


@cache
def _kind() -> Any:
    # Made when first drawn from: importing numpy.random costs a tenth of importing dualtape.
    class SeededByNumpy(np.random.Generator):
        def __init__(self) -> None:
            super().__init__(np.random.PCG64(0))
            self._drawing: Any = None

        def _anew(self) -> np.random.Generator:
            # NumPy's old stream is the one that MindSpore draws from.
            seed = np.random.randint(low=1, high=1 << 63, dtype=np.int64)  # noqa: NPY002
            self._drawing = np.random.default_rng(seed)
            found: np.random.Generator = self._drawing
            return found

        def uniform(self, *args: Any, **kwargs: Any) -> Any:
            return self._anew().uniform(*args, **kwargs)

        def normal(self, *args: Any, **kwargs: Any) -> Any:
            return self._anew().normal(*args, **kwargs)

        def standard_normal(self, size: Any = None, *args: Any, **kwargs: Any) -> Any:
            # A tensor first; then, in the place of numbers out of bounds, as many others.
            generator = self._drawing if isinstance(size, int) else self._anew()
            return generator.standard_normal(size, *args, **kwargs)

    return SeededByNumpy
