"""Complex numbers: every function of `dualtape.ops` is NumPy's on them or refuses them, on devices and in `jit` too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops, pytree
from dualtape.errors import ArgumentTypeError, DTypeError, DualtapeError
from dualtape.testing import check_derivatives
from functions.all_cases import CASES, FUNCTIONS
from functions.cases import convert

# What NumPy has no function of complex numbers for, or a case whose reference takes the type of floats for granted.
OTHERWISE = {
    "bincount", "histogram", "linalg.cholesky", "linalg.eigh", "linalg.eigvalsh", "linalg.lstsq", "linalg.lu",
    "linalg.svd", "mse_loss", "scatter_nd", "segment_prod", "smooth_l1_loss",
}  # fmt: skip
LEAST = 95  # functions that take complex numbers

_rng = np.random.default_rng(5)
Z = _rng.uniform(-1.5, 1.5, (2, 3)) + 1j * _rng.uniform(-1.5, 1.5, (2, 3))
MATRIX = _rng.normal(size=(3, 3)) + 1j * _rng.normal(size=(3, 3)) + 3 * np.eye(3)
HERMITIAN = MATRIX @ MATRIX.conj().T


def complexified(x: Any) -> Any:
    if isinstance(x, (tuple, list)):
        return type(x)(map(complexified, x))
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        with np.errstate(all="ignore"):
            return x + 1j * (0.3 + 0.5 * np.roll(x, 1))
    return x


def test_every_function_is_that_of_numpy_or_refuses() -> None:
    taken = set()
    for name, cases in CASES.items():
        for case in cases:
            args = complexified(case.args)
            if not any(np.iscomplexobj(x) for x in pytree.leaves(args)) or name in OTHERWISE:
                continue
            try:
                got = [np.asarray(y) for y in pytree.leaves(FUNCTIONS[name](*convert(args, np.float64), **case.kwargs))]
            except DualtapeError:
                continue
            taken.add(name)
            with np.errstate(all="ignore"):
                expected = [np.asarray(y) for y in pytree.leaves(case.reference(*args))]
            assert [(y.shape, y.dtype.kind) for y in got] == [(y.shape, y.dtype.kind) for y in expected], name
            for a, b in zip(got, expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12, err_msg=name)
    assert len(taken) >= LEAST


def test_what_is_linear_takes_complex_samples() -> None:
    for ours, numpys in ((ops.gradient, np.gradient), (ops.trapezoid, np.trapezoid)):
        np.testing.assert_allclose(ours(dt.Tensor(Z[0])).asnumpy(), numpys(Z[0]), rtol=1e-14)
    with pytest.raises(DTypeError, match="`trunc` is a function of real numbers"):
        ops.trunc(dt.Tensor(Z))


# Of the kinds of rules that there are; what derivatives are made of besides is real.
SMOOTH: dict[str, Callable[[Any], Any]] = {
    "products": lambda z: 1j * z * z + z.conj() / (z + 3) - 2**z + z**3 * z ** (0.5 + 1j),
    "exponentials": lambda z: ops.exp(z) + ops.log(z) * ops.expm1(z) + ops.log1p(z) + ops.exp2(z) + ops.log10(z),
    "circular": lambda z: ops.sin(z) * ops.cos(z) + ops.tan(z * 0.5),
    "hyperbolic": lambda z: ops.sinh(z) + ops.cosh(z) * ops.tanh(z * 0.5),
    "roots": lambda z: ops.sqrt(z) + ops.rsqrt(z) + ops.reciprocal(z) + ops.square(z),
    "inverse": lambda z: ops.asin(z) + ops.atan(z * 0.3),
    "parts": lambda z: ops.abs(z) * ops.angle(z) + z.real * z.imag,
    "matrices": lambda z: (z.T @ z).sum(0),
    "moved": lambda z: ops.where(z.real > 0, ops.cumsum(z, 1), 2j)[:, ::-1] + ops.stack([z, z.conj()]).mean(0),
}


SIDES = [complex(x, y) for x in (3.0, 0.5, -0.5, -3.0) for y in (0.0, -0.0)]
INVERSE = {
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "asinh": np.arcsinh, "acosh": np.arccosh,
    "atanh": np.arctanh, "sqrt": np.sqrt, "log": np.log, "log1p": np.log1p,
}  # fmt: skip


@pytest.mark.parametrize("name", INVERSE)
def test_slopes_are_those_of_the_side_of_the_cut(name: str) -> None:
    """Along both axes, where a zero says on which side of a cut a number lies, and in all four quadrants."""
    step = 1e-6
    along = np.array([1.0] * len(SIDES) + [1j] * len(SIDES) + [1.0] * 4)
    z = np.array([*SIDES, *(complex(w.imag, w.real) for w in SIDES), 2 + 1j, 2 - 1j, -2 + 1j, -2 - 1j])

    def moved(by: float) -> np.ndarray:
        there = z.copy()
        there.real[along == 1] += by  # the other part keeps the sign of its zero
        there.imag[along == 1j] += by
        found: np.ndarray = INVERSE[name](there)
        return found

    f = getattr(ops, name)
    slopes = (moved(step) - moved(-step)) / (2 * step * along)
    given = dt.Tensor(z)
    run = lambda x: dt.jvp(f, x, ops.ones_like(x))[1]
    np.testing.assert_allclose(run(given).asnumpy(), slopes, rtol=1e-8, atol=1e-9)
    for device in dt.devices()[1:2]:
        np.testing.assert_allclose(dt.jit(run, device=device)(given.to(device)).asnumpy(), slopes, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives_along_both_parts(name: str) -> None:
    check_derivatives(SMOOTH[name], dt.Tensor(Z), order=2)


@pytest.mark.opencl
@pytest.mark.parametrize("name", SMOOTH)
def test_pairs_of_reals_are_the_host(name: str) -> None:
    f = SMOOTH[name]
    expected = f(dt.Tensor(Z)).asnumpy()
    for device in dt.devices()[1:2]:
        found = dt.jit(f, device=device)(dt.Tensor(Z, device=device)).asnumpy()
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.opencl
def test_operation_by_operation_on_a_device() -> None:
    f = lambda z: ops.exp(z[:, ::-1].T) * z.conj().T + ops.stack([z.real, z.imag]).sum()
    for device in dt.devices()[1:]:
        found = f(dt.Tensor(Z, device=device))
        assert found.device is device
        np.testing.assert_allclose(found.asnumpy(), f(dt.Tensor(Z)).asnumpy(), rtol=1e-12)


MATRICES: dict[str, tuple[np.ndarray, Callable[[Any], Any]]] = {
    "solve": (MATRIX, lambda a: ops.linalg.solve(a, a * 1j + 1)),
    "inv": (MATRIX, ops.linalg.inv),
    "det": (np.pad(MATRIX, (0, 1), constant_values=0.4 + 1j), ops.linalg.det),
    "eigh": (HERMITIAN, ops.linalg.eigh),
    "cholesky": (HERMITIAN, lambda a: ops.linalg.cholesky_solve(a, ops.linalg.cholesky(a, True), True)),
    "expm": (MATRIX, lambda a: ops.linalg.expm(a * 0.1)),
    "qr": (MATRIX[:2], ops.linalg.qr),
    "svd": (MATRIX[:, :2], ops.linalg.svd),
    "slogdet": (MATRIX, ops.linalg.slogdet),
    "lstsq": (MATRIX[:, :2], lambda a: ops.linalg.lstsq(a, a[:, :1] * 1j + 2)[:2]),
    "spread": (MATRIX, lambda a: (ops.var(a, 0, 1), ops.std(a), ops.linalg.norm(a, "nuc"), ops.linalg.cond(a))),
}


@pytest.mark.parametrize("name", MATRICES)
def test_derivatives_of_matrix_functions(name: str) -> None:
    matrix, f = MATRICES[name]
    check_derivatives(f, dt.Tensor(matrix), order=1, jit=False)


def test_decompositions_give_back_the_matrix() -> None:
    a = dt.Tensor(HERMITIAN)
    values, vectors = ops.linalg.eigh(a)
    assert values.dtype is dt.float64
    np.testing.assert_allclose(((vectors * values) @ vectors.conj().T).asnumpy(), HERMITIAN, rtol=1e-12, atol=1e-12)
    factor = ops.linalg.cholesky(a)
    np.testing.assert_allclose((factor @ factor.conj().T).asnumpy(), HERMITIAN, rtol=1e-12)
    np.testing.assert_allclose(ops.linalg.cholesky_solve(a, factor).asnumpy(), np.eye(3), atol=1e-11)


@pytest.mark.parametrize("shape", [(3, 3), (3, 2), (2, 3), (2, 3, 2)], ids=str)
def test_factors_of_any_shape_give_back_the_matrix(shape: tuple[int, ...]) -> None:
    """Largest elements of left singular vectors and the diagonal of R are real; in Complex64, too."""
    array = np.resize(MATRIX, shape)
    for kind, tolerance in ((np.complex128, 1e-13), (np.complex64, 1e-5)):
        a = dt.Tensor(array.astype(kind))
        u, s, vh = ops.linalg.svd(a)
        q, r = ops.linalg.qr(a)
        assert [x.dtype.is_complex for x in (u, s, vh, q, r)] == [True, False, True, True, True]
        for found in ((u * s[..., None, :]) @ vh, q @ r, a @ ops.linalg.pinv(a) @ a):
            np.testing.assert_allclose(found.asnumpy(), array, rtol=0, atol=10 * tolerance)
        k = min(shape[-2:])
        for each in (u, q):
            columns = each.conj().transpose((*range(len(shape) - 2), -1, -2)) @ each
            np.testing.assert_allclose(columns.asnumpy(), np.broadcast_to(np.eye(k), columns.shape), atol=tolerance)
        left = u.asnumpy()
        largest = np.take_along_axis(left, np.abs(left).argmax(-2)[..., None, :], -2)
        np.testing.assert_allclose(largest.imag, 0, atol=tolerance)
        assert (largest.real > 0).all()
        assert not np.diagonal(r.asnumpy(), axis1=-2, axis2=-1).imag.any()


@pytest.mark.parametrize("shape", [(0, 3, 3), (2, 0, 3), (2, 3, 0)], ids=str)
@pytest.mark.parametrize("kind", [np.float32, np.complex64])
def test_factors_of_nothing_are_empty(shape: tuple[int, ...], kind: type) -> None:
    array = np.zeros(shape, kind)
    found = [*ops.linalg.svd(dt.Tensor(array)), *ops.linalg.qr(dt.Tensor(array))]
    expected = [*np.linalg.svd(array, full_matrices=False), *np.linalg.qr(array)]
    assert [x.shape for x in found] == [x.shape for x in expected]


def test_a_gradient_points_to_the_steepest_ascent() -> None:
    """PyTorch's convention: d/dx + i d/dy of a real function."""
    f = lambda z: (ops.abs(z) ** 2).sum() + ops.real(z**3).sum()
    got = dt.grad(f)(dt.Tensor(Z)).asnumpy()
    np.testing.assert_allclose(got, 2 * Z + np.conj(3 * Z**2), rtol=1e-12)
    x, y = dt.grad(lambda x, y: f(ops.complex(x, y)), (0, 1))(dt.Tensor(Z.real), dt.Tensor(Z.imag))
    np.testing.assert_allclose(got, x.asnumpy() + 1j * y.asnumpy(), rtol=1e-12)
    np.testing.assert_allclose(dt.jit(dt.grad(f))(dt.Tensor(Z)).asnumpy(), got, rtol=1e-12)
    np.testing.assert_allclose(dt.vmap(dt.grad(f))(dt.Tensor(Z)).asnumpy(), got, rtol=1e-12)


