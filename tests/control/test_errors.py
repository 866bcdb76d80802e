"""What cannot be done says so, names both sides, and the user's own line."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.errors import TracingError

X = dt.Tensor(np.array([1.0, 2.0]))
w = dt.Parameter(dt.Tensor(np.array([1.0, 1.0])), name="w")


def widened(carry: dt.Tensor, _: object) -> tuple[dt.Tensor, None]:
    return ops.concat([carry, carry]), None


CASES: dict[str, tuple[Callable[[dt.Tensor], object], type[Exception], str]] = {
    "shape": (lambda x: ops.scan(widened, x, None, 3), ValueError, r"`widened` .*shape \(4,\).*\(2,\) of `init`"),
    "dtype": (
        lambda x: ops.fori_loop(0, 3, lambda i, c: c + x.sum(), 0.0), TypeError, "is of Float64; expected Float32",
    ),
    "structure": (
        lambda x: ops.fori_loop(0, 3, lambda i, c: (c, c), x), ValueError,
        r"structure \(Float64, Float64\).*`init`, Float64",
    ),
    "no pair": (lambda x: ops.scan(lambda c, _: c, x, None, 3), TypeError, r"pair \(carry, output\), got T"),
    "static leaf": (
        lambda x: ops.fori_loop(0, 2, lambda i, c: {"x": c["x"], "name": "b"}, {"x": x, "name": "a"}), TypeError, "'b'",
    ),
    "no length": (lambda x: ops.scan(lambda c, _: (c, c), x), ValueError, "needs `length`"),
    "two lengths": (lambda x: ops.scan(lambda c, r: (c, r), x, x, length=3), ValueError, "is 3, but `xs` has 2 rows"),
    "uneven": (lambda x: ops.scan(lambda c, r: (c, c), x, (x, ops.zeros(3))), ValueError, r"sizes \[2, 3\]"),
    "no axis": (lambda x: ops.scan(lambda c, r: (c, c), x, x.sum()), ValueError, "0-d"),
    "negative length": (lambda x: ops.scan(lambda c, r: (c, c), x, None, -1), TypeError, "non-negative"),
    "condition of many": (lambda x: ops.cond(x > 0, ops.sin, ops.cos, x), ValueError, r"shape \(2,\); expected one"),
    "condition of text": (lambda x: ops.cond("yes", ops.sin, ops.cos, x), TypeError, "got str"),
    "bound": (lambda x: ops.fori_loop(0, 2.5, lambda i, c: c, x), TypeError, "`upper` of `fori_loop`.*2.5"),
    "no function": (lambda x: ops.while_loop(True, ops.sin, x), TypeError, "while_loop"),
}  # fmt: skip


@pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])
@pytest.mark.parametrize("case", CASES)
def test_message(case: str, jitted: bool) -> None:
    run, kind, words = CASES[case]
    with pytest.raises(kind, match=words) as caught:
        (dt.jit(run) if jitted else run)(X)
    assert __file__ in "".join(caught.value.__notes__)


@pytest.mark.parametrize("transform", [dt.jit, dt.vmap], ids=["jit", "vmap"])
def test_branches_that_differ(transform: Callable[..., Callable[..., object]]) -> None:
    def run(x: dt.Tensor) -> dt.Tensor:
        return ops.cond(x.sum() > 0, lambda x: x, lambda x: ops.concat([x, x]), x)

    with pytest.raises(ValueError, match=r"shape \(4,\); expected the shape \(2,\)"):
        transform(run)(dt.Tensor(np.ones((3, 2))) if transform is dt.vmap else X)


def test_a_parameter_set_in_a_branch() -> None:
    def run(x: dt.Tensor) -> dt.Tensor:
        def branch(x: dt.Tensor) -> dt.Tensor:
            w.set_data(w + 1)
            return x

        return ops.cond((x > 0).all(), branch, branch, x)

    with pytest.raises(ValueError, match="gives a Parameter a new value inside `jit`"):
        dt.jit(run)(X)
    assert w.value().tolist() == [1.0, 1.0]


def test_numbers_of_a_carry_are_not_known_inside_jit() -> None:
    with pytest.raises(TracingError, match="no numbers yet"):
        dt.jit(lambda x: ops.fori_loop(0, 3, lambda i, c: c if c.sum() > 0 else -c, x))(X)


def test_a_value_of_a_body_does_not_escape() -> None:
    kept: list[dt.Tensor] = []

    def run(x: dt.Tensor) -> dt.Tensor:
        return ops.fori_loop(0, 3, lambda i, c: kept.append(c) or c, x) + kept[0]

    with pytest.raises(dt.errors.EscapedLevelError):
        dt.jit(run)(X)


def test_outside_jit_a_body_may_look_at_numbers() -> None:
    def step(i: dt.Tensor, c: dt.Tensor) -> dt.Tensor:
        return c * 2 if float(c.sum()) < 10 else c - 1

    assert ops.fori_loop(0, 4, step, X).tolist() == [2.0, 6.0]
    assert dt.grad(lambda x: ops.fori_loop(0, 4, step, x))(X).tolist() == [4.0, 4.0]
