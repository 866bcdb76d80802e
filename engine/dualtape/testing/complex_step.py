"""The complex step: derivatives to the last digit, for programs whose primitives continue into the complex plane.

f(x + ihv) = f(x) + ih f'(x)v + O(h^2) for an analytic f, so that the imaginary part over h is the derivative, with
nothing subtracted: h = 1e-100 leaves only the rounding of f itself. Tensors are real, so the function is traced, and
its program is run with NumPy's complex arithmetic.

Reference: Squire & Trapp, *Using Complex Variables to Estimate Derivatives of Real Functions*, SIAM Review 40 (1998).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualtape.compiler.passes import holds_complex, in_reals
from dualtape.compiler.program import KnownNode, Node, Program, trace_program
from dualtape.core.primitive import Bilinear, Elementwise, Linear, NonDifferentiable, Primitive
from dualtape.core.spec import Spec
from dualtape.devices.registry import HOST
from dualtape.errors import DualtapeError
from dualtape.primitives.continuation import NotAnalytic
from dualtape.testing.modes import Function, Tensors

STEP = 1e-100


def complex_step(f: Function, x: Tensors, v: Tensors) -> list[np.ndarray] | None:
    """The derivative of ``f`` at ``x`` along ``v`` in float64, or None where ``f`` cannot be run on complex numbers.

    That is so where it cannot be traced, where it holds a primitive without a complex counterpart, and where its value
    at ``x`` would not be that of the real function, as beyond a branch point.
    """
    try:
        program, parameters, _ = trace_program(lambda *a: f(list(a)), [Spec(a.shape, a.dtype) for a in x], HOST)
    except DualtapeError:
        return None
    if holds_complex(program):
        # The complex numbers of the function are pairs of reals, and each of these may move into the complex plane.
        program = in_reals(program, HOST).program
        if holds_complex(program):
            return None
    moved = [a.asnumpy() + 1j * STEP * b.asnumpy() for a, b in zip(x, v, strict=True)]
    held = [parameter.value().asnumpy() for parameter in parameters]
    plain = f(x)
    try:
        with np.errstate(all="ignore"):
            outputs = _run(program, [*moved, *held])[: len(plain)]
    except (NotAnalytic, TypeError, ValueError):
        return None
    for got, expected in zip(outputs, plain, strict=True):
        if not np.allclose(np.real(got), expected.asnumpy(), rtol=1e-10, atol=1e-12):
            return None
    # What is rounded to a narrower type on the way has lost so small a step.
    slopes = [np.imag(y).astype(np.float64) / STEP for y in outputs]
    # At a pole of the derivative, the step is no longer small.
    return slopes if all((np.abs(slope) < 1e30).all() for slope in slopes) else None


def _run(program: Program, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    values: dict[Node, Any] = dict(zip(program.inputs, inputs, strict=True))

    def read(operand: Any) -> Any:
        if isinstance(operand, KnownNode):
            return operand.value.asnumpy()
        return values[operand] if isinstance(operand, Node) else operand

    for equation in program.equations:
        operands = [read(x) for x in equation.operands]
        run = _continued(equation.primitive) if any(map(np.iscomplexobj, operands)) else equation.primitive.numpy
        values[equation.output] = run(*operands, **equation.params)
    return [np.asarray(read(x)) for x in program.outputs]


def _continued(primitive: Primitive) -> Callable[..., Any]:
    """What stands for a primitive in the complex plane."""
    if primitive.continued is not None:
        return primitive.continued
    numpy = primitive.numpy
    if isinstance(primitive, NonDifferentiable):
        return lambda *x, **params: numpy(*map(np.real, x), **params)
    if isinstance(primitive, (Linear, Bilinear)):
        return numpy
    # A function of NumPy's with a complex loop is the analytic one.
    if isinstance(primitive, Elementwise) and isinstance(numpy, np.ufunc) and f"{'D' * numpy.nin}->D" in numpy.types:
        return numpy
    raise NotAnalytic(primitive.name)