def test_cotangents_of_users_are_conjugates_too() -> None:
    w = Z[::-1].copy()
    (pulled,) = dt.vjp(lambda z: z**2, dt.Tensor(Z))[1](dt.Tensor(w))
    np.testing.assert_allclose(pulled.asnumpy(), w * np.conj(2 * Z), rtol=1e-12)

    square = dt.custom_derivative(lambda z: z * z, vjp=lambda z, y, ct: (ct * ops.conj(2 * z),))
    loss = lambda g: lambda z: ops.real(g(z) * (1 + 2j)).sum()
    np.testing.assert_allclose(
        dt.grad(loss(square))(dt.Tensor(Z)).asnumpy(), dt.grad(loss(ops.square))(dt.Tensor(Z)).asnumpy(), rtol=1e-12
    )


def test_holomorphic_functions_have_complex_derivatives() -> None:
    z = dt.Tensor(Z[0])
    np.testing.assert_allclose(dt.derivative(ops.exp, z, 3)[1].asnumpy(), np.exp(Z[0]), rtol=1e-12)
    for jacobian in (dt.jacfwd, dt.jacrev, dt.jacobian):
        np.testing.assert_allclose(jacobian(ops.sin)(z).asnumpy(), np.diag(np.cos(Z[0])), rtol=1e-12)
        for f in (ops.conj, ops.abs, lambda z: z * z.real):
            with pytest.raises(DTypeError, match="holomorphic"):
                jacobian(f)(z)
    with pytest.raises(DTypeError, match="hessian"):
        dt.hessian(lambda z: (ops.abs(z) ** 2).sum())(z)


