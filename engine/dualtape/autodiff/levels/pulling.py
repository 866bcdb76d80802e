"""The cotangents of a function that runs on a tape of its own: how checkpoints, bodies and rules are pulled back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress

from dualtape.autodiff.levels.tape import Tape
from dualtape.core.composite import Cotangents, Values, spread
from dualtape.core.interpreter import entered
from dualtape.tensor import Tensor


def pulled_through(
    function: Callable[[Values], Values],
    inputs: Values,
    watched: Sequence[bool],
    cotangents: Sequence[Tensor | None],
    own: Tape | None = None,
) -> Cotangents:
    """Cotangents of the ``watched`` inputs of a function, which runs on a tape of its own; ``None`` for the others."""
    with entered(own or Tape()) as tape:
        variables = [tape.watch(x) if w else x for x, w in zip(inputs, watched, strict=True)]
        outputs = function(variables)
    return spread(watched, tape.pull_back(tape.seeds(outputs, cotangents), list(compress(variables, watched))))
