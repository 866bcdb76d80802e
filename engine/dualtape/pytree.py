"""Nested tuples, lists and dicts of tensors: a thin face on optree.

optree is imported on first use: a program of bare tensors never pays for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optree import PyTreeSpec

CONTAINERS = (tuple, list, dict)


def flatten(tree: Any) -> tuple[list[Any], PyTreeSpec]:
    """Leaves in order, and the structure that :func:`unflatten` takes; ``None`` is a leaf."""
    import optree

    return optree.tree_flatten(tree, none_is_leaf=True)


def unflatten(structure: PyTreeSpec, leaves: list[Any]) -> Any:
    """Rebuild a tree from its structure and leaves."""
    import optree

    return optree.tree_unflatten(structure, leaves)


def leaves(tree: Any) -> list[Any]:
    """The leaves of a tree, in order."""
    return flatten(tree)[0] if isinstance(tree, CONTAINERS) else [tree]


def map(function: Callable[..., Any], tree: Any, *rest: Any) -> Any:
    """Apply ``function`` to the matching leaves of trees of one structure."""
    if not isinstance(tree, CONTAINERS):
        return function(tree, *rest)
    import optree

    nested: Any = tree
    return optree.tree_map(function, nested, *rest, none_is_leaf=True)


def paths(tree: Any) -> list[tuple[Any, ...]]:
    """For every leaf, in order, the keys and positions that lead to it."""
    import optree

    return optree.tree_paths(tree, none_is_leaf=True)


def paths_of(structure: PyTreeSpec) -> list[tuple[Any, ...]]:
    """The same of trees of that structure."""
    return structure.paths()
