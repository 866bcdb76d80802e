"""Reverse mode: a flat list of records, walked once backwards.

Each record holds one operation that a watched value took part in. The walk hands every record
the cotangent of its output, derives the cotangents of its inputs from the primitive's single
statement, and drops the record, so memory is released on the way. Records that do not reach the
output are passed over: they never get a cotangent.

Reference: Griewank & Walther, *Evaluating Derivatives*, 2nd ed., section 3.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from dualtape.autodiff.levels.chain import apply_partial
from dualtape.autodiff.levels.powers import KnownPower, as_one_power
from dualtape.autodiff.levels.value import LevelValue
from dualtape.core.composite import Composite, Cotangents, PullBack, Values
from dualtape.core.interpreter import Level, bind, ground
from dualtape.core.primitive import Bilinear, Elementwise, Implicit, Linear, NonDifferentiable, Primitive, Reduction
from dualtape.dtypes import float32
from dualtape.primitives.arithmetic import add
from dualtape.primitives.broadcasting import sum_to
from dualtape.tensor import Tensor


class Adjoint(NamedTuple):
    """What stands on the tape in place of a primitive for a whole function: its reverse rule, and nothing else.

    ``pull(cotangent, i)`` gives the cotangent of input ``i``, or ``None`` for an identical zero.
    """

    pull: Callable[[Tensor, int], Tensor | None]


class Record(NamedTuple):
    """One operation on the tape, or an :class:`Adjoint`; ``sources`` are the indices of watched inputs, or ``None``."""

    primitive: Any
    primals: tuple[Any, ...]
    sources: list[int | None]
    params: dict[str, Any]
    output: Tensor
    target: int


class Variable(LevelValue):
    """A value that a tape watches."""

    __slots__ = ("index",)

    index: int


class Tape(Level):
    """The reverse interpreter: remembers operations, then pulls cotangents back through them."""

    title = "a gradient (`grad`, `vjp`, `jacrev` ...)"
    watches = True

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._count = 0

    def watch(self, primal: Tensor) -> Variable:
        """A variable of this tape that stands for ``primal``."""
        # `new_value`, written out: a call less at every operation.
        variable = object.__new__(Variable)
        variable.level = self
        variable.primal = primal
        variable.dtype = primal.dtype
        variable.index = self._count
        self._count += 1
        return variable

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        if isinstance(primitive, Implicit):
            taken: Tensor = self.apply(Implicit.rule(primitive, params), inputs)[0]
            return taken
        primals = []
        sources: list[int | None] = []
        for x in inputs:
            if getattr(x, "level", None) is self:
                primals.append(x.primal)
                sources.append(x.index)
            else:
                primals.append(self.lower(x))
                sources.append(None)
        fixed = tuple(primals)
        output = bind(primitive, fixed, params)
        if primitive.__class__ is NonDifferentiable:
            return output
        variable = self.watch(output)
        if not variable.dtype.is_inexact:
            return output
        if primitive.power is not None and (power := as_one_power(primitive, inputs, variable)) is not None:
            self._records.append(Record(power, (power.base.primal,), [power.base.index], {}, output, variable.index))
        else:
            self._records.append(Record(primitive, fixed, sources, params, output, variable.index))
        return variable

    def apply(self, composite: Composite, inputs: Values) -> list[Any]:
        """One entry for the whole operation, with its own reverse rule."""
        outputs = composite.in_pieces(inputs)
        if outputs is not None:
            return outputs
        watched = [self.owns(x) for x in inputs]
        outputs, pull = composite.pull_back([self.primal(x) for x in inputs], watched)
        return self._record_call(inputs, self.require_below(composite, outputs), pull)

    def _record_call(self, inputs: Values, outputs: Sequence[Any], pull: PullBack) -> list[Any]:
        """Watch ``outputs``, which a whole function made of what ``inputs`` stand for below the tape.

        What it did inside is not recorded; remembered is who depends on whom, and ``pull``: once the cotangents of all
        outputs have arrived (``None`` for zero), it gives one for each input, of the input's shape or of one that
        broadcasting stretched. An input may occur several times; its cotangents are added in the order of ``inputs``.
        Given back are variables for the outputs of floats, and the other outputs as they are.
        """
        sources = [x.index if self.owns(x) else None for x in inputs]
        first = next((i for i, source in enumerate(sources) if source is not None), None)
        if first is None:
            return list(outputs)
        primals = tuple(
            self.lower(x) if source is None else x.primal for x, source in zip(inputs, sources, strict=True)
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

        # A walk brings one cotangent at a time. The entry of each output puts its own by; that of the whole function,
        # which the walk meets after all of them, needs to hear only that there is something to do: a token is its
        # cotangent.
        token = ground().filled((), 0.0, float32)
        together = self.watch(token)
        self._records.append(Record(Adjoint(take), primals, sources, {}, token, together.index))

        def watch(k: int, output: Any) -> Any:
            if not isinstance(output, Tensor) or not output.dtype.is_inexact:
                return output

            def hand_in(cotangent: Tensor, i: int) -> Tensor:
                arrived[k] = cotangent
                return token

            variable = self.watch(output)
            self._records.append(Record(Adjoint(hand_in), (token,), [together.index], {}, token, variable.index))
            return variable

        return [watch(k, output) for k, output in enumerate(outputs)]

    def primal(self, value: Any) -> Any:
        """``value`` without this tape: what the level below knows of it."""
        return value.primal if self.owns(value) else value

    def seeds(self, outputs: Values, cotangents: Sequence[Tensor | None]) -> list[tuple[Variable, Tensor]]:
        """Those outputs that depend on what is watched, with their cotangents; ``None`` is zero."""
        return [(x, ct) for x, ct in zip(outputs, cotangents, strict=True) if ct is not None and self.owns(x)]

    def pull_back(
        self, outputs: Sequence[tuple[Variable, Tensor]], inputs: Sequence[Variable], keep: bool = False
    ) -> list[Tensor | None]:
        """Cotangents of ``inputs`` (``None`` for zero), given those of ``outputs``.

        Parameters
        ----------
        outputs
            Variables with their cotangents; a variable may occur twice.
        inputs
            Variables made by :meth:`watch`.
        keep
            Leave the records in place for another walk.
        """
        cotangents = _Cotangents()
        for variable, cotangent in outputs:
            cotangents.add(variable.index, cotangent)
        records = list(self._records) if keep else self._records
        while records:
            record = records.pop()
            arrived = cotangents.take(record.target)
            if arrived is None:
                continue
            pull = _PULL_BACK[type(record.primitive)]
            for i, source in enumerate(record.sources):
                if source is not None:
                    pulled = pull(record, arrived, i)
                    if pulled is not None:
                        shape = record.primals[i].shape
                        cotangents.add(source, pulled if pulled.shape == shape else sum_to(pulled, shape))
        return [cotangents.get(variable.index) for variable in inputs]


class _Cotangents:
    """What has arrived so far for each variable. Sums made here belong to nobody else and grow in place."""

    def __init__(self) -> None:
        self._values: dict[int, Tensor] = {}
        self._own: set[int] = set()

    def add(self, index: int, cotangent: Tensor) -> None:
        present = self._values.get(index)
        if present is None:
            self._values[index] = cotangent
        elif index in self._own and present.try_add_in_place(cotangent):
            return
        else:
            self._values[index] = add(present, cotangent)
            self._own.add(index)

    def take(self, index: int) -> Tensor | None:
        self._own.discard(index)
        return self._values.pop(index, None)

    def get(self, index: int) -> Tensor | None:
        return self._values.get(index)


def _through_linear(record: Record, cotangent: Tensor, i: int) -> Tensor | None:
    transpose = record.primitive.transpose(i)
    return None if transpose is None else transpose(cotangent, *record.primals, **record.params)


# By kind: the cotangent of input i of a record, possibly still broadcast; None for an identical zero.
_PULL_BACK: dict[type[Primitive | KnownPower | Adjoint], Callable[[Record, Tensor, int], Tensor | None]] = {
    Elementwise: lambda r, ct, i: apply_partial(ct, r.primitive.partials[i](*r.primals, r.output, **r.params)),
    KnownPower: lambda r, ct, i: apply_partial(ct, r.primitive.slope(*r.primals, r.output)),
    Reduction: lambda r, ct, i: apply_partial(ct, r.primitive.partial(*r.primals, r.output, **r.params)),
    Linear: _through_linear,
    Bilinear: lambda r, ct, i: r.primitive.transposes[i](ct, *r.primals, **r.params),
    Adjoint: lambda r, ct, i: r.primitive.pull(ct, i),
}
