"""First derivatives of the host's functions of matrices, both ways, by differences of high order and by convention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape.primitives import CATALOGUE, linear_systems
from primitives.matrices import conditioned, h, parts

# Weights of a central difference of order 8, for steps of 1.
WEIGHTS = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}
STEP = 4e-3

SQUARES = ((3, 3), (2, 1, 2, 2), (2, 1, 1))
SHAPES: dict[str, tuple[tuple[int, ...], ...]] = {
    **dict.fromkeys(
        ("cholesky", "eigh", "expm", "lu", "determinant", "cofactors", "sign_and_logarithm", "inverse"), SQUARES
    ),
    "qr": ((3, 3), (2, 1, 3, 2), (1, 1)),
    "symmetric_eigenvalues": SQUARES,
    **dict.fromkeys(("svd", "pinv", "singular_values"), ((3, 3), (2, 1, 3, 2), (2, 2, 3), (1, 1))),
}
PARAMS = {"pinv": {"rcond": 1e-6}}
KINDS = (np.float64, np.complex128)


def difference(name: str, x: Sequence[np.ndarray], v: Sequence[np.ndarray], params: dict[str, Any]) -> np.ndarray:
    """The derivative of the host's function along ``v``."""
    at = lambda k: CATALOGUE[name].numpy(*(a + k * STEP * b for a, b in zip(x, v, strict=True)), **params)
    return np.asarray(sum(w * (at(k) - at(-k)) for k, w in WEIGHTS.items()) / STEP)


def assert_both_ways(name: str, x: Sequence[np.ndarray], which: Sequence[int], params: dict[str, Any]) -> None:
    """Forward mode is the difference, and reverse mode its transpose, in the inputs of these numbers."""
    v = [conditioned(x[i].shape, x[i].dtype.type, 7) if i in which else np.zeros_like(x[i]) for i in range(len(x))]
    given = [dt.Tensor(a) for a in x]

    def f(*some: Any) -> Any:
        inputs = list(given)
        for i, a in zip(which, some, strict=True):
            inputs[i] = a
        return CATALOGUE[name](*inputs, **params)

    at, along = ([each[i] for i in which] for each in (given, [dt.Tensor(a) for a in v]))
    tangent = dt.jvp(f, tuple(at), tuple(along))[1].asnumpy()
    expected = difference(name, x, v, params)
    size = max(np.abs(expected).max(initial=0), 1.0)
    np.testing.assert_allclose(tangent, expected, rtol=0, atol=2e-9 * size)
    w = conditioned((*tangent.shape, 1, 1), tangent.dtype.type, 8)[..., 0, 0]
    pulled = dt.vjp(f, *at)[1](dt.Tensor(w))
    backward = sum(np.vdot(a.asnumpy(), b.asnumpy()).real for a, b in zip(pulled, along, strict=True))
    np.testing.assert_allclose(backward, np.vdot(w, tangent).real, rtol=1e-9, atol=1e-9 * size)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SHAPES)
def test_matrix_function_has_the_slopes_of_differences(name: str, kind: type) -> None:
    for shape in SHAPES[name]:
        x = conditioned(shape, kind, 3)
        # Factors are of rows that change places, in a circle.
        given = np.roll(x, 1, axis=-2) if name == "lu" else x
        assert_both_ways(name, [given], [0], PARAMS.get(name, {}))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("name", ["solve"])
def test_system_has_the_slopes_of_differences(name: str, kind: type, transposed: bool) -> None:
    for shapes in (((3, 3), (3, 2)), ((2, 2), (3, 2, 1)), ((2, 2, 2), (2, 1))):
        a, b = conditioned(shapes[0], kind), conditioned(shapes[1], kind)
        for which in ([0], [1], [0, 1]):
            assert_both_ways(name, [a, b], which, {"transposed": transposed})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["least_squares"])
def test_least_squares_have_the_slopes_of_differences(name: str, kind: type) -> None:
    for shapes in (((4, 2), (4, 3)), ((2, 4), (3, 2, 1)), ((2, 3, 2), (3, 1))):
        a, b = conditioned(shapes[0], kind), conditioned(shapes[1], kind)
        for which in ([0], [1], [0, 1]):
            assert_both_ways(name, [a, b], which, {"rcond": 1e-6})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("name", ["solve_triangular"])
def test_triangular_system_has_the_slopes_of_differences(name: str, kind: type, transposed: bool) -> None:
    for shapes in (((3, 3), (3, 2)), ((2, 2), (3, 2, 1)), ((2, 2, 2), (2, 1))):
        x = [conditioned(shape, kind) for shape in shapes]
        for which, lower, unit in (
            ([0], False, True),
            ([1], True, False),
            ([0, 1], False, False),
            ([0, 1], True, True),
        ):
            assert_both_ways(name, x, which, {"lower": lower, "unit": unit, "transposed": transposed})


def moved(name: str, x: np.ndarray, change: np.ndarray) -> np.ndarray:
    """The tangent of a function of one matrix along ``change``."""
    f = lambda a: CATALOGUE[name](a, **PARAMS.get(name, {}))
    return dt.jvp(f, dt.Tensor(x), dt.Tensor(change))[1].asnumpy()


