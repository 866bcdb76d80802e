"""The host's functions of matrices by what defines them: in every type, in stacks, without elements, not finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import dualtape as dt
from dualtape.core.spec import Spec
from dualtape.errors import ShapeError
from dualtape.primitives import CATALOGUE, linear_systems
from primitives.matrices import conditioned, h, parts, t

TYPES = (np.float16, np.float32, np.float64, np.complex64, np.complex128)
SQUARES = ((3, 3), (2, 2, 2), (1, 1), (0, 0), (2, 0, 0), (0, 3, 3), (2, 1, 4, 4))
TALL = ((3, 2), (2, 4, 1), (2, 3, 0), (0, 3, 2), (5, 3))
WIDE = ((2, 3), (2, 1, 4), (2, 0, 3), (3, 5))


def is_positive(x: np.ndarray, rounding: float) -> bool:
    return bool((np.abs(x.imag) <= rounding).all() and (x.real > 0).all())


class Close:
    """Asserts that arrays agree to some units of rounding of a type, relative to the largest magnitude."""

    def __init__(self, dtype: np.dtype) -> None:
        self.rounding = 60 * float(np.finfo(dtype).eps)

    def __call__(self, found: np.ndarray, expected: Any) -> None:
        size = max(float(np.abs(expected).max(initial=0)), 1.0)
        np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), rtol=0, atol=self.rounding * size)


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
    both, order = y[..., :n, :], y[..., n, :].real.astype(int)
    lower, upper = np.tril(both, -1) + np.eye(n), np.triu(both)
    close(lower @ upper, np.take_along_axis(x, order[..., None], -2))
    assert (np.abs(lower) <= 1.0 + close.rounding if both.dtype.kind == "f" else np.abs(lower) <= 2).all()


def _is(reference: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray, np.ndarray, Close], None]:
    return lambda x, y, close: close(y, reference(x))


def _sign(x: np.ndarray) -> Any:
    number = np.linalg.det(x)
    return number / np.abs(number)


# What each function of a matrix must be, and the parameters that it is called with.
FUNCTIONS: dict[str, tuple[Callable[[np.ndarray, np.ndarray, Close], None], dict[str, Any]]] = {
    "cholesky": (_cholesky, {}),
    "qr": (_qr, {}),
    "eigh": (_eigh, {}),
    "svd": (_svd, {}),
    "pinv": (_pinv, {"rcond": 1e-6}),
    "lu": (_lu, {}),
    "expm": (_is(lambda x: scipy.linalg.expm(x)), {}),
    "log_determinant": (_is(lambda x: np.log(np.abs(np.linalg.det(x)))), {}),
    "determinant_sign": (_is(_sign), {}),
    "determinant_phase": (_is(_sign), {}),
    "determinant": (_is(np.linalg.det), {}),
    "cofactors": (_is(lambda x: t(np.linalg.inv(x)) * np.linalg.det(x)[..., None, None]), {}),
}
SHAPES = {"qr": SQUARES + TALL, "svd": SQUARES + TALL + WIDE, "pinv": SQUARES + TALL + WIDE}


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
            if name == "determinant_sign" and np.issubdtype(kind, np.complexfloating):
                continue
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


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in ("qr", "svd", "pinv")])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (3, 2, 3), (2, 2, 3)])
def test_what_is_no_square_matrix_is_refused(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=f"`{name}` takes square matrices"):
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
    assert call("log_determinant", x) == -np.inf
    assert [call(name, x * 1) for name in ("determinant_sign", "determinant")] == [0, 0]
    assert call("determinant_phase", x + 0j) == 0
    np.testing.assert_allclose(call("cofactors", x), [[4.0, -2.0], [-2.0, 1.0]], rtol=1e-14)
    assert not call("cofactors", np.diag([3.0, 0.0, 0.0])).any()


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


# Systems


def systems() -> list[tuple[np.ndarray, np.ndarray]]:
    """Matrices and right-hand sides, in both orders of memory, of shapes that broadcast, and of none."""
    shapes = (((3, 3), (3, 2)), ((2, 3, 3), (3, 1)), ((2, 2), (3, 2, 1)), ((2, 1, 2, 2), (3, 2, 2)), ((1, 1), (1, 1)))
    found = [(conditioned(a, kind), conditioned(b, kind, 1)) for kind in TYPES for a, b in shapes]
    empty = (((0, 0), (0, 2)), ((3, 3), (3, 0)), ((0, 3, 3), (3, 2)), ((2, 1, 0, 0), (3, 0, 1)))
    found += [(conditioned(a, np.float64), conditioned(b, np.float64)) for a, b in empty]
    a, b = conditioned((4, 4), np.float64), conditioned((4, 3), np.float64)
    return [*found, (np.asfortranarray(a), b), (a, np.asfortranarray(b)), (a[::2, ::2], b[::2])]


def assert_is_inferred(name: str, found: np.ndarray, arrays: tuple[np.ndarray, ...], **params: bool) -> None:
    specs = [Spec(x.shape, dt.Tensor(x[:0]).dtype) for x in arrays]
    assert CATALOGUE[name].infer(*specs, **params) == (found.shape, specs[-1].dtype)
    assert found.dtype == arrays[-1].dtype


@pytest.mark.parametrize("name", ["solve_triangular"])
@pytest.mark.parametrize("transposed", [False, True])
def test_triangular_systems_know_one_triangle(name: str, transposed: bool) -> None:
    for a, b in systems():
        wide = np.result_type(a, np.float32)
        for lower in (False, True):
            for unit in (False, True):
                found = CATALOGUE[name].numpy(a, b, lower=lower, unit=unit, transposed=transposed)
                known = (np.tril if lower else np.triu)(a.astype(wide))
                if unit:
                    known = known - known * np.eye(a.shape[-1]) + np.eye(a.shape[-1])
                product = (t(known) if transposed else known) @ found.astype(wide)
                assert_is_inferred(name, found, (a, b), lower=lower, unit=unit, transposed=transposed)
                Close(b.dtype)(product, np.broadcast_to(b, product.shape))


@pytest.mark.parametrize("name", ["solve"])
@pytest.mark.parametrize("transposed", [False, True])
def test_systems_are_solved_with_factors_of_their_matrices(
    name: str, transposed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And others, and what cannot be an order of rows, are not used."""
    factored, made = linear_systems._factored, []
    monkeypatch.setattr(linear_systems, "_factored", lambda x: made.append(x) or factored(x))
    for a, b in systems():
        wide = np.result_type(a, np.float32)
        a = -a[..., [*range(1, a.shape[-1]), 0][: a.shape[-1]], :]  # its rows change places, in a circle
        factors = CATALOGUE["lu"].numpy(a)
        beyond = factors.copy()
        beyond[..., -1, :] += 1
        for given in (factors, factors * 0, beyond):
            made.clear()
            found = CATALOGUE[name].numpy(given, a, b, transposed=transposed)
            # In Float16 rounded ones may fit, or not.
            assert not a.size or a.dtype == np.float16 or bool(made) == (given is not factors)
            product = (t(a) if transposed else a).astype(wide) @ found.astype(wide)
            assert_is_inferred(name, found, (given, a, b), transposed=transposed)
            Close(b.dtype)(product, np.broadcast_to(b, product.shape))