def test_what_is_real_only_says_so() -> None:
    z = dt.Tensor([1 + 2j, 3 - 1j])
    for wrong in (lambda: z < z, lambda: ops.maximum(z, z), lambda: ops.sort(z), lambda: ops.floor(z), lambda: z % 2):
        with pytest.raises(DTypeError, match=r"complex|Complex"):
            wrong()
    for jitted in (dt.jit(lambda z: z > 1), dt.jit(ops.argmax)):
        with pytest.raises(DTypeError, match="function of real numbers"):
            jitted(z)
    with pytest.raises(DTypeError, match="return a real one"):
        dt.grad(lambda z: (z * z).sum())(z)
    with pytest.raises(DTypeError, match="lose its imaginary part"):
        z.astype(dt.float32)
    with pytest.raises(ArgumentTypeError, match="Python float"):
        float(z[0])


def test_types() -> None:
    z, x, wide = dt.Tensor([1 + 2j]), dt.Tensor([1.5]), dt.Tensor(np.array([1.5]))
    narrow = [z, z * x, x * 1j, 1j - dt.Tensor([1]), ops.complex(x, 2.0)]
    assert [y.dtype for y in narrow] == [dt.complex64] * 5
    assert [y.dtype for y in (dt.Tensor([1j], dt.complex128), z * wide, wide + 2j)] == [dt.complex128] * 3
    assert [y.dtype for y in (z.real, z.imag, abs(z), z.angle())] == [dt.float32] * 4
    assert [(x * 1j).dtype for x in (dt.Tensor([True]), dt.Tensor(True), dt.Tensor([1]))] == [dt.complex64] * 3
    assert complex(z[0]) == 1 + 2j
    assert z.tolist() == [1 + 2j]
    assert isinstance(np.conj(z), dt.Tensor)
    assert [ops.is_complex(z), ops.is_complex(x)] == [True, False]
    np.testing.assert_array_equal(ops.view_as_complex(ops.view_as_real(z)).asnumpy(), z.asnumpy())
    np.testing.assert_allclose(ops.polar(abs(z), z.angle()).asnumpy(), z.asnumpy(), rtol=1e-6)
    np.testing.assert_array_equal(dt.ops.from_dlpack(Z).asnumpy(), Z)
    np.testing.assert_array_equal(np.from_dlpack(dt.Tensor(Z)), Z)


def test_parts_and_angles_of_reals_without_end_are_numpys() -> None:
    x = np.array([np.inf, -np.inf, np.nan, -1.0, -0.0])
    np.testing.assert_array_equal(ops.imag(dt.Tensor(x)).asnumpy(), np.zeros(5))
    np.testing.assert_array_equal(ops.angle(dt.Tensor(x)).asnumpy(), np.angle(x))


def test_conditions_and_loops_carry_complex_numbers() -> None:
    def f(z: Any) -> Any:
        carry, rows = ops.scan(lambda c, x: (c * x + 1j, c), z[0], z)
        return ops.cond(carry.real.sum() > 0, lambda c: c * 2, lambda c: c.conj(), carry) + rows[1]

    expected = f(dt.Tensor(Z)).asnumpy()
    np.testing.assert_allclose(dt.jit(f)(dt.Tensor(Z)).asnumpy(), expected, rtol=1e-12)
    loss = lambda z: (ops.abs(f(z)) ** 2).sum()
    expected = dt.grad(loss)(dt.Tensor(Z)).asnumpy()
    np.testing.assert_allclose(dt.jit(dt.grad(loss))(dt.Tensor(Z)).asnumpy(), expected, rtol=1e-12)