@pytest.mark.parametrize("name", SHAPES)
def test_slopes_of_each_matrix_are_those_of_one(name: str) -> None:
    """Under `vmap`, where the sizes of the matrices have nothing in common."""
    kind = np.complex128 if name in ("sign_and_logarithm", "svd", "eigh") else np.float64
    rows, columns = SHAPES[name][1][-2:]
    x, change = conditioned((3, rows, columns), kind, 3), conditioned((3, rows, columns), kind, 7)
    sizes = np.array([1.0, 1e20, 1e-20])[:, None, None] if name in ("eigh", "svd") else np.ones((3, 1, 1))
    x, change = x * sizes, change * sizes
    f = lambda a, v: dt.jvp(lambda z: CATALOGUE[name](z, **PARAMS.get(name, {})), a, v)[1]
    together = dt.vmap(f)(dt.Tensor(x), dt.Tensor(change)).asnumpy()
    for i in range(3):
        np.testing.assert_allclose(together[i], moved(name, x[i], change[i]), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ["lu"])
def test_factors_and_permutation_have_the_shape_of_the_matrix(name: str) -> None:
    packed = CATALOGUE[name](dt.Tensor(conditioned((2, 3, 3), np.float64)))
    for shapes in (linear_systems.split_factors(packed), dt.eval_shape(linear_systems.split_factors, packed)):
        assert [x.shape for x in shapes] == [(2, 3, 3)] * 3


@pytest.mark.parametrize("name", ["eigh"])
@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("size", [1.0, 2.0**60, 2.0**-60])
def test_eigenvalues_count_as_one_within_4_n_units_of_rounding(name: str, n: int, size: float) -> None:
    """Of the largest magnitude, which a negative one may have."""
    eps = float(np.finfo(float).eps)
    change = np.zeros((n, n))
    change[0, 1] = change[1, 0] = 1.0
    for units, apart in ((4 * n - 1, False), (4 * n, False), (4 * n + 2, True)):
        x = np.diag([-1.0, -1.0 + units * eps, 0.25][:n]) * size
        _, vectors = parts(moved(name, x, change * size), (n,), (n, n))
        assert (np.abs(vectors).max() > 1e10) == apart
        if apart:
            np.testing.assert_allclose(vectors[:2, :2], [[0, 1 / (units * eps)], [-1 / (units * eps), 0]])


@pytest.mark.parametrize("name", ["eigh"])
@pytest.mark.parametrize("seed", range(8))
def test_of_equal_elements_the_one_stays_real_that_is(name: str, seed: int) -> None:
    """Of the first two of both first vectors, which are of one length, rounding makes either the largest."""
    phases = np.exp(1j * np.random.default_rng(seed).uniform(0, 6, 3))
    x = np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 5.0]]) * phases[:, None] * phases.conj()
    x = (x + h(x)) / 2
    change = conditioned((3, 3), np.complex128, 5)
    change = change + h(change)
    values, vectors = parts(CATALOGUE[name].numpy(x), (3,), (3, 3))
    rates, turns = parts(moved(name, x, change), (3,), (3, 3))
    kept = vectors.real.argmax(0)
    np.testing.assert_allclose(turns[kept, range(3)].imag, 0, atol=1e-14)
    assert not rates.imag.any()
    np.testing.assert_allclose(change @ vectors + x @ turns, turns * values + vectors * rates, atol=1e-13)


@pytest.mark.parametrize("name", ["eigh"])
@pytest.mark.parametrize(("off", "first"), [(4e-7, True), (4e-6, False)])
def test_elements_count_as_equal_within_a_millionth(name: str, off: float, first: bool) -> None:
    change = conditioned((2, 2), np.complex128, 5)
    change = change + h(change)
    vectors = np.array([[1, -1 - off], [1 + off, 1]]) / np.sqrt(2) + 0j
    output = np.concatenate([[1.0, 3.0], vectors.ravel()])
    given = [[dt.Tensor(change)], [dt.Tensor(np.eye(2) + 0j)], dt.Tensor(output)]
    _, turns = parts(CATALOGUE[name].tangent(*given).asnumpy(), (2,), (2, 2))  # type: ignore[attr-defined]
    kept = turns[0 if first else 1, 0]
    assert abs(kept.imag) < 1e-15
    assert np.abs(turns[:, 0].imag).max() > 1e-7


@pytest.mark.parametrize("name", ["cofactors"])
def test_cofactors_of_a_singular_matrix_have_no_slope(name: str) -> None:
    assert not np.isfinite(moved(name, np.diag([1.0, 0.0]), np.ones((2, 2)))).all()


@pytest.mark.parametrize("name", ["determinant"])
def test_the_determinant_of_a_singular_matrix_has_one(name: str) -> None:
    change = conditioned((3, 3), np.float64)
    np.testing.assert_allclose(moved(name, np.diag([2.0, 0.0, 3.0]), change), 6 * change[1, 1], rtol=1e-13)
    assert moved(name, np.diag([2.0, 0.0, 0.0]), change) == 0
