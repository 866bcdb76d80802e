"""Equations that hold programs: a condition with its two branches, and loops with their bodies.

Such an equation gives several values at once, a *bundle*, from which :data:`ITEM` equations take single ones; so
every equation still has one output, and passes follow data as they do elsewhere. The kinds below are of no catalogue:
only programs hold them, and what a derivative makes of them is said by :mod:`dualtape.control`.

=============  ============================================================  ========================================
equation       operands                                                      bundle
=============  ============================================================  ========================================
``cond``       a bool, then the operands of both branches                    what the chosen branch gives
``scan``       constants, first carry, stacks along a leading axis           last carry, and stacks of the other outputs
``while_loop`` constants, first carry                                        last carry
``call``       the inputs of a function with a derivative of its own         what it gives
=============  ============================================================  ========================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from dualtape.compiler.program.equation import Bundle, Equation
from dualtape.compiler.program.program import Program
from dualtape.core.complex_rule import ComplexRule
from dualtape.core.lowering import Kernel
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Spec
from dualtape.errors import TracingError


def _no_numbers(*inputs: Any, **params: Any) -> Any:
    raise TracingError("an equation that holds programs runs only as part of a program")


_OF_ITS_PROGRAMS = ComplexRule(None)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Control(Primitive):
    """A kind of equation that holds programs among its parameters, or takes apart what such an equation gives."""

    numpy: Callable[..., Any] = _no_numbers
    on_complex: ComplexRule | None = _OF_ITS_PROGRAMS

    def __post_init__(self) -> None:
        """It stays out of the catalogue: no device runs it, and no derivative is stated for it there."""


def _bundle(program: Program) -> Any:
    return Bundle(tuple(node.spec for node in program.results))


def _infer_scan(*inputs: Spec, body: Program, carried: int, length: int, **others: Any) -> Any:
    specs = _bundle(body).items
    return Bundle((*specs[:carried], *(Spec((length, *spec.shape), spec.dtype) for spec in specs[carried:])))


COND = Control(name="cond", lowering=Kernel("cond"), infer=lambda *inputs, true, false: _bundle(true))
SCAN = Control(name="scan", lowering=Kernel("scan"), infer=_infer_scan)
WHILE = Control(
    name="while_loop", lowering=Kernel("while_loop"), infer=lambda *inputs, condition, body, consts, most: _bundle(body)
)
CALL = Control(name="call", lowering=Kernel("call"), infer=lambda *inputs, body, rule: _bundle(body))
ITEM = Control(name="item", lowering=Kernel("item"), infer=lambda bundle, index: bundle.items[index])

CONTROL = {kind.name: kind for kind in (COND, SCAN, WHILE, ITEM)}
"""By name, for whoever reads programs from text; a ``call`` holds a rule, for which there is no text."""


def inner_programs(equation: Equation) -> dict[str, Program]:
    """The programs that an equation holds, by parameter."""
    return {name: value for name, value in equation.params.items() if isinstance(value, Program)}


def with_inner(equation: Equation, change: Callable[[Program], Program]) -> Equation:
    """The same equation with changed programs inside."""
    inner = {name: change(program) for name, program in inner_programs(equation).items()}
    return replace(equation, params=equation.params | inner) if inner else equation
