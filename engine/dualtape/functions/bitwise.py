"""Logic on the bits of integers, and shifts; of Bools it is that of truth values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtape.dtypes import DType, bool_
from dualtape.errors import ArgumentError, DTypeError
from dualtape.functions.conversion import TensorLike, UnreadableError, answered, as_tensor, promoted_pair
from dualtape.primitives import comparison as c

if TYPE_CHECKING:
    from dualtape.core.primitive import Primitive
    from dualtape.tensor import Tensor

__all__ = [
    "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor",
]  # fmt: skip


def _of_bits(name: str, of_integers: Primitive, of_truths: Primitive | None, x: Any, y: Any, reflected: str) -> Tensor:
    try:
        x, y = promoted_pair(name, x, y)
    except UnreadableError as failure:
        return answered(failure, x, y, reflected)
    dtype = y.dtype if isinstance(x, (bool, int, float)) else x.dtype
    if dtype is bool_ and of_truths is not None:
        return of_truths(*(as_tensor(operand, name) for operand in (x, y)))
    if not dtype.is_integer:
        allowed = "integers" if of_truths is None else "integers or Bools"
        raise DTypeError(f"`{name}` takes {allowed}, got {dtype}; compare it with a number, or use a logical function")
    for operand in (x, y):
        # NumPy would promote a number that the type does not hold, or refuse it in words of its own.
        if isinstance(operand, int) and not _fits(operand, dtype):
            raise ArgumentError(f"`{name}` got the number {operand}, which {dtype} does not hold")
    return of_integers(x, y)


def _fits(number: int, dtype: DType) -> bool:
    low = -(1 << (dtype.bits - 1)) if dtype.kind == "signed" else 0
    return low <= number < low + (1 << dtype.bits)


def bitwise_and(x: TensorLike, y: TensorLike) -> Tensor:
    """The bits that two integers share; *and* of Bools."""
    return _of_bits("bitwise_and", c.bitwise_and, c.logical_and, x, y, "__rand__")


def bitwise_or(x: TensorLike, y: TensorLike) -> Tensor:
    """The bits that either of two integers has; *or* of Bools."""
    return _of_bits("bitwise_or", c.bitwise_or, c.logical_or, x, y, "__ror__")


def bitwise_xor(x: TensorLike, y: TensorLike) -> Tensor:
    """The bits in which two integers differ; *exclusive or* of Bools."""
    return _of_bits("bitwise_xor", c.bitwise_xor, c.logical_xor, x, y, "__rxor__")


def bitwise_not(input: TensorLike) -> Tensor:
    """All bits of integers inverted; *not* of Bools."""
    x = as_tensor(input, "bitwise_not")
    if x.dtype is bool_:
        return c.logical_not(x)
    if not x.dtype.is_integer:
        raise DTypeError(f"`bitwise_not` takes integers or Bools, got {x.dtype}; use a logical function")
    return c.bitwise_not(x)


def bitwise_left_shift(x: TensorLike, y: TensorLike) -> Tensor:
    """``x * 2**y``, of integers, without what leaves their width; ``y`` must not be negative."""
    return _of_bits("bitwise_left_shift", c.left_shift, None, x, y, "__rlshift__")


def bitwise_right_shift(x: TensorLike, y: TensorLike) -> Tensor:
    """``floor(x / 2**y)``, of integers; ``y`` must not be negative."""
    return _of_bits("bitwise_right_shift", c.right_shift, None, x, y, "__rrshift__")
