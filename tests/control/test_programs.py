"""Conditions and loops in programs: their text, the passes inside them, and how they are replayed."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape as dt
from control.programs import PAIRS
from dualtape import ops
from dualtape.compiler.passes import optimise
from dualtape.compiler.program import ITEM, SCAN, Program, inner_programs
from dualtape.compiler.program.parsing import parse_program
from dualtape.compiler.program.program import program_text
from dualtape.compiler.replay import replayed
from dualtape.devices.registry import HOST

X = dt.Tensor(np.array([0.4, 0.7]))


def lowered(f: object) -> Program:
    return dt.jit(f).lower(X).optimised  # type: ignore[arg-type]


def test_text() -> None:
    text = str(lowered(lambda x: ops.fori_loop(0, 9, lambda i, c: c * c + x, x)))
    assert text == (
        "program(v0: float64[2]):\n"
        "  c1: int64[9] = constant [0, 1, 2, 3, 4, 5, 6, 7, 8]\n"
        "  v2: (float64[2]) = scan(v0, v0, c1, body={program(v0: float64[2], v1: float64[2], v2: int64[]):\n"
        "    v3: float64[2] = multiply(v1, v1)\n"
        "    v4: float64[2] = add(v3, v0)\n"
        "    return v4}, consts=1, carried=1, length=9, reverse=False, stored=False)\n"
        "  v3: float64[2] = item(v2, index=0)\n"
        "  return v3"
    )


@pytest.mark.parametrize("pair", PAIRS)
def test_text_reads_back(pair: str) -> None:
    program = lowered(PAIRS[pair][0])
    text = program_text(program)
    again = parse_program(text)
    assert program_text(again) == text
    found = replayed(again, HOST)([X.data_])
    np.testing.assert_array_equal(found[0].asnumpy(), PAIRS[pair][0](X).asnumpy())


def test_bodies_are_optimised() -> None:
    def step(c: dt.Tensor, _: None) -> tuple[dt.Tensor, None]:
        ops.exp(c)  # nobody reads it
        return ops.neg(ops.neg(ops.sin(c) + ops.sin(c))) * 1, None

    program = lowered(lambda x: ops.scan(step, x, None, 20)[0])
    (equation,) = (e for e in program.equations if e.primitive is SCAN)
    (body,) = inner_programs(equation).values()
    assert [e.primitive.name for e in body.equations] == ["sin", "add"]
    assert optimise(program).equations[0].params["length"] == 20


def test_outputs_that_nobody_reads_are_not_made() -> None:
    program = lowered(lambda x: ops.scan(lambda c, _: (c * c, (c, ops.exp(c), c + 1)), x, None, 20)[1][2])
    (equation,) = (e for e in program.equations if e.primitive is SCAN)
    (body,) = inner_programs(equation).values()
    assert len(body.outputs) == 2
    assert {e.primitive.name for e in body.equations} == {"multiply", "add"}
    assert [e.params["index"] for e in program.equations if e.primitive is ITEM] == [1]
    wanted = [float(0.4 ** (2**k) + 1) for k in range(3)]
    np.testing.assert_allclose(replayed(program, HOST)([X.data_])[0].asnumpy()[:3, 0], wanted)


def test_constants_of_a_body_are_captured_once() -> None:
    table = dt.Tensor(np.arange(6.0).reshape(3, 2))
    program = lowered(lambda x: ops.fori_loop(0, 3, lambda i, c: c + table[i], x))
    assert str(program).count("[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]") == 1
    np.testing.assert_array_equal(replayed(program, HOST)([X.data_])[0].asnumpy(), [6.4, 9.7])


def test_bounds_that_are_not_known() -> None:
    power = dt.jit(lambda x, n: ops.fori_loop(0, n, lambda i, c: c * x, ops.ones_like(x)))
    assert "while_loop" in str(power.lower(X, dt.Tensor(3)).optimised)
    np.testing.assert_allclose(power(X, dt.Tensor(3)).asnumpy(), X.asnumpy() ** 3)
    np.testing.assert_allclose(power(X, dt.Tensor(5)).asnumpy(), X.asnumpy() ** 5)
    slope = dt.jit(lambda x, n: dt.jvp(lambda x: power(x, n), x, ops.ones_like(x))[1])
    np.testing.assert_allclose(slope(X, dt.Tensor(4)).asnumpy(), 4 * X.asnumpy() ** 3)


def test_a_condition_that_is_known_while_tracing_is_decided_then() -> None:
    program = lowered(lambda x: ops.cond(True, ops.sin, ops.cos, x))
    assert [e.primitive.name for e in program.equations] == ["sin"]


def test_one_of_the_branches_runs() -> None:
    """The other one would fail here."""
    nowhere = lambda x: ops.gather(x, (x * 0 + 9).astype(dt.int64), 0)
    f = dt.jit(lambda x: ops.cond(x.sum() > 0, lambda x: x, nowhere, x))
    with pytest.raises(IndexError):
        f(-X)
    assert f(X).tolist() == X.tolist()


def test_beside_a_block_kernel(device: dt.Device) -> None:
    """A loop on shared values before the points are visited, and one on the sum after."""
    points = ops.linspace(0, 1, 3000, dtype=dt.float32).reshape(1000, 3)
    weight = ops.ones((3, 3)) * 0.1

    def loss(w: dt.Tensor, x: dt.Tensor) -> dt.Tensor:
        w = ops.fori_loop(0, 4, lambda i, w: ops.sin(w) + 0.1, w)
        total = ops.square(ops.tanh(x @ w)).sum()
        return ops.fori_loop(0, 3, lambda i, t: ops.log1p(t), total)

    run = dt.value_and_grad(loss)
    wanted = run(weight, points)
    found = dt.jit(run, device=device)(weight, points)
    for x, y in zip(found, wanted, strict=True):
        np.testing.assert_allclose(x.asnumpy(), y.asnumpy(), rtol=2e-4, atol=1e-7)


@pytest.mark.parametrize("most", [0, 2, 9])
def test_a_bounded_while_loop_ends_there(most: int) -> None:
    """In every mode, by step, and for each example of a batch."""

    def halved(x: dt.Tensor) -> dt.Tensor:
        return ops.while_loop(lambda x: x > 1, lambda x: x * 0.5, x, max_steps=most)

    for start in (12.0, 0.5):
        steps = min(most, 4 if start > 1 else 0)
        for run in (halved, dt.jit(halved)):
            assert float(run(dt.Tensor(start))) == start * 0.5**steps
        for transformed in (dt.grad(halved), dt.jit(dt.grad(halved)), dt.jit(lambda x: dt.jvp(halved, x, x / x)[1])):
            assert float(transformed(dt.Tensor(start))) == 0.5**steps
    batch = dt.Tensor([12.0, 0.5])
    np.testing.assert_array_equal(dt.jit(dt.vmap(dt.grad(halved)))(batch).asnumpy(), [0.5 ** min(most, 4), 1.0])


@pytest.mark.parametrize("most", [-1, 2.0, True, "3"])
def test_a_bound_is_a_whole_number(most: object) -> None:
    with pytest.raises((ValueError, TypeError), match="`max_steps` of `while_loop`"):
        ops.while_loop(lambda x: x > 1, lambda x: x * 0.5, dt.Tensor(2.0), max_steps=most)
