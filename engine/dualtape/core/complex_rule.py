"""What a primitive says of complex numbers, and pairs of reals in their place.

The host computes with NumPy's complex types. Devices and kernels know reals only: there a complex value is a pair of
them, and each primitive states once what it makes of pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from dualtape.core.interpreter import ground
from dualtape.core.spec import Shape
from dualtape.dtypes import DType

_Part = Any
"""A value of reals, or a Python number in the place of one whose elements all are that number."""


class Pair:
    """A complex value by its real and imaginary part.

    A part that is known to be one number everywhere, such as the 0 of what was real, costs nothing.
    """

    __slots__ = ("device", "dtype", "im", "re", "shape")

    def __init__(self, re: _Part, im: _Part, shape: Shape, dtype: DType, device: Any) -> None:
        self.re = re
        self.im = im
        self.shape = shape
        self.dtype = dtype
        self.device = device

    def whole(self, part: _Part) -> Any:
        """One of its parts, as a value of its shape."""
        if not isinstance(part, (int, float)):
            return part
        return ground().filled(self.shape, part, self.dtype, self.device)

    @property
    def parts(self) -> tuple[Any, Any]:
        """Both parts as values of its shape."""
        return self.whole(self.re), self.whole(self.im)


class ComplexRule(NamedTuple):
    """How a primitive runs on complex numbers, which its ``numpy`` takes as it takes reals.

    Attributes
    ----------
    pairs
        ``pairs(primitive, operands, params)``: the real and imaginary part of the output, or one value if it is real;
        operands are :class:`Pair` where they are complex. ``None`` where devices leave it to the host.
    """

    pairs: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any] | None
    from_reals: bool = False
    """Whether it gives complex numbers of reals."""


def is_number(part: _Part) -> bool:
    """Whether a part is one number everywhere."""
    return isinstance(part, (int, float))


def plus(a: _Part, b: _Part) -> _Part:
    """The sum of two parts."""
    if is_number(a) and a == 0:
        return b
    return a if is_number(b) and b == 0 else a + b


def minus(a: _Part, b: _Part) -> _Part:
    """The difference of two parts."""
    if is_number(b) and b == 0:
        return a
    return -b if is_number(a) and a == 0 else a - b


def times(product: Callable[[Any, Any], Any], a: _Part, b: _Part) -> _Part:
    """A product of two parts, linear in each."""
    if is_number(a) and is_number(b):
        return a * b
    for number, other in ((a, b), (b, a)):
        if is_number(number) and number in (0, 1, -1):
            return 0 if number == 0 else other if number == 1 else -other
    return product(a, b)


def part_of(operand: Any, i: int) -> _Part:
    """The real (0) or imaginary (1) part of an operand."""
    if isinstance(operand, Pair):
        return operand.im if i else operand.re
    return 0 if i else operand


def by_parts(primitive: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> tuple[_Part, _Part]:
    """A linear map with real coefficients, which acts on each part by itself; what is not complex is no part of it."""

    def mapped(i: int) -> _Part:
        parts = [part_of(x, i) for x in operands if isinstance(x, Pair)]
        if all(is_number(part) and part == 0 for part in parts):
            return 0
        filled = [x.whole(part_of(x, i)) if isinstance(x, Pair) else 0.0 if i and is_number(x) else x for x in operands]
        return primitive(*filled, **params)

    return mapped(0), mapped(1)


def by_products(primitive: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> tuple[_Part, _Part]:
    """A product: (a + ib)(c + id) = ac - bd + i(ad + bc)."""
    x, y = operands
    a, b, c, d = part_of(x, 0), part_of(x, 1), part_of(y, 0), part_of(y, 1)

    def product(u: Any, v: Any) -> Any:
        return primitive(u, v, **params)

    def of(u: _Part, v: _Part) -> _Part:
        if primitive.commutes:
            return times(product, u, v)
        if (is_number(u) and u == 0) or (is_number(v) and v == 0):
            return 0
        return product(x.whole(u) if isinstance(x, Pair) else u, y.whole(v) if isinstance(y, Pair) else v)

    return minus(of(a, c), of(b, d)), plus(of(a, d), of(b, c))


BY_PARTS = ComplexRule(by_parts)
BY_PRODUCTS = ComplexRule(by_products)
BY_NUMPY = ComplexRule(None)
"""On the host, wherever the operands are."""
