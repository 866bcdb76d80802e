"""What programs are made of: values, numbers, and equations between them.

Every node is written once, before it is read; shapes and element types are static.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from dualtape.core.composite import Composite
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Shape, Spec
from dualtape.dtypes import DType, bool_

Number = bool | int | float


@dataclass(frozen=True, eq=False)
class Node:
    """One value of a program; compared by identity."""

    spec: Spec


@dataclass(frozen=True, eq=False)
class KnownNode(Node):
    """A value that is known: a tensor captured by the function, on the device that the program runs on."""

    value: Any


class Bundle(NamedTuple):
    """What is known of several values that one equation gives; where a spec is asked for, it passes for a bool."""

    items: tuple[Spec, ...]

    @property
    def shape(self) -> Shape:
        return ()

    @property
    def dtype(self) -> DType:
        return bool_


Operand = Node | Number


@dataclass(frozen=True, eq=False)
class Equation:
    """``output = primitive(*operands, **params)``.

    An equation that holds programs knows the ``composite`` that its parameters make, for whoever differentiates it.
    """

    primitive: Primitive
    operands: tuple[Operand, ...]
    params: dict[str, Any]
    output: Node
    composite: Callable[..., Composite] | None = None

    @classmethod
    def inferred(
        cls, primitive: Primitive, operands: tuple[Operand, ...], params: dict[str, Any],
        composite: Callable[..., Composite] | None = None,
    ) -> Equation:  # fmt: skip
        """The equation whose output is of the kind that follows from its operands."""
        specs = [x.spec if isinstance(x, Node) else None for x in operands]
        if primitive.on_complex is None:
            primitive.require_reals(spec.dtype.numpy for spec in specs if spec is not None)
        return cls(primitive, operands, params, Node(primitive.infer(*specs, **params)), composite)

    @cached_property
    def reads(self) -> tuple[Node, ...]:
        return tuple(operand for operand in self.operands if isinstance(operand, Node))
