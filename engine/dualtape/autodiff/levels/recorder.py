"""What a function does with some values, recorded to be done again: no value that can be computed anew is kept.

Operations run as they are met, on what the level below knows; recorded are what was done, and where its operands came
from. A :class:`Recording` of these steps runs again, on any level.

It is no :class:`~dualtape.compiler.program.Program`, and cannot be. A program is written before there are numbers, for
values of which shape and element type are all that is known, and holds tensors from outside as constants of its device.
Here the numbers are there, the function may look at them, and what it takes from outside may live on any open level and
must still get its cotangent: one for each use, in the order of the uses, for gradients to be the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from dualtape.autodiff.levels.value import LevelValue, new_value
from dualtape.core.composite import Composite, Values
from dualtape.core.interpreter import Level, apply, bind
from dualtape.core.primitive import Primitive
from dualtape.tensor import Tensor


class RecordedStep(NamedTuple):
    """Something done: how, for each operand its slot, or -1 and a number; and the slots of the results."""

    do: Callable[..., Sequence[Any]]
    operands: tuple[tuple[int, Any], ...]
    targets: tuple[int, ...]


class Recording(NamedTuple):
    """What to do again.

    Attributes
    ----------
    given
        The slots to fill before the first step: one for each use of each value from outside, in the order in which
        a walk back over the steps meets them.
    sources
        What was used there: the position of a recorded input, or the value from outside itself.
    outputs
        For each output its slot, or -1 and the value, which no recorded operation had a part in.
    """

    steps: tuple[RecordedStep, ...]
    given: tuple[int, ...]
    sources: tuple[Any, ...]
    outputs: tuple[tuple[int, Any], ...]

    def replay(self, values: Sequence[Any]) -> list[Any]:
        """The outputs, where ``values`` stand in the given slots."""
        slots = dict(zip(self.given, values, strict=True))
        for step in self.steps:
            operands = tuple(slots[slot] if slot >= 0 else number for slot, number in step.operands)
            slots.update(zip(step.targets, step.do(*operands), strict=True))
        return [slots[slot] if slot >= 0 else value for slot, value in self.outputs]


class RecordedValue(LevelValue):
    """A value whose operations are recorded; an input is of no slot until it is used."""

    __slots__ = ("position", "slot")

    slot: int
    position: int


class Recorder(Level):
    """The interpreter that runs operations on ``below(value)`` and records them."""

    title = "a function whose operations are recorded (`checkpoint`)"
    watches = True

    def __init__(self, below: Callable[[Any], Any] = lambda value: value) -> None:
        self._strip = below
        self._steps: list[RecordedStep] = []
        self._inputs: list[Any] = []
        self._uses: dict[int, Any] = {}
        self._count = 0

    def input(self, value: Tensor) -> RecordedValue:
        """A value to follow."""
        self._inputs.append(value)
        return self._value(self._strip(value), -1, len(self._inputs) - 1)

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        output = bind(primitive, tuple(self.primal(x) for x in inputs), params)
        recorded: Tensor = self.record(lambda *operands: (bind(primitive, operands, params),), inputs, [output])[0]
        return recorded

    def apply(self, composite: Composite, inputs: Values) -> list[Any]:
        outputs = self.below(composite, [self.primal(x) for x in inputs])
        return self.record(lambda *operands: apply(composite, operands), inputs, outputs)

    def record(self, do: Callable[..., Sequence[Any]], inputs: Sequence[Any], outputs: Sequence[Any]) -> list[Any]:
        """Record one step, which the level below has done: ``do(*inputs)`` gives ``outputs``."""
        operands = tuple(self._operand(x) for x in inputs)
        targets = tuple(self._slot() for _ in outputs)
        self._steps.append(RecordedStep(do, operands, targets))
        return [
            self._value(x, slot, -1) if isinstance(x, Tensor) else x for x, slot in zip(outputs, targets, strict=True)
        ]

    def recording(self, outputs: Sequence[Any]) -> Recording:
        """How to make ``outputs``, without what they do not need."""
        results = tuple(self._operand(x) if self.owns(x) else (-1, x) for x in outputs)
        needed = {slot for slot, _ in results}
        steps: list[RecordedStep] = []
        given = [slot for slot, _ in results if slot in self._uses]
        for step in reversed(self._steps):
            if needed.intersection(step.targets):
                steps.append(step)
                needed.update(slot for slot, _ in step.operands)
                given.extend(slot for slot, _ in step.operands if slot in self._uses)
        return Recording(tuple(reversed(steps)), tuple(given), tuple(self._uses[slot] for slot in given), results)

    def primal(self, value: Any) -> Any:
        """What an operation on ``value`` runs on."""
        return value.primal if self.owns(value) else self._strip(self.lower(value))

    def _operand(self, x: Any) -> tuple[int, Any]:
        if not isinstance(x, Tensor):
            return -1, x
        if self.owns(x) and x.slot >= 0:
            return x.slot, None
        return self._use(self._inputs[x.position] if self.owns(x) else x), None

    def _use(self, source: Any) -> int:
        slot = self._slot()
        self._uses[slot] = source
        return slot

    def _slot(self) -> int:
        self._count += 1
        return self._count - 1

    def _value(self, primal: Tensor, slot: int, position: int) -> RecordedValue:
        value = new_value(RecordedValue, self, primal)
        value.slot = slot
        value.position = position
        return value
