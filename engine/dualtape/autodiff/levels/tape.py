"""Reverse mode: a flat list of records, walked once backwards.

Each record holds one operation that a watched value took part in. The walk hands every record
the cotangent of its output, derives the cotangents of its inputs from the primitive's single
statement, and drops the record, so memory is released on the way. Records that do not reach the
output are passed over: they never get a cotangent.

Reference: Griewank & Walther, *Evaluating Derivatives*, 2nd ed., section 3.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dualtape.autodiff.levels.chain import apply_partial
from dualtape.autodiff.levels.record import Adjoint, Record
from dualtape.autodiff.levels.tape_functions import record_call
from dualtape.autodiff.levels.value import LevelValue, new_value
from dualtape.core.composite import Composite, Values
from dualtape.core.interpreter import Level, bind
from dualtape.core.primitive import Bilinear, Elementwise, Linear, NonDifferentiable, Primitive, Reduction
from dualtape.primitives.arithmetic import add
from dualtape.primitives.broadcasting import sum_to
from dualtape.tensor import Tensor


class Variable(LevelValue):
    """A value that a tape watches."""

    __slots__ = ("index",)

    index: int


class Tape(Level):
    """The reverse interpreter: remembers operations, then pulls cotangents back through them."""

    title = "a gradient"
    watches = True

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._count = 0

    def watch(self, primal: Tensor) -> Variable:
        """A variable of this tape that stands for ``primal``."""
        variable = new_value(Variable, self, primal)
        variable.index = self._count
        self._count += 1
        return variable

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
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
        if not variable.dtype.is_float:
            return output
        self._records.append(Record(primitive, fixed, sources, params, output, variable.index))
        return variable

    def apply(self, composite: Composite, inputs: Values) -> list[Any]:
        """One entry for the whole operation, with its own reverse rule."""
        outputs = composite.in_pieces(inputs)
        if outputs is not None:
            return outputs
        watched = [self.owns(x) for x in inputs]
        outputs, pull = composite.pull_back([self.primal(x) for x in inputs], watched)
        return record_call(self, inputs, self.require_below(composite, outputs), pull)

    def record(self, record: Record) -> None:
        """Append an operation that was run elsewhere; its target must come from :meth:`watch`."""
        self._records.append(record)

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


def _through_elementwise(record: Record, cotangent: Tensor, i: int) -> Tensor | None:
    primitive: Elementwise = record.primitive  # type: ignore[assignment]
    partial = primitive.partials[i](*record.primals, record.output, **record.params)
    return apply_partial(cotangent, partial)


def _through_reduction(record: Record, cotangent: Tensor, i: int) -> Tensor | None:
    primitive: Reduction = record.primitive  # type: ignore[assignment]
    partial = primitive.partial(*record.primals, record.output, **record.params)
    return apply_partial(cotangent, partial)


def _through_linear(record: Record, cotangent: Tensor, i: int) -> Tensor | None:
    primitive: Linear = record.primitive  # type: ignore[assignment]
    transpose = primitive.transpose(i)
    return None if transpose is None else transpose(cotangent, *record.primals, **record.params)


def _through_bilinear(record: Record, cotangent: Tensor, i: int) -> Tensor | None:
    primitive: Bilinear = record.primitive  # type: ignore[assignment]
    return primitive.transposes[i](cotangent, *record.primals, **record.params)


def _through_adjoint(record: Record, cotangent: Tensor, i: int) -> Tensor | None:
    adjoint: Adjoint = record.primitive  # type: ignore[assignment]
    return adjoint.pull(cotangent, i)


# By kind: the cotangent of input i, possibly still broadcast; None for an identical zero.
_PULL_BACK: dict[type[Primitive | Adjoint], Callable[[Record, Tensor, int], Tensor | None]] = {
    Elementwise: _through_elementwise,
    Reduction: _through_reduction,
    Linear: _through_linear,
    Bilinear: _through_bilinear,
    Adjoint: _through_adjoint,
}
