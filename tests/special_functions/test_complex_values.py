"""Elementary functions of complex numbers against mpmath, on the host and as pairs of reals in kernels; their cuts.

An error counts in units in the last place of the magnitude of the exact value.
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest

import dualtape as dt
from dualtape import ops

EXACT: dict[str, Callable[[mpmath.mpc], mpmath.mpc]] = {
    "exp": mpmath.exp,
    "exp2": lambda z: mpmath.mpf(2) ** z,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "log2": lambda z: mpmath.log(z) / mpmath.log(2),
    "log10": mpmath.log10,
    "sqrt": mpmath.sqrt,
    "rsqrt": lambda z: 1 / mpmath.sqrt(z),
    "reciprocal": lambda z: 1 / z,
    "square": lambda z: z * z,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh,
    "asin": mpmath.asin,
    "acos": mpmath.acos,
    "atan": mpmath.atan,
    "asinh": mpmath.asinh,
    "acosh": mpmath.acosh,
    "atanh": mpmath.atanh,
}
# Whose cut is the negative real axis; and those left to the host, which cut beyond 1 and -1, on either axis.
CUT_BELOW_0 = ("log", "log2", "log10", "sqrt", "rsqrt")
CUT_BEYOND_1 = ("asin", "acos", "atanh")
CUT_BEYOND_I = ("atan", "asinh")
ULPS = 4


def points() -> np.ndarray:
    """All over the plane: of small and large magnitude, near the unit circle, near both axes."""
    angles = np.linspace(-np.pi, np.pi, 17)[1:] - 0.05
    radii = np.array([1e-3, 0.3, 0.999, 1.001, 3.0, 12.0])
    near = np.array([0.7 + 1e-5j, 1e-5 + 0.7j, -0.7 - 1e-5j, 2.5 + 1e-4j, -1e-4 + 2.5j])
    return np.concatenate([(radii[:, None] * np.exp(1j * angles)).ravel(), near])


def ulps(name: str, z: np.ndarray, found: np.ndarray) -> float:
    """The largest error of values at some points."""
    eps = float(np.finfo(found.dtype).eps)
    worst = 0.0
    with mpmath.workdps(40):
        for x, y in zip(z.tolist(), found.tolist(), strict=True):
            exact = EXACT[name](mpmath.mpc(x))
            worst = max(worst, float(abs(mpmath.mpc(y) - exact) / abs(exact)) / eps)
    return worst


@pytest.mark.parametrize("name", EXACT)
def test_values_on_the_host(name: str) -> None:
    for kind in (np.complex128, np.complex64):
        z = points().astype(kind)
        assert ulps(name, z, getattr(ops, name)(dt.Tensor(z)).asnumpy()) < ULPS


@pytest.mark.opencl
def test_values_of_pairs_in_kernels() -> None:
    """All in one program: to compile them one by one takes long."""
    for kind in (np.complex128, np.complex64):
        z = points().astype(kind)
        found = dt.jit(lambda z: [getattr(ops, name)(z) for name in EXACT], device=dt.devices()[1])(dt.Tensor(z))
        errors = {name: ulps(name, z, y.asnumpy()) for name, y in zip(EXACT, found, strict=True)}
        assert max(errors.values()) < ULPS, errors


@pytest.mark.opencl
@pytest.mark.parametrize("where", ["host", "pairs"])
def test_the_sign_of_zero_says_on_which_side_of_a_cut_a_number_lies(where: str) -> None:
    """C99, Annex G: a function is continuous up to the cut from the side of the sign of the zero."""
    beside = [complex(x, y) for x in (-2.5, -0.4) for y in (0.0, -0.0)]
    beyond = [complex(x, y) for x in (-2.5, 2.5) for y in (0.0, -0.0)]
    across = [complex(y, x) for x in (-2.5, 2.5) for y in (0.0, -0.0)]
    cases = [*((name, beside) for name in CUT_BELOW_0), *((name, beyond) for name in CUT_BEYOND_1)]
    cases += [*((name, across) for name in CUT_BEYOND_I), ("acosh", beside), ("log1p", beyond[:2])]
    run = lambda *several: [getattr(ops, name)(z) for (name, _), z in zip(cases, several, strict=True)]
    given = [dt.Tensor(np.array(numbers)) for _, numbers in cases]
    found = run(*given) if where == "host" else dt.jit(run, device=dt.devices()[1])(*given)
    with mpmath.workdps(40):
        for (name, numbers), values in zip(cases, found, strict=True):
            for z, y in zip(numbers, values.tolist(), strict=True):
                parts = (x if x else mpmath.mpf(np.copysign(1e-30, x)) for x in (z.real, z.imag))
                exact = complex(EXACT[name](mpmath.mpc(*parts)))
                assert abs(y - exact) < 1e-14, (name, z, y, exact)


def test_log1p_of_zero_keeps_the_sign_of_its_imaginary_part() -> None:
    for z in (complex(0.0, 0.0), complex(0.0, -0.0)):
        found = ops.log1p(dt.Tensor(np.array(z))).asnumpy()
        assert (found, np.signbit(found.imag)) == (0, np.signbit(z.imag))
