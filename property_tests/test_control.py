"""Loops and conditions mean what Python's mean, whatever is in them and whatever differentiates them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import dualtape as dt
from dualtape import ops

Step = Callable[[Any, Any, dt.Tensor], tuple[Any, Any]]

TERMS: dict[str, Callable[[dt.Tensor, dt.Tensor, dt.Tensor], dt.Tensor]] = {
    "c * x": lambda c, r, x: c * x,
    "sin(c)": lambda c, r, x: ops.sin(c),
    "tanh(c) * r": lambda c, r, x: ops.tanh(c) * r,
    "r * x": lambda c, r, x: r * x,
    "c * c * 0.1": lambda c, r, x: c * c * 0.1,
    "cos(x)": lambda c, r, x: ops.cos(x),
    "sum": lambda c, r, x: c.sum() * 0.1 + 0 * c,
    "max": lambda c, r, x: ops.maximum(c, x + r),
    "cond": lambda c, r, x: ops.cond(r > 0.5, lambda c: ops.sin(c) * x, lambda c: 0.5 * c, c),
    "loop": lambda c, r, x: ops.fori_loop(0, 2, lambda i, y: ops.sin(y) + i * x * 0.1, c),
    "reset": lambda c, r, x: x * 1,
}


class Problem(NamedTuple):
    """The terms of the next carry (two tensors) and of the output, and the numbers."""

    first: list[str]
    second: list[str]
    output: list[str]
    x: np.ndarray
    rows: np.ndarray
    dtype: Any

    def step(self, carry: Any, row: Any, x: dt.Tensor) -> tuple[Any, Any]:
        a, b = carry["a"], carry["b"]
        after_a = sum((TERMS[name](b, row, x) for name in self.first), start=0.3 * a)
        after_b = sum((TERMS[name](a, row, x) for name in self.second), start=0 * b)
        y = sum((TERMS[name](a, row, x) for name in self.output), start=0 * a)
        return {"a": ops.tanh(after_a), "b": ops.tanh(after_b)}, [y]

    def scanned(self, x: dt.Tensor, rows: dt.Tensor) -> dt.Tensor:
        last, (ys,) = ops.scan(lambda c, r: self.step(c, r, x), {"a": x, "b": ops.sin(x)}, rows)
        return (last["a"] * last["b"]).sum() + (ys * ys).sum()

    def by_python(self, x: dt.Tensor, rows: dt.Tensor) -> dt.Tensor:
        carry: Any = {"a": x, "b": ops.sin(x)}
        total = 0 * x.sum()
        for i in range(len(self.rows)):
            carry, (y,) = self.step(carry, rows[i], x)
            total = total + (y * y).sum()
        return (carry["a"] * carry["b"]).sum() + total


numbers = st.integers(-12, 12).map(lambda n: n / 8 + 0.03)
names = st.lists(st.sampled_from(sorted(TERMS)), max_size=2)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    x = draw(st.lists(numbers, min_size=1, max_size=3))
    rows = draw(st.lists(numbers, max_size=20))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    return Problem(draw(names), draw(names), draw(names), np.array(x, dtype), np.array(rows, dtype), dtype)


def push(f: Callable[..., dt.Tensor]) -> Callable[..., dt.Tensor]:
    return lambda x, rows: dt.jvp(f, (x, rows), (ops.cos(x), ops.sin(rows)))[1]


TRANSFORMATIONS: dict[str, Callable[[Callable[..., dt.Tensor]], Callable[..., Any]]] = {
    "value": lambda f: f,
    "jvp": push,
    "second jvp": lambda f: push(push(f)),
    "grad": lambda f: dt.grad(f, (0, 1)),
    "grad of jvp": lambda f: dt.grad(push(f), (0, 1)),
    "jvp of grad": lambda f: push(dt.grad(f, 0)),
    "grad of grad": lambda f: dt.grad(lambda x, rows: ops.cos(dt.grad(f)(x, rows)).sum(), (0, 1)),
}


@given(problems(), st.sampled_from(sorted(TRANSFORMATIONS)))
def test_scan_is_a_loop(problem: Problem, name: str) -> None:
    transform = TRANSFORMATIONS[name]
    arguments = dt.Tensor(problem.x), dt.Tensor(problem.rows)
    wanted = leaves(transform(problem.by_python)(*arguments))
    for run in (transform(problem.scanned), dt.jit(transform(problem.scanned))):
        compare(leaves(run(*arguments)), wanted, problem.dtype)


@given(problems(), st.sampled_from(["value", "jvp", "grad"]))
def test_vmap_of_scan(problem: Problem, name: str) -> None:
    transform = TRANSFORMATIONS[name]
    x, rows = dt.Tensor(np.stack([problem.x, -problem.x, problem.x / 2])), dt.Tensor(problem.rows)
    each = [leaves(transform(problem.by_python)(x[i], rows)) for i in range(3)]
    wanted = [ops.stack(list(values)) for values in zip(*each, strict=True)]
    run = dt.vmap(transform(problem.scanned), in_axes=(0, None))
    for mapped in (run, dt.jit(run)):
        compare(leaves(mapped(x, rows)), wanted, problem.dtype)


def leaves(found: Any) -> list[dt.Tensor]:
    return list(found) if isinstance(found, tuple) else [found]


def compare(got: list[dt.Tensor], wanted: list[dt.Tensor], dtype: Any) -> None:
    for x, y in zip(got, wanted, strict=True):
        assert x.shape == y.shape
        assert x.dtype is y.dtype
        scale = max(float(np.abs(y.asnumpy()).max(initial=0)), 1.0)
        np.testing.assert_allclose(x.asnumpy(), y.asnumpy(), rtol=0, atol=2000 * np.finfo(dtype).eps * scale)
