"""Programs that do the same for each of several members, seen as what one member does.

`vmap` over parameters leaves a leading axis on all that differs from member to member: networks of one shape, each with
weights of its own, at points that may be the same for all. Where every operation goes along that axis, one member's
program has it nowhere, and is divided as any other. What mixes members, such as the mean of their losses, and what runs
between kernels, is done for all at once, as it was written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dualtape.compiler.blocks.find.regions import Division, NotBlockable, Region, Stage
from dualtape.compiler.passes import remove_dead_code
from dualtape.compiler.program import Control, Equation, KnownNode, Node, Operand, Program
from dualtape.core.lowering import Expression, Fold, Kernel
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Spec
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.primitives.contraction import matmul
from dualtape.primitives.movement import concatenate, cut, embed, permute, reshape
from dualtape.primitives.rounding import stop_gradient


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class _OfAll(Primitive):
    """What one member's program cannot say of all members; it only tells what is read."""

    def __post_init__(self) -> None:
        """It stays out of the catalogue: nothing runs it."""


@dataclass(frozen=True, eq=False)
class Members:
    """A program of several members.

    Attributes
    ----------
    count
        How many.
    program
        What one of them does.
    whole
        For each value of which a member has its own, the array of those of all members, along a leading axis.
    written
        For each value that one member's program makes, the equation that makes it for all; ``None`` if it is there.
    """

    count: int
    program: Program
    whole: Mapping[Node, Node]
    written: Mapping[Node, Equation | None]

    def of_all(self, division: Division) -> Division:
        """A division of one member's program as one of the program of all; or :class:`NotBlockable`."""
        stages = [
            Stage(
                tuple(x for equation in stage.equations if (x := self.written.get(equation.output, equation))),
                tuple(map(self._region, stage.regions)),
            )
            for stage in division.stages
        ]
        return Division(tuple(stages), division.reasons)

    def _region(self, region: Region) -> Region:
        if any(array.node not in self.whole for array, _ in region.stored):
            raise NotBlockable("what is the same for all members is kept at the points")
        return replace(region, members=self.count, whole=self.whole)


def find_members(program: Program) -> Members | None:
    """The members of a program whose products have weights for each of them."""
    counts = Counter(
        equation.output.spec.shape[0]
        for equation in program.equations
        if equation.primitive is matmul and len(equation.output.spec.shape) > 2
        if any(x.spec.shape[:-2] == equation.output.spec.shape[:-2] for x in equation.reads)
    )
    ((count, _),) = counts.most_common(1) or [(1, 0)]
    if count < 2:
        return None
    separation = _Separation(count)
    for equation in program.equations:
        separation.visit(equation)
    return separation.finish(program)


