"""The one convention of derivatives that can be switched off: that zero is strong.

In a product of a derivative and a slope, 0 times an infinite or undefined number is 0: then what `where` has cut off
stays cut off. Where the zero was none of `where`'s, a number comes out that nothing has computed.
"""

from __future__ import annotations

from contextlib import ContextDecorator
from typing import Any, Self
from weakref import ref

from dualtape.errors import ArgumentTypeError
from dualtape.scopes import Scopes

conventions = Scopes()
"""The blocks of :class:`strict_derivatives` that a thread is in."""


def is_strict() -> bool:
    """Whether this thread wants 0 times infinity to be NaN in derivatives, as it is elsewhere."""
    if not conventions.entered:
        return False
    innermost: Any = next((scope() for scope in reversed(conventions.still_open())), None)
    return innermost is not None and innermost.enabled


class strict_derivatives(ContextDecorator):
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

    def __init__(self, enabled: bool = True) -> None:
        if not isinstance(enabled, bool):
            raise ArgumentTypeError(f"`enabled` of `strict_derivatives` must be a bool, got {type(enabled).__name__}")
        self.enabled = enabled

    def _recreate_cm(self) -> Self:
        return type(self)(self.enabled)

    def __enter__(self) -> None:
        self._outer = outer = conventions.still_open()
        conventions.entered = (*outer, ref(self))

    def __exit__(self, *_: object) -> None:
        conventions.entered = self._outer
