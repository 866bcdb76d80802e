"""Products of derivatives among infinities, zeros and undefined numbers: the same in forward and in reverse mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import dualtape as dt
from drawn import fewer
from dualtape import ops

SPECIAL = [0.0, 0.0, 1.0, -2.0, 0.5, np.inf, -np.inf, np.nan]

ONE: dict[str, Callable[[Any], Any]] = {
    "sqrt": ops.sqrt,
    "log": ops.log,
    "exp": ops.exp,
    "abs": ops.abs,
    "relu": ops.relu,
    "sin": ops.sin,
    "square": ops.square,
    "reciprocal": ops.reciprocal,
    "power": lambda x: x**1.5,
    "times zero": lambda x: x * 0.0,
    "times infinity": lambda x: x * np.inf,
    "over zero": lambda x: x / 0.0,
    "cut off": lambda x: ops.where(x > 1, x, 0.0),
    "total": lambda x: x.sum() * dt.Tensor(np.array([1.0, 0.0, np.inf])),
}
TWO: dict[str, Callable[[Any, Any], Any]] = {
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "maximum": ops.maximum,
    "where": lambda x, y: ops.where(dt.Tensor([True, False, True]), x, y),
}


class Steps(NamedTuple):
    """A program of a stack machine on vectors of three; it prints as it runs."""

    steps: tuple[str, ...]
    constants: tuple[tuple[float, ...], ...]
    leaves: int

    def __call__(self, x: Any) -> Any:
        """The result, of ``x`` of shape (leaves, 3): each row is read once, so that no two paths can cancel."""
        stack: list[Any] = []
        rows, constants = (iter(range(n)) for n in (self.leaves, len(self.constants)))
        for step in self.steps:
            if step == "x":
                stack.append(x[next(rows)])
            elif step == "constant":
                stack.append(dt.Tensor(np.array(self.constants[next(constants)])))
            elif step in TWO:
                right = stack.pop()
                stack.append(TWO[step](stack.pop(), right))
            else:
                stack.append(ONE[step](stack.pop()))
        return stack[-1]


@st.composite
def trees(draw: st.DrawFn, depth: int = 4) -> Steps:
    steps: list[str] = []
    constants: list[tuple[float, ...]] = []

    def grow(left: int) -> None:
        kind = draw(st.sampled_from(["x", *ONE, *TWO, *TWO] if left else ["x", "constant"]))
        if kind in TWO:
            grow(left - 1)
        if kind in TWO or kind in ONE:
            grow(left - 1)
        if kind == "constant":
            constants.append(tuple(draw(st.lists(st.sampled_from(SPECIAL), min_size=3, max_size=3))))
        steps.append(kind)

    grow(depth)
    return Steps(tuple(steps), tuple(constants), steps.count("x"))


def points(leaves: int) -> st.SearchStrategy[np.ndarray]:
    rows = st.lists(st.lists(st.sampled_from(SPECIAL), min_size=3, max_size=3), min_size=leaves, max_size=leaves)
    return rows.map(lambda values: np.array(values, np.float64).reshape(leaves, 3))


def jacobians(f: Steps, x: dt.Tensor) -> dict[str, np.ndarray]:
    """The Jacobian in every mode of order one."""
    found = {"reverse": dt.jacrev(f)(x), "forward": dt.jacfwd(f)(x)}
    units = np.eye(x.size).reshape(x.size, *x.shape)
    along = {
        "one direction at a time": lambda v: dt.jvp(f, x, v)[1],
        "linearize": dt.linearize(f, x)[1],
        "jet": lambda v: dt.jet(f, x, ops.stack([v]))[1][0],
    }
    for name, push in along.items():
        columns = [push(dt.Tensor(unit)).asnumpy() for unit in units]
        found[name] = dt.Tensor(np.stack(columns, -1).reshape(3, *x.shape))
    return {name: value.asnumpy() for name, value in found.items()}


def assert_equal(found: dict[str, np.ndarray], numbers_only: bool) -> None:
    expected = found.pop("reverse")
    for name, got in found.items():
        compared = np.isfinite(got) & np.isfinite(expected) if numbers_only else np.ones(got.shape, bool)
        np.testing.assert_allclose(got[compared], expected[compared], rtol=1e-12, err_msg=name)


@given(st.data())
def test_forward_and_reverse_agree_where_no_terms_cancel(data: st.DataObject) -> None:
    """Each element of the Jacobian is one product of slopes, in whose order the modes differ."""
    f = data.draw(trees().filter(lambda f: f.leaves > 0))
    assert_equal(jacobians(f, dt.Tensor(data.draw(points(f.leaves)))), numbers_only=False)


@given(st.data())
def test_finite_derivatives_are_the_same_in_all_modes(data: st.DataObject) -> None:
    """Where one value is read several times, infinite terms may cancel in one mode and be cut off in the other."""
    f = data.draw(trees().filter(lambda f: f.leaves > 0))
    shared = lambda x: f(ops.stack([x] * f.leaves))
    assert_equal(jacobians(shared, dt.Tensor(data.draw(points(1))[0])), numbers_only=True)


@fewer(4)
@given(st.data())
def test_compiled_derivatives_are_the_eager_ones(data: st.DataObject) -> None:
    f = data.draw(trees().filter(lambda f: f.leaves > 0))
    x = dt.Tensor(data.draw(points(f.leaves)))
    for mode in (dt.jacfwd, dt.jacrev):
        np.testing.assert_array_equal(dt.jit(mode(f))(x).asnumpy(), mode(f)(x).asnumpy())
