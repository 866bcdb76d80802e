"""Linear systems on the host: in every type and order of memory, with factors that fit and others; refusals."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape as dt
from dualtape.core.spec import Spec
from dualtape.errors import ShapeError
from dualtape.primitives import CATALOGUE, factors
from primitives.matrices import TYPES, Close, conditioned, t


def systems() -> list[tuple[np.ndarray, np.ndarray]]:
    """Matrices and right-hand sides, in both orders of memory, of shapes that broadcast, and of none."""
    shapes = (
        ((3, 3), (3, 2)),
        ((2, 3, 3), (3, 1)),
        ((2, 3, 3), (4, 2, 3, 1)),
        ((2, 2), (3, 2, 1)),
        ((2, 1, 2, 2), (3, 2, 2)),
        ((1, 1), (1, 1)),
    )
    found = [(conditioned(a, kind), conditioned(b, kind, 1)) for kind in TYPES for a, b in shapes]
    empty = (((0, 0), (0, 2)), ((3, 3), (3, 0)), ((0, 3, 3), (3, 2)), ((2, 1, 0, 0), (3, 0, 1)))
    found += [(conditioned(a, np.float64), conditioned(b, np.float64)) for a, b in empty]
    a, b = conditioned((4, 4), np.float64), conditioned((4, 3), np.float64)
    return [*found, (np.asfortranarray(a), b), (a, np.asfortranarray(b)), (a[::2, ::2], b[::2])]


def assert_is_inferred(name: str, found: np.ndarray, arrays: tuple[np.ndarray, ...], **params: float) -> None:
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
def test_systems_are_solved_with_factors_of_their_matrices_and_without(name: str, transposed: bool) -> None:
    for a, b in systems():
        wide = np.result_type(a, np.float32)
        a = -a[..., [*range(1, a.shape[-1]), 0][: a.shape[-1]], :]  # its rows change places, in a circle
        kept = [factors.factored(a)] if a.size else []
        for given in ((), *((x,) for packed in kept for x in (packed, packed * 0))):
            found = CATALOGUE[name].numpy(a, b, *given, transposed=transposed)
            product = (t(a) if transposed else a).astype(wide) @ found.astype(wide)
            assert_is_inferred(name, found, (a, b), transposed=transposed)
            Close(b.dtype)(product, np.broadcast_to(b, product.shape))


@pytest.mark.parametrize("name", ["lu_of_transposed"])
def test_factors_have_the_shape_that_is_inferred(name: str) -> None:
    for a, _ in systems():
        if a.size:
            x = dt.Tensor(a)
            found = CATALOGUE[name](x)
            assert CATALOGUE[name].infer(Spec(a.shape, x.dtype)) == Spec(found.shape, found.dtype)
    with pytest.raises(ShapeError, match="`solve` takes square matrices"):
        CATALOGUE[name].infer(Spec((2, 3), dt.float32))


@pytest.mark.parametrize("name", ["solve"])
@pytest.mark.parametrize("factored", [False, True])
def test_a_system_of_what_is_not_finite_is_nan(name: str, factored: bool) -> None:
    a, b = conditioned((2, 3, 3), np.float64), conditioned((3, 2), np.float64)
    given = (factors.factored(a),) if factored else ()
    a[1, 2, 0] = np.inf
    found = CATALOGUE[name].numpy(a, b, *given, transposed=False)
    np.testing.assert_allclose(found[0], np.linalg.solve(a[0], b), rtol=1e-12)
    assert np.isnan(found[1]).all()
    # With which LAPACK's solution would be finite, and among more than one axis of others.
    a = np.array([np.diag([np.inf, 1.0, 1.0]), np.eye(3)])[:, None]
    found = CATALOGUE[name].numpy(a, b, *([factors.factored(a)] if factored else []), transposed=False)
    assert np.isnan(found).all((1, 2, 3)).tolist() == [True, False]


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
    if name == "solve_triangular":
        params |= {"lower": True, "unit": False}
    with pytest.raises(ShapeError, match=f"`{name}` {words}"):
        CATALOGUE[name].infer(*inputs, **params)


@pytest.mark.parametrize("name", ["solve_triangular"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_singular_triangle_is_named(name: str, place: int) -> None:
    matrix = np.diag(np.arange(3) != place).astype(float)
    with pytest.raises(np.linalg.LinAlgError, match=f"element {place} of a triangle's diagonal is 0"):
        CATALOGUE[name].numpy(matrix, np.ones((3, 1)), lower=True, unit=False, transposed=False)


@pytest.mark.parametrize("name", ["solve_triangular"])
def test_a_triangle_with_a_diagonal_of_ones_has_no_other(name: str) -> None:
    a, b = conditioned((9, 3, 3), np.float64), conditioned((9, 3, 1), np.float64)
    a[..., 1, 1] = 0
    found = CATALOGUE[name].numpy(a, b, lower=True, unit=True, transposed=False)
    np.testing.assert_allclose((np.tril(a, -1) + np.eye(3)) @ found, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["solve"])
def test_a_matrix_whose_image_is_infinite_may_be_finite(name: str) -> None:
    a, b = np.array([[1.0, 1.7], [-1.0, 1.0]]) * 1e308, np.array([[1.0], [2.0]]) * 1e300
    found = CATALOGUE[name].numpy(a, b, factors.factored(a), transposed=False)
    np.testing.assert_allclose(found, np.linalg.solve(a / 1e308, b / 1e300) * 1e-8, rtol=1e-12)


@pytest.mark.parametrize("name", ["least_squares"])
@pytest.mark.parametrize("kind", TYPES)
def test_least_squares_leave_nothing_along_the_columns(name: str, kind: type) -> None:
    for shapes in (((4, 2), (4, 3)), ((2, 4), (2, 1)), ((2, 4, 2), (4, 1)), ((4, 2), (3, 4, 1))):
        a, b = conditioned(shapes[0], kind), conditioned(shapes[1], kind)
        found = CATALOGUE[name].numpy(a, b, rcond=1e-3)
        assert_is_inferred(name, found, (a, b), rcond=1e-3)
        wide = np.result_type(a, np.float32)
        left_over = a.astype(wide) @ found.astype(wide) - b.astype(wide)
        Close(b.dtype)(t(a.astype(wide).conj()) @ left_over / 10, 0.0)


@pytest.mark.parametrize("name", ["least_squares"])
def test_least_squares_of_what_is_not_finite_are_nan(name: str) -> None:
    a, b = conditioned((3, 2), np.float64), conditioned((3, 1), np.float64)
    a[1, 0] = np.nan
    assert np.isnan(CATALOGUE[name].numpy(a, b, rcond=1e-3)).all()


@pytest.mark.parametrize("name", ["least_squares"])
@pytest.mark.parametrize(("matrix", "right"), [((3,), (3, 1)), ((3, 2), (3,)), ((3, 2), (2, 1)), ((4, 3, 2), (4, 1))])
def test_least_squares_whose_shapes_do_not_fit_are_refused(
    name: str, matrix: tuple[int, ...], right: tuple[int, ...]
) -> None:
    with pytest.raises(ShapeError, match=r"`lstsq` got a matrix of shape .* must have the same number of rows"):
        CATALOGUE[name].infer(Spec(matrix, dt.float32), Spec(right, dt.float32), rcond=1e-3)


@pytest.mark.parametrize("name", ["solve_triangular"])
def test_triangular_systems_of_float16_are_solved_in_wider_numbers(name: str) -> None:
    a = np.array([[[1, 0], [2, 4]]] * 4, np.float16)
    b = np.array([[[6e4], [0]]] * 4, np.float16)
    found = CATALOGUE[name].numpy(a, b, lower=True, unit=False, transposed=False)
    np.testing.assert_array_equal(found, np.array([[[6e4], [-3e4]]] * 4, np.float16))
