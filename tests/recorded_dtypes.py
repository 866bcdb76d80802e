"""The result dtypes of expressions: a table that any library with MindSpore's names can fill.

The table maps an expression in ``x`` (and ``y``) to the outcome for each dtype of ``x`` (and of
``y``): the name of the result's dtype, or of the built-in exception. An operand is a one-element
vector (``"Float16"``), a 0-D tensor (``"Float16 0-D"``) or a Python scalar (``"int"``).
"""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np

from recorded_programs import builtin_type

BINARY = [
    "x + y",
    "x - y",
    "x * y",
    "x / y",
    "x ** y",
    "x // y",
    "x % y",
    "x == y",
    "x < y",
    "ops.maximum(x, y)",
    "ops.where(condition, x, y)",
]
UNARY = [
    "-x",
    "abs(x)",
    *("ops.abs(x)", "ops.neg(x)", "ops.square(x)", "ops.sign(x)", "ops.relu(x)"),
    *("ops.floor(x)", "ops.ceil(x)", "ops.round(x)", "ops.trunc(x)"),
    *("ops.sqrt(x)", "ops.rsqrt(x)", "ops.reciprocal(x)"),
    *("ops.exp(x)", "ops.expm1(x)", "ops.log(x)", "ops.log1p(x)"),
    *("ops.sin(x)", "ops.cos(x)", "ops.tan(x)", "ops.asin(x)", "ops.acos(x)", "ops.atan(x)"),
    *("ops.sinh(x)", "ops.cosh(x)", "ops.tanh(x)", "ops.asinh(x)", "ops.acosh(x)", "ops.atanh(x)"),
    *("ops.erf(x)", "ops.erfc(x)", "ops.sigmoid(x)", "ops.softplus(x)", "ops.softmax(x)"),
    *("ops.gelu(x)", "ops.silu(x)", "ops.elu(x)", "ops.leaky_relu(x)"),
    *("ops.isnan(x)", "ops.isinf(x)", "ops.isfinite(x)", "ops.logical_not(x)"),
    *("ops.zeros_like(x)", "ops.ones_like(x)", "x.copy()"),
    *("x.sum()", "x.prod()", "x.mean()", "x.max()", "x.min()", "x.std()", "x.var()"),
    *("x.argmax()", "x.argmin()", "x.any()", "x.all()"),
    *("x.sum(0)", "x.cumsum(0)", "ops.cumprod(x, 0)", "ops.matmul(x, x)"),
]

_DTYPES = ["Bool", "UInt8", "Int8", "Int16", "Int32", "Int64", "Float16", "Float32", "Float64"]
_SCALARS: dict[str, bool | int | float] = {"bool": True, "int": 2, "float": 2.0}

VECTORS = _DTYPES
OPERANDS = [*_DTYPES, *(f"{dtype} 0-D" for dtype in _DTYPES), *_SCALARS]

RowOfOutcomes = dict[str, str]
Table = dict[str, dict[str, RowOfOutcomes]]


def outcome(library: ModuleType, expression: str, *operands: str) -> str:
    """Evaluate an expression in ``x`` and ``y`` and name the dtype or the error it results in."""
    names = {"ops": library.ops, "condition": library.Tensor([True])}
    names.update((name, _value(library, operand)) for name, operand in zip("xy", operands, strict=False))
    try:
        result = eval(expression, names)
    except Exception as error:
        return builtin_type(error)
    return str(result.dtype) if isinstance(result, library.Tensor) else type(result).__name__


def binary_row(library: ModuleType, expression: str, x: str) -> RowOfOutcomes:
    """Return the outcomes of one binary expression for one ``x`` and every ``y``."""
    return {y: outcome(library, expression, x, y) for y in OPERANDS if {x, y} - _SCALARS.keys()}


def unary_row(library: ModuleType, expression: str) -> RowOfOutcomes:
    """Return the outcomes of one unary expression for vectors of every dtype."""
    return {x: outcome(library, expression, x) for x in VECTORS}


def write(library: ModuleType, path: Path) -> None:
    """Fill the table with a library's outcomes, one row on each line."""
    lines = [f'"{expression}": {json.dumps(unary_row(library, expression))}' for expression in UNARY]
    for expression in BINARY:
        rows = [f'  "{x}": {json.dumps(binary_row(library, expression, x))}' for x in OPERANDS]
        lines.append(f'"{expression}": {{\n' + ",\n".join(rows) + "\n}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _value(library: ModuleType, operand: str) -> object:
    if operand in _SCALARS:
        return _SCALARS[operand]
    dtype, _, zero_dim = operand.partition(" ")
    tensor: object = library.Tensor(np.array(1 if zero_dim else [1], dtype.lower()))
    return tensor
