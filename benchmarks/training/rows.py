"""What every engine gives to be measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

LEARNING_RATE = 5e-3
DECAY_STEPS = 500
"""Those of `pinn.solve`: along a cosine to a twentieth."""


class Row(NamedTuple):
    """One engine's way to do one thing, from the same first weights.

    Attributes
    ----------
    engine
        Its name, with the place of the weights.
    work
        What is done: one of ADAM, GRADIENT and LOOP.
    step
        Does it once, waits for it, and returns the loss that it began with; of a loop, the loss of its last step.
    steps
        How many steps of Adam that is: figures are for one of them.
    """

    engine: str
    work: str
    step: Callable[[], float]
    steps: int = 1


ADAM = "loss, gradient, Adam"
GRADIENT = "loss, gradient"
LOOP = "steps as one call"
LBFGS = "L-BFGS, an evaluation"
