"""The host's functions of matrices by what defines them: in every type, in stacks, without elements, not finite."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import dualtape as dt
from dualtape.core.spec import Spec
from dualtape.errors import ShapeError
from dualtape.primitives import CATALOGUE, factors
from primitives.matrices import TYPES, Close, conditioned, h, parts, t

SQUARES = ((3, 3), (2, 2, 2), (1, 1), (0, 0), (2, 0, 0), (0, 3, 3), (2, 1, 4, 4))
TALL = ((3, 2), (2, 4, 1), (2, 3, 0), (0, 3, 2), (5, 3))
WIDE = ((2, 3), (2, 1, 4), (2, 0, 3), (3, 5))


def is_positive(x: np.ndarray, rounding: float) -> bool:
    return bool((np.abs(x.imag) <= rounding).all() and (x.real > 0).all())


def _cholesky(x: np.ndarray, y: np.ndarray, close: Close) -> None:
    assert not np.triu(y, 1).any()
    assert is_positive(np.diagonal(y, axis1=-2, axis2=-1), 0)
    close(y @ h(y), (x + h(x)) / 2)


def _qr(x: np.ndarray, y: np.ndarray, close: Close) -> None:
    rows, columns = x.shape[-2:]
    q, r = parts(y, (rows, columns), (columns, columns))
    close(h(q) @ q, np.eye(columns))
    close(q @ r, x)
    close(np.tril(r, -1), 0)
    assert not np.diagonal(r, axis1=-2, axis2=-1).imag.any()


def _eigh(x: np.ndarray, y: np.ndarray, close: Close) -> None:
    n = x.shape[-1]
    values, vectors = parts(y, (n,), (n, n))
    close(h(vectors) @ vectors, np.eye(n))
    close((vectors * values[..., None, :]) @ h(vectors), (x + h(x)) / 2)
    assert (np.diff(values.real) >= 0).all()
    _largest_is_positive(vectors, close)


def _largest_is_positive(vectors: np.ndarray, close: Close) -> None:
    if vectors.size:
        largest = np.take_along_axis(vectors, np.abs(vectors).argmax(-2)[..., None, :], -2)
        assert is_positive(largest, close.rounding)


def _svd(x: np.ndarray, y: np.ndarray, close: Close) -> None:
    rows, columns = x.shape[-2:]
    k = min(rows, columns)
    u, s, v = parts(y, (rows, k), (k,), (k, columns))
    close(h(u) @ u, np.eye(k))
    close(v @ h(v), np.eye(k))
    close((u * s[..., None, :]) @ v, x)
    assert (np.diff(s.real) <= 0).all()
    assert is_positive(s, 0)
    _largest_is_positive(u, close)


def _pinv(x: np.ndarray, y: np.ndarray, close: Close) -> None:
    """The equations of Penrose."""
    close(x @ y @ x, x)
    close(y @ x @ y, y)
    close(h(x @ y), x @ y)
    close(h(y @ x), y @ x)


def _lu(x: np.ndarray, y: np.ndarray, close: Close) -> None:
    n = x.shape[-1]
    order, lower, upper = (y[..., i, :, :] for i in range(3))
    close(order @ lower @ upper, x)
    np.testing.assert_array_equal(
        np.sort(order.real, -1)[..., :1, :], np.broadcast_to(np.eye(n)[-1:], x.shape)[..., :1, :]
    )
    close(np.triu(lower), np.broadcast_to(np.eye(n), x.shape))
    assert not np.tril(upper, -1).any()
    assert (np.abs(lower) <= 1.0 + close.rounding if lower.dtype.kind == "f" else np.abs(lower) <= 2).all()


def _is(reference: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray, np.ndarray, Close], None]:
    return lambda x, y, close: close(y, reference(x))


def _sign_and_logarithm(x: np.ndarray) -> Any:
    number = np.linalg.det(x)
    return np.stack([number / np.abs(number), np.log(np.abs(number))], -1)


# What each function of a matrix must be, and the parameters that it is called with.
FUNCTIONS: dict[str, tuple[Callable[[np.ndarray, np.ndarray, Close], None], dict[str, Any]]] = {
    "cholesky": (_cholesky, {}),
    "qr": (_qr, {}),
    "eigh": (_eigh, {}),
    "svd": (_svd, {}),
    "pinv": (_pinv, {"rcond": 1e-6}),
    "lu": (_lu, {}),
    "expm": (_is(lambda x: scipy.linalg.expm(x)), {}),
    "sign_and_logarithm": (_is(_sign_and_logarithm), {}),
    "determinant": (_is(np.linalg.det), {}),
    "inverse": (_is(np.linalg.inv), {}),
    "symmetric_eigenvalues": (_is(lambda x: np.linalg.eigvalsh((x + h(x)) / 2)), {}),
    "singular_values": (_is(lambda x: np.linalg.svd(x, compute_uv=False)), {}),
    "cofactors": (_is(lambda x: t(np.linalg.inv(x)) * np.linalg.det(x)[..., None, None]), {}),
}
SHAPES = {"qr": SQUARES + TALL, **dict.fromkeys(("svd", "pinv", "singular_values"), SQUARES + TALL + WIDE)}
PUBLIC = {
    "determinant": "det",
    "sign_and_logarithm": "slogdet",
    "inverse": "inv",
    "symmetric_eigenvalues": "eigvalsh",
}


def call(name: str, x: np.ndarray) -> np.ndarray:
    primitive, params = CATALOGUE[name], FUNCTIONS[name][1]
    found: dt.Tensor = primitive(dt.Tensor(x), **params)
    assert (found.shape, found.dtype) == primitive.infer(Spec(x.shape, dt.Tensor(x).dtype), **params)
    return found.asnumpy()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_matrix_function_is_what_defines_it(name: str) -> None:
    check, _ = FUNCTIONS[name]
    for shape in SHAPES.get(name, SQUARES):
        for kind in TYPES:
            x = conditioned(shape, kind)
            found = call(name, x)
            assert found.shape[: x.ndim - 2] == shape[:-2]
            wide = np.result_type(x, np.float32)
            dtype = found.dtype if found.dtype == np.float16 else wide
            check(x.astype(wide), found.astype(np.result_type(found, np.float32)), Close(dtype))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_matrices_that_are_not_finite_give_nan_and_leave_the_others(name: str, wrong: float) -> None:
    for shape in ((3, 2, 2), *{"qr": [(3, 3, 2)], "svd": [(3, 3, 2), (3, 2, 3)], "pinv": [(3, 2, 3)]}.get(name, [])):
        x = conditioned(shape, np.float64)
        expected = call(name, x)
        x[1, 0, 1] = wrong
        found = call(name, x)
        assert np.isnan(found[1]).all()
        np.testing.assert_array_equal(found[::2], expected[::2])
    assert np.isnan(call(name, x[1])).all()


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in ("qr", "svd", "pinv", "singular_values")])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (3, 2, 3), (2, 2, 3)])
def test_what_is_no_square_matrix_is_refused(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=f"`{PUBLIC.get(name, name)}` takes square matrices"):
        CATALOGUE[name].infer(Spec(shape, dt.float32))


def test_wide_matrices_have_no_factors_q_and_r() -> None:
    with pytest.raises(ShapeError, match=r"`qr` takes matrices of as many rows as columns, or more; got shape"):
        CATALOGUE["qr"].infer(Spec((2, 2, 3), dt.float32))


def test_singular_values_below_the_limit_count_as_nothing() -> None:
    x = dt.Tensor(np.diag([2.0, 1e-3, 0.0]))
    for rcond, second in ((1e-2, 0.0), (1e-4, 1e3)):
        np.testing.assert_allclose(CATALOGUE["pinv"](x, rcond=rcond).asnumpy(), np.diag([0.5, second, 0.0]), rtol=1e-12)


def test_singular_matrices_have_determinant_zero_without_a_sign() -> None:
    x = np.array([[1.0, 2.0], [2.0, 4.0]])
    for kind in (x, x + 0j):
        assert call("sign_and_logarithm", kind).tolist() == [0, -np.inf]
        assert call("determinant", kind) == 0
    np.testing.assert_allclose(call("cofactors", x), [[4.0, -2.0], [-2.0, 1.0]], rtol=1e-14)
    assert not call("cofactors", np.diag([3.0, 0.0, 0.0])).any()


@pytest.mark.parametrize("name", ["eigh"])
@pytest.mark.parametrize("turns", list(itertools.product((1.0, -1.0), repeat=2)))
def test_of_two_largest_elements_the_first_is_positive(
    name: str, turns: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = np.array([[0.6, 0.6, 0.0], [-0.6, 0.6, 0.0], [-0.5, -0.5, 1.0]])
    second = np.array([[-0.5, 0.6, 0.6], [0.6, -0.5, -0.6], [-0.6, -0.6, 0.5]])
    vectors = np.stack([first, second])
    given = vectors * [*turns, -1.0]
    monkeypatch.setattr(np.linalg, "eigh", lambda x: (np.zeros(x.shape[:-1]), given))
    _, found = parts(call(name, np.zeros((2, 3, 3))), (3,), (3, 3))
    np.testing.assert_array_equal(found, vectors)


@pytest.mark.parametrize("name", ["cholesky", "inverse"])
def test_many_small_matrices_are_no_large_one(name: str) -> None:
    x = conditioned((factors.SMALL + 6, 2, 2), np.float64)
    found = call(name, x)
    for i in (0, factors.SMALL + 5):
        np.testing.assert_allclose(found[i], call(name, x[i]), rtol=1e-13)


@pytest.mark.parametrize("name", ["qr"])
def test_a_zero_on_the_diagonal_of_r_has_no_direction(name: str) -> None:
    x = np.array([[-2.0, -2.0], [0.0, 0.0]]) + 0j
    q, r = parts(call(name, x), (2, 2), (2, 2))
    assert r[1, 1] == 0
    # And what is real keeps its sign, which LAPACK has chosen.
    for found, expected in zip((q, r), np.linalg.qr(x), strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(q @ r, x, atol=1e-15)
    np.testing.assert_allclose(h(q) @ q, np.eye(2), atol=1e-15)


@pytest.mark.parametrize("name", ["qr"])
def test_the_diagonal_of_r_is_real_whatever_lapack_makes_of_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = conditioned((2, 3, 2), np.complex128)
    x[0, :, 1] = x[0, :, 0]  # a zero on the diagonal
    q, r = np.linalg.qr(x)
    turns = np.exp(1j * np.array([0.4, -2.0]))
    monkeypatch.setattr(np.linalg, "qr", lambda x: (q * turns.conj(), r * turns[:, None]))
    found = parts(call(name, x), (3, 2), (2, 2))
    np.testing.assert_allclose(found[0] @ found[1], x, atol=1e-13)
    assert is_positive(np.diagonal(found[1], axis1=-2, axis2=-1)[1], 1e-15)
    assert np.abs(found[0].imag).max() > 0
