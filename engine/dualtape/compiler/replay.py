"""Running a program operation by operation on a device: no tape, no jets, no promotion, only the calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

import numpy as np

from dualtape.compiler.program import (
    CALL,
    COND,
    ITEM,
    SCAN,
    WHILE,
    Control,
    Equation,
    KnownNode,
    Node,
    Operand,
    Program,
)
from dualtape.core.spec import Spec
from dualtape.devices.device import Device, Storage, require_inside
from dualtape.devices.registry import HOST
from dualtape.primitives.gathering import inside_axis, take
from dualtape.primitives.movement import concatenate, reshape
from dualtape.tensor import Tensor, wrap

Checks = list[tuple[Storage, dict[str, Any]]]
"""Searches for indices outside of an axis that have begun, each with what the error says of the axis."""

Operation = Callable[[list[Any], Checks], Any]
"""From operands to what an equation gives; checks that it begins are added to the list."""

Runner = Callable[[Sequence[Storage]], list[Any]]

BodyRun = Callable[[Sequence[Storage], Checks], list[Any]]
"""From storages to storages (or numbers), as an operation."""


class CompileBody(Protocol):
    """How programs that equations hold run."""

    def __call__(self, body: Program, device: Device, times: int) -> BodyRun:
        """What runs a body on a device, so many times at the most."""

    def place(self, body: Program, device: Device) -> Device:
        """Where a loop over a body had better be, whose values are on ``device``: near what its kernels run on."""


UNKNOWN_TURNS = 100  # turns of a loop whose length is not known

_MOST_CHECKS = 256  # that wait, of a long loop


@dataclass
class _Step:
    """One call: what to run, the slots (or numbers) it reads, the slot it fills, the slots nobody reads after it."""

    run: Operation
    reads: list[tuple[int, Any]]
    target: int
    finished: tuple[int, ...] = ()


class Replay:
    """A program on a device: from the storages of the inputs to tensors (or numbers) of the outputs.

    Every node has a slot, emptied after its last reading so that the device can use the memory again.
    """

    def __init__(self, slots: _Slots, inputs: list[int], steps: list[_Step], outputs: list[tuple[int, Any]]) -> None:
        self._device, self._initial = slots.device, slots.initial
        self._inputs, self._steps, self._outputs = inputs, steps, outputs
        constants = {i for i, value in enumerate(slots.initial) if value is not None}
        self._idle = tuple(_mark_last_readings(steps, constants | {i for i, _ in outputs}, inputs))

    def __call__(self, arguments: Sequence[Storage]) -> list[Any]:
        return self.consume(list(arguments))

    def consume(self, arguments: list[Storage]) -> list[Any]:
        """Run, and empty ``arguments`` at the start: what nobody else holds is freed after its last reading."""
        found = self._values(arguments)
        arguments.clear()
        checks: Checks = []
        self._go(found, checks)
        if checks:
            settle(self._device, checks)
        return [wrap(found[i], self._device) if i >= 0 else number for i, number in self._outputs]

    def run(self, arguments: Sequence[Storage], checks: Checks) -> list[Any]:
        """Run, from storages to storages (or numbers); whoever calls settles the ``checks``."""
        found = self._values(arguments)
        self._go(found, checks)
        return [found[i] if i >= 0 else number for i, number in self._outputs]

    def _values(self, arguments: Sequence[Storage]) -> list[Any]:
        values = list(self._initial)
        for i, storage in zip(self._inputs, arguments, strict=True):
            values[i] = storage
        return values

    def _go(self, values: list[Any], checks: Checks) -> None:
        for i in self._idle:
            values[i] = None
        for step in self._steps:
            operands = [values[i] if i >= 0 else number for i, number in step.reads]
            # Before the call: an operation that takes its operands from the list can drop them on the way.
            for i in step.finished:
                values[i] = None
            values[step.target] = step.run(operands, checks)
            operands.clear()


class _Slots:
    """The slot of each node, and what is in the slots before a run: the constants."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.initial: list[Any] = []
        self._of: dict[Node, int] = {}

    def of(self, node: Node) -> int:
        if node not in self._of:
            self._of[node] = len(self.initial)
            self.initial.append(node.value.to(self.device).data_ if isinstance(node, KnownNode) else None)
        return self._of[node]

    def read(self, operand: Operand) -> tuple[int, Any]:
        return (self.of(operand), None) if isinstance(operand, Node) else (-1, operand)


class _AsTold:
    """Operation by operation, too, on the device where they are."""

    def __call__(self, body: Program, device: Device, times: int) -> BodyRun:
        return replayed(body, device).run

    def place(self, body: Program, device: Device) -> Device:
        return device


_AS_TOLD = _AsTold()


def as_body(run: Runner) -> BodyRun:
    """A program that is ready to run, as part of another one."""
    if isinstance(run, Replay):
        return run.run
    return lambda arguments, checks: [x.data_ if isinstance(x, Tensor) else x for x in run(arguments)]


def replayed(program: Program, device: Device, compile_body: CompileBody = _AS_TOLD) -> Replay:
    """Compile ``program`` to run operation by operation on ``device``, and what its equations hold as told."""
    slots = _Slots(device)
    inputs = [slots.of(node) for node in program.inputs]
    steps = [
        _Step(
            operation(equation, device, compile_body),
            [slots.read(x) for x in equation.operands],
            slots.of(equation.output),
        )
        for equation in program.equations
    ]
    return Replay(slots, inputs, steps, [slots.read(x) for x in program.outputs])


