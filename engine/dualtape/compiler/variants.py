"""For which kinds of arguments a function has been compiled: what tells them apart, and a warning where they abound."""

from __future__ import annotations

import inspect
import itertools
import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from typing import Any, NamedTuple

from dualtape import pytree
from dualtape.bits import exact_key
from dualtape.compiler.program import spec_text
from dualtape.core.spec import Spec
from dualtape.devices.device import Device
from dualtape.errors import ArgumentTypeError
from dualtape.tensor import Tensor

MANY = 10
"""With so many compilations of one function comes a warning."""


class Variant(NamedTuple):
    """All that a program depends on: static leaves as they are, tensors by their specs, and the convention."""

    leaves: tuple[Any, ...]
    structure: Any
    device: str
    is_strict: bool


def variant_of(leaves: list[Any], structure: Any, device: Device, is_strict: bool) -> Variant:
    """The kind of the arguments that these leaves are of."""
    described = tuple(Spec(x.shape, x.dtype) if isinstance(x, Tensor) else x for x in leaves)
    return Variant(described, structure, device.name, is_strict)


def leaf_key(leaf: Any) -> Hashable:
    """What tells leaves apart for which other programs are needed."""
    if isinstance(leaf, Tensor):
        return leaf.shape, leaf.dtype
    try:
        return exact_key(leaf)
    except TypeError as failure:
        raise ArgumentTypeError(
            f"a static argument of a jitted function must be hashable, got {type(leaf).__name__}; pass a Tensor, or a "
            "tuple, list or dict of them"
        ) from failure


def has_loose_keys(structure: Any) -> bool:
    """Whether it holds dicts whose keys may be equal and not the same, as 1 and True are: then its paths tell."""
    own = issubclass(structure.type or object, dict) and not all(type(key) is str for key in structure.entries())
    return own or any(map(has_loose_keys, structure.children()))


Path = tuple[Any, ...]


class Compilations:
    """Counts the compilations of one function, and says once what differs from one to the next if they are many."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._numbers = itertools.count(1)
        self._last: Variant | None = None
        self._changes: Counter[tuple[str, Path]] = Counter()
        self._latest: dict[tuple[str, Path], str] = {}

    def add(self, variant: Variant, most: int) -> None:
        """Note one more, of whose programs ``most`` are kept."""
        last, self._last = self._last, variant
        number = next(self._numbers)
        if last is None or number > MANY:
            return
        for what, path, change in _changes(last, variant):
            self._latest[what, path] = change
            self._changes[what, path] += 1
        if number == MANY:
            warnings.warn(self._text(most), stacklevel=4)

    def _text(self, most: int) -> str:
        changes = [
            f"{what}{self._place(path)} ({times}x, last {self._latest[what, path]})"
            for (what, path), times in self._changes.most_common(4)
        ]
        name = getattr(self._function, "__name__", "a function")
        return (
            f"`jit` has compiled `{name}` {MANY} times; what changed from one compilation to the next: "
            f"{', '.join(changes)}. Each kind of arguments costs a compilation, and the {most} used last are kept "
            "(`max_programs`): give tensors few shapes, and pass numbers that vary as Tensors"
        )

    def _place(self, path: Path) -> str:
        """Which argument, with its name where the function says it, and where inside."""
        if not path:
            return ""
        is_keyword, first, *rest = path
        name = "" if is_keyword else _name_of(self._function, first)
        return f" of argument {first!r}{name}{''.join(f'[{key!r}]' for key in rest)}"


def _name_of(function: Callable[..., Any], position: int) -> str:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # as of some builtin functions
        return ""
    names = [x.name for x in parameters if x.kind in (x.POSITIONAL_ONLY, x.POSITIONAL_OR_KEYWORD)]
    return f" `{names[position]}`" if position < len(names) else ""


def _changes(before: Variant, after: Variant) -> Iterator[tuple[str, Path, str]]:
    """What differs, where in the arguments, and how."""
    if before.device != after.device:
        yield "the device", (), f"{before.device} -> {after.device}"
    if before.is_strict != after.is_strict:
        yield "`strict_derivatives`", (), f"{before.is_strict} -> {after.is_strict}"
    paths = pytree.paths_of(after.structure)
    if before.structure != after.structure or exact_key(pytree.paths_of(before.structure)) != exact_key(paths):
        yield "the structure of the arguments", (), f"{before.structure} -> {after.structure}"
        return
    different = [
        i for i, (x, y) in enumerate(zip(before.leaves, after.leaves, strict=True)) if leaf_key(x) != leaf_key(y)
    ]
    for i in different:
        x, y = before.leaves[i], after.leaves[i]
        if not (isinstance(x, Spec) and isinstance(y, Spec)):
            yield "the static value", paths[i], f"{_shown(x)} -> {_shown(y)}"
        elif x.dtype is y.dtype:
            yield "the shape", paths[i], f"{x.shape} -> {y.shape}"
        else:
            yield "the element type", paths[i], f"{_shown(x)} -> {_shown(y)}"
    if not different and before[2:] == after[2:]:
        yield "nothing", (), "its program had been dropped, or a Parameter had moved"


def _shown(leaf: Any) -> str:
    text = spec_text(leaf) if isinstance(leaf, Spec) else repr(leaf)
    return text if len(text) <= 40 else f"{text[:37]}..."
