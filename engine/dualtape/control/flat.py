"""Between users' nested containers and the flat lists of tensors on which conditions and loops work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from dualtape import pytree
from dualtape.core.interpreter import value_of
from dualtape.devices.device import Device
from dualtape.devices.registry import current_device
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from dualtape.tensor import Tensor
from dualtape.views import current_observer


class Flat(NamedTuple):
    """A nested container: its leaves, and how they are arranged. Leaves that are no tensors never change."""

    leaves: list[Any]
    structure: Any

    @property
    def tensors(self) -> list[Tensor]:
        """The leaves that are tensors."""
        return [x for x in self.leaves if isinstance(x, Tensor)]

    def filled(self, tensors: Sequence[Any]) -> Any:
        """The same container with other tensors."""
        rest = iter(tensors)
        return pytree.unflatten(self.structure, [next(rest) if isinstance(x, Tensor) else x for x in self.leaves])


def flat(tree: Any, device: Device) -> Flat:
    """The leaves of ``tree``; numbers become tensors on ``device``."""
    leaves, structure = pytree.flatten(tree)
    return Flat([_tensor(x, device) for x in leaves], structure)


def _tensor(x: Any, device: Device) -> Any:
    if isinstance(x, Tensor):
        return value_of(x)
    if isinstance(x, (bool, int, float)) or hasattr(x, "__array__"):
        return Tensor(x, device=device)
    return x


def device_of(*trees: Any) -> Device:
    """Where the tensors of ``trees`` are; else where new ones go."""
    observer = current_observer()
    if observer is not None:
        device: Device = observer.device
        return device
    found = (x.device for tree in trees for x in pytree.leaves(tree) if isinstance(x, Tensor))
    return next(found, None) or current_device()


def described(function: Callable[..., Any]) -> str:
    """A function's name and line, for errors."""
    name = getattr(function, "__name__", type(function).__name__)
    code = getattr(function, "__code__", None)
    return f"`{name}` ({code.co_filename}:{code.co_firstlineno})" if code else f"`{name}`"


def require_same(before: Flat, after: Flat, what: str, expected: str) -> None:
    """Raise an error that names both if two containers differ in structure, shapes, element types or other leaves.

    ``what`` says what ``after`` is, ``expected`` what ``before`` is.
    """
    if before.structure != after.structure:
        raise ArgumentError(f"{what} has the structure {_shown(after)}; expected that of {expected}, {_shown(before)}")
    for k, (x, y) in enumerate(zip(before.leaves, after.leaves, strict=True)):
        place = f", leaf {k}," if len(before.leaves) > 1 else ""
        if isinstance(x, Tensor) and isinstance(y, Tensor):
            if x.shape != y.shape:
                raise ShapeError(f"{what}{place} has shape {y.shape}; expected the shape {x.shape} of {expected}")
            if x.dtype is not y.dtype:
                raise DTypeError(
                    f"{what}{place} is of {y.dtype}; expected {x.dtype} as {expected}; convert one of them, as in "
                    "x.astype(dualtape.float32) (Python floats become Float32 tensors, integers Int64)"
                )
        elif isinstance(x, Tensor) != isinstance(y, Tensor) or x != y:
            raise ArgumentTypeError(f"{what}{place} is {_named(y)}; expected {_named(x)} as {expected}")


def _named(x: Any) -> str:
    return f"a Tensor of {x.dtype} and shape {x.shape}" if isinstance(x, Tensor) else repr(x)


def _shown(x: Flat) -> str:
    kinds = [str(leaf.dtype) if isinstance(leaf, Tensor) else repr(leaf) for leaf in x.leaves]
    return repr(pytree.unflatten(x.structure, [_Word(kind) for kind in kinds]))


class _Word(str):
    """Prints as its text alone."""

    __repr__ = str.__str__