@pytest.mark.parametrize("name", ["solve"])
def test_a_system_of_what_is_not_finite_is_nan(name: str) -> None:
    a, b = conditioned((2, 3, 3), np.float64), conditioned((3, 2), np.float64)
    factors = CATALOGUE["lu"].numpy(a)
    a[1, 2, 0] = np.inf
    found = CATALOGUE[name].numpy(factors, a, b, transposed=False)
    np.testing.assert_allclose(found[0], np.linalg.solve(a[0], b), rtol=1e-12)
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize("name", ["solve"])
def test_factors_fit_that_are_off_by_rounding(name: str) -> None:
    """By 64 n units of rounding of the sizes of both; what is further off is factored anew, and the solution exact."""
    eps = float(np.finfo(float).eps)
    for n in (1, 2, 3):
        for size in (0.5, 2.0**40, 2.0**-40):
            a, b = np.eye(n) * size, np.ones((n, 1))
            for off, used in ((63.9 * n, True), (64.5 * n, False)):
                factors = np.vstack([a, np.arange(n)[None]])
                factors[0, 0] += off * eps * 2 * size
                found = CATALOGUE[name].numpy(factors, a, b, transposed=False)
                assert (found[0, 0] != 1 / size) == used
                assert (found[1:] == 1 / size).all()
    # The largest element is 1 in the matrix, and 2 in its factors.
    a, b = np.array([[1.0, 1.0], [-1.0, 1.0]]), np.array([[1.0], [0.0]])
    for off, used in ((64 * 2 * 2.9, True), (64 * 2 * 3.1, False)):
        factors = np.array([[1 + off * eps, 1.0], [-1.0, 2.0], [0, 1]])
        assert (CATALOGUE[name].numpy(factors, a, b, transposed=False)[0, 0] != 0.5) == used


@pytest.mark.parametrize("name", ["solve", "solve_triangular"])
@pytest.mark.parametrize(
    ("matrix", "right", "words"),
    [
        ((3, 2), (3, 1), "takes square matrices"),
        ((3,), (3, 1), "takes square matrices"),
        ((3, 3), (3,), r"got a matrix of shape \(3, 3\) and right-hand sides of shape \(3,\): they must have 3 rows"),
        ((2, 3, 3), (2, 1), r"got a matrix of shape \(2, 3, 3\) and .* of shape \(2, 1\): they must have 3 rows"),
        ((2, 2, 2), (3, 2, 1), r"got shapes \(2,\) and \(3,\)"),
    ],
)
def test_systems_whose_shapes_do_not_fit_are_refused(
    name: str, matrix: tuple[int, ...], right: tuple[int, ...], words: str
) -> None:
    inputs, params = [Spec(matrix, dt.float32), Spec(right, dt.float32)], {"transposed": False}
    if name == "solve":
        inputs = [Spec((4, 3), dt.float32), *inputs]
    else:
        params |= {"lower": True, "unit": False}
    with pytest.raises(ShapeError, match=f"`{name}` {words}"):
        CATALOGUE[name].infer(*inputs, **params)


@pytest.mark.parametrize("name", ["solve_triangular"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_singular_triangle_is_named(name: str, place: int) -> None:
    matrix = np.diag(np.arange(3) != place).astype(float)
    with pytest.raises(np.linalg.LinAlgError, match=f"element {place} of a triangle's diagonal is 0"):
        CATALOGUE[name].numpy(matrix, np.ones((3, 1)), lower=True, unit=False, transposed=False)
