"""Movements, reductions, products and searches on OpenCL devices: awkward shapes, accuracy, reproducibility."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from dualtape.core.primitive import CATALOGUE
from dualtape.devices.opencl import matmul
from dualtape.devices.opencl.device import OpenCLDevice
from dualtape.recent import Recent

Same = Callable[..., None]
Run = Callable[..., np.ndarray]
RNG = np.random.default_rng(5)


def normal(*shape: int, dtype: str = "float32") -> np.ndarray:
    return np.asarray(RNG.normal(size=shape)).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "int8", "float64", "float16"])
def test_movements(same: Same, dtype: str) -> None:
    x = (normal(3, 4, 5, 6) * 50).astype(dtype)
    for axes in ((0, 2, 1, 3), (3, 2, 1, 0), (1, 0, 2, 3), (2, 3, 0, 1)):
        same("permute", x, axes=axes)
    same("cut", x, starts=(2, 0, 4, 5), sizes=(2, 2, 3, 6), steps=(-1, 3, -2, -1))
    same("embed", x, shape=(3, 9, 5, 20), starts=(0, 1, 4, 19), steps=(1, 2, -1, -3))
    same("broadcast_to", x[:, :1, :, :1], shape=(2, 3, 4, 5, 6))
    same("concatenate", x, x[:, :1], x[:, :0], axis=1)
    same("reshape", x, shape=(12, 30))


def test_large_transpose(same: Same) -> None:
    same("permute", normal(1000, 777), axes=(1, 0))


@pytest.mark.parametrize("name", ["sum", "maximum_along", "any"])
def test_reductions_over_all_axis_subsets(same: Same, name: str) -> None:
    x = normal(3, 2, 5, 20)
    x = x > 1 if name == "any" else x
    for count in range(5):
        for axes in combinations(range(4), count):
            same(name, x, axes=axes, ulps=64 if name == "sum" else 0)


@pytest.mark.parametrize("shape", [(5000, 3), (3, 5000), (2, 700, 40), (70_001,), (0, 4), (4, 0)])
def test_reductions_in_several_passes(same: Same, shape: tuple[int, ...]) -> None:
    for axis in range(len(shape)):
        same("sum", normal(*shape), axes=(axis,), ulps=256)
        if shape[axis]:
            same("minimum_along", normal(*shape), axes=(axis,))
        same("all", normal(*shape) > -3, axes=(axis,))
    same("sum", normal(*shape, dtype="float16"), axes=(0,), ulps=64)
    same("sum", (normal(*shape) * 100).astype(np.int32), axes=(0,))


def test_extrema_keep_nan(same: Same) -> None:
    x = normal(300, 20)
    x[7, 3] = x[250, 3] = x[11, 11] = np.nan
    for axis in (0, 1):
        for name in ("maximum_along", "minimum_along"):
            same(name, x, axes=(axis,))
        for name in ("argmax", "argmin"):
            same(name, x, axis=axis)
    same("argmax", np.array([1, 3, 3, 0], np.int8), axis=0)


@pytest.mark.parametrize("axis", [0, 1])
def test_long_sums_are_accurate(run: Run, axis: int) -> None:
    """No worse than a few times the error of NumPy's pairwise sums."""
    x = RNG.uniform(0, 1, (2_000_000, 1) if axis == 0 else (4, 500_000)).astype(np.float32)
    exact = np.sum(x, axis=axis, dtype=np.float64, keepdims=True)
    error = np.max(np.abs(run("sum", x, axes=(axis,)) - exact) / exact)
    assert error < 8 * np.finfo(np.float32).eps
    columns = run("sum", x.reshape(-1, 20), axes=(0,))
    exact = np.sum(x.reshape(-1, 20), axis=0, dtype=np.float64, keepdims=True)
    assert np.max(np.abs(columns - exact) / exact) < 8 * np.finfo(np.float32).eps


