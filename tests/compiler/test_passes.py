"""Each pass alone: it removes what it should, and the program still gives the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.compiler.passes import simplification as passes
from dualtape.compiler.program import Program, trace_program
from dualtape.compiler.replay import replayed
from dualtape.core.spec import Spec
from dualtape.devices.registry import HOST

X = np.linspace(0.5, 2.0, 6).reshape(2, 3)


def program_of(function: Callable[[dt.Tensor], dt.Tensor]) -> Program:
    return trace_program(lambda x: [function(x)], [Spec(X.shape, dt.float64)], HOST)[0]


def run(program: Program) -> np.ndarray:
    return replayed(program, HOST)([X])[0].asnumpy()


def names(program: Program) -> list[str]:
    return [equation.primitive.name for equation in program.equations]


def unused(x: dt.Tensor) -> dt.Tensor:
    ops.exp(x)
    return ops.sin(x)


CASES = {
    "dead code": (passes.remove_dead_code, unused, ["sin"]),
    "common": (passes.merge_common, lambda x: ops.sin(x) + ops.sin(x), ["sin", "add"]),
    "different constants stay": (passes.merge_common, lambda x: (x + 1) * (x + 2), ["add", "add", "multiply"]),
    "folding": (passes.fold_constants, lambda x: x * ops.exp(dt.Tensor([1.0, 2.0, 3.0], dt.float64)), ["multiply"]),
    "factor one": (passes.simplify, lambda x: x * 1, []),
    "minus zero": (passes.simplify, lambda x: x - 0, []),
    "plus zero stays, for -0.0": (passes.simplify, lambda x: x + 0, ["add"]),
    "ones": (passes.simplify, lambda x: x * ops.ones_like(x), ["broadcast_to"]),
    "double negation": (passes.simplify, lambda x: ops.neg(ops.neg(x)), ["negative"]),
    "transpose twice": (passes.simplify, lambda x: x.T.T, ["permute"]),
    "reshape to itself": (passes.simplify, lambda x: ops.reshape(ops.reshape(x, (6,)), (2, 3)), ["reshape", "reshape"]),
}


@pytest.mark.parametrize("case", CASES)
def test_pass(case: str) -> None:
    step, function, expected = CASES[case]
    program = program_of(function)
    after = step(program)
    assert names(after) == expected
    np.testing.assert_array_equal(run(after), run(program))


def test_optimise_reaches_a_fixed_point() -> None:
    program = passes.optimise(program_of(lambda x: -(-(x * 1)).T.T * ops.ones_like(x)))
    assert names(program) == []
    assert names(passes.optimise(program)) == names(program)


def test_text() -> None:
    text = str(program_of(lambda x: (x * 2).sum(0)))
    assert text == (
        "program(v0: float64[2,3]):\n"
        "  v1: float64[2,3] = multiply(v0, 2)\n"
        "  v2: float64[1,3] = sum(v1, axes=(0,))\n"
        "  v3: float64[3] = reshape(v2, shape=(3,))\n"
        "  return v3"
    )


def test_memory_is_given_back_after_the_last_reading() -> None:
    import weakref

    seen = []

    class Watching(type(HOST)):
        def execute(self, primitive, operands, params):
            alive = sum(ref() is not None for ref in seen)
            result = super().execute(primitive, operands, params).copy()
            seen.append(weakref.ref(result))
            counts.append(alive)
            return result

    counts: list[int] = []
    program = program_of(lambda x: ops.sin(ops.cos(ops.sin(ops.cos(x)))))
    replayed(program, Watching())([X])
    assert max(counts) <= 2
