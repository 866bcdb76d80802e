"""Elementwise primitives: their C expressions as map kernels."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from dualtape.core.expression import as_number, call, choose, x, y
from dualtape.core.layout import broadcast_strides, layout
from dualtape.core.lowering import Expression, Fold, contiguous_strides
from dualtape.core.spec import Spec
from dualtape.devices.opencl.fold import plan_fold
from dualtape.devices.opencl.map import MapKernel, map_launch
from dualtape.devices.opencl.memory import BufferStorage
from dualtape.devices.opencl.runtime import Operands, Params, Plan, PreparedLaunch, Runtime
from dualtape.devices.opencl.types import C_TYPES, CType, as_argument, define, in_range
from dualtape.dtypes import DType, bool_, float32
from dualtape.errors import ArgumentError, DTypeError
from dualtape.opencl_kernels import math_source, source

_INTEGER_SOURCES = {"dt_to_integer": "to_integer", "dt_philox": "philox"}
"""Where functions of integers stand that are not in `integer.cl`."""


def plan_expression(
    runtime: Runtime, name: str, expression: Expression, specs: tuple[Spec | None, ...], params: Params, output: Spec
) -> Plan:
    """Prepare the expression of the primitive ``name``; ``specs`` has None for Python numbers."""
    common = [spec.dtype for spec in specs if spec is not None][-1]
    if expression.needs_floats and not common.is_float:
        raise DTypeError(f"`{name}` is a function of floats, and got {common}; cast it to a float type first")
    code = expression.specialized(not common.is_float, params)
    if output.dtype is not bool_:
        code = as_number(code)
    if common.is_float and output.dtype.is_integer:
        code = call("dt_to_integer", *code.operands)
    numbers = tuple(spec is None for spec in specs)

    def given(operands: Operands) -> list[Any]:
        return [
            as_argument(name, x, common) if number else x.buffer for x, number in zip(operands, numbers, strict=True)
        ]

    launch = _launch(runtime, name, code, specs, output, common)
    run = runtime.plan(output, launch, given if any(numbers) else None)
    if "dt_integer_power" in code.functions and common.kind == "signed":
        return _refusing_negative(runtime, name, specs[1], run)
    if not (any(numbers) and output.dtype is bool_ and common.is_integer):
        return run

    def infinite(operands: Operands) -> list[Any]:
        return [
            (math.inf if x > 0 else -math.inf) if number else x.buffer
            for x, number in zip(operands, numbers, strict=True)
        ]

    @cache
    def run_far() -> Plan:
        # A number that the integers on the other side cannot reach compares with them as an infinity does.
        return runtime.plan(output, _launch(runtime, name, code, specs, output, float32), infinite)

    def compare(operands: Operands) -> BufferStorage:
        if all(in_range(int(x), common) for x, number in zip(operands, numbers, strict=True) if number):
            return run(operands)
        return run_far()(operands)

    return compare


def sum_in_place(runtime: Runtime, spec: Spec) -> PreparedLaunch:
    """Adds the elements of the second buffer, of floats, to those of the first, which is the third, too."""
    return _launch(runtime, "add", x + y, (spec, spec), spec, spec.dtype)


def _refusing_negative(runtime: Runtime, name: str, exponent: Spec | None, run: Plan) -> Plan:
    """Integers have no negative powers. Tensors of exponents are searched on the device, and waited for."""
    smallest = None
    if exponent is not None:
        axes = tuple(range(len(exponent.shape)))
        smallest = plan_fold(runtime, Fold(math.inf, choose(y < x, y, x)), exponent, axes, exponent._replace(shape=()))

    def checked(operands: Operands) -> BufferStorage:
        lowest = operands[1] if smallest is None else runtime.read(smallest(operands[1:])).item()
        if lowest < 0:
            raise ArgumentError(f"`{name}`: Integers to negative integer powers are not allowed.")
        return run(operands)

    return checked


def _launch(
    runtime: Runtime, name: str, code: Expression, specs: tuple[Spec | None, ...], output: Spec, common: DType
) -> PreparedLaunch:
    dtypes = {spec.dtype for spec in specs if spec is not None}
    wide = common.is_float and dtypes == {common} and output.dtype is common
    c_type = C_TYPES[common]
    lanes = runtime.map_lanes(np.dtype(c_type.argument).itemsize) if wide else 1
    what = MapKernel(
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
    return map_launch(runtime, what, layout(output.shape, [*strides, contiguous_strides(output.shape)]))


def _preamble(functions: frozenset[str], common: DType, output: CType, lanes: int) -> str:
    if not functions:
        return ""
    if "dt_to_integer" in functions or not common.is_float:
        head = define({"T": C_TYPES[common].compute, "OUT": output.compute})
        text = "".join(source(name) for name in sorted({_INTEGER_SOURCES.get(name, "integer") for name in functions}))
        return f"{head}{text}#undef T\n#undef OUT\n"
    text = math_source(functions, "float64" if common.bits == 64 else "float32", (lanes,))
    return str(text)
