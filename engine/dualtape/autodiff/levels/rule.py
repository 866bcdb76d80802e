"""A function that brings its own derivative, read as maps between lists of values.

The one interface, of which partials, jvp and vjp of a user's function and the solvers of equations are
implementations: the function; its linear map from tangents to tangents at a point; and the transpose of that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from dualtape.autodiff.levels.pulling import pulled_through
from dualtape.autodiff.levels.tape import Tape
from dualtape.core.composite import Composite, Cotangents, PullBack, Values
from dualtape.core.interpreter import apply, highest
from dualtape.errors import ArgumentError
from dualtape.functions.creation import zeros_like
from dualtape.tensor import Tensor

Tangents = Sequence[Tensor | None]
LinearMap = Callable[[Tangents], list[Tensor | None]]


class TangentTape(Tape):
    """The tape of a map of tangents that is being transposed: what it watches are tangents, all is linear in them."""


class _Here(threading.local):
    # The functions whose tangent maps this thread is transposing.
    transposed: tuple[object, ...] = ()


_here = _Here()


class DerivativeRule(Composite):
    """A function of flat lists, and its derivative.

    Attributes
    ----------
    function
        What it is the rule of; None if it is no user's.
    is_equation
        Whether the one output is defined by an equation: then ``residual`` and ``correction`` say more than ``linear``
        about higher orders, where a rule that solves a system would need itself.
    """

    function: object = None
    is_equation: bool = False

    def linear(self, inputs: Values, outputs: Values) -> LinearMap:
        """The map from tangents of the inputs to those of the outputs; ``None`` is zero."""
        raise NotImplementedError

    def residual(self, inputs: Values, output: Tensor) -> Tensor:
        """What is zero for the right ``output``."""
        raise NotImplementedError

    def correction(self, inputs: Values, output: Tensor) -> Callable[[Tensor], Tensor]:
        """From a residual to the change of the output that cancels it, at first order."""
        raise NotImplementedError

    def transpose(self, inputs: Values, outputs: Values, cotangents: Cotangents, wanted: Sequence[bool]) -> Cotangents:
        """The cotangents of the inputs that are ``wanted``; ``None`` is zero."""
        tangents = [zeros_like(x) if want else None for x, want in zip(inputs, wanted, strict=True)]
        push = lambda moving: self.linear(inputs, outputs)(moving)
        outer = _here.transposed
        _here.transposed = (*outer, self.function)
        try:
            return pulled_through(push, tangents, wanted, cotangents, TangentTape())
        finally:
            _here.transposed = outer

    def in_pieces(self, inputs: Values) -> list[Any] | None:
        """Its operations, where its own tangent map applies the function to a tangent: that must be linear in it.

        The rule, transposed, would need itself without end.
        """
        tape = highest(inputs)
        if not isinstance(tape, TangentTape) or not any(f is self.function is not None for f in _here.transposed):
            return None
        outputs = self.run(inputs)
        if not any(map(tape.owns, outputs)):
            raise ArgumentError(
                f"the derivative that `{self.name}` brings applies `{self.name}` to a tangent; reverse mode cannot "
                "transpose that, for what it computes leaves the engine (by asnumpy() or a NumPy function); write it "
                "in operations, or give a `vjp`"
            )
        return outputs

    def pull_back(self, inputs: Values, watched: Sequence[bool]) -> tuple[list[Any], PullBack]:
        outputs = apply(self, inputs)
        return outputs, lambda cotangents: self.transpose(inputs, outputs, cotangents, watched)

    def on_parts(self, level: Any, inputs: Values) -> list[Any]:
        return list(level.push_forward(self, inputs))