def _mark_last_readings(steps: list[_Step], kept: set[int], inputs: list[int]) -> set[int]:
    """Say with each step which slots are read there for the last time; gives the inputs that no step reads."""
    seen = set(kept)
    for step in reversed(steps):
        step.finished = tuple({i for i, _ in step.reads if i >= 0} - seen)
        seen.update(step.finished)
    return set(inputs) - seen


def operation(equation: Equation, device: Device, compile_body: CompileBody) -> Operation:
    """How ``device`` runs one equation: from its operands to its output, a list for a bundle."""
    primitive, params = equation.primitive, equation.params
    if isinstance(primitive, Control):
        return _CONTROL[primitive](device, compile_body, **params)
    if primitive is inside_axis and device is not HOST and 0 not in equation.output.spec.shape:
        return _check(device, params)
    return lambda operands, checks: device.execute(primitive, operands, params)


def _check(device: Device, params: dict[str, Any]) -> Operation:
    """Begin to look at indices, for whoever waits for the results to hear what was found."""
    size = params["size"]

    def run(operands: list[Any], checks: Checks) -> Any:
        (indices,) = operands
        checks.append((device.begin_check(indices, size), params))
        return indices

    return run


def settle(device: Device, checks: Checks) -> None:
    """Wait for what checks have found, and raise the error of the first index that is outside."""
    found = device.get_all([storage for storage, _ in checks])
    for rows, (_, params) in zip(found, checks, strict=True):
        require_inside(rows, params)
    checks.clear()


def _condition(device: Device, compile_body: CompileBody, true: Program, false: Program) -> Operation:
    branches = compile_body(false, device, 1), compile_body(true, device, 1)
    return lambda operands, checks: branches[bool(device.get(operands[0]))](operands[1:], checks)


def _while(
    device: Device, compile_body: CompileBody, condition: Program, body: Program, consts: int, most: int | None
) -> Operation:
    place = compile_body.place(body, device)
    if place is device:
        return _while_here(device, compile_body, condition, body, consts, most)
    inner = _while_here(place, compile_body, condition, body, consts, most)

    def run(operands: list[Any], checks: Checks) -> list[Any]:
        """What the loop carries stays on the device from the first step to the last."""
        sent = [x if isinstance(x, (int, float)) else place.put(device.get(x)) for x in operands]
        operands.clear()
        own: Checks = []
        found = inner(sent, own)
        if own:
            settle(place, own)
        return [device.put(x) for x in place.get_all(found)]

    return run


def _while_here(
    device: Device, compile_body: CompileBody, condition: Program, body: Program, consts: int, most: int | None
) -> Operation:
    going_on, step = replayed(condition, device), compile_body(body, device, UNKNOWN_TURNS)

    def run(operands: list[Any], checks: Checks) -> list[Any]:
        fixed, carry = operands[:consts], operands[consts:]
        operands.clear()
        for _ in count() if most is None else range(most):
            if not bool(device.get(going_on.run([*fixed, *carry], checks)[0])):
                break
            # What was computed with a wrong index may never make an end.
            if checks:
                settle(device, checks)
            carry = step([*fixed, *carry], checks)
        return carry

    return run


def _scan(
    device: Device, compile_body: CompileBody, body: Program, consts: int, carried: int, length: int, reverse: bool,
    stored: bool,
) -> Operation:  # fmt: skip
    step = compile_body(body, device, length)
    order = range(length - 1, -1, -1) if reverse else range(length)
    specs = [x.spec for x in body.results[carried:]]
    places: list[Storage] = []

    def row_of(stack: Storage, i: int) -> Storage:
        nonlocal places
        if not places:
            # Made as a whole: two threads that filled one list would mix up their places.
            places = [device.put(np.array(k)) for k in range(length)]
        return device.execute(take, (stack, places[i]), {"axis": 0})

    def run(operands: list[Any], checks: Checks) -> list[Any]:
        first = consts + carried
        fixed, carry, stacks = operands[:consts], operands[consts:first], operands[first:]
        operands.clear()
        rows: list[list[Any]] = [[None] * length for _ in specs]
        for i in order:
            found = step([*fixed, *carry, *(row_of(stack, i) for stack in stacks)], checks)
            if len(checks) >= _MOST_CHECKS:
                settle(device, checks)
            carry = found[:carried]
            for row, value in zip(rows, found[carried:], strict=True):
                row[i] = value
            del found
        return [*carry, *(_stacked(device, row, spec) for row, spec in zip(rows, specs, strict=True))]

    return run


def _stacked(device: Device, rows: list[Storage], spec: Spec) -> Storage:
    if not rows:
        return device.full((0, *spec.shape), 0, spec.dtype.numpy)
    for i, row in enumerate(rows):
        rows[i] = device.execute(reshape, (row,), {"shape": (1, *spec.shape)})
    whole = device.execute(concatenate, rows, {"axis": 0})
    rows.clear()
    return whole


_CONTROL: dict[Control, Callable[..., Operation]] = {
    COND: _condition,
    SCAN: _scan,
    WHILE: _while,
    CALL: lambda device, compile_body, body, rule: compile_body(body, device, 1),
    ITEM: lambda device, compile_body, index: lambda operands, checks: operands[0][index],
}
