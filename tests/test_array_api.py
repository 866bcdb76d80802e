"""The array API standard's names beside NumPy's own implementation of it; what is missing is listed in the docs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import array_api as xp
from dualtape import pytree
from dualtape.errors import ArgumentError, DualtapeError

PAGE = Path(__file__).parents[1] / "docs" / "array_api.md"
X = np.array([[0.5, -1.5, 2.0], [3.0, 0.25, -0.75]])
Y = np.array([[2.0, 0.5, -1.0], [1.5, -2.5, 4.0]])
UNIT = X / 4
M, N = np.array([[5, -3, 0], [7, 2, 1]]), np.array([[1, 2, 3], [2, 1, 1]])
B, C = X > 0, Y > 0
V = np.array([3.0, 1.0, 2.0, 1.0])

Call = Callable[[Any], Any]
# The standard's functions, with the arguments that NumPy and this library are given.
CALLS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("abs", "atan", "asinh", "ceil", "cos", "exp", "expm1", "floor", "isfinite", "isinf"), (X,)),
    **dict.fromkeys(("isnan", "negative", "positive", "reciprocal", "round", "sign", "signbit", "sin"), (X,)),
    **dict.fromkeys(("square", "tan", "tanh", "trunc", "cosh", "sinh", "count_nonzero", "nonzero"), (X,)),
    **dict.fromkeys(("acos", "asin", "atanh"), (UNIT,)),
    **dict.fromkeys(("acosh", "log", "log1p", "log2", "log10", "sqrt"), (np.abs(X) + 1,)),
    **dict.fromkeys(("add", "atan2", "copysign", "divide", "equal", "floor_divide", "greater"), (X, Y)),
    **dict.fromkeys(("greater_equal", "hypot", "less", "less_equal", "logaddexp", "maximum", "minimum"), (X, Y)),
    **dict.fromkeys(("multiply", "nextafter", "not_equal", "remainder", "subtract", "vecdot"), (X, Y)),
    **dict.fromkeys(("bitwise_and", "bitwise_or", "bitwise_xor"), (M, N)),
    **dict.fromkeys(("bitwise_left_shift", "bitwise_right_shift"), (M, N)),
    **dict.fromkeys(("logical_and", "logical_or", "logical_xor"), (B, C)),
    **dict.fromkeys(("all", "any"), (B,)),
    **dict.fromkeys(("sum", "prod", "mean", "max", "min", "argmax", "argmin", "std", "var"), (X,)),
    **dict.fromkeys(("ones_like", "zeros_like", "matrix_transpose", "flip", "diff", "sort", "argsort"), (X,)),
    **dict.fromkeys(("tril", "triu", "broadcast_arrays", "meshgrid", "unstack"), (X,)),
    **dict.fromkeys(("unique_all", "unique_counts", "unique_inverse", "unique_values", "cumulative_sum"), (V,)),
    "cumulative_prod": (V,), "bitwise_invert": (M,), "logical_not": (B,), "pow": (np.abs(X), Y), "clip": (X, -1.0, 1.0),
    "where": (B, X, Y), "matmul": (X, Y.T), "tensordot": (X, Y), "concat": ([X, Y],), "stack": ([X, Y],),
    "expand_dims": (X,), "moveaxis": (X, 0, 1), "permute_dims": (X, (1, 0)), "repeat": (X, 2), "reshape": (X, (3, 2)),
    "roll": (X, 1), "squeeze": (X[None], 0), "tile": (X, (2, 1)), "broadcast_to": (V, (2, 4)),
    "take": (V, np.array([2, 0])), "take_along_axis": (X, np.array([[0], [2]])), "searchsorted": (np.sort(V), X),
    "asarray": (X,),
    "arange": (1, 7, 2), "linspace": (0.0, 1.0, 5), "eye": (2, 3), "full": ((2, 3), 1.5), "full_like": (X, 2.5),
    "ones": ((2, 3),), "zeros": ((2, 3),), "astype": (X,), "from_dlpack": (X,),
}  # fmt: skip
KEYWORDS: dict[str, dict[str, Any]] = {
    "expand_dims": {"axis": 0}, "linspace": {"endpoint": False}, "eye": {"k": 1}, "sum": {"axis": 0, "keepdims": True},
    "tensordot": {"axes": 2}, "diff": {"n": 2}, "std": {"correction": 1.0}, "var": {"axis": 1}, "sort": {"axis": 0},
    "stack": {"axis": 1}, "roll": {"axis": 0}, "flip": {"axis": 1}, "tril": {"k": -1}, "concat": {"axis": None},
    "cumulative_sum": {"include_initial": True}, "cumulative_prod": {"include_initial": True},
    "take_along_axis": {"axis": 1}, "searchsorted": {"side": "right"}, "unstack": {"axis": 1},
}  # fmt: skip
# Their results have no values to compare, or NumPy has another signature.
OTHERS = {
    "empty", "empty_like", "finfo", "iinfo", "isdtype", "result_type", "can_cast", "__array_namespace_info__",
}  # fmt: skip
STANDARD = CALLS.keys() | OTHERS | {"conj", "imag", "real", "complex64", "complex128", "linalg", "fft"}


def leaves(x: Any) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in pytree.leaves(list(x) if isinstance(x, (tuple, list)) else x)]


@pytest.mark.parametrize("name", CALLS)
def test_value_is_numpys(name: str) -> None:
    args, keywords = CALLS[name], KEYWORDS.get(name, {})
    to_tensors = lambda x: dt.Tensor(x) if isinstance(x, np.ndarray) else x
    if name == "astype":
        assert xp.astype(dt.Tensor(X), xp.float32).dtype is dt.float32
        return
    got = leaves(getattr(xp, name)(*pytree.map(to_tensors, args), **keywords))
    expected = leaves(getattr(np, name)(*args, **keywords))
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        assert (a.shape, a.dtype.kind) == (b.shape, b.dtype.kind)
        np.testing.assert_allclose(a, b, rtol=1e-6 if a.dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("name", sorted(STANDARD))
def test_standards_names_are_there(name: str) -> None:
    assert hasattr(xp, name)
    assert name in dir(xp)
    assert hasattr(np, name) or name in OTHERS


def test_the_page_speaks_of_names_that_are_there() -> None:
    text = PAGE.read_text(encoding="utf-8")
    section = re.search(r"^## There, with a difference\n(.*?)(?=^## )", text, re.M | re.S)
    assert section
    for name in re.findall(r"^\| `(\w+)`", section[1], re.M):
        assert hasattr(xp, name), name


def test_tensors_name_their_namespace() -> None:
    x = dt.Tensor(X)
    assert x.__array_namespace__() is xp
    assert x.__array_namespace__(api_version="2023.12") is xp
    with pytest.raises(ArgumentError, match=r"`api_version` 2099\.12"):
        x.__array_namespace__(api_version="2099.12")
    np.testing.assert_array_equal(x.mT.asnumpy(), X.T)
    assert x.to_device("host").device is x.device
    with pytest.raises(DualtapeError, match="`mT` takes a Tensor of two axes"):
        _ = dt.Tensor([1.0]).mT
    with pytest.raises(AttributeError, match=r"docs/array_api\.md"):
        xp.einsum  # noqa: B018


def test_a_function_of_any_library_is_differentiated() -> None:
    def softmax(x: Any) -> Any:
        space = x.__array_namespace__()
        powers = space.exp(x - space.max(x, axis=-1, keepdims=True))
        return powers / space.sum(powers, axis=-1, keepdims=True)

    x = dt.Tensor(X)
    np.testing.assert_allclose(softmax(x).asnumpy(), softmax(X), rtol=1e-14)
    dt.testing.check_derivatives(softmax, x)
    np.testing.assert_allclose(dt.jit(softmax)(x).asnumpy(), softmax(X), rtol=1e-14)


def test_types() -> None:
    assert xp.isdtype(xp.float32, "real floating")
    assert xp.isdtype(xp.int8, ("bool", "signed integer"))
    assert not xp.isdtype(xp.uint8, "signed integer")
    assert xp.isdtype(xp.bool, xp.bool)
    assert xp.result_type(dt.Tensor([1, 2]), xp.int8, 1) is xp.int64
    assert xp.can_cast(xp.int8, xp.int32)
    assert not xp.can_cast(xp.int32, xp.int8)
    assert xp.finfo(dt.Tensor(X)).eps == np.finfo(np.float64).eps
    assert (xp.iinfo(xp.int8).min, xp.iinfo(xp.uint64).max) == (-128, 2**64 - 1)
    info = xp.__array_namespace_info__()
    assert info.default_dtypes()["real floating"] is xp.float32
    assert set(info.dtypes(kind="unsigned integer")) == {"uint8", "uint16", "uint32", "uint64"}
    assert info.default_device() in info.devices()
    assert info.capabilities()["boolean indexing"]
    for wrong in (lambda: xp.finfo(xp.int8), lambda: xp.iinfo(xp.float32), lambda: xp.isdtype(xp.int8, "number")):
        with pytest.raises(ArgumentError):
            wrong()


def test_numbers_keep_their_digits_in_float64() -> None:
    """Not by way of Float32, which has no 2^24 + 1."""
    for data in (16777217.0, [16777217.0], [[0.1]], np.array([0.1]), 2**40 + 1, True):
        got = xp.asarray(data, dtype=xp.float64).asnumpy()
        assert got.dtype == np.float64
        np.testing.assert_array_equal(got, np.asarray(data, np.float64))
    assert xp.asarray([dt.Tensor(1.5), 2], dtype=xp.float64).tolist() == [1.5, 2.0]
    assert xp.asarray([0, 2], dtype=xp.bool).tolist() == [False, True]
    got = xp.linspace(0.0, 825838400127683.0, 248, dtype=xp.float64, endpoint=False).asnumpy()
    np.testing.assert_array_equal(got, np.linspace(0.0, 825838400127683.0, 248, endpoint=False))
    assert xp.linspace(0.0, 1.0, 0, endpoint=False).shape == (0,)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint8, np.uint64])
def test_integers_where_functions_are_of_floats(dtype: type) -> None:
    x = np.array([[5, 0, 7], [3, 200, 1]]).astype(dtype)
    for name in ("ceil", "floor", "round", "trunc", "sign", "isfinite", "isinf", "isnan"):
        got, expected = getattr(xp, name)(dt.Tensor(x)).asnumpy(), getattr(np, name)(x)
        assert got.dtype == (expected.dtype if expected.dtype == bool else dtype)
        np.testing.assert_array_equal(got, expected)
    for name in ("sum", "prod", "cumulative_sum", "cumulative_prod"):
        got, expected = (getattr(space, name)(a, axis=1) for space, a in ((xp, dt.Tensor(x)), (np, x)))
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got.asnumpy(), expected)
    got = xp.vecdot(dt.Tensor(x), dt.Tensor(x))
    assert got.dtype == dtype
    np.testing.assert_array_equal(got.asnumpy(), np.vecdot(x, x))


SQUARE = X @ X.T + np.eye(2)
Z = X + 1j * Y
# The functions of the extensions, with the arguments and keywords that NumPy and this library are given.
EXTENSIONS: dict[str, dict[str, tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "linalg": {
        **{name: ((SQUARE,), {}) for name in ("cholesky", "det", "eigvalsh", "inv", "matrix_rank", "slogdet")},
        **{name: ((X,), {}) for name in ("matrix_norm", "matrix_rank", "matrix_transpose", "pinv", "svdvals", "trace")},
        "cross": ((X.T, Y.T), {"axis": 0}), "diagonal": ((X,), {"offset": 1}), "eigh": ((SQUARE,), {}),
        "matmul": ((X, Y.T), {}), "matrix_power": ((SQUARE, 3), {}), "outer": ((V, V), {}),
        "qr": ((X.T,), {"mode": "reduced"}), "solve": ((SQUARE, X), {}), "svd": ((X,), {"full_matrices": False}),
        "tensordot": ((X, Y), {"axes": 2}), "vecdot": ((X, Y), {}), "vector_norm": ((X,), {"axis": 1, "ord": 3}),
    },
    "fft": {
        **{name: ((Z,), {}) for name in ("fft", "ifft", "fftn", "ifftn", "irfft", "irfftn", "hfft")},
        **{name: ((X,), {"norm": "ortho"}) for name in ("rfft", "rfftn", "ihfft")},
        **{name: ((Z,), {"axes": 1}) for name in ("fftshift", "ifftshift")},
        **{name: ((5,), {"d": 0.5}) for name in ("fftfreq", "rfftfreq")},
    },
}  # fmt: skip


@pytest.mark.parametrize(("extension", "name"), [(e, name) for e, calls in EXTENSIONS.items() for name in calls])
def test_extensions_are_numpys(extension: str, name: str) -> None:
    """Up to the signs of vectors, which are a convention."""
    args, keywords = EXTENSIONS[extension][name]
    to_tensors = lambda x: dt.Tensor(x) if isinstance(x, np.ndarray) else x
    got = leaves(getattr(getattr(xp, extension), name)(*pytree.map(to_tensors, args), **keywords))
    expected = leaves(getattr(getattr(np, extension), name)(*args, **keywords))
    assert len(got) == len(expected)
    of = np.abs if name in ("eigh", "qr", "svd") else np.asarray
    for a, b in zip(got, expected, strict=True):
        assert (a.shape, a.dtype.kind) == (b.shape, b.dtype.kind)
        np.testing.assert_allclose(of(a), of(b), rtol=1e-6 if a.dtype == np.float32 else 1e-12, atol=1e-14)


def test_complex_numbers() -> None:
    z = dt.Tensor(Z)
    assert xp.isdtype(z.dtype, "complex floating")
    assert xp.isdtype(xp.complex64, "numeric")
    assert not xp.isdtype(z.dtype, "real floating")
    assert xp.finfo(xp.complex64).eps == np.finfo(np.float32).eps
    info = xp.__array_namespace_info__()
    assert info.default_dtypes()["complex floating"] is xp.complex64
    assert set(info.dtypes(kind="complex floating")) == {"complex64", "complex128"}
    for name in ("conj", "imag", "real", "sum", "exp", "abs"):
        np.testing.assert_allclose(getattr(xp, name)(z).asnumpy(), getattr(np, name)(Z), rtol=1e-14)
    np.testing.assert_allclose(xp.vecdot(z, dt.Tensor(Y + 0j)).asnumpy(), np.vecdot(Z, Y + 0j), rtol=1e-14)


def test_a_correction_may_be_any_number() -> None:
    for correction in (0.5, -1.5, 2.25):
        for name in ("var", "std"):
            got = getattr(xp, name)(dt.Tensor(X), axis=1, correction=correction)
            expected = getattr(np, name)(X, axis=1, correction=correction)
            np.testing.assert_allclose(got.asnumpy(), expected, rtol=1e-14)
            # None of 3 elements are left to divide by.
            assert np.isnan(getattr(xp, name)(dt.Tensor(X), axis=1, correction=3 + correction**2).asnumpy()).all()
    dt.testing.check_derivatives(lambda x: xp.std(x, correction=0.5), dt.Tensor(X))


def test_each_element_is_repeated_as_often_as_a_tensor_says() -> None:
    for counts, axis in ((np.array([2, 0]), 0), (np.array([1, 0, 3]), 1), (np.array([0, 1, 2, 3, 0, 1]), None),
                         (np.array([2]), 1), (np.array(3), 0), (np.array([0, 0]), 0)):  # fmt: skip
        got = xp.repeat(dt.Tensor(X), dt.Tensor(counts), axis=axis)
        np.testing.assert_array_equal(got.asnumpy(), np.repeat(X, counts, axis))
    slope = dt.grad(lambda x: xp.repeat(x, dt.Tensor([1, 0, 3, 2])).sum())(dt.Tensor(V))
    assert slope.tolist() == [1, 0, 3, 2]


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "max", "min", "var", "std", "all", "any", "count_nonzero"])
@pytest.mark.parametrize("keepdims", [True, False])
def test_no_axes_are_none_of_them(name: str, keepdims: bool) -> None:
    got = getattr(xp, name)(dt.Tensor(X), axis=(), keepdims=keepdims).asnumpy()
    np.testing.assert_array_equal(got, getattr(np, name)(X, axis=(), keepdims=keepdims))


def test_arguments_are_read() -> None:
    for wrong in (
        lambda: xp.result_type(1.0),
        lambda: xp.var(dt.Tensor(X), correction=dt.Tensor(0.5)),
        lambda: xp.repeat(dt.Tensor(V), dt.Tensor([1, 2, 3])),
        lambda: xp.repeat(dt.Tensor(V), dt.Tensor([1, 2, 3, -1])),
        lambda: xp.repeat(dt.Tensor(V), dt.Tensor([1, 2, 3, 4]), axis=1),
        lambda: xp.cumulative_sum(dt.Tensor(X)),
        lambda: xp.vecdot(dt.Tensor(X), dt.Tensor(Y), axis=1),
        lambda: xp.vecdot(dt.Tensor(X), dt.Tensor(X[:, :1])),
        lambda: xp.vecdot(dt.Tensor(X), dt.Tensor(1.0)),
    ):
        with pytest.raises(DualtapeError):
            wrong()
    assert xp.sum(dt.Tensor(M), dtype=xp.float64).dtype is xp.float64
    assert xp.zeros(2, device="host").device.name == "host"
    assert xp.full(2, True).dtype is xp.bool
    assert isinstance(xp.meshgrid(dt.Tensor(V)), list)
    assert set(xp.__array_namespace_info__().dtypes(kind="real floating")) == {"float32", "float64"}
    np.testing.assert_array_equal(xp.diff(dt.Tensor(V), prepend=dt.Tensor([0.0])).asnumpy(), np.diff(V, prepend=0))
    assert xp.clip(dt.Tensor(V)).tolist() == V.tolist()
