"""Conditions and loops beside what they mean, written with Python's own, for all transformations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import ops

Function = Callable[[dt.Tensor], dt.Tensor]


def scanned(x: dt.Tensor) -> dt.Tensor:
    """Carry and rows in containers, a value from outside, outputs that are used; 7 steps make uneven segments."""
    rows = ops.arange(7).astype(x.dtype) * 0.1

    def step(carry: Any, row: Any) -> Any:
        u, (v, count) = carry
        u, v = ops.sin(u * x) + row["t"], v + u * v * 0.1
        return (u, (v, count + 1)), {"u": u * v, "flag": count}

    (u, (v, count)), ys = ops.scan(step, (x, (ops.cos(x), dt.Tensor(0))), {"t": rows})
    return u * v + (ys["u"] * ops.cos(rows).reshape(7, 1)).sum(0) + count.astype(x.dtype) * x


def scanned_by_python(x: dt.Tensor) -> dt.Tensor:
    u, v = x, ops.cos(x)
    total: Any = 0.0
    for i in range(7):
        t = float(np.float32(i) * np.float32(0.1)) if x.dtype is dt.float32 else i * 0.1
        u, v = ops.sin(u * x) + t, v + u * v * 0.1
        total = total + u * v * float(np.cos(t))
    return u * v + total + 7 * x


def counted(x: dt.Tensor) -> dt.Tensor:
    return ops.fori_loop(2, 7, lambda i, y: y * ops.tanh(x) + i * x, x * x)


def counted_by_python(x: dt.Tensor) -> dt.Tensor:
    y = x * x
    for i in range(2, 7):
        y = y * ops.tanh(x) + i * x
    return y


def long(x: dt.Tensor) -> dt.Tensor:
    """So many steps that reverse mode goes in segments, with some left over."""
    last, ys = ops.scan(lambda y, r: (ops.sin(y * x) + r, y * r), x, ops.linspace(0, 1, 35, dtype=x.dtype))
    return last + ys.sum(0)


def long_by_python(x: dt.Tensor) -> dt.Tensor:
    rows = ops.linspace(0, 1, 35, dtype=x.dtype)
    y, total = x, 0 * x
    for i in range(35):
        y, total = ops.sin(y * x) + rows[i], total + y * rows[i]
    return y + total


def chosen(x: dt.Tensor) -> dt.Tensor:
    return ops.cond(x.sum() > 0.5, lambda y: ops.exp(y) * x, lambda y: ops.sin(y) * 2, x * x)


def chosen_by_python(x: dt.Tensor) -> dt.Tensor:
    if bool((x.ground.asnumpy().sum() > 0.5).all()):
        return ops.exp(x * x) * x
    return ops.sin(x * x) * 2


def nested(x: dt.Tensor) -> dt.Tensor:
    """A condition in a scan in a loop."""

    def inner(carry: dt.Tensor, row: dt.Tensor) -> Any:
        y = ops.cond(row > 1, lambda c: ops.sin(c) * x, lambda c: c * c * 0.3, carry)
        return y, y.sum()

    def outer(i: dt.Tensor, carry: dt.Tensor) -> dt.Tensor:
        last, sums = ops.scan(inner, carry, ops.arange(3) + i)
        return last + 0.1 * sums.sum() * x

    return ops.fori_loop(0, 3, outer, x)


def nested_by_python(x: dt.Tensor) -> dt.Tensor:
    carry = x
    for i in range(3):
        last, total = carry, 0.0
        for row in range(i, i + 3):
            last = ops.sin(last) * x if row > 1 else last * last * 0.3
            total = total + last.sum()
        carry = last + 0.1 * total * x
    return carry


def repeated(x: dt.Tensor) -> dt.Tensor:
    """The number of steps depends on the value."""
    return ops.while_loop(lambda y: (y * y).sum() < 9, lambda y: y * (1.2 + 0.1 * ops.cos(x)), x)


def repeated_at_most(x: dt.Tensor) -> dt.Tensor:
    """The same with a bound, which it does not reach here: twice as many steps as there are."""
    return ops.while_loop(lambda y: (y * y).sum() < 9, lambda y: y * (1.2 + 0.1 * ops.cos(x)), x, max_steps=16)


def repeated_by_python(x: dt.Tensor) -> dt.Tensor:
    y = x
    while (y.ground.asnumpy() ** 2).sum() < 9:
        y = y * (1.2 + 0.1 * ops.cos(x))
    return y


PAIRS: dict[str, tuple[Function, Function]] = {
    "scan": (scanned, scanned_by_python),
    "long": (long, long_by_python),
    "fori_loop": (counted, counted_by_python),
    "cond": (chosen, chosen_by_python),
    "nested": (nested, nested_by_python),
    "while_loop": (repeated, repeated_by_python),
    "bounded": (repeated_at_most, repeated_by_python),
}


def total(f: Function) -> Function:
    return lambda x: f(x).sum()


def pushed(f: Function) -> Function:
    return lambda x: dt.jvp(f, x, ops.cos(x))[1]


TRANSFORMATIONS: dict[str, Callable[[Function], Function]] = {
    "value": lambda f: f,
    "jvp": pushed,
    "jvp of jvp": lambda f: pushed(pushed(f)),
    "jet of order 3": lambda f: lambda x: dt.derivative(f, x, 3)[1],
    "mixed partials": lambda f: lambda x: sum(dt.partials(total(f), [(0, 0), (2, 1), (1, 0)])(x), start=0 * x.sum()),
    "laplacian": lambda f: lambda x: dt.laplacian(total(f))(x)[1],
    "grad": lambda f: dt.grad(total(f)),
    "vjp": lambda f: lambda x: dt.vjp(f, x)[1](ops.cos(x))[0],
    "grad of grad": lambda f: dt.grad(lambda x: ops.sin(dt.grad(total(f))(x)).sum()),
    "jvp of grad": lambda f: pushed(dt.grad(total(f))),
    "grad of jvp": lambda f: dt.grad(total(pushed(f))),
    "grad of laplacian": lambda f: dt.grad(lambda x: dt.laplacian(total(f))(x)[1]),
    "grad of jet": lambda f: dt.grad(lambda x: dt.derivative(f, x, 2)[1].sum()),
    "hessian": lambda f: dt.hessian(total(f)),
    "jacfwd": dt.jacfwd,
    "jacrev": dt.jacrev,
    "grad of checkpoint": lambda f: dt.grad(total(dt.checkpoint(f))),
    "linearize": lambda f: lambda x: dt.linearize(f, x)[1](ops.cos(x)),
    "grad of grad of grad": lambda f: dt.grad(total(dt.grad(total(dt.grad(total(f)))))),
}
NEEDS_REVERSE = {name for name in TRANSFORMATIONS if any(word in name for word in ("grad", "vjp", "hessian", "jacrev"))}
