"""Notes of what a function does with some values: enough to do it again, and nothing that can be computed anew.

Operations run as they are met, on what the level below knows; noted are what was done, and where its operands came
from. A :class:`Recipe` of these steps runs again, on any level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from dualtape.core.interpreter import Level, bind
from dualtape.core.primitive import Primitive
from dualtape.dtypes import DType
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor


class Step(NamedTuple):
    """Something done: how, for each operand its slot, or -1 and a number; and the slots of the results."""

    do: Callable[..., Sequence[Any]]
    operands: tuple[tuple[int, Any], ...]
    targets: tuple[int, ...]


class Recipe(NamedTuple):
    """What to do again.

    Attributes
    ----------
    given
        The slots to fill before the first step: one for each use of each value from outside, in the order in which
        a walk back over the steps meets them.
    sources
        What was used there: the position of a noted input, or the value from outside itself.
    outputs
        For each output its slot, or -1 and the value, which no noted operation had a part in.
    """

    steps: tuple[Step, ...]
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


class Noted(Tensor):
    """A value whose operations are noted; an input is of no slot until it is used."""

    __slots__ = ("dtype", "level", "position", "primal", "slot")

    dtype: DType
    level: Notes
    primal: Tensor
    slot: int
    position: int

    @property
    def shape(self) -> tuple[int, ...]:
        return self.primal.shape


class Notes(Level):
    """The interpreter that runs operations on ``below(value)`` and notes them."""

    title = "a function whose operations are noted"

    def __init__(self, below: Callable[[Any], Any] = lambda value: value) -> None:
        self._below = below
        self._steps: list[Step] = []
        self._inputs: list[Any] = []
        self._uses: dict[int, Any] = {}
        self._count = 0

    def input(self, value: Tensor) -> Noted:
        """A value to take notes of."""
        self._inputs.append(value)
        return self._noted(self._below(value), -1, len(self._inputs) - 1)

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        output = bind(primitive, tuple(self.below(x) for x in inputs), params)
        (noted,) = self.note(lambda *operands: (bind(primitive, operands, params),), inputs, [output])
        return noted  # type: ignore[no-any-return]

    def note(self, do: Callable[..., Sequence[Any]], inputs: Sequence[Any], outputs: Sequence[Any]) -> list[Any]:
        """Note one step, which the level below has done: ``do(*inputs)`` gives ``outputs``."""
        operands = tuple(self._operand(x) for x in inputs)
        targets = tuple(self._slot() for _ in outputs)
        self._steps.append(Step(do, operands, targets))
        return [
            self._noted(x, slot, -1) if isinstance(x, Tensor) else x for x, slot in zip(outputs, targets, strict=True)
        ]

    def recipe(self, outputs: Sequence[Any]) -> Recipe:
        """How to make ``outputs``, without what they do not need."""
        results = tuple(self._operand(x) if self._is_noted(x) else (-1, x) for x in outputs)
        needed = {slot for slot, _ in results}
        steps: list[Step] = []
        given = [slot for slot, _ in results if slot in self._uses]
        for step in reversed(self._steps):
            if needed.intersection(step.targets):
                steps.append(step)
                needed.update(slot for slot, _ in step.operands)
                given.extend(slot for slot, _ in step.operands if slot in self._uses)
        return Recipe(tuple(reversed(steps)), tuple(given), tuple(self._uses[slot] for slot in given), results)

    def below(self, value: Any) -> Any:
        """What an operation on ``value`` runs on."""
        return value.primal if self._is_noted(value) else self._below(self.lower(value))

    def _is_noted(self, x: Any) -> bool:
        return isinstance(x, Noted) and x.level is self

    def _operand(self, x: Any) -> tuple[int, Any]:
        if not isinstance(x, Tensor):
            return -1, x
        if isinstance(x, Noted) and x.level is self:
            if x.slot >= 0:
                return x.slot, None
            return self._use(self._inputs[x.position]), None
        return self._use(x), None

    def _use(self, source: Any) -> int:
        slot = self._slot()
        self._uses[slot] = source
        return slot

    def _slot(self) -> int:
        self._count += 1
        return self._count - 1

    def _noted(self, primal: Tensor, slot: int, position: int) -> Noted:
        value = Noted.__new__(Noted)
        value.level = self
        value.primal = primal
        value.dtype = primal.dtype
        value.slot = slot
        value.position = position
        return value


def plain(x: Any) -> Any:
    """``x``, or the value that it holds if it is a Parameter."""
    return x.value() if isinstance(x, Parameter) else x
