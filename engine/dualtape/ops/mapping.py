"""`HyperMap` and `Map`: apply a function to tensors in tuples and lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.functions.conversion import read_flag

__all__ = ["HyperMap", "Map"]


class Map:
    """Applies ``function`` to the matching items of sequences.

    Examples
    --------
    >>> import dualtape as dt
    >>> dt.ops.Map(dt.ops.square)((dt.Tensor(3.0), dt.Tensor(4.0)))
    (Tensor(shape=[], dtype=Float32, value= 9), Tensor(shape=[], dtype=Float32, value= 16))
    """

    _nested = False

    def __init__(self, ops: Callable[..., Any] | None = None, reverse: bool = False) -> None:
        if ops is not None and not callable(ops):
            raise ArgumentTypeError(f"`ops` of `{type(self).__name__}` must be a function, got {type(ops).__name__}")
        self.ops = ops
        read_flag(self, "reverse", reverse)  # in which order the elements are taken: all the same here

    def __call__(self, *args: Any) -> Any:
        if self.ops is None and not args:
            raise ArgumentTypeError(f"`{type(self).__name__}` needs a function and sequences, got nothing")
        function, trees = (args[0], args[1:]) if self.ops is None else (self.ops, args)
        name = type(self).__name__
        if not callable(function):
            raise ArgumentTypeError(f"the first argument of `{name}` must be a function, got {type(function).__name__}")
        if not trees or not all(isinstance(tree, (tuple, list)) for tree in trees):
            raise ArgumentTypeError(
                f"`{name}` maps tuples or lists, got {', '.join(type(t).__name__ for t in trees) or 'nothing'}"
            )
        return self._map(function, trees)

    def _map(self, function: Callable[..., Any], trees: tuple[Any, ...]) -> Any:
        if len({len(tree) for tree in trees}) > 1:
            raise ArgumentError(
                f"`{type(self).__name__}` got sequences of lengths {', '.join(str(len(t)) for t in trees)}"
            )
        kind = list if isinstance(trees[0], list) else tuple
        return kind(
            self._map(function, items) if self._nested and isinstance(items[0], (tuple, list)) else function(*items)
            for items in zip(*trees, strict=True)
        )


class HyperMap(Map):
    """Like :class:`Map`, also for sequences inside sequences."""

    _nested = True
