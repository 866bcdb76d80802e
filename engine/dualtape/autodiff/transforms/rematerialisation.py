"""`checkpoint`: less memory in reverse mode, for a second computation of what was thrown away.

A checkpointed function leaves one entry on the tape instead of all its operations: what came in, and a record of
what was done. When the walk comes back to it, the operations run again on a tape of their own.

Reference: Griewank & Walther, *Evaluating Derivatives*, 2nd ed., chapter 12.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from itertools import compress
from typing import Any

from dualtape import pytree
from dualtape.autodiff.levels import Recorder, Recording, pulled_through
from dualtape.autodiff.transforms.request import require_callable
from dualtape.core.composite import Composite, PullBack, Values
from dualtape.core.interpreter import apply, entered, highest, value_of
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
        leaves = [value_of(x) for x in given]
        top = highest(leaves)
        if top.depth and not top.watches:
            return fn(*args, **kwargs)
        with entered(Recorder(_unwatched)) as recorder:
            inputs = [recorder.input(x) if isinstance(x, Tensor) else x for x in leaves]
            arguments, keywords = pytree.unflatten(structure, inputs)
            outputs, form = pytree.flatten(fn(*arguments, **keywords))
        outputs = [value_of(x) for x in outputs]
        made = [recorder.owns(x) for x in outputs]
        recording = recorder.recording(list(compress(outputs, made)))
        values = [recorder.primal(x) for x in compress(outputs, made)]
        found = iter(apply(_Checkpointed(recording, values), recording.sources))
        return pytree.unflatten(form, [next(found) if ours else x for x, ours in zip(outputs, made, strict=True)])

    return update_wrapper(checkpointed, fn, updated=())


def _unwatched(x: Any) -> Any:
    while isinstance(x, Tensor) and x.level.watches:
        x = x.primal
    return x


class _Checkpointed(Composite):
    """What a checkpointed function did, from the tensors that it used; its first outputs are there already."""

    name = "checkpoint"

    def __init__(self, recording: Recording, values: list[Any]) -> None:
        self._recording = recording
        self._first: tuple[list[Any], list[Any]] | None = [_unwatched(x) for x in recording.sources], values

    def run(self, inputs: Values) -> list[Any]:
        first, self._first = self._first, None
        # Other inputs than it ran on: it is done again, or a tape below a forward mode did not see the first time.
        if first is None or any(x is not y for x, y in zip(inputs, first[0], strict=True)):
            return self._recording.replay(inputs)
        return first[1]

    def pull_back(self, inputs: Values, watched: Sequence[bool]) -> tuple[list[Any], PullBack]:
        # Do it again on a tape, and walk back over that.
        again = self._recording.replay
        return apply(self, inputs), lambda cotangents: pulled_through(again, inputs, watched, cotangents)
