"""Programs as text, and back."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.compiler.program import Program, trace_program
from dualtape.compiler.program.parsing import parse_program
from dualtape.compiler.program.program import literal_text, number_text, program_text
from dualtape.compiler.replay import replayed
from dualtape.core.spec import Spec
from dualtape.devices.registry import HOST


def traced(f: object, *specs: Spec) -> Program:
    return trace_program(lambda *x: [f(*x)], list(specs), HOST)[0]  # type: ignore[operator]


VECTOR = Spec((3,), dt.float64)
LARGE = dt.Tensor(np.arange(17.0) / 7)

PROGRAMS = {
    "params": traced(lambda x: ops.sum(ops.flip(x, 0).reshape(1, 3), -1), VECTOR),
    "dtype": traced(lambda x: x.astype(dt.float32), VECTOR),
    "numbers": traced(lambda x: ops.maximum(x * 1e-300, -float("inf")) + 2, VECTOR),
    "constants": traced(
        lambda x: ops.where(dt.Tensor([True, False, True]), x, dt.Tensor(np.array([np.nan, -0.0, 0.1]))), VECTOR
    ),
    "returned constant": traced(lambda x: dt.Tensor([1, 2]), VECTOR),
    "large constant": traced(lambda x: LARGE * x, Spec((), dt.float64)),
    "float32 constant": traced(lambda x: x + dt.Tensor([0.1, 1e-45, 3e38]), Spec((3,), dt.float32)),
    "empty": traced(lambda x: x + dt.ops.zeros((0, 3), dt.float64), Spec((0, 3), dt.float64)),
    "no input": traced(lambda: dt.Tensor(1.5)),
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_printed_parsed_and_printed_again(program: Program) -> None:
    text = program_text(program)
    parsed = parse_program(text)
    assert program_text(parsed) == text
    inputs = [np.linspace(0.5, 1.5, int(np.prod(n.spec.shape))).reshape(n.spec.shape) for n in program.inputs]
    inputs = [x.astype(n.spec.dtype.numpy) for x, n in zip(inputs, program.inputs, strict=True)]
    for got, expected in zip(replayed(parsed, HOST)(inputs), replayed(program, HOST)(inputs), strict=True):
        assert got.dtype is expected.dtype
        assert got.asnumpy().tobytes() == expected.asnumpy().tobytes()


def test_text_shows_params_and_constants() -> None:
    program = traced(lambda x: ops.sum(x * dt.Tensor(np.array([1.0, 2.0, 0.1])), 0), VECTOR)
    assert str(program) == "\n".join(
        [
            "program(v0: float64[3]):",
            "  c1: float64[3] = constant [1.0, 2.0, 0.1]",
            "  v2: float64[3] = multiply(v0, c1)",
            "  v3: float64[1] = sum(v2, axes=(0,))",
            "  v4: float64[] = reshape(v3, shape=())",
            "  return v4",
        ]
    )


def test_large_constant_is_left_out_for_people_and_can_be_given() -> None:
    program = PROGRAMS["large constant"]
    assert "c1: float64[17] = constant ..." in str(program)
    with pytest.raises(ValueError, match=r"line 2: the elements of constant 'c1' are not printed; pass them"):
        parse_program(str(program))
    assert program_text(parse_program(str(program), {"c1": LARGE.asnumpy()})) == program_text(program)
    with pytest.raises(ValueError, match=r"'c1' is declared as float64\[17\], given float64 of shape \(1,\)"):
        parse_program(str(program), {"c1": np.zeros(1)})


def test_program_as_a_parameter() -> None:
    """Printed with names of its own, and read back inside braces."""
    inner = traced(ops.sin, VECTOR)
    text = literal_text((inner, "it's", None, dt.int8, True, 1.0))
    assert text == (
        '({program(v0: float64[3]):\n    v1: float64[3] = sin(v0)\n    return v1}, "it\'s", None, int8, True, 1.0)'
    )
    assert literal_text(object()) == "<object>"


@pytest.mark.parametrize(
    "number", [np.float32(0.1), np.float16(1e-7), np.float64(0.1), np.float32("inf"), np.int8(-3), np.bool_(True)]
)
def test_number_is_read_back(number: np.generic) -> None:
    name = dt.dtypes.dtype_of(number.dtype).name.lower()
    program = parse_program(f"program(): c0: {name}[] = constant {number_text(number)} return c0")
    assert program.outputs[0].value.asnumpy() == number  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected 'program', found 'the end'"),
        ("program() return", "line 1: expected ':', found 'return'"),
        ("program(): return v0", "'v0' is used before it is declared"),
        ("program(v0: float8[]): return v0", "expected an element type, found 'float8'"),
        ("program(v0: float32[-1]): return v0", "expected a size, found '-1'"),
        ("program(v0: float32[], v0: float32[]): return v0", "'v0' is declared twice"),
        ("program(v0: float32[]):\n v1: float32[] = tan2(v0)\n return v1", "line 2: there is no primitive 'tan2'"),
        (
            "program(v0: float32[2]):\n v1: float32[3] = sin(v0)\n return v1",
            "but `sin` gives",
        ),
        ("program(v0: float32[2]): v1: float32[] = sum(v0) return v1", "`sum` does not take these operands"),
        ("program(v0: float32[2]): v1: float32[] = sum(v0, axes=(0,) return v1", r"expected '\)', found 'return'"),
        ("program(): c0: float32[2] = constant [1.0] return c0", "has 1 elements"),
        ("program(): c0: int8[] = constant 1.5 return c0", "no int8"),
        ("program(): c0: int8[] = constant 300 return c0", "300"),
        ("program(): return 1 2", "expected 'the end', found '2'"),
        ("program(): return $", r"line 1: found '\$'"),
        ("program(): return __import__", "'__import__' is used before"),
    ],
)
def test_what_is_no_program_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_program(text)
