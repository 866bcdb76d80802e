"""What a primitive can be tried on: declared with it, so that no primitive escapes the tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dualtape.core.spec import Shape


class Reals(NamedTuple):
    """A floating-point input with elements between ``low`` and ``high``."""

    shape: Shape
    low: float = -2.0
    high: float = 2.0


class Indices(NamedTuple):
    """An integer input with elements from 0 to ``size - 1``."""

    shape: Shape
    size: int


class Flags(NamedTuple):
    """A boolean input."""

    shape: Shape


@dataclass(frozen=True)
class Example:
    """One call of a primitive: its inputs and static parameters."""

    inputs: tuple[Reals | Indices | Flags, ...]
    params: dict[str, Any] = field(default_factory=dict)
