"""Which sizes of a program are its points: the sets for which dividing it pays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod

from dualtape.compiler.blocks.find.division import divide_program
from dualtape.compiler.blocks.find.members import Members, find_members
from dualtape.compiler.blocks.find.regions import Division, NotBlockable
from dualtape.compiler.program import Equation, KnownNode, Program, inner_programs

EQUATION_COST = 3_000
"""What it costs to run one equation by itself, counted in elements."""

REGION_COST = 50_000
"""What one kernel must save, counted so, to be worth its compilation and launch."""

FEWEST_OF_MUCH = 8
"""Points below which most of a kernel's vector does nothing, and takes its memory all the same."""

MUCH = 1 << 20
"""Elements from which that costs more than a kernel saves."""


Divide = Callable[[tuple[int, ...]], Division]
"""The division over sets of so many points, or :class:`NotBlockable`."""


def choose_division(program: Program) -> Division:
    """The division over sets of points, those of each member if a program has some, or :class:`NotBlockable`."""
    reasons: list[str] = []
    plain = None
    try:
        plain = _choose(program, _point_counts(program), partial(divide_program, program))
    except NotBlockable as reason:
        reasons.append(str(reason))
    members = find_members(program)
    if members is not None and (plain is None or _may_be_better(members, plain)):
        try:
            found = _choose_for_each(program, members)
            if plain is None or members.count in _counts(plain) or cost(found) < cost(plain):
                return found
        except NotBlockable as reason:
            reasons.append(f"for each of {members.count} members {reason}")
    if plain is None:
        raise NotBlockable("; ".join(reasons))
    return plain


def _may_be_better(members: Members, plain: Division) -> bool:
    """Whether a division for each member may be better: where the members are taken for points, or much is left.

    With fewer points than members these are the points: of matrices at each point, products are those of members, too.
    """
    is_left = bool(plain.reasons) or members.count in _counts(plain)
    return is_left and max(_point_counts(members.program), default=0) >= members.count


def _choose_for_each(program: Program, members: Members) -> Division:
    one, of_all = members.program, members.of_all
    return _choose(program, _point_counts(one), lambda sets: of_all(divide_program(one, sets)))


def _counts(division: Division) -> set[int]:
    return {region.points for region in division.regions}


def _choose(program: Program, counts: list[int], divide: Divide) -> Division:
    """The division over sets of points found among some counts.

    Of the first sets that leave about as little to be done without blocks as the best one does, the one is taken along
    which data flow in the fewest stages: along the features of a network every layer would be one. Then come others as
    long as they make the division cheaper.
    """
    total, undivided = elements(program.equations), _one_by_one(program.equations)
    candidates = [n for n in counts if n >= FEWEST_OF_MUCH or total < MUCH]
    most = max(candidates, default=0)
    found, reasons = _divisions(divide, (), [n for n in candidates if n == most])
    if not any(_is_first(division, total) for division in found.values()):
        others, more = _divisions(divide, (), [n for n in candidates if n != most])
        found, reasons = {n: (found | others)[n] for n in candidates if n in found or n in others}, reasons + more
    reasons += [f"over {n} points: fewer than a vector holds" for n in counts if n not in candidates]
    left = {points: elements(division.equations) for points, division in found.items()}
    useful = {n: x for n, x in found.items() if 2 * left[n] <= total or 4 * cost(x) <= 3 * undivided}
    if not useful:
        reasons += [f"over {n} points: {'; '.join((*x.reasons, _LITTLE))}" for n, x in found.items()]
        raise NotBlockable("; ".join(dict.fromkeys(reasons)) or "no input has an axis of points")
    least = min(left[points] for points in useful)
    near = [points for points in useful if left[points] <= least + total // 4]
    first = min(near, key=lambda points: (sum(bool(x.regions) for x in useful[points].stages), -points))
    chosen: tuple[int, ...] = (first,)
    best = useful[first]
    while candidates := [n for n in candidates if n not in chosen]:
        found, _ = _divisions(divide, chosen, candidates)
        points = min(found, key=lambda points: cost(found[points]), default=0)
        if not points or cost(found[points]) >= cost(best):
            break
        chosen, best = (*chosen, points), found[points]
    return best


def _is_first(division: Division, total: int) -> bool:
    """Whether the set of the most points is the one to begin with, whatever the others are."""
    return 4 * elements(division.equations) <= total and sum(bool(x.regions) for x in division.stages) == 1


_LITTLE = "most of the work is not at the points"


def _divisions(divide: Divide, chosen: tuple[int, ...], candidates: list[int]) -> tuple[dict[int, Division], list[str]]:
    """The divisions with one more set, and why there is none with others."""
    found: dict[int, Division] = {}
    reasons = []
    for points in candidates:
        try:
            found[points] = divide((*chosen, points))
        except NotBlockable as reason:
            reasons.append(f"over {points} points: {reason}")
    return found, reasons


def elements(equations: tuple[Equation, ...]) -> int:
    """How many numbers they compute, in all turns of loops."""
    return sum(_counted(equation, lambda one: prod(one.output.spec.shape)) for equation in equations)


def _counted(equation: Equation, count: Callable[[Equation], int]) -> int:
    """What an equation counts; one that holds programs, what all that it runs counts."""
    held = inner_programs(equation).values()
    inner = [sum(_counted(each, count) for each in program.equations) for program in held]
    if not inner:
        return count(equation)
    length: int = equation.params.get("length", 1)
    return max(inner) * length


def cost(division: Division) -> int:
    """A measure of what does not happen in blocks."""
    moved = sum(x.members * array.features * x.points for x in division.regions for array, _ in x.stored)
    return _one_by_one(division.equations) + 2 * moved + REGION_COST * len(division.regions)


def _one_by_one(equations: tuple[Equation, ...]) -> int:
    """What they cost without blocks, counted in elements."""
    return elements(equations) + EQUATION_COST * sum(_counted(equation, lambda one: 1) for equation in equations)


def _point_counts(program: Program) -> list[int]:
    """Sizes that may be numbers of points: leading axes of inputs and constants, the largest of them first."""
    constants = {node: None for x in program.equations for node in x.reads if isinstance(node, KnownNode)}
    arrays = sorted((*program.inputs, *constants), key=lambda node: -prod(node.spec.shape))
    return list(dict.fromkeys(node.spec.shape[0] for node in arrays if node.spec.shape and node.spec.shape[0] > 1))
