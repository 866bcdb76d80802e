"""Complex tensors as their real and imaginary parts, along which derivatives can be measured."""

from __future__ import annotations

from collections.abc import Sequence

from dualtape.functions.complex_numbers import complex as join
from dualtape.functions.complex_numbers import imag, real
from dualtape.tensor import Tensor


def to_parts(tensors: Sequence[Tensor]) -> list[Tensor]:
    """The same tensors, with two in the place of each complex one."""
    return [part for x in tensors for part in ([real(x), imag(x)] if x.dtype.is_complex else [x])]


def from_parts(parts: Sequence[Tensor], like: Sequence[Tensor]) -> list[Tensor]:
    """The tensors that ``parts`` are those of: complex where ``like`` is."""
    given = iter(parts)
    return [join(next(given), next(given)) if x.dtype.is_complex else next(given) for x in like]
