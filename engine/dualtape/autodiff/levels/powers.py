"""Powers of powers, which levels differentiate as one power.

A root has no finite derivative at 0, and its square has: by the chain rule the slope of ``sqrt(x) ** 2`` at 0 is 0
times infinity, and in truth 1. So a value remembers the power that it is of another one, and what is a power of such a
value is differentiated by that other one, with both exponents in one. Numbers are computed as they are written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from dualtape.core.primitive import Primitive
from dualtape.primitives.arithmetic import absolute, multiply, times_slope
from dualtape.primitives.power import power
from dualtape.primitives.rounding import sign
from dualtape.primitives.selection import where

_LARGEST = 1000
"""Of larger exponents, infinite and undefined ones among them, nothing is remembered."""


class KnownPower(NamedTuple):
    """``base ** exponent``, or ``abs(base) ** exponent``, the base being no power itself.

    ``merges`` says that it was written as a power of a power, whose derivatives the chain rule does not give.
    """

    base: Any
    exponent: float
    of_magnitude: bool
    merges: bool = False

    @property
    def name(self) -> str:
        """Its name in messages."""
        return f"abs(x) ** {self.exponent:g}" if self.of_magnitude else f"x ** {self.exponent:g}"

    def kink(self, x: Any, y: Any) -> Any:
        """Where it has no derivative, as a primitive states it."""
        return (x == 0) & (self.of_magnitude and self.exponent <= 1)

    @property
    def partials(self) -> tuple[Callable[[Any, Any], Any]]:
        """As an elementwise primitive of the base states them."""
        return (self.slope,)

    def slope(self, x: Any, y: Any) -> Any:
        """The derivative by the base ``x``, where ``y`` is the value."""
        p = self.exponent
        if not self.of_magnitude:
            # Of a negative number the inner power is undefined, and with it all derivatives.
            return where(y == y, multiply(power(x, p - 1), p), y)
        if p == 1:
            return sign(x)
        if p % 2 == 0:
            return multiply(power(x, p - 1), p)
        return times_slope(sign(x), multiply(power(absolute(x), p - 1), p))


def as_one_power(primitive: Primitive, inputs: tuple[Any, ...], output: Any) -> KnownPower | None:
    """What to differentiate in the place of ``primitive``, whose output remembers the power that it is."""
    stated = None if primitive.power is None else primitive.power(*inputs)
    if stated is None or not 0 < stated.exponent < _LARGEST or output.dtype.is_complex:
        return None
    outer = KnownPower(*stated)
    inner: KnownPower | None = getattr(outer.base, "known_power", None)
    found = outer if inner is None else _merged(inner, outer)
    if found is not None:
        output.known_power = found
    return found if found is not None and found.merges else None


def _merged(inner: KnownPower, outer: KnownPower) -> KnownPower | None:
    (base, a, of_magnitude, _), b = inner, outer.exponent
    if a * b >= _LARGEST:
        return None
    # Exponents such as 1/3 and 3 are rounded, and so is their product.
    nearest = round(a * b)
    p = nearest if abs(a * b - nearest) < 1e-12 * nearest else a * b
    if of_magnitude or a % 2 == 0:
        smooth = not of_magnitude and not outer.of_magnitude and b % 1 == 0
        return KnownPower(base, p, of_magnitude=not smooth, merges=not smooth)
    if a % 1 == 0 and outer.of_magnitude:
        return None
    return KnownPower(base, p, of_magnitude=False, merges=a % 1 != 0 or b % 1 != 0)
