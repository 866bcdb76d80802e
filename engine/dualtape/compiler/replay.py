"""Running a program operation by operation on a device: no tape, no jets, no promotion, only the calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dualtape.compiler.program import Constant, Node, Program
from dualtape.devices.device import Device
from dualtape.tensor import wrap

Storage = Any


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
        steps.append([equation.primitive, reads, equation.params, slot(equation.output), ()])
    outputs = [(slot(x), None) if isinstance(x, Node) else (-1, x) for x in program.outputs]
    _mark_last_readings(steps, kept={i for i, _ in outputs}, constants={slots[n] for n in slots if isinstance(n, Constant)})

    def run(arguments: Sequence[Storage]) -> list[Any]:
        values = list(initial)
        for i, storage in zip(inputs, arguments, strict=True):
            values[i] = storage
        for primitive, reads, params, target, finished in steps:
            operands = [values[i] if i >= 0 else number for i, number in reads]
            values[target] = device.execute(primitive, operands, params)
            for i in finished:
                values[i] = None
        return [wrap(values[i], device) if i >= 0 else number for i, number in outputs]

    return run


def _mark_last_readings(steps: list[list[Any]], kept: set[int], constants: set[int]) -> None:
    seen = kept | constants
    for step in reversed(steps):
        finished = {i for i, _ in step[1] if i >= 0} - seen
        step[4] = tuple(finished)
        seen |= finished