class _Separation:
    """Takes equations of all members apart, one by one: a value is there for one member, for all, or both."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._equations: list[Equation] = []
        self._one: dict[Node, Node] = {}
        self._squeezed: dict[Node, Node] = {}
        self._apart: set[Node] = set()
        self._undivided: set[Node] = set()
        self._whole: dict[Node, Node] = {}
        self._written: dict[Node, Equation | None] = {}

    def visit(self, equation: Equation) -> None:
        output = equation.output
        found = self._of_one(equation)
        if found is not None:
            self._add(found, equation)
            self._set_one(output, found.output)
            self._apart.add(output)
        elif any(x in self._apart for x in equation.reads):
            reads = tuple(self._one[x] if x in self._apart else x for x in equation.reads)
            self._add(Equation(_mixing(equation.primitive.name), reads, {}, output), equation)
        else:
            self._equations.append(equation)
            self._undivided.add(output)

    def finish(self, program: Program) -> Members | None:
        if not self._apart:
            return None
        outputs = tuple(self._one[x] if x in self._apart else x for x in program.results)
        one = remove_dead_code(Program((), tuple(self._equations), outputs))
        made = {equation.output for equation in one.equations}
        plain = (equation for equation in one.equations if not isinstance(equation.primitive, _OfAll))
        read = dict.fromkeys((*(x for equation in plain for x in equation.reads), *outputs))
        inputs = tuple(x for x in read if x not in made and not isinstance(x, KnownNode))
        return Members(self._count, Program(inputs, one.equations, outputs), self._whole, self._written)

    def _add(self, equation: Equation, written: Equation | None) -> None:
        self._equations.append(equation)
        self._written[equation.output] = written

    def _set_one(self, node: Node, one: Node) -> None:
        self._one[node] = one
        self._whole[one] = node

    def _of_one(self, equation: Equation) -> Equation | None:
        """What the equation is for one member, if it goes along the members."""
        out = equation.output.spec
        if out.shape[:1] != (self._count,) or isinstance(equation.primitive, Control):
            return None
        rank = len(out.shape)
        if rank < 3 and not any(x in self._apart for x in equation.reads):
            return None  # by its shape alone it might as well be at as many points
        broadcasts = isinstance(equation.primitive.lowering, Expression) or equation.primitive is matmul
        params = equation.params if broadcasts else _params_of_one(equation, self._count)
        along = [x for x in equation.reads if len(x.spec.shape) == rank and x.spec.shape[0] == self._count]
        if params is None or (broadcasts and (not along or (equation.primitive is matmul and rank < 3))):
            return None
        aligned = broadcasts or equation.primitive is broadcast_to
        operands = tuple(self._operand(x, rank, aligned) for x in equation.operands)
        found = Equation.inferred(equation.primitive, operands, params)
        return found if found.output.spec == Spec(out.shape[1:], out.dtype) else None

    def _operand(self, x: Operand, rank: int, aligned: bool) -> Operand:
        """An operand as one member reads it; ``aligned`` says that last axes meet, whatever leads."""
        if not isinstance(x, Node):
            return x
        if len(x.spec.shape) == rank or not aligned:
            if x.spec.shape[:1] == (self._count,):
                return self._member(x)
            if len(x.spec.shape) == rank:
                return self._without_axis(x)
        return self._all(x)

    def _member(self, node: Node) -> Node:
        """What one member has of a value."""
        if node not in self._one:
            self._set_one(node, Node(Spec(node.spec.shape[1:], node.spec.dtype)))
            if node in self._undivided:
                self._add(Equation(_mixing("one of all members"), (node,), {}, self._one[node]), None)
        return self._one[node]

    def _all(self, node: Node) -> Node:
        """A value, whatever its axes are, as all members read it."""
        if node in self._apart and node not in self._written:
            self._add(Equation(_mixing("all members"), (self._one[node],), {}, node), None)
        return node

    def _without_axis(self, node: Node) -> Node:
        """A value that is the same for all members, without its leading axis of one element."""
        if node not in self._squeezed:
            same = Equation.inferred(reshape, (self._all(node),), {"shape": node.spec.shape[1:]})
            self._equations.append(same)
            self._squeezed[node] = same.output
        return self._squeezed[node]


def _mixing(name: str) -> Primitive:
    return _OfAll(name=name, numpy=_no_numbers, lowering=Kernel("members"), infer=_no_numbers)


def _no_numbers(*inputs: Any, **params: Any) -> Any:
    raise AssertionError("members are together where equations run")


def _params_of_one(equation: Equation, count: int) -> dict[str, Any] | None:
    """The parameters of a reduction or movement for one member; ``None`` if it does not go along the leading axis."""
    primitive, params = equation.primitive, equation.params
    if primitive is not broadcast_to and any(x.spec.shape[:1] != (count,) for x in equation.reads):
        return None
    if isinstance(primitive.lowering, Fold):
        return None if 0 in params["axes"] else {"axes": tuple(axis - 1 for axis in params["axes"])}
    if primitive is permute:
        first, *others = params["axes"]
        return None if first else {"axes": tuple(axis - 1 for axis in others)}
    if primitive is concatenate:
        return {"axis": params["axis"] - 1} if params["axis"] else None
    if primitive is cut or primitive is embed:
        if (params["starts"][0], params["steps"][0]) != (0, 1):
            return None
        return {name: value[1:] for name, value in params.items()}
    if primitive is reshape or primitive is broadcast_to:
        return {"shape": params["shape"][1:]}
    return {} if primitive is stop_gradient else None
