"""The one convention of derivatives that can be switched off: that zero is strong.

In a product of a derivative and a slope, 0 times an infinite or undefined number is 0: then what `where` has cut off
stays cut off. Where the zero was none of `where`'s, a number comes out that nothing has computed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Convention(threading.local):
    strict = False


_convention = _Convention()


def is_strict() -> bool:
    """Whether this thread wants 0 times infinity to be NaN in derivatives, as it is elsewhere."""
    return _convention.strict


@contextmanager
def strict_derivatives(enabled: bool = True) -> Iterator[None]:
    """Make 0 times infinity NaN in derivatives too, while the block or the decorated function runs in this thread.

    Zero is strong by default: what ``where`` has cut off stays cut off, but ``exp(log(x))`` has the slope 0 at 0, where
    it is 1. With this, nothing is chosen between 0 and infinity: a derivative is computed or NaN, in every mode and
    under ``jit``, which compiles a function anew for it. Kinks keep their conventions;
    :func:`dualtape.testing.chosen_derivatives` tells of both, with the lines where they were met.

    Parameters
    ----------
    enabled
        ``False`` brings the default back, inside of a block in which it is switched off.

    Notes
    -----
    What counts is when a derivative is computed: the function that ``vjp`` returns asks when it is called.

    Examples
    --------
    >>> import dualtape as dt
    >>> slope = dt.grad(lambda x: dt.ops.exp(dt.ops.log(x)))
    >>> print(slope(dt.Tensor(0.0)))
    0.0
    >>> with dt.strict_derivatives():
    ...     print(slope(dt.Tensor(0.0)))
    nan
    """
    before = _convention.strict
    _convention.strict = bool(enabled)
    try:
        yield
    finally:
        _convention.strict = before
