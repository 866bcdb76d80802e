"""`vmap`: a function of one example applied to many at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from dualtape import pytree
from dualtape.autodiff.levels import BatchLevel
from dualtape.autodiff.transforms.request import require_callable
from dualtape.core.interpreter import entered, value_of
from dualtape.core.spec import normalize_axis
from dualtape.errors import ArgumentError, ArgumentTypeError, AxisError, ShapeError
from dualtape.primitives.movement import permute
from dualtape.tensor import Tensor


def vmap(fn: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0) -> Callable[..., Any]:
    """A function that applies ``fn`` to every slice of its arguments, all at once.

    Parameters
    ----------
    fn
        A function of Tensors, written for one example.
    in_axes
        The axis of the examples in every argument: an int for all, or a tuple with an int, ``None`` (the
        argument is the same for all examples) or a nested structure of these for each argument.
    out_axes
        Where the examples' axis goes in the outputs: an int, or a structure of ints like the outputs.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.vmap(lambda x, y: (x * y).sum(), in_axes=(0, None))(dt.ops.eye(2), dt.Tensor([3.0, 4.0])))
    [3. 4.]
    """
    require_callable("vmap", fn)

    @wraps(fn)
    def over_examples(*args: Any) -> Any:
        axes = _spread(in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args), args, "in_axes")
        leaves, structure = pytree.flatten(args)
        with entered(BatchLevel(_common_size(leaves, axes))) as level:
            inputs = [
                x if axis is None else level.batched(_to_front(x, axis)) for x, axis in zip(leaves, axes, strict=True)
            ]
            outputs = fn(*pytree.unflatten(structure, inputs))
            results, out_structure = pytree.flatten(pytree.map(value_of, outputs))
            targets = _spread(out_axes, outputs, "out_axes")
            placed = [_place(level, x, axis) for x, axis in zip(results, targets, strict=True)]
        return pytree.unflatten(out_structure, placed)

    return over_examples


def _spread(axes: Any, tree: Any, argument: str) -> list[int | None]:
    """One axis for each leaf of ``tree``: an int or None stands for all leaves below it."""
    if axes is None or (isinstance(axes, int) and not isinstance(axes, bool)):
        return [axes] * len(pytree.leaves(tree))
    if isinstance(axes, (tuple, list)) and isinstance(tree, (tuple, list)) and len(axes) == len(tree):
        return [leaf for part, branch in zip(axes, tree, strict=True) for leaf in _spread(part, branch, argument)]
    if isinstance(axes, dict) and isinstance(tree, dict) and axes.keys() == tree.keys():
        return [leaf for key in sorted(tree) for leaf in _spread(axes[key], tree[key], argument)]
    raise ArgumentTypeError(
        f"`{argument}` of `vmap` must be an int, None or a structure of them like what it describes, got {axes!r}"
    )


def _common_size(leaves: list[Any], axes: list[int | None]) -> int:
    sizes = set()
    for x, axis in zip(leaves, axes, strict=True):
        if axis is None:
            continue
        if not isinstance(x, Tensor):
            raise ArgumentTypeError(
                f"`vmap` maps over an argument of type {type(x).__name__}; "
                "expected a Tensor, or None in `in_axes` for it"
            )
        if not x.shape:
            raise AxisError("`vmap` maps over a 0-d Tensor, which has no axis; expected None in `in_axes` for it")
        sizes.add(x.shape[normalize_axis("vmap", axis, x.ndim)])
    if not sizes:
        raise ArgumentError("`in_axes` of `vmap` is None for all arguments: there is nothing to map over")
    if len(sizes) > 1:
        raise ShapeError(f"`vmap` maps over axes of different sizes {sorted(sizes)}; they must be equal")
    return sizes.pop()


def _to_front(x: Tensor, axis: int) -> Tensor:
    value: Tensor = value_of(x)
    i = normalize_axis("vmap", axis, value.ndim)
    return value if i == 0 else permute(value, axes=(i, *(k for k in range(value.ndim) if k != i)))


def _place(level: BatchLevel, x: Any, axis: int | None) -> Any:
    if axis is None and level.owns(x):
        raise ArgumentError("`out_axes` of `vmap` is None for an output that differs between examples")
    if axis is None or not isinstance(x, Tensor):
        return x
    primal = level.all_examples(x)
    i = normalize_axis("vmap", axis, primal.ndim)
    return primal if i == 0 else permute(primal, axes=(*range(1, i + 1), 0, *range(i + 1, primal.ndim)))
