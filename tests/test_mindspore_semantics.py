"""dualtape does what MindSpore does (``mindspore/``), except where a table below says why not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import recorded_dtypes
from recorded_dtypes import RowOfOutcomes, Table
from recorded_programs import RecordedProgram, read_programs, run, same_text

import dualtape

RECORDS = Path(__file__).parent / "mindspore"
PROGRAMS = [case for path in sorted(RECORDS.glob("*.md")) for case in read_programs(path)]
DTYPES: Table = json.loads((RECORDS / "dtypes.json").read_text(encoding="utf-8"))

MESSAGE = "MindSpore's message lists classes and dtypes that only MindSpore has"
NO_KERNEL = "MindSpore's CPU merely lacks the kernel; a dtype that does not fit is a TypeError"

# A program's id -> (what dualtape prints instead, why). An exception's type stands for any message.
DEVIATIONS: dict[str, tuple[str, str]] = {
    "gradients: The gradient with respect to integers": (
        "TypeError\n",
        "an integer has no derivative; MindSpore returns a truncated one",
    ),
    "gradients: The same tensor at two positions": (
        "(Tensor(shape=[], dtype=Float32, value= 18), Tensor(shape=[], dtype=Float32, value= 9))\n"
        "18.0\n",
        "MindSpore's eager mode adds the gradients of both positions and returns the sum for each",
    ),
    "gradients: A partial function, a callable object and a primitive": (
        "6.0\n6.0\n6.0\n",
        "any callable can be differentiated",
    ),
    "gradients: return_ids of the second position": (
        "(1, Tensor(shape=[2], dtype=Float32, value= [ 2.00000000e+00,  1.20000000e+01]))\n",
        "MindSpore's eager mode takes the gradient's first element for the gradient",
    ),
    "errors: No positions": (
        "ValueError\n",
        "a wrong argument is a ValueError when `grad` is called, not a RuntimeError later",
    ),
    "errors: Weights are a tensor": ("TypeError\n", "only a Parameter is a weight"),
    "errors: Weights are a list of tensors": ("TypeError\n", "only Parameters are weights"),
    "errors: Tensor of an array of texts": ("TypeError\n", "there are no tensors of texts"),
    "tensors: full without a dtype": (
        "Tensor(shape=[2], dtype=Float32, value= [ 3.50000000e+00,  3.50000000e+00])\n",
        "MindSpore makes the fill value an integer: 3.5 becomes 3",
    ),
    **{
        f"errors: {title}": ("TypeError\n", MESSAGE)
        for title in (
            "Tensor of None",
            "Tensor of nothing",
            "Tensor of a text",
            "Tensor of a range",
            "Tensor of a set",
            "Tensor of a dict",
            "Tensor of an object",
            "Tensor of an array of objects",
            "Tensor with a NumPy dtype",
            "Tensor with the name of a dtype",
            "Tensor with a Python type",
        )
    },
}

# (expression, x, y or None) -> (dualtape's outcome, why)
DTYPE_DEVIATIONS: dict[tuple[str, str, str | None], tuple[str, str]] = {
    ("x.any()", "UInt8", None): ("Bool", "a truth value is a Bool, as it is for all other dtypes"),
    **{
        (expression, "Bool", None): ("TypeError", NO_KERNEL)
        for expression in ("x.mean()", "x.max()", "x.min()", "x.std()", "x.var()")
    },
    **{
        ("ops.round(x)", dtype, None): ("TypeError", NO_KERNEL)
        for dtype in ("Bool", "UInt8", "Int8", "Int16")
    },
    **{
        ("x * y", *operands): (
            vector,
            "a 0-D operand of the same kind is weak; MindSpore fails for lack of a kernel",
        )
        for vector, scalar in (
            ("UInt8", "Int8 0-D"),
            ("UInt8", "Int16 0-D"),
            ("UInt8", "Int32 0-D"),
            ("Int8", "UInt8 0-D"),
            ("Int8", "Int16 0-D"),
            ("Int8", "Int32 0-D"),
        )
        for operands in ((vector, scalar), (scalar, vector))
    },
}

# Three steps accumulate the rounding of MindSpore's fused kernels; elsewhere two units are enough.
ULPS = {"optimizers": 16}


@pytest.mark.parametrize("case", PROGRAMS, ids=lambda case: case.id)
def test_program_prints_what_mindspore_prints(case: RecordedProgram) -> None:
    expected, _ = DEVIATIONS.get(case.id, (case.printed, ""))
    printed = run(case.program, library="dualtape")
    if re.fullmatch(r"\w+Error\n", expected):
        printed = re.sub(r"^(\w+Error): .*", r"\1", printed)
    assert same_text(printed, expected, ULPS.get(case.file, 2)), (
        f"printed\n{printed}\nexpected\n{expected}"
    )


@pytest.mark.parametrize("expression", recorded_dtypes.UNARY)
def test_dtype_of_unary_expression(expression: str) -> None:
    recorded = DTYPES[expression]
    expected = {
        x: DTYPE_DEVIATIONS.get((expression, x, None), (outcome, ""))[0]
        for x, outcome in recorded.items()
    }
    assert recorded_dtypes.unary_row(dualtape, expression) == expected


@pytest.mark.parametrize("x", recorded_dtypes.OPERANDS)
@pytest.mark.parametrize("expression", recorded_dtypes.BINARY)
def test_dtype_of_binary_expression(expression: str, x: str) -> None:
    recorded: RowOfOutcomes = DTYPES[expression][x]
    expected = {
        y: DTYPE_DEVIATIONS.get((expression, x, y), (outcome, ""))[0]
        for y, outcome in recorded.items()
    }
    assert recorded_dtypes.binary_row(dualtape, expression, x) == expected


def test_every_deviation_differs_from_a_record() -> None:
    records = {case.id: case.printed for case in PROGRAMS}
    for case, (printed, _) in DEVIATIONS.items():
        assert not same_text(printed, records[case]), case
    for (expression, x, y), (outcome, _) in DTYPE_DEVIATIONS.items():
        row = DTYPES[expression] if y is None else DTYPES[expression][x]
        assert row[x if y is None else y] != outcome, (expression, x, y)


def test_every_record_is_tested() -> None:
    assert list(DTYPES) == [*recorded_dtypes.UNARY, *recorded_dtypes.BINARY]
