"""Elementwise primitives: their C expressions as map kernels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.core.expression import call, choose, x, y
from dualtape.core.lowering import Expression, Fold, contiguous_strides
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Spec
from dualtape.devices.opencl.fold import folded
from dualtape.devices.opencl.layout import broadcast_strides, layout
from dualtape.devices.opencl.map import Map, MapLaunch
from dualtape.devices.opencl.memory import BufferStorage
from dualtape.devices.opencl.runtime import Operands, Plan, Runtime
from dualtape.devices.opencl.types import C_TYPES, CType, as_argument, in_range
from dualtape.dtypes import DType, bool_, float32
from dualtape.errors import ArgumentError, DTypeError
from dualtape.opencl_kernels import math_source, source


def plan_expression(
    runtime: Runtime, primitive: Primitive, specs: tuple[Spec | None, ...], params: dict[str, Any], output: Spec
) -> Plan:
    """Prepare an :class:`Expression`; ``specs`` has None for Python numbers."""
    expression = primitive.lowering
    assert isinstance(expression, Expression)
    common = [spec.dtype for spec in specs if spec is not None][-1]
    code = _code(primitive.name, expression, params, common)
    if common.is_float and output.dtype.is_integer:
        code = call("dt_to_integer", *code.operands)
    launch = _launch(runtime, primitive.name, code, specs, output, common)
    numbers = tuple(spec is None for spec in specs)
    if "dt_integer_power" in code.functions and common.kind == "signed":
        check = _exponent_check(runtime, primitive.name, specs[1])
    else:
        check = None

    def arguments(operands: Operands) -> list[Any]:
        return [
            as_argument(primitive.name, x, common) if number else x.buffer
            for x, number in zip(operands, numbers, strict=True)
        ]

    def run(operands: Operands) -> BufferStorage:
        if check is not None:
            check(operands[1])
        out = runtime.new(output.shape, output.dtype)
        if out.allocation is not None:
            launch(*(arguments(operands) if any_number else [x.buffer for x in operands]), out.buffer)
        return out

    any_number = any(numbers)
    if not (any_number and output.dtype is bool_ and common.is_integer):
        return run

    def compare(operands: Operands) -> BufferStorage:
        if all(in_range(int(x), common) for x, number in zip(operands, numbers, strict=True) if number):
            return run(operands)
        # A number that the integers on the other side cannot reach compares with them as an infinity does.
        beyond = _launch(runtime, primitive.name, code, specs, output, float32)
        out = runtime.new(output.shape, output.dtype)
        if out.allocation is not None:
            values = [_infinity(x) if number else x.buffer for x, number in zip(operands, numbers, strict=True)]
            beyond(*values, out.buffer)
        return out

    return compare


def _infinity(value: int) -> float:
    return float("inf") if value > 0 else float("-inf")


def sum_in_place(runtime: Runtime, spec: Spec) -> Callable[[BufferStorage, BufferStorage], None]:
    """A launch that adds the elements of the second storage, of floats, to those of the first."""
    launch = _launch(runtime, "add", x + y, (spec, spec), spec, spec.dtype)

    def run(target: BufferStorage, addend: BufferStorage) -> None:
        launch(target.buffer, addend.buffer, target.buffer)

    return run


def _exponent_check(runtime: Runtime, name: str, exponent: Spec | None) -> Callable[[Any], None]:
    """Integers have no negative powers. Tensors of exponents are searched on the device, and waited for."""
    if exponent is None:

        def check_number(value: Any) -> None:
            _refuse_negative(name, value)

        return check_number

    axes = tuple(range(len(exponent.shape)))
    smallest = folded(runtime, Fold(math.inf, choose(y < x, y, x)), exponent, axes, exponent.dtype)

    def check(storage: BufferStorage) -> None:
        if storage.allocation is not None:
            _refuse_negative(name, runtime.read(smallest(storage)).item())

    return check


def _refuse_negative(name: str, exponent: int) -> None:
    if exponent < 0:
        raise ArgumentError(f"`{name}`: Integers to negative integer powers are not allowed.")


def _code(name: str, expression: Expression, params: dict[str, Any], common: DType) -> Expression:
    """The expression for elements of type ``common``."""
    if expression.needs_floats and not common.is_float:
        raise DTypeError(f"`{name}` is a function of floats, and got {common}; cast it to a float type first")
    return expression.specialized(not common.is_float, params)


def _launch(
    runtime: Runtime, name: str, code: Expression, specs: tuple[Spec | None, ...], output: Spec, common: DType
) -> MapLaunch:
    dtypes = {spec.dtype for spec in specs if spec is not None}
    wide = common.is_float and dtypes == {common} and output.dtype is common
    c_type = C_TYPES[common]
    lanes = runtime.map_lanes(np.dtype(c_type.argument).itemsize) if wide else 1
    what = Map(
        name=f"map_{name}",
        code=code,
        preamble=_preamble(code.functions, common, C_TYPES[output.dtype], lanes),
        inputs=tuple(c_type if spec is None else C_TYPES[spec.dtype] for spec in specs),
        numbers=tuple(spec is None for spec in specs),
        common=c_type,
        output=C_TYPES[output.dtype],
        lanes=lanes,
    )
    strides = [broadcast_strides(spec.shape, output.shape) for spec in specs if spec is not None]
    return MapLaunch(runtime, what, layout(output.shape, [*strides, contiguous_strides(output.shape)]))


def _preamble(functions: frozenset[str], common: DType, output: CType, lanes: int) -> str:
    if not functions:
        return ""
    if "dt_to_integer" in functions:
        types = f"#define T {C_TYPES[common].compute}\n#define OUT {output.compute}\n"
        return f"{types}{source('to_integer')}#undef T\n#undef OUT\n"
    if not common.is_float:
        return f"#define T {C_TYPES[common].compute}\n{source('integer')}#undef T\n"
    text: str = math_source(functions, "float64" if common.bits == 64 else "float32", (lanes,))
    return text
