"""One entry of a tape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from dualtape.core.primitive import Primitive
from dualtape.tensor import Tensor


class Adjoint(NamedTuple):
    """What stands on the tape in place of a primitive for a whole function: its reverse rule, and nothing else.

    ``pull(cotangent, i)`` gives the cotangent of input ``i``, or ``None`` for an identical zero.
    """

    pull: Callable[[Tensor, int], Tensor | None]


class Record(NamedTuple):
    """One operation on the tape; ``sources`` are the indices of watched inputs, or ``None``."""

    primitive: Primitive | Adjoint
    primals: tuple[Any, ...]
    sources: list[int | None]
    params: dict[str, Any]
    output: Tensor
    target: int
