"""Every primitive of the catalogue computes on OpenCL devices what it computes on the host.

What has no kernel runs there: of that, the way to the host and back is tried, in one type.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from devices.catalogue_calls import calls
from dualtape.core.lowering import Expression, OnHost
from dualtape.core.primitive import CATALOGUE
from dualtape.errors import DualtapeError

EXACT = {
    "absolute", "add", "ceil", "divide", "equal", "floor", "greater", "greater_equal", "less", "less_equal", "maximum",
    "minimum", "multiply", "negative", "not_equal", "reciprocal", "relu", "round", "sign", "sqrt", "square", "step",
    "strong_multiply", "subtract", "where",
}  # fmt: skip
INTEGERS = ("bool", "int8", "uint8", "int32", "int64", "uint64")
# A cold kernel takes a third of a second to compile: these stand for the types that compute alike.
WIDER = (
    "add", "where", "less", "floor_divide", "power", "mod", "cast", "relu", "maximum", "absolute", "strong_multiply",
    "sign",
)  # fmt: skip
ON_HOST = sorted(name for name, p in CATALOGUE.items() if isinstance(p.lowering, OnHost))
KERNELS = sorted(CATALOGUE.keys() - ON_HOST)
STRUCTURAL = [name for name in KERNELS if not isinstance(CATALOGUE[name].lowering, Expression)]


def check(same: Callable[..., None], name: str, dtype: str) -> None:
    ulps = 0 if name in EXACT else 8
    for inputs, params in calls(CATALOGUE[name], dtype):
        same(name, *inputs, ulps=ulps, **params)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equals_host(same: Callable[..., None], name: str, dtype: str) -> None:
    if dtype == "float64" and name not in STRUCTURAL and name in EXACT - set(WIDER):
        pytest.skip("computes as in float32")
    check(same, name, dtype)


@pytest.mark.parametrize("name", ON_HOST)
def test_what_has_no_kernel_is_copied_to_the_host_and_back(same: Callable[..., None], name: str) -> None:
    for inputs, params in calls(CATALOGUE[name], "float32"):
        same(name, *inputs, **params)


@pytest.mark.parametrize("name", [*WIDER, *STRUCTURAL, "exp", "tanh"])
def test_equals_host_in_float16(same: Callable[..., None], name: str) -> None:
    check(same, name, "float16")


@pytest.mark.parametrize("name", ["add", "where", "less", "sign", "relu", "cast", *STRUCTURAL])
@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool"])
def test_equals_host_in_integers(same: Callable[..., None], name: str, dtype: str) -> None:
    if name in ("sign", "relu") and dtype == "bool":
        pytest.skip("NumPy has none of bools")
    check(same, name, dtype)


@pytest.mark.parametrize("dtype", INTEGERS[1:])
@pytest.mark.parametrize("name", ["floor_divide", "mod"])
def test_integer_division_is_numpys(same: Callable[..., None], name: str, dtype: str) -> None:
    limits = np.iinfo(dtype)
    values = [v for v in (limits.min, limits.min + 1, -7, -1, 0, 1, 3, 7, limits.max) if v >= limits.min]
    x, y = (a.ravel() for a in np.meshgrid(np.array(values, dtype), np.array(values, dtype)))
    same(name, x, y)


def test_integer_powers(run: Callable[..., np.ndarray], same: Callable[..., None]) -> None:
    base = np.arange(-4, 5, dtype=np.int32)
    same("power", base, 3)
    same("power", base[:, None], np.arange(0, 20, dtype=np.int32))
    with pytest.raises(DualtapeError, match="Integers to negative integer powers are not allowed"):
        run("power", base, -1)
    with pytest.raises(DualtapeError, match="Integers to negative integer powers are not allowed"):
        run("power", base, np.full(9, -1, np.int32))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values(same: Callable[..., None], dtype: str) -> None:
    values = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, np.finfo(dtype).tiny / 4], dtype)
    x, y = (a.ravel() for a in np.meshgrid(values, values))
    for name in ("add", "multiply", "divide", "maximum", "less", "equal", "strong_multiply"):
        same(name, x, y)
    for name in ("isnan", "isfinite", "sqrt", "sign"):
        same(name, values)


def test_numbers_beside_arrays(same: Callable[..., None], run: Callable[..., np.ndarray]) -> None:
    x = np.linspace(-3, 3, 50, dtype=np.float32)
    for number in (0.1, -2, 1e39, float("nan"), True):
        same("multiply", x, number)
        same("less", number, x)
    half = x.astype(np.float16)
    same("add", half, 0.1)
    same("add", half, 1e6)
    small = np.arange(-100, 100, dtype=np.int8)
    for number in (5, 300, -300):
        same("less", small, number)
        same("equal", small, number)
    with pytest.raises(DualtapeError, match="Python integer 300 out of bounds for int8"):
        run("add", small, 300)


@pytest.mark.parametrize("shape", [(), (1,), (0,), (0, 3), (1, 1, 1), (17,), (5, 1), (1_000_003,)])
def test_shapes(same: Callable[..., None], shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    same("add", x, x)
    same("add", x, np.float32([2.0]).reshape((1,) * len(shape)))
    same("less", x, 0.5)
    same("sum", x, axes=tuple(range(len(shape))), ulps=64)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ((4, 1), (1, 5)), ((2, 3, 4), (3, 1)), ((6, 1, 7, 1, 2), (1, 4, 1, 3, 2)), ((1,), (33, 40)),
        ((2, 1, 2, 1, 2, 1, 2, 1), (1, 3, 1, 3, 1, 3, 1, 3)), ((300, 20), (20,)), ((300, 20), (300, 1)),
        ((0, 1), (1, 5)),
    ],
)  # fmt: skip
def test_broadcasting(same: Callable[..., None], x: tuple[int, ...], y: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=x).astype(np.float32), rng.normal(size=y).astype(np.float32)
    same("subtract", a, b)
    same("subtract", b, a)
    same("less", a, b)


@pytest.mark.parametrize("source", ["float32", "int8", "float16"])
@pytest.mark.parametrize("target", ["bool", "int64", "float16"])
def test_casts(same: Callable[..., None], source: str, target: str) -> None:
    from dualtape.dtypes import as_dtype

    x = np.array([0, 1, 0.5, 2.75, 100, 17]).astype(source)
    same("cast", x, dtype=as_dtype(target if target != "bool" else "Bool"))
