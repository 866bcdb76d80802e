"""`checkpoint`: less memory in reverse mode, for a second computation of what was thrown away.

A checkpointed function leaves one entry on the tape instead of all its operations: what came in, and notes of what
was done. When the walk comes back to it, the operations run again on a tape of their own.

Reference: Griewank & Walther, *Evaluating Derivatives*, 2nd ed., chapter 12.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

from dualtape import pytree
from dualtape.autodiff.levels import Cotangents, Notes, Recipe, Tape, plain, record_call
from dualtape.autodiff.transforms.request import require_callable
from dualtape.core.interpreter import Level, entered, ground
from dualtape.tensor import Tensor


def checkpoint(fn: Callable[..., Any]) -> Callable[..., Any]:
    """``fn``, of which reverse mode keeps the inputs only and computes the rest again when it needs it.

    Parameters
    ----------
    fn
        A function or Cell of Tensors, also in nested containers; it may contain forward modes and other checkpoints.

    Returns
    -------
    callable
        With ``fn``'s arguments, value and, bit for bit, its gradient. Operations that touch no argument, such as the
        square of a Parameter, are kept as usual (and contributions of such operations are added up in another order).

    Notes
    -----
    The operations are done again, not ``fn``: it is called once, so what else it does happens once, and random
    numbers stay the same. Checkpoints nest. Under a forward mode or `vmap` around the gradient they save as they do
    alone; where one of these lies between the gradient and the checkpoint it has no effect, so put it around that:
    ``checkpoint(partials(f, indices))``. A jitted program has its own memory plan.

    Examples
    --------
    >>> import dualtape as dt
    >>> block = dt.checkpoint(lambda x: dt.ops.tanh(x) ** 2)
    >>> print(dt.grad(lambda x: block(x).sum())(dt.Tensor([0.0, 1.0])))
    [0.     0.6397]
    """
    require_callable("checkpoint", fn)

    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        given, structure = pytree.flatten((args, kwargs))
        leaves = [plain(x) for x in given]
        top = _top(leaves)
        if top.depth and not isinstance(top, (Tape, Notes)):
            return fn(*args, **kwargs)
        notes = Notes(_unwatched)
        with entered(notes):
            inputs = [notes.input(x) if isinstance(x, Tensor) else x for x in leaves]
            arguments, keywords = pytree.unflatten(structure, inputs)
            outputs, form = pytree.flatten(fn(*arguments, **keywords))
        outputs = [plain(x) for x in outputs]
        recipe = notes.recipe(outputs)
        values = [notes.below(x) for x in outputs]
        return pytree.unflatten(form, _attached(recipe, recipe.sources, values))

    return update_wrapper(checkpointed, fn, updated=())


def _top(values: Sequence[Any]) -> Level:
    return max((x.level for x in values if isinstance(x, Tensor)), key=lambda level: level.depth, default=ground())


def _unwatched(x: Any) -> Any:
    while isinstance(x, Tensor) and isinstance(x.level, (Tape, Notes)):
        x = x.primal
    return x


def _attached(recipe: Recipe, sources: Sequence[Any], values: list[Any]) -> list[Any]:
    """The ``values``, as the outputs of one entry on each tape that watches a source."""
    top = _top(sources)
    if isinstance(top, Notes):
        return top.note(lambda *again: _again(recipe, again), sources, values)
    if not isinstance(top, Tape):
        # A tape below a forward mode: it did not see what ran on the values without it.
        unseen = any(_unwatched(x) is not x for x in sources)
        return recipe.replay(sources) if unseen else values
    watched = [isinstance(x, Tensor) and x.level is top for x in sources]
    below = [top.primal(x) for x in sources]
    outputs = _attached(recipe, below, [top.primal(x) for x in values])
    made = [slot >= 0 for slot, _ in recipe.outputs]

    def pull(cotangents: Cotangents) -> Cotangents:
        return _pulled(recipe, below, watched, cotangents)

    entries = record_call(top, sources, [x for x, ours in zip(outputs, made, strict=True) if ours], pull)
    given = iter(entries)
    return [next(given) if ours else x for x, ours in zip(values, made, strict=True)]


def _again(recipe: Recipe, sources: Sequence[Any]) -> list[Any]:
    """Do it, to remember no more than the first time."""
    return _attached(recipe, sources, recipe.replay([_unwatched(x) for x in sources]))


def _pulled(recipe: Recipe, sources: list[Any], watched: list[bool], cotangents: Cotangents) -> Cotangents:
    """Do it again on a tape, and walk back over that."""
    tape = Tape()
    with entered(tape):
        inputs = [tape.watch(x) if watch else x for x, watch in zip(sources, watched, strict=True)]
        outputs = recipe.replay(inputs)
    made = [x for x, (slot, _) in zip(outputs, recipe.outputs, strict=True) if slot >= 0]
    seeds = [
        (x, cotangent)
        for x, cotangent in zip(made, cotangents, strict=True)
        if cotangent is not None and getattr(x, "level", None) is tape
    ]
    found = iter(tape.pull_back(seeds, [x for x, watch in zip(inputs, watched, strict=True) if watch]))
    return [next(found) if watch else None for watch in watched]
