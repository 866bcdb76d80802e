"""MindSpore's classes of loops, as its documentation says they behave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops


def cumulated(total: Any, x: Any) -> Any:
    return total + x, total + x


def test_scan_of_numbers() -> None:
    assert ops.Scan()(cumulated, 0, [1, 2, 3, 4]) == (10, [1, 3, 6, 10])
    assert ops.Scan()(lambda c, x: (c + 1, x), 0, None, 3) == (3, [None] * 3)


@pytest.mark.parametrize("unroll", [True, False])
@pytest.mark.parametrize("jitted", [True, False])
def test_scan_of_tensors(unroll: bool, jitted: bool) -> None:
    def run(a: dt.Tensor, b: dt.Tensor) -> Any:
        return ops.Scan()(cumulated, a, (a, b), unroll=unroll)

    last, ys = (dt.jit(run) if jitted else run)(dt.Tensor([1.0]), dt.Tensor([2.0]))
    assert last.tolist() == [4.0]
    assert [y.tolist() for y in ys] == [[2.0], [4.0]]


@pytest.mark.parametrize("unroll", [True, False])
def test_fori_loop(unroll: bool) -> None:
    run = dt.jit(lambda x: ops.ForiLoop()(0, 7, lambda i, c: c + x, x, unroll=unroll))
    assert run(dt.Tensor([2.0])).tolist() == [16.0]
    assert ("scan" in str(run.lower(dt.Tensor([2.0])).optimised)) is not unroll


def test_fori_loop_with_a_bound_that_is_traced() -> None:
    run = dt.jit(lambda x, n: ops.ForiLoop()(0, n, lambda i, c: c + x, x))
    assert run(dt.Tensor([2.0]), dt.Tensor(2)).tolist() == [6.0]


@pytest.mark.parametrize("jitted", [True, False])
def test_while_loop(jitted: bool) -> None:
    def run(state: Any) -> Any:
        return ops.WhileLoop()(lambda s: s["n"] < 5, lambda s: {"n": s["n"] + 1, "x": s["x"] * 2}, state)

    found = (dt.jit(run) if jitted else run)({"n": dt.Tensor(0), "x": dt.Tensor(np.array([1.5]))})
    assert found["n"].item() == 5
    assert found["x"].item() == 48


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ops.Scan()(cumulated, 0, dt.Tensor([1.0])), "`xs` of `Scan`"),
        (lambda: ops.Scan()(cumulated, 0, None), "`length` of `Scan`"),
        (lambda: ops.Scan()(cumulated, 0, [1], unroll=1), "`unroll` of `Scan`"),
        (lambda: ops.Scan()(3, 0, [1]), "Scan"),
        (
            lambda: ops.Scan()(lambda c, x: c, 0, [1]),
            "`loop_func` of `Scan` must return a pair",
        ),
        (lambda: ops.ForiLoop()(0, 3, 4, 0), "ForiLoop"),
        (lambda: ops.WhileLoop()(3, 3, 0), "while_loop"),
    ],
)
def test_types(call: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        call()
