"""By how much rounding may change what a function computes: a running error bound, from its program and arguments.

The model is the usual one: each operation gives fl(y) = y (1 + d) + e, where d is at most a few units in the last place
of its element type, and e of the smallest subnormal number (Higham, chapter 2); sums and products of matrices are
rounded in each term. To first order an output is then wrong by the sum of g y d over all numbers y that were rounded on
the way, g being its derivative by y (Bauer 1974; Linnainmaa 1976; Higham, section 3.3).

No g is computed here, for derivatives are what is tested. The program runs again in float64, each y moved to
y (1 + h) or y (1 - h) at random (Monte Carlo arithmetic, Parker 1997): what the output moves by is h sqrt(sum (g y)^2)
in the root mean square, and the sum of abs(g y) over n numbers is at most sqrt(n) / h times that, as Cauchy and Schwarz
say. Here h is far above the rounding of the runs themselves, and far below 1. What is decided (comparisons, positions
of extrema, rounding to integers) stays as in the run without movements.

References: Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed. (2002); Parker, *Monte Carlo Arithmetic*
(1997); Bauer, *Computational Graphs and Rounding Error*, SIAM J. Numer. Anal. 11 (1974); Linnainmaa, *Taylor Expansion
of the Accumulated Rounding Error*, BIT 16 (1976).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dualtape.compiler.passes import holds_complex, in_reals
from dualtape.compiler.program import Control, KnownNode, Node, Program, trace_program
from dualtape.core.lowering import Expression, Fold, Kernel, OnHost
from dualtape.core.primitive import Elementwise, NonDifferentiable, Primitive
from dualtape.core.spec import Spec
from dualtape.devices.registry import HOST
from dualtape.dtypes import DType, part_dtype
from dualtape.errors import DualtapeError
from dualtape.testing.modes import Function, Tensors

ULPS = 10
"""The largest error of a single operation, in units in the last place: see the table in docs/accuracy.md."""
_RUNS = 8
_MOVE = 2.0**-33


def rounding_bound(f: Function, x: Tensors) -> list[np.ndarray] | None:
    """How far each output of ``f`` at ``x`` may be from the exact one, by rounding alone.

    None where ``f`` cannot be traced, or holds a loop or a condition as one equation.
    """
    try:
        program, parameters, _ = trace_program(lambda *a: f(list(a)), [Spec(a.shape, a.dtype) for a in x], HOST)
    except DualtapeError:
        return None
    if any(isinstance(equation.primitive, Control) for equation in program.equations):
        return None
    if holds_complex(program):
        program = in_reals(program, HOST).program
    with np.errstate(all="ignore"):
        return _Moved(program).bound([a.asnumpy() for a in (*x, *(parameter.value() for parameter in parameters))])


class _Moved:
    """Runs of a program in float64, with the results of one element type moved a little."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._numbers = np.random.default_rng(0)
        self._decided: dict[Node, Any] = {}
        self._moving: DType | None = None
        self._count = 0

    def bound(self, given: Sequence[np.ndarray]) -> list[np.ndarray]:
        exact = self._run(given)
        bounds = [np.zeros(y.shape) for y in exact]
        for dtype in self._float_types():
            self._moving = dtype
            squares = [np.zeros(y.shape) for y in exact]
            for _ in range(_RUNS):
                self._count = 0
                for total, y, moved in zip(squares, exact, self._run(given), strict=True):
                    total += (moved - y) ** 2
            amplified = ULPS * _eps(dtype) / _MOVE * np.sqrt(self._count)
            for bound, total in zip(bounds, squares, strict=True):
                bound += amplified * np.sqrt(total / _RUNS)
        return bounds

    def _float_types(self) -> list[DType]:
        nodes = [x for equation in self._program.equations for x in (*equation.operands, equation.output)]
        known = {node.spec.dtype for node in nodes if isinstance(node, Node)}
        return sorted({_rounded_in(dtype) for dtype in known if dtype.is_inexact}, key=str)

    def _run(self, given: Sequence[np.ndarray]) -> list[np.ndarray]:
        values: dict[Node, Any] = dict(zip(self._program.inputs, map(_wide, given), strict=True))

        def read(operand: Any) -> Any:
            if not isinstance(operand, Node):
                return operand
            if isinstance(operand, KnownNode) and operand not in values:
                # It may have been computed before the program was written.
                value = _wide(operand.value.asnumpy())
                values[operand] = self._moved(value) if _rounded_in(operand.spec.dtype) is self._moving else value
            return values[operand]

        for equation in self._program.equations:
            primitive, output = equation.primitive, equation.output
            if output in self._decided:
                values[output] = self._decided[output]
                continue
            operands = [read(x) for x in equation.operands]
            dtype: DType = output.spec.dtype
            rounds = _rounded_in(dtype) is self._moving and not moves_only(primitive)
            if rounds and _sums(primitive):
                operands = list(map(self._moved, operands))
            if primitive.name == "cast" and dtype.is_float:
                value = np.asarray(operands[0], np.float64)
            else:
                value = _wide(np.asarray(primitive.numpy(*operands, **equation.params)))
            if isinstance(primitive, NonDifferentiable) or not dtype.is_inexact:
                self._decided[output] = value
            values[output] = self._moved(value) if rounds else value
        return [np.asarray(read(x), np.float64) for x in self._program.outputs]

    def _moved(self, value: Any) -> Any:
        if self._moving is None or not isinstance(value, np.ndarray) or value.dtype.kind not in "fc":
            return value
        if value.dtype.kind == "c":
            return self._moved(value.real) + 1j * self._moved(value.imag)
        self._count += value.size
        least = float(np.finfo(self._moving.numpy).smallest_subnormal) / _eps(self._moving)
        return value + self._numbers.choice([-_MOVE, _MOVE], value.shape) * (np.abs(value) + least)


def moves_only(primitive: Primitive) -> bool:
    """Whether it moves or picks elements, and computes none."""
    match primitive.lowering:
        case Expression() as expression:
            return expression.picks
        case Fold(combine=combine):
            return combine.picks
        case Kernel(computes=computes):
            return not computes
        case OnHost():
            return False
    return True


def _sums(primitive: Primitive) -> bool:
    """Whether it adds up terms, each of which may be rounded."""
    return not isinstance(primitive, Elementwise) and not isinstance(primitive.lowering, Expression)


def _wide(array: np.ndarray) -> np.ndarray:
    wide = {"f": np.float64, "c": np.complex128}.get(array.dtype.kind)
    return array if wide is None else array.astype(wide)


def _rounded_in(dtype: DType) -> DType:
    """The type of floats that results are rounded in: that of their parts, if they are complex."""
    return part_dtype(dtype) if dtype.is_complex else dtype


def _eps(dtype: DType) -> float:
    return float(np.finfo(dtype.numpy).eps)
