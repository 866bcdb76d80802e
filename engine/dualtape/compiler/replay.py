"""Running a program operation by operation on a device: no tape, no jets, no promotion, only the calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dualtape.compiler.program import Constant, Node, Program
from dualtape.core.primitive import Primitive
from dualtape.devices.device import Device
from dualtape.tensor import wrap

Storage = Any


@dataclass
class _Step:
    """One call: what to run, the slots (or numbers) it reads, the slot it fills, the slots nobody reads after it."""

    primitive: Primitive
    reads: list[tuple[int, Any]]
    params: dict[str, Any]
    target: int
    finished: tuple[int, ...] = ()


def replayed(program: Program, device: Device) -> Callable[[Sequence[Storage]], list[Any]]:
    """A function from the storages of the inputs to tensors (or numbers) of the outputs.

    Every node has a slot, emptied after its last reading so that the device can use the memory again.
    """
    slots: dict[Node, int] = {}
    initial: list[Any] = []

    def slot(node: Node) -> int:
        if node not in slots:
            slots[node] = len(initial)
            initial.append(node.value.to(device).data_ if isinstance(node, Constant) else None)
        return slots[node]

    inputs = [slot(node) for node in program.inputs]
    steps = []
    for equation in program.equations:
        reads = [(slot(x), None) if isinstance(x, Node) else (-1, x) for x in equation.operands]
        steps.append(_Step(equation.primitive, reads, equation.params, slot(equation.output)))
    outputs = [(slot(x), None) if isinstance(x, Node) else (-1, x) for x in program.outputs]
    constants = {i for node, i in slots.items() if isinstance(node, Constant)}
    _mark_last_readings(steps, kept=constants | {i for i, _ in outputs})

    def run(arguments: Sequence[Storage]) -> list[Any]:
        values = list(initial)
        for i, storage in zip(inputs, arguments, strict=True):
            values[i] = storage
        for step in steps:
            operands = [values[i] if i >= 0 else number for i, number in step.reads]
            values[step.target] = device.execute(step.primitive, operands, step.params)
            for i in step.finished:
                values[i] = None
        return [wrap(values[i], device) if i >= 0 else number for i, number in outputs]

    return run


def _mark_last_readings(steps: list[_Step], kept: set[int]) -> None:
    seen = set(kept)
    for step in reversed(steps):
        step.finished = tuple({i for i, _ in step.reads if i >= 0} - seen)
        seen.update(step.finished)
