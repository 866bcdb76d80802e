"""`chosen_derivatives`: where a derivative was chosen by convention, and not computed.

The function runs once under a tape, which is then walked back as for a gradient. Along with each cotangent goes the
knowledge of which elements matter at all: what `where`, `maximum` or a constant factor of 0 has cut off does not, and a
slope that is infinite there is no choice. A zero that is none of these meets an infinite slope: then zero was strong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from dualtape import pytree
from dualtape.autodiff.levels import Adjoint, DerivativeRule, Record, Tape, apply_partial
from dualtape.core.composite import Composite, Values
from dualtape.core.interpreter import entered, value_of
from dualtape.core.primitive import Bilinear, Linear, NonDifferentiable, Primitive, Reduction
from dualtape.errors import ArgumentTypeError, user_line
from dualtape.functions.creation import ones_like
from dualtape.parameter import Parameter
from dualtape.primitives.arithmetic import strong_multiply
from dualtape.primitives.broadcasting import sum_to
from dualtape.primitives.contraction import matmul
from dualtape.primitives.convention import strict_derivatives
from dualtape.tensor import Tensor
from dualtape.views import call_substituted

KINK = "there is none, it is a kink"
ZERO_WON = "0 times an infinite or undefined number was taken as 0"


class ChosenDerivative(NamedTuple):
    """A derivative that the conventions chose.

    Attributes
    ----------
    primitive
        The operation.
    reason
        Why there was something to choose.
    elements
        At how many elements.
    line
        The line of the program that asked for the operation.
    """

    primitive: str
    reason: str
    elements: int
    line: str

    def __str__(self) -> str:
        where = "1 element" if self.elements == 1 else f"{self.elements} elements"
        return f"derivative of {self.primitive} at {where}: {self.reason}\n    {self.line}"


def chosen_derivatives(f: Callable[..., Any], *args: Any, weights: Sequence[Parameter] = ()) -> list[ChosenDerivative]:
    """Where the gradient of ``f`` at ``args`` rests on a convention, as ``docs/conventions.md`` lists them.

    Reported are operations at a kink, where the derivative on one side is not that on the other (``abs`` and ``norm``
    at 0, ties of ``maximum``, comparisons of equal numbers), and products of a derivative that is 0 and a slope that
    is infinite or undefined. What has been cut off, by ``where`` or a constant factor of 0, is no choice.

    Parameters
    ----------
    f
        A function of Tensors, or nested containers of them. Give it ``dt.grad(g)`` to look at second derivatives.
    args
        Its arguments; derivatives are taken by the Tensors of floats.
    weights
        Parameters by which derivatives are taken too.

    Returns
    -------
    list of ChosenDerivative
        In the order of the walk back; they print with the line of the program. Empty where all was computed.

    Examples
    --------
    >>> import dualtape as dt
    >>> for choice in dt.testing.chosen_derivatives(lambda x: dt.ops.exp(dt.ops.log(x)), dt.Tensor([0.0, 1.0])):
    ...     print(choice.primitive, choice.elements, choice.reason)
    log 1 0 times an infinite or undefined number was taken as 0
    """
    leaves, structure = pytree.flatten(args)
    if not weights and not any(isinstance(x, Tensor) and x.dtype.is_float for x in leaves):
        raise ArgumentTypeError("`chosen_derivatives` needs a Tensor of floats among the arguments, or weights")
    with strict_derivatives(enabled=False):
        with entered(_Observing()) as tape:
            watched = [tape.watch(value_of(x)) if isinstance(x, Tensor) and x.dtype.is_float else x for x in leaves]
            given = pytree.unflatten(structure, watched)
            by_weight = {parameter: tape.watch(parameter.value()) for parameter in weights}
            outputs = call_substituted(by_weight, f, *given) if by_weight else f(*given)
        return tape.choices(pytree.leaves(outputs))


class _Arrived(NamedTuple):
    """The cotangent of a value, and in ones and zeros which of its elements the outputs depend on."""

    cotangent: Tensor
    matters: Tensor


class _Slope(NamedTuple):
    """A derivative, and whether it is the same for all values near by."""

    value: Any
    is_fixed: bool


class _Observing(Tape):
    """A tape that knows the line of each operation, and looks inside of loops and conditions."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: dict[int, str] = {}
        self._found: list[ChosenDerivative] = []

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        output = super().interpret(primitive, inputs, params)
        line = user_line() or "a line that is not known"
        if self.owns(output):
            self._lines[output.index] = line
        primals = tuple(self.primal(x) for x in inputs)
        if primitive is strong_multiply:
            # Part of a derivative that the function itself takes.
            self._report(primitive.name, ZERO_WON, _swallowed(*map(_array, primals)), line)
        elif isinstance(primitive, NonDifferentiable):
            self._report(primitive.name, KINK, _kinks(primitive, primals, self.primal(output), params), line)
        return output

    def apply(self, composite: Composite, inputs: Values) -> list[Any]:
        return super().apply(composite, inputs) if isinstance(composite, DerivativeRule) else composite.run(inputs)

    def choices(self, outputs: list[Any]) -> list[ChosenDerivative]:
        """What was chosen in the derivatives of ``outputs``, which are values of this tape or others."""
        arrived = {x.index: _Arrived(ones_like(x.primal), ones_like(x.primal)) for x in outputs if self.owns(x)}
        for record in reversed(self._records):
            here = arrived.pop(record.target, None)
            if here is None:
                continue
            matters = _array(here.matters) != 0
            if not isinstance(record.primitive, Adjoint):
                kinks = _kinks(record.primitive, record.primals, record.output, record.params)
                self._report(record.primitive.name, KINK, kinks & matters, self._lines[record.target])
            for i, source in enumerate(record.sources):
                pulled = None if source is None else self._pulled(record, here, i)
                if source is not None and pulled is not None:
                    shape = record.primals[i].shape
                    new = _Arrived(*(x if x.shape == shape else sum_to(x, shape) for x in pulled))
                    old = arrived.get(source)
                    arrived[source] = new if old is None else _Arrived(*(a + b for a, b in zip(old, new, strict=True)))
        return self._found

    def _pulled(self, record: Record, here: _Arrived, i: int) -> _Arrived | None:
        """What arrives at input ``i``; reports where zero won on the way."""
        primitive, primals, params = record.primitive, record.primals, record.params
        if isinstance(primitive, Adjoint):
            cotangent = primitive.pull(here.cotangent, i)
            return None if cotangent is None else _Arrived(cotangent, ones_like(cotangent))
        if isinstance(primitive, Linear) or primitive is matmul:
            transpose = primitive.transpose(i) if isinstance(primitive, Linear) else primitive.transposes[i]
            if transpose is None:
                return None
            pulled = [transpose(x, *primals, **params) for x in here]
            return _Arrived(pulled[0], ones_like(pulled[0]) if primitive is matmul else pulled[1])
        slope = self._slope(record, i)
        cotangent = apply_partial(here.cotangent, slope.value)
        if cotangent is None:
            return None
        c, d, matters = np.broadcast_arrays(_array(here.cotangent), _array(slope.value), _array(here.matters) != 0)
        nothing = (d == 0) & slope.is_fixed
        self._report(primitive.name, ZERO_WON, _swallowed(c, d) & matters & ~nothing, self._lines[record.target])
        left = Tensor((matters & ~nothing).astype(cotangent.dtype.numpy), device=cotangent.device)
        return _Arrived(cotangent, left)

    def _slope(self, record: Record, i: int) -> _Slope:
        """The derivative of a record's output by input ``i``, element by element."""
        primitive, primals = record.primitive, record.primals
        if isinstance(primitive, Bilinear):
            return _Slope(primals[1 - i], record.sources[1 - i] is None)
        rule = primitive.partial if isinstance(primitive, Reduction) else primitive.partials[i]
        with entered(Tape()) as tape:
            moving = [x if source is None else tape.watch(x) for x, source in zip(primals, record.sources, strict=True)]
            value = rule(*moving, tape.watch(record.output), **record.params)
            return _Slope(tape.primal(value), not tape.owns(value))

    def _report(self, primitive: str, reason: str, where: np.ndarray, line: str) -> None:
        count = int(np.count_nonzero(where))
        if count:
            self._found.append(ChosenDerivative(primitive, reason, count, line))


def _array(x: Any) -> np.ndarray:
    return x.asnumpy() if isinstance(x, Tensor) else np.asarray(x)


def _swallowed(c: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Where the product of the two would be 0 times something infinite or undefined."""
    return np.asarray(((c == 0) & ~np.isfinite(d)) | ((d == 0) & ~np.isfinite(c)))


def _kinks(primitive: Any, primals: Values, output: Any, params: dict[str, Any]) -> np.ndarray:
    if primitive.kink is None:
        return np.zeros((), bool)
    with np.errstate(all="ignore"):
        arrays = (x.asnumpy() if isinstance(x, Tensor) else x for x in primals)
        return np.asarray(primitive.kink(*arrays, _array(output), **params))
