"""What a program costs: operations, bytes, and the least time in which a device could do both (a roofline).

Counted is by the kinds of lowering, from shapes and element types:

===================  ======================================================  =======================================
kind                 operations                                              bytes
===================  ======================================================  =======================================
elementwise          those written in its expression, a call being one,      operands and output
                     for each element of the output
reduction            one for each element that is combined with another      operand and output
product              a multiplication and an addition for each element of    operands and output
                     the output and of the contracted axis
movement             none                                                    what is read and written; nothing where
                                                                             only the shape changes
search, accumulate   one for each element of the first operand               operands and output
===================  ======================================================  =======================================

A scan costs its length times its body, a condition its dearer branch, a while loop, whose steps nobody knows, one step.
The time of an equation is the longer one of computing and of moving; that of a program the sum. A block kernel moves
less than the equations do, at least what comes in and goes out: :attr:`Cost.least_bytes`.

Reference: Williams, Waterman & Patterson 2009, *Roofline: an insightful visual performance model*, CACM 52(4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from dualtape.compiler.peaks import Peaks, peaks_of
from dualtape.compiler.program import COND, SCAN, WHILE, Control, Equation, KnownNode, Node, Program, inner_programs
from dualtape.core.lowering import Expression, Fold, Kernel, Movement, OnHost, Placement, Reinterpretation
from dualtape.core.primitive import Bilinear
from dualtape.devices.device import Device


class Count(NamedTuple):
    """Operations and bytes of one kind."""

    kind: str
    flops: int
    bytes: int
    equations: int = 1

    def times(self, n: int) -> Count:
        return Count(self.kind, self.flops * n, self.bytes * n, self.equations * n)


@dataclass(frozen=True)
class Cost:
    """The cost of a program on a device; it prints as a table.

    Attributes
    ----------
    counts
        Of every equation that runs.
    least_bytes
        Inputs, constants and outputs.
    device
        Whose peaks the time is estimated with.
    has_while
        Whether there is a while loop, of which one step is counted.
    """

    counts: tuple[Count, ...]
    least_bytes: int
    device: Device
    has_while: bool = False

    @property
    def flops(self) -> int:
        """Operations on numbers."""
        return sum(count.flops for count in self.counts)

    @property
    def bytes(self) -> int:
        """Bytes read and written if every equation reads its operands from memory and writes its output to it."""
        return sum(count.bytes for count in self.counts)

    @property
    def intensity(self) -> float:
        """Operations for each byte."""
        return self.flops / self.bytes if self.bytes else float("inf") if self.flops else 0.0

    @property
    def peaks(self) -> Peaks:
        """What the device reaches, measured once."""
        return peaks_of(self.device)

    @property
    def seconds(self) -> float:
        """The least time, equation by equation."""
        return _seconds(self.counts, self.peaks)

    @property
    def least_seconds(self) -> float:
        """The least time if nothing but ``least_bytes`` is moved."""
        return self.peaks.seconds(self.flops, self.least_bytes)

    def by_kind(self) -> dict[str, Count]:
        """The counts of each kind, added up."""
        found: dict[str, Count] = {}
        for kind, flops, nbytes, equations in self.counts:
            old = found.get(kind, Count(kind, 0, 0, 0))
            found[kind] = Count(kind, old.flops + flops, old.bytes + nbytes, old.equations + equations)
        return found

    def __str__(self) -> str:
        return "\n".join(self._lines())

    __repr__ = __str__

    def _lines(self) -> Iterator[str]:
        heads = ("kind", "equations", "operations", "bytes", "op/byte", "at least")
        rows = []
        total = Count("all", self.flops, self.bytes, sum(count.equations for count in self.counts))
        for count in (*self.by_kind().values(), total):
            same = [x for x in self.counts if x.kind == count.kind or count is total]
            ratio = f"{count.flops / count.bytes:.2f}" if count.bytes else "-"
            time = _time(_seconds(same, self.peaks))
            rows.append((count.kind, str(count.equations), f"{count.flops:,}", f"{count.bytes:,}", ratio, time))
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        for row in (heads, *rows):
            cells = zip(row, widths, strict=True)
            yield "  ".join(x.ljust(n) if i == 0 else x.rjust(n) for i, (x, n) in enumerate(cells)).rstrip()
        yield f"in and out: {self.least_bytes:,} bytes; at least {_time(self.least_seconds)} if nothing else is moved"
        yield f"{self.device.name}: {self.peaks}"
        if self.has_while:
            yield "while loops are counted with one step: nobody knows how many there will be"


def _seconds(counts: Iterable[Count], peaks: Peaks) -> float:
    return sum(peaks.seconds(count.flops, count.bytes) for count in counts)


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"


def cost_of(program: Program, device: Device) -> Cost:
    """What ``program`` costs on ``device``."""
    constants = {x for equation in program.equations for x in equation.reads if isinstance(x, KnownNode)}
    nodes = dict.fromkeys([*program.inputs, *constants, *program.results])
    return Cost(tuple(_counts(program)), sum(map(_bytes, nodes)), device, _has_while(program))


def _has_while(program: Program) -> bool:
    return any(
        equation.primitive is WHILE or any(map(_has_while, inner_programs(equation).values()))
        for equation in program.equations
    )


def _counts(program: Program) -> Iterator[Count]:
    for equation in program.equations:
        yield from _control(equation) if isinstance(equation.primitive, Control) else (count(equation),)


def count(equation: Equation) -> Count:
    """The cost of one operation of the catalogue."""
    operands, output = equation.operands, equation.output
    primitive = equation.primitive
    moved = sum(map(_bytes, operands)) + _bytes(output)
    size = prod(output.spec.shape)
    first = next((x for x in operands if isinstance(x, Node)), output)
    match primitive.lowering:
        case Expression() as expression:
            each = expression.specialized(not first.spec.dtype.is_float, equation.params)
            return Count("elementwise", size * each.operations, moved)
        case Fold():
            return Count("reduction", max(prod(first.spec.shape) - size, 0), moved)
        case Reinterpretation():
            return Count("movement", 0, 0)
        case Movement():
            return Count("movement", 0, 2 * _bytes(output))
        case Placement() | Kernel(computes=False):
            return Count("movement", 0, moved)
        case OnHost():
            return Count("on the host", max(prod(first.spec.shape), size), moved)
        case Kernel() if isinstance(primitive, Bilinear):
            return Count("product", 2 * size * first.spec.shape[-1], moved)
        case _:
            return Count("search, accumulate", prod(first.spec.shape), moved)


def _bytes(operand: object) -> int:
    return prod(operand.spec.shape) * operand.spec.dtype.numpy.itemsize if isinstance(operand, Node) else 0


def _control(equation: Equation) -> Iterator[Count]:
    params, held = equation.params, inner_programs(equation).values()
    if equation.primitive is SCAN:
        length, body = params["length"], params["body"]
        yield from (x.times(length) for x in _counts(body))
        rows = [*body.inputs[params["consts"] + params["carried"] :], *body.results[params["carried"] :]]
        yield Count("movement", 0, 2 * length * sum(map(_bytes, rows)))
    elif equation.primitive is COND:
        branches = [tuple(_counts(branch)) for branch in held]
        yield from max(branches, key=lambda branch: (sum(x.flops for x in branch), sum(x.bytes for x in branch)))
    else:
        yield from (x for program in held for x in _counts(program))
