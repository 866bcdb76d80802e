"""A pass for complex programs: the same on pairs of reals, which kernels know.

The program is evaluated once more, on a level whose values are pairs, and what that does is written down. So conditions
and loops become ones on parts, as they do for jets, and whatever follows sees a program of reals.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Self

from dualtape.autodiff.levels import DerivativeRule, PartsLevel, Present
from dualtape.compiler.program import Control, Node, Program, evaluate, inner_programs, trace_program
from dualtape.core.complex_rule import Pair
from dualtape.core.composite import Values
from dualtape.core.interpreter import bind, entered
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Spec
from dualtape.devices.device import Device
from dualtape.dtypes import DType, complex_dtype, part_dtype
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.primitives.complex_parts import imag, join, real
from dualtape.tensor import Tensor


class Split(Tensor):
    """A complex value as a pair of real ones of the level below."""

    __slots__ = ("level", "pair")

    level: PairLevel
    pair: Pair

    @property
    def shape(self) -> tuple[int, ...]:
        return self.pair.shape

    @property
    def dtype(self) -> DType:
        return complex_dtype(self.pair.dtype)

    @property
    def device(self) -> Any:
        return self.pair.device

    @property
    def primal(self) -> Tensor:
        whole: Tensor = join(*self.pair.parts)
        return whole


def _known(part: Tensor) -> Any:
    """A part of a constant: as a number, if it is one number, or 0 everywhere."""
    numbers = part.asnumpy()
    return float(numbers) if numbers.shape == () else part if numbers.any() else 0


def _output(primitive: Primitive, inputs: Sequence[Any], params: dict[str, Any]) -> Spec:
    """The shape and type of what an operation gives."""
    specs = [Spec(x.shape, x.dtype) if isinstance(x, Tensor) else None for x in inputs]
    found: Spec = primitive.infer(*specs, **params)
    return found


class PairLevel(PartsLevel):
    """The interpreter of complex values as pairs."""

    title = "the parts of complex numbers"

    def pair(self, re: Any, im: Any, like: Any) -> Split:
        """The value with these parts, of the shape, type and device of ``like``."""
        value: Split = object.__new__(Split)
        value.level = self
        value.pair = Pair(re, im, like.shape, part_dtype(like.dtype), like.device)
        return value

    def lifted(self, x: Any) -> Any:
        """``x``, complex values as pairs: one number's parts, and those that are 0 everywhere, are numbers."""
        if self.owns(x) or not isinstance(x, Tensor) or not x.dtype.is_complex:
            return x
        if x.level.depth == 0:
            re, im = (_known(part(x)) for part in (real, imag))
            return self.pair(re, im, x)
        return self.pair(real(self.lower(x)), imag(x), x)

    def run(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        """Also where complex numbers are made of reals, whose level is below."""
        rule = primitive.on_complex
        if any(isinstance(x, Tensor) and x.dtype.is_complex for x in inputs):
            return self.interpret(primitive, inputs, params)
        if rule is None or not rule.from_reals or not _output(primitive, inputs, params).dtype.is_complex:
            return bind(primitive, inputs, params)
        return self.interpret(primitive, inputs, params)

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        given = [self.lifted(x) for x in inputs]
        rule = primitive.on_complex
        if rule is None:
            primitive.require_reals(x.dtype.numpy for x in given if isinstance(x, Tensor))
        if rule is None or rule.pairs is None:
            return self.lifted(bind(primitive, tuple(x.primal if self.owns(x) else x for x in given), params))  # type: ignore[no-any-return]
        operands = tuple(x.pair if self.owns(x) else x for x in given)
        found = rule.pairs(primitive, operands, params)
        if not isinstance(found, tuple):
            return found  # type: ignore[no-any-return]
        spec = _output(primitive, given, params)
        device = next(x.device for x in given if isinstance(x, Tensor))
        re, im = (
            broadcast_to(x, shape=spec.shape) if isinstance(x, Tensor) and x.shape != spec.shape else x for x in found
        )
        return self.pair(re, im, Pair(None, None, spec.shape, spec.dtype, device))

    def push_forward(self, rule: DerivativeRule, inputs: Values) -> list[Any]:
        return rule.run(inputs)

    def present(self, x: Any) -> Present:
        return isinstance(x, Tensor) and x.dtype.is_complex

    def union(self, p: Present, q: Present) -> Present:
        return p or q

    def specs(self, spec: Spec, present: Present) -> list[Spec]:
        return [Spec(spec.shape, part_dtype(spec.dtype))] * 2 if present else [spec]

    def take_apart(self, x: Any, present: Present, stacked: bool = False) -> list[Any]:
        return list(self.lifted(x).pair.parts) if present else [x]

    def put_together(self, parts: Sequence[Any], present: Present, stacked: bool = False) -> Any:
        if not present:
            return parts[0]
        whole = parts[0]
        re, im = parts
        return self.pair(re, im, Pair(None, None, whole.shape, whole.dtype, whole.device))

    def inside(self) -> AbstractContextManager[Self]:
        return entered(type(self)())


class RealProgram(NamedTuple):
    """A program of reals in the place of one of complex numbers.

    Attributes
    ----------
    program
        Of the same, with two inputs and outputs for each complex one, the real and the imaginary part.
    inputs, outputs
        Which of those of the complex program are complex.
    """

    program: Program
    inputs: tuple[bool, ...]
    outputs: tuple[bool, ...]


def holds_complex(program: Program) -> bool:
    """Whether a value of the program is complex, or one of a program that it holds."""
    nodes = (*program.inputs, *(x for equation in program.equations for x in (*equation.operands, equation.output)))
    return any(isinstance(x, Node) and x.spec.dtype.is_complex for x in (*nodes, *program.outputs)) or any(
        holds_complex(held)
        for equation in program.equations
        if isinstance(equation.primitive, Control)
        for held in inner_programs(equation).values()
    )


def in_reals(program: Program, device: Device) -> RealProgram:
    """``program`` on pairs of reals."""
    given = tuple(x.spec.dtype.is_complex for x in program.inputs)
    specs = [
        spec
        for x, two in zip(program.inputs, given, strict=True)
        for spec in ([Spec(x.spec.shape, part_dtype(x.spec.dtype))] * 2 if two else [x.spec])
    ]
    gives: list[bool] = []

    def run(*parts: Any) -> list[Any]:
        rest = iter(parts)
        with entered(PairLevel()) as level:
            wholes = [level.put_together([next(rest) for _ in range(1 + two)], two) for two in given]
            outputs = evaluate(program, wholes, level.run)
            gives[:] = [level.present(y) for y in outputs]
            return [part for y, two in zip(outputs, gives, strict=True) for part in level.take_apart(y, two)]

    return RealProgram(trace_program(run, specs, device)[0], given, tuple(gives))
