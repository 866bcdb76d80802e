"""dualtape does what MindSpore does (``mindspore/``), except where a table below says why not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import dualtape
import recorded_dtypes
from recorded_dtypes import RowOfOutcomes, Table
from recorded_programs import RecordedProgram, read_programs, run, same_text

RECORDS = Path(__file__).parent / "mindspore"
PROGRAMS = [case for path in sorted(RECORDS.glob("*.md")) for case in read_programs(path)]
DTYPES: Table = json.loads((RECORDS / "dtypes.json").read_text(encoding="utf-8"))

MESSAGE = "MindSpore's message lists classes and dtypes that only MindSpore has"
NAN = "a branch or point that is cut off has the derivative 0 here; MindSpore lets its NaN through"
NO_KERNEL = "MindSpore's CPU merely lacks the kernel; a dtype that does not fit is a TypeError"

# A program's id -> (what dualtape prints instead, why). An exception's type stands for any message.
DEVIATIONS: dict[str, tuple[str, str]] = {
    "gradients: The gradient with respect to integers": (
        "TypeError\n",
        "an integer has no derivative; MindSpore returns a truncated one",
    ),
    "gradients: Outputs that do not depend on the input": (
        "[0. 0.]\n"
        "TypeError: the differentiated function returned None, in which there is no Tensor; "
        "it may lack a `return`, or have left the tensors by float() or .item()\n",
        "a forgotten `return` is a mistake, not a function with derivative zero",
    ),
    "gradients: The same tensor at two positions": (
        "(Tensor(shape=[], dtype=Float32, value= 18), Tensor(shape=[], dtype=Float32, value= 9))\n18.0\n",
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
    "errors: Tensor with the name of a dtype": ("", "a dtype's name serves as well as the dtype, as in astype"),
    "errors: Operations that reject their operand": (
        "tensor + ndarray: accepted\ntensor + text: TypeError\ntensor + None: TypeError\ntensor * list: accepted\n"
        "matmul of two dtypes: TypeError\nshapes that do not broadcast: ValueError\n"
        "shapes that do not match: ValueError\nsin of integers: TypeError\nreshape: ValueError\n"
        "axis out of range: ValueError\nindex out of range: IndexError\n",
        "a NumPy array or a list beside a tensor is read as a tensor, on either side of every operator",
    ),
    "gradients: The gradient through a cast to integers": (
        "[0. 0.]\n",
        "a function of integers is constant almost everywhere; MindSpore's gradient ignores the cast",
    ),
    "gradients: Inputs that are not tensors": (
        "TypeError\n",
        "differentiating by a number is refused; MindSpore returns an empty tuple",
    ),
    "gradients: Derivative of the power 0": ("[0. 0.]\n", NAN),
    "gradients: Derivative of norm at 0": ("[0. 0.]\n", NAN),
    "gradients: Derivative of where with NaN in the other branch": ("[1. 1. 0.25]\n", NAN),
    "gradients: Derivative of std of equal values": ("[0. 0.]\n", NAN),
    "gradients: Derivative of pow at zero base": (
        "(Tensor(shape=[3], dtype=Float32, value= [ 0.00000000e+00,  0.00000000e+00,  1.20000000e+01]), "
        "Tensor(shape=[3], dtype=Float32, value= [ 0.00000000e+00,  0.00000000e+00,  5.54517746e+00]))\n",
        NAN,
    ),
    "gradients: Derivative of atan2": (
        "(Tensor(shape=[2], dtype=Float32, value= [ 0.00000000e+00,  4.00000006e-01]), "
        "Tensor(shape=[2], dtype=Float32, value= [-0.00000000e+00, -2.00000003e-01]))\n",
        NAN,
    ),
    "gradients: Derivative of max along an axis with ties": (
        "[0.5 0. 0.5]\n",
        "equal largest elements share the derivative along an axis too, as they do over all axes",
    ),
    "gradients: Derivative of sigmoid": (
        "[3.8e-44 2.5e-01 0.0e+00]\n",
        "the smallest float32 numbers are kept; MindSpore's kernel flushes them to zero",
    ),
    "gradients: Derivative of softplus": (
        "[3.8e-44 5.0e-01 1.0e+00]\n",
        "the smallest float32 numbers are kept; MindSpore's kernel flushes them to zero",
    ),
    "optimizers: Momentum with nesterov": (
        "[0.905 2.19 ]\n[0.817 1.891]\n[0.9503 1.7781501]\n",
        "MindSpore's CPU kernel ignores use_nesterov",
    ),
    "optimizers: AdamWeightDecay": (
        "[0.68379223 2.3162177 ]\n[0.28767636 2.1606407 ]\n[0.38982517 2.0031097 ]\n",
        "MindSpore rounds beta2 = 0.999 to float32 before it subtracts it from 1, and loses five digits of 0.001",
    ),
    "optimizers: AdamWeightDecay with weight decay": (
        "[0.68279225 2.3142178 ]\n[0.2859936 2.1563268]\n[0.38785642 1.9966395 ]\n",
        "MindSpore rounds beta2 = 0.999 to float32 before it subtracts it from 1, and loses five digits of 0.001",
    ),
    "tensors: Text of dtypes": (
        "".join(
            f"{name} dualtape.{name.lower()}\n"
            for name in ("Bool", "Int8", "Int16", "Int32", "Int64", "UInt8", "Float16", "Float32", "Float64")
        ),
        "the library's own name",
    ),
    "tensors: NumPy scalars and arrays beside tensors": (
        "Tensor(shape=[2], dtype=Float32, value= [ 2.00000000e+00,  3.00000000e+00]) "
        "Tensor(shape=[2], dtype=Float32, value= [ 2.00000000e+00,  4.00000000e+00])\n"
        "Tensor Tensor float32\n",
        "an operation with a tensor gives a tensor, also to the right of an array: else its derivative is lost",
    ),
    "tensors: asnumpy and from_numpy": (
        "[1. 2.] [1. 2.] ndarray float32 [1.0, 2.0]\n",
        "tensors do not change, so from_numpy copies",
    ),
    **{
        f"errors: {title}": (
            "TypeError\n",
            "Python's protocol, and what its callers catch",
        )
        for title in ("A tensor as an index", "A float tensor as an index")
    },
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
        ("ops.leaky_relu(x)", dtype, None): ("TypeError", "MindSpore rounds the slope 0.2 to the integer 0")
        for dtype in ("Bool", "UInt8", "Int8", "Int16", "Int32", "Int64")
    },
    **{
        (expression, x, y): ("TypeError", "a difference or quotient of truth values has no meaning, as in NumPy")
        for expression in ("x - y", "x // y")
        for x in ("Bool", "Bool 0-D", "bool")
        for y in ("Bool", "Bool 0-D", "bool")
        if (x, y) != ("bool", "bool") and (expression, x) != ("x - y", "bool")
    },
    **{("ops.round(x)", dtype, None): ("TypeError", NO_KERNEL) for dtype in ("Bool", "UInt8", "Int8", "Int16")},
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

# Units in the last place, by file or program; two where nothing is said.
ULPS = {
    # Three steps accumulate the rounding of MindSpore's fused kernels.
    "optimizers": 16,
    # Differences of nearly equal terms: both libraries are 3 units from the exact number, on opposite sides.
    "gradients: A mixed second derivative": 6,
    "gradients: The gradient of a loss that contains a gradient": 4,
    # A loss near 0: MindSpore's is 7.6 units from the exact number, ours less than one.
    "losses: CrossEntropyLoss": 8,
}


@pytest.mark.parametrize("case", PROGRAMS, ids=lambda case: case.id)
def test_program_prints_what_mindspore_prints(case: RecordedProgram) -> None:
    expected, _ = DEVIATIONS.get(case.id, (case.printed, ""))
    printed = run(case.program, library="dualtape")
    if re.fullmatch(r"\w+Error\n", expected):
        printed = re.sub(r"^(\w+Error): .*", r"\1", printed)
    assert same_text(printed, expected, ULPS.get(case.id, ULPS.get(case.file, 2))), (
        f"printed\n{printed}\nexpected\n{expected}"
    )


@pytest.mark.parametrize("expression", recorded_dtypes.UNARY)
def test_dtype_of_unary_expression(expression: str) -> None:
    recorded = DTYPES[expression]
    expected = {x: DTYPE_DEVIATIONS.get((expression, x, None), (outcome, ""))[0] for x, outcome in recorded.items()}
    assert recorded_dtypes.unary_row(dualtape, expression) == expected


@pytest.mark.parametrize("x", recorded_dtypes.OPERANDS)
@pytest.mark.parametrize("expression", recorded_dtypes.BINARY)
def test_dtype_of_binary_expression(expression: str, x: str) -> None:
    recorded: RowOfOutcomes = DTYPES[expression][x]
    expected = {y: DTYPE_DEVIATIONS.get((expression, x, y), (outcome, ""))[0] for y, outcome in recorded.items()}
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
