"""`bind`, levels, and the values that live on them.

Every operation is ``bind(primitive, inputs, params)``. Each value belongs to a level: the ground
level runs on a device; a transformation (reverse tape, forward jet, program tracing) enters a level
of its own above those that are already open. The input on the highest level decides who
interprets the operation, and that interpreter does its part by calling ``bind`` again with what
it knows from the level below. So transformations nest in any order, and because every entry is
a level of its own, perturbations of different transformations are never confused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from weakref import ref

from dualtape.errors import DualtapeError, EscapedLevelError
from dualtape.scopes import Scopes

if TYPE_CHECKING:
    import numpy as np

    from dualtape.core.composite import Composite
    from dualtape.core.primitive import Primitive
    from dualtape.dtypes import DType
    from dualtape.tensor import Tensor


class Level:
    """One interpreter at one depth of nesting."""

    depth: int = 0
    alive: bool = True
    title: ClassVar[str] = "a transformation"
    watches: ClassVar[bool] = False
    """Whether its values are those of the level below, and it only remembers what becomes of them."""
    undecided: ClassVar[bool] = False
    """Whether Python cannot branch on its values, being unknown or several at once."""

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        """Run one operation whose highest input lives on this level."""
        raise NotImplementedError

    def apply(self, composite: Composite, inputs: Sequence[Any]) -> list[Any]:
        """Run what is no primitive: unless a level says otherwise, as the primitives it is made of."""
        return composite.run(inputs)

    def owns(self, x: Any) -> bool:
        """Whether ``x`` is a value of this level; `interpret` may write it out, for it asks at every operation."""
        return getattr(x, "level", None) is self

    def below(self, composite: Composite, inputs: Sequence[Any]) -> list[Any]:
        """The outputs of ``composite`` on what the level below knows of its inputs."""
        return self.require_below(composite, apply(composite, inputs))

    def require_below(self, composite: Composite, outputs: list[Any]) -> list[Any]:
        """``outputs``, unless ``composite`` used values of this level that are none of its inputs."""
        if any(x.level.depth >= self.depth for x in outputs if isinstance(x, Value)):
            raise composite.captures()
        return outputs

    def lower(self, value: Any) -> Any:
        """Check that ``value``, which is not of this level, may take part here as a constant."""
        level = getattr(value, "level", None)
        if level is not None and level.depth > 0 and (not level.alive or level.depth >= self.depth):
            raise level.escaped()
        return value

    def unseen(self, asked: str) -> DualtapeError:
        """The error where ``asked`` needs numbers that values of an ``undecided`` level do not have."""
        raise NotImplementedError

    def escaped(self) -> EscapedLevelError:
        """The error for a value of this level that is used after the level has closed."""
        return EscapedLevelError(
            f"a value of {self.title} that has already returned was used in another operation; "
            "return it from the transformed function instead of keeping it in a variable outside"
        )


class Value:
    """What an operation takes and gives, on whatever level."""

    __slots__ = ()
    level: Level

    @property
    def shape(self) -> tuple[int, ...]:
        raise NotImplementedError

    @property
    def dtype(self) -> DType:
        raise NotImplementedError


class Ground(Level):
    """The level below all transformations: operations run on a device, at once."""

    def constant(self, array: np.ndarray, device: Any = None) -> Tensor:
        """A tensor that holds a copy of ``array``, on ``device`` or on the current one."""
        raise NotImplementedError

    def constant_like(self, array: np.ndarray, like: Tensor) -> Tensor:
        """A tensor of ``array``'s numbers, of the type and on the device of another one."""
        return self.constant(array.astype(like.dtype.numpy), like.device)

    def filled(self, shape: tuple[int, ...], value: float, dtype: DType, device: Any = None) -> Tensor:
        """A tensor of one number, on ``device`` or on the current one."""
        raise NotImplementedError


class _Reference(Level):
    """The level of parameters, which stand for whatever value they hold at the moment.

    It lies above all others, so that an operation on a parameter is first rewritten to one on its value.
    """

    depth = 1 << 30

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        return bind(primitive, tuple(map(value_of, inputs)), params)

    def apply(self, composite: Composite, inputs: Sequence[Any]) -> list[Any]:
        return apply(composite, list(map(value_of, inputs)))


REFERENCE = _Reference()


def value_of(x: Any) -> Any:
    """``x``, or the value that it stands for if it is a parameter or another reference."""
    return x.__dualtape_value__() if getattr(x, "level", None) is REFERENCE else x


_ground: Ground = Ground()


def install_ground(ground: Ground) -> None:
    """Say who runs operations on plain tensors; called once, by the module that defines them."""
    global _ground
    _ground = ground


def ground() -> Ground:
    """The level on which operations run at once."""
    return _ground


def highest(inputs: Sequence[Any]) -> Level:
    """The highest level among values; Python numbers belong to none."""
    top: Level = _ground
    for x in inputs:
        level = getattr(x, "level", top)
        if level is not top and level.depth > top.depth:
            top = level
    if not top.alive:
        raise top.escaped()
    return top


def bind(primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
    """Run ``primitive`` on the highest level among its inputs: values, or Python numbers, which never widen a type.

    ``params`` are static and hashable.
    """
    # `highest`, written out: a call less at every operation.
    top: Level = _ground
    depth = 0
    for x in inputs:
        level = getattr(x, "level", top)
        if level.depth > depth:
            top = level
            depth = level.depth
    if not top.alive:
        raise top.escaped()
    return top.interpret(primitive, inputs, params)


def apply(composite: Composite, inputs: Sequence[Any]) -> list[Any]:
    """Run ``composite``, which is no primitive, on the highest level among its inputs."""
    return highest(inputs).apply(composite, inputs)


_nesting = Scopes()
L = TypeVar("L", bound=Level)


class entered(Generic[L]):
    """Open ``level`` above all open ones, and close it on the way out, whatever happens."""

    __slots__ = ("__weakref__", "_level", "_outer")

    def __init__(self, level: L) -> None:
        self._level = level

    def __enter__(self) -> L:
        self._outer = outer = _nesting.still_open()
        self._level.depth = len(outer) + 1
        _nesting.entered = (*outer, ref(self))
        return self._level

    def __exit__(self, *_: object) -> None:
        _nesting.entered = self._outer
        self._level.alive = False


def nesting_depth() -> int:
    """How many transformations are open in this thread."""
    return len(_nesting.still_open()) if _nesting.entered else 0
