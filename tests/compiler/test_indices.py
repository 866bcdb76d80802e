"""An index outside of its axis is an error under `jit`, as it is eagerly, on every device and in every place."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.compiler.program import Program, inner_programs
from dualtape.core.primitive import CATALOGUE
from dualtape.devices.device import Device
from dualtape.devices.opencl import opencl_devices
from dualtape.errors import ArgumentTypeError

LAST: dict[str, int] = {"line": 0}


def here(x: Any) -> Any:
    """Note the line of whoever indexes."""
    LAST["line"] = sys._getframe(1).f_lineno
    return x


def rows_while(x: dt.Tensor, i: dt.Tensor) -> dt.Tensor:
    return ops.while_loop(lambda c: c[0].sum() < 1e9, lambda c: (c[0] + here(x)[c[1]].sum() * 0 + 1e8, c[1]), (x, i))[0]


CASES: dict[str, Callable[[dt.Tensor, dt.Tensor], Any]] = {
    "take": lambda x, i: ops.take(here(x), i, 0),
    "gather": lambda x, i: ops.gather(here(x), i, 0),
    "rows": lambda x, i: here(x)[i],
    "one row": lambda x, i: here(x)[i[1]],
    "with a slice": lambda x, i: ops.reshape(here(x), (4, 3, 1))[..., 0].T[:, i],
    "two axes": lambda x, i: here(x)[i, ops.zeros_like(i)],
    "behind a new axis": lambda x, i: here(x)[None, i],
    "scatter_add": lambda x, i: ops.scatter_add(here(x), 0, i[:, None], x[:3, :1]),
    "gradient": lambda x, i: dt.grad(lambda x: ops.square(here(x)[i]).sum())(x),
    "second derivative": lambda x, i: dt.jvp(dt.grad(lambda x: (here(x)[i] ** 3).sum()), x, x)[1],
    "vmap": lambda x, i: dt.vmap(lambda k: here(x)[k])(i),
    "vmap of a gradient": lambda x, i: dt.vmap(dt.grad(lambda x, k: here(x)[k].sum()), (None, 0))(x, i),
    "both in vmap": lambda x, i: dt.vmap(lambda row, k: here(row)[k])(x[:3], ops.stack([i, i, i])),
    "fori_loop": lambda x, i: ops.fori_loop(0, 3, lambda k, s: s + here(x)[i[k]], x[0]),
    "scan": lambda x, i: ops.scan(lambda s, k: (s + here(x)[k], s), x[0], i),
    "gradient of a scan": lambda x, i: dt.grad(lambda x: ops.scan(lambda s, k: (s * here(x)[k], s), x[0], i)[0].sum())(
        x
    ),
    "while_loop": rows_while,
    "cond": lambda x, i: ops.cond(x.sum() < 1e9, lambda: here(x)[i], lambda: x[:3]),
    "checkpoint": lambda x, i: dt.grad(lambda x: dt.checkpoint(lambda x: ops.square(here(x)[i]).sum())(x))(x),
}
INSIDE, OUTSIDE = [0, 3, -4], {"above": ([0, 4, 9], 4), "below": ([0, -5, 1], -5), "far": ([1, 2**40, 0], 2**40)}


def arguments(indices: list[int], dtype: Any = np.int64) -> tuple[dt.Tensor, dt.Tensor]:
    return dt.Tensor(np.arange(12.0, dtype=np.float32).reshape(4, 3)), dt.Tensor(np.array(indices, dtype))


def size_of(name: str) -> int:
    return 3 if name == "both in vmap" else 4


@pytest.mark.parametrize("name", CASES)
def test_outside_is_the_eager_error(name: str, device: Device) -> None:
    function = CASES[name]
    jitted = dt.jit(function)
    inside = INSIDE if size_of(name) == 4 else [0, 2, -3]
    for got, wanted in zip(leaves(jitted(*arguments(inside))), leaves(function(*arguments(inside))), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6)
    for indices, index in OUTSIDE.values():
        for run in (function, jitted):
            with pytest.raises(
                IndexError, match=rf"^index {index} is outside axis \d of size {size_of(name)}"
            ) as caught:
                run(*arguments(indices))
        assert f"test_indices.py:{LAST['line']}: " in "".join(caught.value.__notes__)
    # The program is as good as before.
    for got, wanted in zip(leaves(jitted(*arguments(inside))), leaves(function(*arguments(inside))), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6)


def leaves(tree: Any) -> list[np.ndarray]:
    return [leaf.asnumpy() for leaf in dt.pytree.leaves(tree)]


@pytest.mark.parametrize(
    ("name", "axis"), [("rows", 0), ("with a slice", 1), ("two axes", 0), ("behind a new axis", 0)]
)
def test_the_axis_is_the_users(name: str, axis: int) -> None:
    for run in (CASES[name], dt.jit(CASES[name])):
        with pytest.raises(IndexError, match=rf"axis {axis} of size 4"):
            run(*arguments([0, 1, 4]))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64])
def test_of_every_integer_type(dtype: type, device: Device) -> None:
    for run in (CASES["rows"], dt.jit(CASES["rows"])):
        np.testing.assert_array_equal(run(*arguments([3, 0], dtype)).asnumpy()[:, 0], [9, 0])
        with pytest.raises(IndexError, match="index 100 is outside axis 0 of size 4"):
            run(*arguments([3, 100], dtype))


def test_the_first_of_many_is_named(device: Device) -> None:
    """Searched for in parts, by several work-items."""
    x = dt.Tensor(np.arange(10.0))
    indices = np.arange(100_003) % 10
    jitted = dt.jit(lambda x, i: x[i])
    assert jitted(x, dt.Tensor(indices)).asnumpy().tolist() == (np.arange(100_003) % 10).tolist()
    for first, second in itertools.pairwise((0, 1, 63, 64, 4095, 4096, 50_000, 99_999, 100_002)):
        wrong = indices.copy()
        wrong[first], wrong[second] = 10 + first, -100
        with pytest.raises(IndexError, match=f"index {10 + first} is outside"):
            jitted(x, dt.Tensor(wrong))


def test_a_branch_that_does_not_run_checks_nothing(device: Device) -> None:
    pick = dt.jit(lambda x, i: ops.cond(i[0] < 4, lambda: x[i[0]], lambda: x[0]))
    assert pick(*arguments([9])).tolist() == [0, 1, 2]
    assert pick(*arguments([3])).tolist() == [9, 10, 11]
    with pytest.raises(IndexError, match="index -9"):
        pick(*arguments([-9]))
    row = dt.grad(lambda x, i: ops.cond(i[0] < 4, lambda: ops.square(x[i[0]]), lambda: x[0]).sum())
    for wrapped in (dt.jit(row), dt.jit(lambda x, i: ops.fori_loop(0, 2, lambda _, c: c + row(x, i), x * 0) / 2)):
        assert wrapped(*arguments([9])).tolist() == [[1, 1, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0]]
        assert wrapped(*arguments([1])).tolist() == [[0, 0, 0], [6, 8, 10], [0, 0, 0], [0, 0, 0]]


def test_a_loop_that_does_not_run_checks_nothing(device: Device) -> None:
    add = dt.jit(lambda x, i, n: ops.while_loop(lambda c: c[1] < n, lambda c: (c[0] + x[i[0]], c[1] + 1), (x[0], 0))[0])
    x, wrong = arguments([9])
    assert add(x, wrong, dt.Tensor(0)).tolist() == [0, 1, 2]
    assert add(x, arguments([1])[1], dt.Tensor(2)).tolist() == [6, 9, 12]
    with pytest.raises(IndexError, match="index 9"):
        add(x, wrong, dt.Tensor(1))


def test_a_loop_that_would_not_end_ends(device: Device) -> None:
    """Eagerly it fails at the first wrong index."""
    wait = dt.jit(
        lambda x, i: ops.while_loop(lambda c: c[0].sum() < 1, lambda c: (c[0] + x[c[1]] * 0, c[1] + 1), (x[0] * 0, i))
    )
    with pytest.raises(IndexError, match="index 4 is outside axis 0 of size 4"):
        wait(arguments([0])[0], dt.Tensor(0))


def test_a_long_scan(device: Device) -> None:
    total = dt.jit(lambda x, i: ops.scan(lambda s, k: (s + x[k], None), x[0] * 0, i)[0])
    x, indices = dt.Tensor(np.ones((2, 1), np.float32)), np.zeros(600, np.int64)
    assert total(x, dt.Tensor(indices)).item() == 600
    indices[599] = 2
    with pytest.raises(IndexError, match="index 2"):
        total(x, dt.Tensor(indices))


def test_parameters_are_not_set_after_an_error(device: Device) -> None:
    p = dt.Parameter(dt.Tensor(np.zeros(3, np.float32)), name="p")
    step = dt.jit(lambda x, i: p.set_data(p + x[i].sum(0)) * 1.0)
    step(*arguments([0]))
    with pytest.raises(IndexError):
        step(*arguments([0, 7]))
    assert p.value().tolist() == [0, 1, 2]


def everywhere(program: Program) -> list[Any]:
    return [
        x for e in program.equations for x in (e, *(y for held in inner_programs(e).values() for y in everywhere(held)))
    ]


@pytest.mark.parametrize("name", ["rows", "gradient", "scan", "while_loop"])
def test_one_flag_away_from_off(name: str, device: Device) -> None:
    inside_axis = CATALOGUE["inside_axis"]
    checked, unchecked = (
        dt.jit(lambda x, i: CASES[name](x, i), check_indices=flag).lower(*arguments(INSIDE)) for flag in (True, False)
    )
    assert any(equation.primitive is inside_axis for equation in everywhere(checked.optimised))
    assert not any(equation.primitive is inside_axis for equation in everywhere(unchecked.program))
    off = dt.jit(CASES[name], check_indices=False)
    for got, wanted in zip(leaves(off(*arguments(INSIDE))), leaves(CASES[name](*arguments(INSIDE))), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6)


def test_the_flag_is_a_bool() -> None:
    with pytest.raises(ArgumentTypeError, match="check_indices"):
        dt.jit(lambda x: x, check_indices=1)  # type: ignore[arg-type]


def test_what_holds_no_index_holds_no_check() -> None:
    """Nor do numbers, slices and tensors that are known."""
    known = dt.Tensor([1, 0])
    lowered = dt.jit(lambda x: (x[1], x[1:, None], x[known], x[[0, -1]], ops.take(x, known, 1))).lower(
        arguments([0])[0]
    )
    assert not any(equation.primitive is CATALOGUE["inside_axis"] for equation in everywhere(lowered.program))


@pytest.mark.opencl
@pytest.mark.parametrize("place", [d.name for d in opencl_devices() if d.architecture.is_processor])
@pytest.mark.parametrize("home", ["host", "same"])
def test_beside_kernels_over_blocks_of_points(place: str, home: str) -> None:
    def loss(w: dt.Tensor, x: dt.Tensor, i: dt.Tensor) -> dt.Tensor:
        return ops.square(ops.tanh(x * w[i]) - 1.0).sum()

    step = dt.jit(dt.value_and_grad(loss), device=place)
    with dt.device("host" if home == "host" else place):
        w, x = dt.Tensor(np.ones(4, np.float32)), dt.Tensor(np.linspace(0, 1, 4000, dtype=np.float32))
        good, bad = np.arange(4000) % 4, np.arange(4000) % 4
        bad[1234] = -5
        assert step.lower(w, x, dt.Tensor(good)).kernels()
        expected = dt.value_and_grad(loss)(w, x, dt.Tensor(good))
        for got, wanted in zip(leaves(step(w, x, dt.Tensor(good))), leaves(expected), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-4)
        with pytest.raises(IndexError, match="index -5 is outside axis 0 of size 4"):
            step(w, x, dt.Tensor(bad))
