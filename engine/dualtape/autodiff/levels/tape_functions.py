"""A whole function as one entry on the tape: how something that brings its own reverse rule takes part.

The operations inside are not recorded; what is remembered is who depends on whom, and a function that
turns the cotangents of all outputs into those of the inputs, once they have all arrived.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dualtape.autodiff.levels.record import Adjoint, Record
from dualtape.core.composite import Cotangents, PullBack, Values
from dualtape.core.interpreter import ground
from dualtape.dtypes import float32
from dualtape.tensor import Tensor

if TYPE_CHECKING:
    from dualtape.autodiff.levels.tape import Tape


def record_call(tape: Tape, inputs: Values, outputs: Sequence[Any], pull: PullBack) -> list[Any]:
    """Watch ``outputs``, which a function made of what ``inputs`` stand for below the tape.

    Parameters
    ----------
    inputs
        The function's inputs, among them variables of ``tape``; one may occur several times, and then its
        cotangents are added in the order of ``inputs``.
    outputs
        What it gave, as the level below the tape knows it.
    pull
        From one cotangent (``None`` for zero) for each output to one for each input, of the input's shape or of one
        that broadcasting stretched.

    Returns
    -------
    list
        A variable for each output of floats; the other outputs as they are.
    """
    sources = [x.index if tape.owns(x) else None for x in inputs]
    first = next((i for i, source in enumerate(sources) if source is not None), None)
    if first is None:
        return list(outputs)
    primals = tuple(
        x.primal if source is not None else tape.lower(x) for x, source in zip(inputs, sources, strict=True)
    )
    arrived: dict[int, Tensor] = {}
    pulled: Cotangents = []

    def take(cotangent: Tensor, i: int) -> Tensor | None:
        if i == first:
            complete = [arrived.get(k) for k in range(len(outputs))]
            arrived.clear()
            pulled[:] = pull(complete)
        value, pulled[i] = pulled[i], None
        return value

    # A walk brings one cotangent at a time. The entry of each output puts its own by; that of the whole function, which
    # the walk meets after all of them, needs to hear only that there is something to do: a token is its cotangent.
    token = ground().filled((), 0.0, float32)
    together = tape.watch(token)
    tape.record(Record(Adjoint(take), primals, sources, {}, token, together.index))

    def watch(k: int, output: Any) -> Any:
        if not isinstance(output, Tensor) or not output.dtype.is_float:
            return output

        def hand_in(cotangent: Tensor, i: int) -> Tensor:
            arrived[k] = cotangent
            return token

        variable = tape.watch(output)
        tape.record(Record(Adjoint(hand_in), (token,), [together.index], {}, token, variable.index))
        return variable

    return [watch(k, output) for k, output in enumerate(outputs)]
