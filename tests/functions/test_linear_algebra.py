"""Functions of matrices: devices, `jit`, `vmap`, third order, conventions, and what they refuse."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.linalg

import dualtape as dt
from dualtape import pytree
from dualtape.devices.device import Device
from dualtape.errors import ArgumentError, DualtapeError, ShapeError
from dualtape.ops import linalg
from dualtape.primitives import factors, linear_systems
from functions.cases import convert
from functions.matrix_cases import CASES

NAMES = [name for name in CASES if name not in ("linalg.multi_dot",)]
each_function = pytest.mark.parametrize("name", NAMES)
A = np.array([[2.0, 0.3, -0.1], [0.2, 3.0, 0.4], [-0.3, 0.1, 4.0]])


def call(name: str, *args: Any) -> list[dt.Tensor]:
    outputs = getattr(linalg, name.removeprefix("linalg."))(*args, **CASES[name][0].kwargs)
    return [x for x in pytree.leaves(outputs) if isinstance(x, dt.Tensor)]


def floats(outputs: list[dt.Tensor]) -> Any:
    return sum((x.sum() for x in outputs if x.dtype.is_float), dt.Tensor(0.0))


@each_function
def test_jit_gives_the_same_on_a_device(name: str, kind_of_device: Device) -> None:
    args = convert(CASES[name][0].args, np.float32)
    expected = call(name, *args)
    compiled = dt.jit(lambda *x: tuple(call(name, *x)))
    for got, want in zip(compiled(*args), expected, strict=True):
        assert got.device is kind_of_device
        np.testing.assert_array_equal(got.asnumpy(), want.asnumpy())


@pytest.mark.parametrize("name", ["linalg.solve", "linalg.cholesky", "linalg.eigh", "linalg.expm", "linalg.det"])
def test_gradient_inside_jit(name: str) -> None:
    args = convert(CASES[name][0].args, np.float64)
    gradient = dt.grad(lambda *x: floats(call(name, *x)), tuple(range(len(args))) if len(args) > 1 else 0)
    for a, b in zip(pytree.leaves(dt.jit(gradient)(*args)), pytree.leaves(gradient(*args)), strict=True):
        np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-12, atol=1e-13)


@each_function
def test_vmap_is_a_loop(name: str) -> None:
    args = convert(CASES[name][0].args, np.float64)
    several = [dt.ops.stack([x, x * 1.25]) if isinstance(x, dt.Tensor) else x for x in args]
    axes = tuple(0 if isinstance(x, dt.Tensor) else None for x in args)
    mapped = dt.vmap(lambda *x: tuple(call(name, *x)), in_axes=axes)(*several)
    for i, factor in enumerate((1.0, 1.25)):
        one = call(name, *(x * factor if isinstance(x, dt.Tensor) else x for x in args))
        for got, want in zip(mapped, one, strict=True):
            np.testing.assert_allclose(got.asnumpy()[i], want.asnumpy(), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ["linalg.solve", "linalg.inv", "linalg.det", "linalg.cholesky", "linalg.qr"])
def test_gradient_of_each_example(name: str) -> None:
    args = convert(CASES[name][0].args, np.float64)
    gradient = dt.grad(lambda x: floats(call(name, x, *args[1:])))
    several = dt.ops.stack([args[0], args[0] * 1.25])
    for i, got in enumerate(dt.vmap(gradient)(several).asnumpy()):
        np.testing.assert_allclose(got, gradient(several[i]).asnumpy(), rtol=1e-12, atol=1e-13)


THIRD: dict[str, tuple[Callable[[Any], Any], Callable[[float], float]]] = {
    # Along t I: what they are as functions of a number, and its third derivative at 1.
    "inv": (linalg.inv, lambda t: -6 / t**4),
    "expm": (linalg.expm, np.exp),
    "cholesky": (linalg.cholesky, lambda t: 0.375 * t**-2.5),
}


@pytest.mark.parametrize("name", THIRD)
def test_third_order_by_jets(name: str) -> None:
    function, exact = THIRD[name]
    along = lambda t: function(t * dt.ops.eye(2, dtype=dt.float64))[0, 0]
    _, third = dt.derivative(along, dt.Tensor(np.array(1.0)), 3)
    np.testing.assert_allclose(float(third), exact(1.0), rtol=1e-12)


def _large(n: int = factors.SMALL + 1) -> np.ndarray:
    """A matrix whose factors are kept, and whose rows change places."""
    numbers = np.random.default_rng(0)
    return numbers.normal(size=(n, n)) + 4 * np.sqrt(n) * np.eye(n)[numbers.permutation(n)]


def test_the_gradient_of_a_large_system_factors_once(monkeypatch: pytest.MonkeyPatch) -> None:
    count = 0
    factored = factors._factored

    def counted(x: np.ndarray) -> Any:
        nonlocal count
        count += 1
        return factored(x)

    monkeypatch.setattr(factors, "_factored", counted)
    a = _large()
    b = dt.Tensor(np.arange(float(len(a))))
    dt.grad(lambda a: (linalg.solve(a, b) ** 2).sum())(dt.Tensor(a))
    assert count == 1
    dt.jvp(dt.grad(lambda a: (linalg.solve(a, b) ** 2).sum()), dt.Tensor(a), dt.Tensor(a))
    assert count == 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("transposed", [False, True])
def test_factors_are_those_of_the_matrix_or_not_used(dtype: type, transposed: bool) -> None:
    a = _large().astype(dtype)
    b = np.arange(2.0 * len(a)).reshape(-1, 2).astype(dtype)
    given = factors.factored(a)
    wrong = given.copy()
    wrong[-1] *= 1 + 4 * np.finfo(dtype).eps
    exact = np.linalg.solve(a.T if transposed else a, b)
    for packed in (given, wrong, factors.factored(a + 1), given * np.nan, given * 0):
        found = linear_systems.solve.numpy(a, b, packed, transposed=transposed)
        np.testing.assert_allclose(found, exact, rtol=0, atol=np.abs(exact).max() * 1e3 * np.finfo(dtype).eps)
    # That they are used is seen where they are others.
    scaled = given * 2
    scaled[-2:] = given[-2:]
    assert not np.allclose(linear_systems.solve.numpy(a, b, scaled, transposed=transposed), exact)


def test_large_systems() -> None:
    a, exact = _large(), dt.Tensor(_large())
    b = np.cos(np.arange(6.0 * len(a))).reshape(3, len(a), 2)
    np.testing.assert_allclose(linalg.solve(exact, b).asnumpy(), np.linalg.solve(a, b), rtol=1e-9)
    stack = np.stack([a, a.T])
    many = linalg.solve(dt.Tensor(stack), b[0]).asnumpy()
    np.testing.assert_allclose(many, np.linalg.solve(stack, b[0]), rtol=1e-9)
    stack[1, 0, 0] = np.inf
    assert np.isnan(linalg.solve(dt.Tensor(stack), b[0]).asnumpy()).tolist() == [
        np.zeros((len(a), 2), bool).tolist(), np.ones((len(a), 2), bool).tolist(),
    ]  # fmt: skip
    np.testing.assert_allclose(linalg.inv(exact).asnumpy(), np.linalg.inv(a), rtol=1e-9)
    definite = a @ a.T + np.eye(len(a))
    for x in (definite, definite + 0.5j * (a - a.T)):
        np.testing.assert_allclose(linalg.cholesky(dt.Tensor(x)).asnumpy(), np.linalg.cholesky(x), atol=1e-12)
        # Of another matrix it is the symmetric part.
        beside = x + (a - a.T)
        np.testing.assert_allclose(linalg.cholesky(dt.Tensor(beside)).asnumpy(), np.linalg.cholesky(x), atol=1e-12)
    a[0] = a[1]
    for function in (linalg.inv, lambda x: linalg.solve(x, b)):
        with pytest.raises(dt.errors.ArgumentError, match="Singular matrix"):
            function(dt.Tensor(a - a))
    with pytest.raises(dt.errors.ArgumentError, match="not positive definite"):
        linalg.cholesky(dt.Tensor(-definite))


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("unit", [False, True])
def test_triangles_of_a_stack_are_solved_together(lower: bool, unit: bool, transposed: bool) -> None:
    numbers = np.random.default_rng(0)
    a, b = numbers.normal(size=(3, 4, 3, 3)), numbers.normal(size=(4, 3, 2))
    found = linalg.solve_triangular(dt.Tensor(a), dt.Tensor(b), transposed, lower, unit).asnumpy()
    for i, j in np.ndindex(3, 4):
        one = linalg.solve_triangular(dt.Tensor(a[i, j]), dt.Tensor(b[j]), transposed, lower, unit)
        np.testing.assert_allclose(found[i, j], one.asnumpy(), rtol=1e-12)
    a[2, 3, 1, 1] = 0
    if not unit:
        with pytest.raises(dt.errors.ArgumentError, match="element 1 of a triangle's diagonal is 0"):
            linalg.solve_triangular(dt.Tensor(a), dt.Tensor(b), transposed, lower, unit)


def test_equal_eigenvalues_do_not_turn_into_each_other() -> None:
    """The sum of all eigenvalues, and what a whole eigenspace is projected on, have right derivatives all the same."""
    at = dt.Tensor(np.diag([1.0, 1.0, 2.0]))
    np.testing.assert_allclose(dt.grad(lambda x: linalg.eigvalsh(x).sum())(at).asnumpy(), np.eye(3), atol=1e-15)

    def onto_both(x: dt.Tensor) -> Any:
        v = linalg.eigh(x).eigenvectors[:, :2]
        return (v @ v.T)[0, 2]

    expected = np.zeros((3, 3))
    expected[0, 2] = expected[2, 0] = -0.5
    np.testing.assert_allclose(dt.grad(onto_both)(at).asnumpy(), expected, atol=1e-15)
    turned = dt.grad(lambda x: linalg.eigh(x).eigenvectors[0, 1])(at).asnumpy()
    assert turned[0, 1] == 0
    assert np.isfinite(dt.grad(lambda x: linalg.svd(x).U[0, 1])(at).asnumpy()).all()


def test_a_determinant_has_a_slope_where_it_is_zero() -> None:
    singular = np.diag([1.0, 2.0, 3.0, 0.0])
    slope = dt.grad(linalg.det)(dt.Tensor(singular)).asnumpy()
    np.testing.assert_allclose(slope, np.diag([0.0, 0.0, 0.0, 6.0]), atol=1e-14)
    second = dt.hessian(linalg.det)(dt.Tensor(np.zeros((2, 2)))).asnumpy()
    assert second[0, 0, 1, 1] == 1
    assert second[0, 1, 1, 0] == -1


@pytest.mark.parametrize("n", [2, 3])
def test_a_small_determinant_in_float32_is_within_an_ulp(n: int, kind_of_device: Device) -> None:
    """Its terms cancel here to a hundred-thousandth: products rounded to Float32 would leave no digit of it."""
    numbers = np.random.default_rng(n)
    x = numbers.normal(size=(60, n, n))
    x[:, -1] = x[:, 0] * 1.5 + numbers.normal(size=(60, n)) * 10.0 ** numbers.uniform(-5, 0, (60, 1))
    x = x.astype(np.float32)
    with mpmath.workdps(60):
        exact = [mpmath.det(mpmath.matrix(a.astype(float).tolist())) for a in x]
        for got in (linalg.det(dt.Tensor(x)), dt.jit(dt.vmap(linalg.det))(dt.Tensor(x))):
            assert got.dtype is dt.float32
            for found, expected in zip(got.asnumpy(), exact, strict=True):
                assert abs(mpmath.mpf(float(found)) - expected) <= np.spacing(np.abs(np.float32(expected)))


@pytest.mark.parametrize("n", [2, 3])
def test_a_small_determinant_in_float64_is_within_8_ulp_of_its_terms(n: int) -> None:
    numbers = np.random.default_rng(n)
    x = numbers.normal(size=(60, n, n))
    x[:, -1] = x[:, 0] * 1.5 + numbers.normal(size=(60, n)) * 10.0 ** numbers.uniform(-9, 0, (60, 1))
    found = linalg.det(dt.Tensor(x)).asnumpy()
    with mpmath.workdps(60):
        for a, value in zip(x, found, strict=True):
            exact = mpmath.det(mpmath.matrix(a.tolist()))
            terms = sum(np.prod(np.abs(a[range(n), order])) for order in itertools.permutations(range(n)))
            assert abs(mpmath.mpf(float(value)) - exact) <= 8 * np.spacing(terms)


def test_a_determinant_whose_products_leave_the_range_of_float32() -> None:
    assert float(linalg.det(dt.Tensor(np.diag([1e30, 1e30, 1e-30]).astype(np.float32)))) == np.float32(1e30)
    assert float(linalg.det(dt.Tensor(np.full((1, 1), 2.5, np.float32)))) == 2.5


@pytest.mark.parametrize("name", ["inv", "det", "cholesky", "qr", "eigh", "eigvalsh", "svd", "pinv", "slogdet", "expm"])
@pytest.mark.parametrize("shape", [(0, 0), (2, 0, 0), (0, 3, 3)])
def test_matrices_without_elements_are_numpys(name: str, shape: tuple[int, ...], capfd: Any) -> None:
    x = np.zeros(shape)
    expected = scipy.linalg.expm(x) if name == "expm" else getattr(np.linalg, name)(x)
    got = getattr(linalg, name)(dt.Tensor(x))
    wanted = pytree.leaves(tuple(expected) if isinstance(expected, tuple) else expected)
    for a, b in zip(pytree.leaves(got), wanted, strict=True):
        np.testing.assert_array_equal(np.asarray(a), b)
    assert dt.grad(lambda a: floats(pytree.leaves(getattr(linalg, name)(a))))(dt.Tensor(x)).shape == shape
    assert not "".join(capfd.readouterr()), "LAPACK has said something"


@pytest.mark.parametrize("shapes", [((0, 0), (0,)), ((0, 0), (0, 3)), ((3, 3), (3, 0)), ((0, 3, 3), (3, 2))])
def test_systems_without_elements(shapes: tuple[tuple[int, ...], tuple[int, ...]], capfd: Any) -> None:
    a = np.broadcast_to(np.eye(shapes[0][-1]), shapes[0]).copy()
    for solve in (linalg.solve, linalg.solve_triangular):
        found = solve(dt.Tensor(a), dt.Tensor(np.ones(shapes[1])))
        assert found.shape == (*shapes[0][:-2], *shapes[1])
        slope = dt.grad(lambda a, solve=solve: solve(a, dt.Tensor(np.ones(shapes[1]))).sum())(dt.Tensor(a))
        assert slope.shape == shapes[0]
    assert not "".join(capfd.readouterr()), "LAPACK has said something"


def test_the_norm_of_nothing_has_slope_zero() -> None:
    for order in (None, 1, 2, 3, np.inf):
        assert not dt.grad(lambda x, o=order: linalg.norm(x, o))(dt.Tensor([0.0, 0.0])).asnumpy().any()


def test_what_is_not_finite_gives_nan() -> None:
    x = np.stack([A, A])
    x[1, 0, 0] = np.nan
    for function in (linalg.inv, linalg.cholesky, linalg.eigvalsh, linalg.svdvals, linalg.expm, linalg.det):
        found = function(dt.Tensor(x)).asnumpy()
        np.testing.assert_array_equal(found[0], function(dt.Tensor(A)).asnumpy())
        assert np.isnan(found[1]).all()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: linalg.solve(dt.ops.ones((2, 2)), dt.ops.ones(2)), "singular"),
        (lambda: linalg.cholesky(-dt.ops.eye(2)), "positive definite"),
        (lambda: linalg.inv(dt.ops.ones((2, 3))), "square"),
        (lambda: linalg.det(dt.ops.ones(3)), "two axes"),
        (lambda: linalg.solve(dt.ops.eye(3), dt.ops.ones(2)), "vector of 3 elements"),
        (lambda: linalg.qr(dt.ops.eye(2), "complete"), "'complete'"),
        (lambda: linalg.svd(dt.ops.eye(2), full_matrices=True), "full_matrices"),
        (lambda: linalg.norm(dt.ops.eye(2), "other"), "'other'"),
        (lambda: linalg.norm(dt.ops.ones((2, 2, 2)), 1), "one axis or two"),
        (lambda: linalg.cross(dt.ops.ones(2), dt.ops.ones(3)), "3 elements"),
        (lambda: linalg.multi_dot([dt.ops.eye(2)]), "two tensors"),
        (lambda: linalg.matrix_power(dt.ops.eye(2), 1.5), "int"),
        (lambda: linalg.vander(dt.ops.eye(2)), "vector"),
    ],
)
def test_what_it_refuses_is_named(wrong: Callable[[], Any], words: str) -> None:
    with pytest.raises(DualtapeError, match=words):
        wrong()


def test_integers_become_floats_and_a_singular_matrix_names_the_function() -> None:
    assert linalg.inv(dt.Tensor([[2, 0], [0, 4]])).dtype is dt.float32
    with pytest.raises(ArgumentError, match="`inverse`: Singular matrix"):
        linalg.inv(dt.ops.zeros((2, 2)))
    with pytest.raises(ShapeError, match=r"\(2, 3\)"):
        linalg.eigh(dt.ops.zeros((2, 3)))


@pytest.mark.parametrize("function", [linalg.eigh, linalg.svd], ids=["eigh", "svd"])
def test_values_of_a_matrix_are_apart_by_its_own_size(function: Any) -> None:
    """In a stack with a matrix of another size, its derivative is the same as alone."""
    rng = np.random.default_rng(3)
    one = rng.normal(size=(2, 2))
    one, change = one + one.T, rng.normal(size=(2, 2))
    sizes = np.array([1.0, 1e24])[:, None, None]
    vectors = lambda x: function(x)[0 if function is linalg.svd else 1]
    alone = dt.jvp(vectors, dt.Tensor(one), dt.Tensor(change))[1].asnumpy()
    both = dt.jvp(vectors, dt.Tensor(one * sizes), dt.Tensor(change * sizes))[1].asnumpy()
    assert np.abs(alone).max() > 1e-3
    np.testing.assert_allclose(both, [alone, alone], rtol=1e-9)


def test_factors_with_moved_rows_of_a_stack() -> None:
    """The derivative, too, knows the order of the rows."""
    a = np.array(
        [[[0.1, 2.0, 0.3], [3.0, 0.2, 0.5], [1.0, 0.7, 4.0]], [[1.0, 0.3, 5.0], [0.2, 4.0, 1.0], [6.0, 1.0, 0.4]]]
    )
    permutation, lower, upper = linalg.lu(dt.Tensor(a))
    np.testing.assert_allclose((permutation @ lower @ upper).asnumpy(), a, rtol=1e-14)
    assert not np.array_equal(permutation.asnumpy()[0], np.eye(3))
    dt.testing.check_derivatives(lambda x: linalg.lu(x)[1:], dt.Tensor(a))