SHAPES = [
    ((1, 1), (1, 1)), ((3, 5), (5, 7)), ((13, 17), (17, 33)), ((12, 64), (64, 32)), ((50, 20), (20, 20)),
    ((5, 1300), (1300, 20)), ((1, 3000), (3000, 1)), ((200, 33), (33, 1)), ((7, 1), (1, 9)), ((33, 31), (31, 176)),
    ((70, 40), (40, 320)), ((2, 1, 3, 4), (5, 4, 16)), ((7, 3, 4), (4, 5)), ((3, 4), (6, 4, 5)),
    ((4, 7, 20), (4, 20, 1)), ((2, 0), (0, 3)), ((0, 2), (2, 3)), ((2, 3), (3, 0)), ((0, 4, 5), (5, 6)),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_products(run: Run, left: tuple[int, ...], right: tuple[int, ...]) -> None:
    a, b = normal(*left), normal(*right)
    exact = np.matmul(a.astype(np.float64), b.astype(np.float64))
    size = np.matmul(np.abs(a), np.abs(b))
    assert np.all(np.abs(run("matmul", a, b) - exact) <= 8 * np.finfo(np.float32).eps * size + 1e-30)


@pytest.mark.parametrize("dtype", ["float64", "float16", "int32", "uint8", "bool"])
def test_products_of_other_types(same: Same, dtype: str) -> None:
    for left, right in (((13, 17), (17, 33)), ((2, 30, 600), (600, 1)), ((5, 1300), (1300, 20))):
        a, b = normal(*left), normal(*right)
        if dtype.startswith("float"):
            same("matmul", a.astype(dtype), b.astype(dtype), ulps=300)
        else:
            same("matmul", np.abs(a * 4).astype(dtype), np.abs(b * 4).astype(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products_too_large_for_caches_have_the_same_bits(
    run: Run, opencl: OpenCLDevice, monkeypatch: pytest.MonkeyPatch, dtype: str
) -> None:
    """Some terms for many panels, and then the next terms: sums are the same, and added in the same order."""
    a, b = normal(389, 601, dtype=dtype), normal(601, 1029, dtype=dtype)
    expected = run("matmul", a, b)
    assert np.all(np.abs(expected - a.astype(np.float64) @ b) <= 8 * np.finfo(dtype).eps * (np.abs(a) @ np.abs(b)))
    monkeypatch.setattr(opencl, "_plans", Recent(1))
    monkeypatch.setattr(matmul, "_LARGE", 0)
    np.testing.assert_array_equal(run("matmul", a, b), expected)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64"])
def test_take_and_scatter(same: Same, dtype: str) -> None:
    x = (normal(4, 30, 21) * 9).astype(dtype)
    for index in (np.array([[3, 0], [29, -1]]), np.array([], np.int64), np.int8([5])):
        same("take", x, index, axis=1)
    places = RNG.integers(0, 30, 500)
    same("scatter_sum", (normal(4, 500, 21) * 9).astype(dtype), places, axis=1, size=30)
    same("scatter_sum", (normal(500) * 9).astype(dtype), places, axis=0, size=30)
    same("take", (normal(30) * 9).astype(dtype), places.astype(np.uint8), axis=0)


def test_indices_out_of_range_stay_inside(run: Run) -> None:
    x = np.arange(4, dtype=np.float32)
    assert run("take", x, np.array([100, -100]), axis=0).tolist() == [3, 0]
    assert run("scatter_sum", x, np.array([0, 100, -100, 1]), axis=0, size=2).tolist() == [0, 3]


@pytest.mark.parametrize("reverse", [False, True])
def test_running_sums(same: Same, reverse: bool) -> None:
    for axis in (0, 1, 2):
        same("cumsum", normal(3, 50, 7), axis=axis, reverse=reverse)
    same("cumsum", np.arange(40, dtype=np.int8), axis=0, reverse=reverse)


CALLS: list[tuple[str, list[np.ndarray], dict[str, Any]]] = [
    ("sum", [normal(70_001)], {"axes": (0,)}),
    ("sum", [normal(3000, 20)], {"axes": (0,)}),
    ("matmul", [normal(20, 3000), normal(3000, 20)], {}),
    ("scatter_sum", [normal(3000, 5), RNG.integers(0, 7, 3000)], {"axis": 0, "size": 7}),
]


@pytest.mark.parametrize(("name", "inputs", "params"), CALLS, ids=[f"{call[0]}-{i}" for i, call in enumerate(CALLS)])
def test_same_bits_every_time(run: Run, name: str, inputs: list[np.ndarray], params: dict[str, Any]) -> None:
    first = run(name, *inputs, **params)
    for _ in range(5):
        assert first.tobytes() == run(name, *inputs, **params).tobytes()


@pytest.mark.parametrize("group", [5])
def test_any_local_size_is_right(opencl: Any, group: int) -> None:
    """Kernels rely on no local size, and on nothing that only processors do."""
    device = OpenCLDevice("opencl:other", opencl._handle)
    device.runtime.group = group
    device.runtime.is_cpu = False
    for name, inputs, params in [
        *CALLS,
        ("add", [normal(100), normal(100)], {}),
        ("less", [normal(40, 3), normal(3)], {}),
        ("permute", [normal(40, 50)], {"axes": (1, 0)}),
        ("take", [normal(40, 20), RNG.integers(0, 40, 9)], {"axis": 0}),
        ("argmax", [normal(40, 20)], {"axis": 0}),
    ]:
        primitive = CATALOGUE[name]
        got = device.get(device.execute(primitive, [device.put(x) for x in inputs], params))
        np.testing.assert_allclose(got, primitive.numpy(*inputs, **params), rtol=1e-3, atol=1e-3)
