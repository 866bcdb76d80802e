"""What primitives make of pairs of reals is what NumPy makes of complex numbers: all over the plane, and on the host.

Kernels compute the same operations on reals, which they are tried on by themselves.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape.compiler.passes.pairs import PairLevel
from dualtape.core.interpreter import entered
from dualtape.core.primitive import Elementwise
from dualtape.primitives import CATALOGUE
from dualtape.testing.operands import draw, examples

FUNCTIONS = [
    p.name
    for p in CATALOGUE.values()
    if isinstance(p, Elementwise) and len(p.domain) == 1 and p.on_complex is not None and p.on_complex.pairs is not None
]
# NumPy divides by what has a zero as a part in another order, which gives zeros other signs.
SIGNS_OF_ZERO = set(FUNCTIONS) - {"reciprocal", "rsqrt", "square"}
PARTS = [0.0, 1e-200, 1e-5, 0.3, 0.4999, 0.5, 0.7, 1.0, 1.5, 2.0, 2.001, 3.0, 20.0, 1e150, 1e200]


@pytest.fixture(autouse=True)
def _beyond_all_numbers() -> Iterator[None]:
    """Values that overflow, or are undefined, are asked for."""
    with np.errstate(all="ignore"):
        yield


def plane(parts: list[float]) -> np.ndarray:
    """The complex numbers with these parts, and their negatives."""
    sides = [*parts, *(-x for x in parts)]
    return np.array([complex(x, y) for x in sides for y in sides])


def in_pairs(name: str, *inputs: Any, **params: Any) -> np.ndarray:
    with entered(PairLevel()) as level:
        found = level.run(CATALOGUE[name], inputs, params)
        if not level.owns(found):
            assert not found.dtype.is_complex
            return found.asnumpy()
        re, im = (part.asnumpy() for part in found.pair.parts)
    whole = np.empty(re.shape, np.result_type(re.dtype, np.complex64))
    whole.real, whole.imag = re, im
    return whole


def assert_same(found: np.ndarray, expected: np.ndarray, bound: float = 1e-15) -> None:
    """Equal where the value is finite, to a bound relative to the magnitude."""
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    if expected.dtype == bool:
        np.testing.assert_array_equal(found, expected)
        return
    known = np.isfinite(expected)
    error, size = np.abs(found[known] - expected[known]), np.abs(expected[known])
    assert (error <= bound * size).all(), (found[known][error > bound * size], expected[known][error > bound * size])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_of_a_pair_is_that_of_a_complex_number(name: str) -> None:
    z = plane(PARTS)
    expected = np.asarray(CATALOGUE[name].numpy(z))
    found = in_pairs(name, dt.Tensor(z))
    assert_same(found, expected)
    if name in SIGNS_OF_ZERO:
        for a, b in ((found.real, expected.real), (found.imag, expected.imag)):
            zero = (b == 0) & np.isfinite(expected)
            np.testing.assert_array_equal(np.signbit(a[zero]), np.signbit(b[zero]))


@pytest.mark.parametrize("name", ["log", "log2", "log10", "log1p", "sqrt"])
def test_logarithms_and_roots_of_zeros_and_infinities(name: str) -> None:
    z = plane([0.0, 1.0, np.inf])
    expected = np.asarray(CATALOGUE[name].numpy(z))
    np.testing.assert_allclose(in_pairs(name, dt.Tensor(z)), expected, rtol=1e-15)


# What stands beside a pair: another one, reals, and numbers, which are parts too where a tensor is one number or zeros.
SOME = plane([0.25, 1.5, 3.0])
BESIDE: list[Any] = [
    plane([0.5, 2.0, 1e-3])[::-1][: len(SOME)].copy(),
    np.linspace(-2.0, 3.0, len(SOME)),
    np.array(0.5 - 2.0j),
    np.array(3.0 + 0.0j),
    np.array(1.0j),
    np.array(0j),
    SOME.real + 0j,
    SOME.imag * 1j,
    1.5,
    1,
    0,
]


def operand(x: Any) -> Any:
    return dt.Tensor(x) if isinstance(x, np.ndarray) else x


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "equal", "not_equal"])
def test_two_operands(name: str) -> None:
    known = [x for x in BESIDE if isinstance(x, np.ndarray) and x.dtype.kind == "c"]
    alone = [[SOME], BESIDE], [BESIDE, [SOME]], [known, [1.5, *(x for x in known if x.any())]]
    for x, y in itertools.chain.from_iterable(itertools.product(*several) for several in alone):
        expected = np.asarray(CATALOGUE[name].numpy(x, y))
        assert_same(in_pairs(name, operand(x), operand(y)), expected)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide"])
def test_a_part_that_is_known_to_be_zero_costs_nothing(name: str) -> None:
    real, reals = dt.Tensor(SOME.real + 0j), dt.Tensor(SOME.real)
    with entered(PairLevel()) as level:
        for operands in ((real, reals), (real, real), (real, 2.5)):
            assert level.run(CATALOGUE[name], operands, {}).pair.im == 0


# What 0 is raised to by turns: 0, numbers with a positive and a negative real part, and none.
AT_ORIGIN = np.array(
    [SOME[:9], [0, 2.5, -1, 1j, 2 + 1j, 2 - 1j, -1 + 1j, -2j, 0.75], SOME[9:18], SOME[18:27]]
).T.ravel()
KIND = lambda x: f"{x.dtype}{x.shape}" if isinstance(x, np.ndarray) else str(x)
EXPONENTS: list[Any] = [
    *range(-5, 6), 15, 16, 17, -17, 0.5, -0.5, 0.75, 1.5, 2.5,
    np.array(0j), np.array(2.0 + 0j), np.array(1j), np.array(-1.0 + 2j),
    np.linspace(-2.0, 3.0, len(SOME)), SOME[::-1].copy(), SOME.imag * 1j,
    AT_ORIGIN, AT_ORIGIN.real + 0j, AT_ORIGIN.imag * 1j,
]  # fmt: skip


@pytest.mark.parametrize("exponent", EXPONENTS, ids=KIND)
def test_power_of_a_pair(exponent: Any) -> None:
    z = np.where(np.arange(len(SOME)) % 4 == 1, 0, SOME)
    for base in (z, z.real + 0j, z.imag * 1j, z.astype(np.complex64)):
        single = base.dtype == np.complex64
        power = exponent.astype(np.complex64) if single and isinstance(exponent, np.ndarray) else exponent
        expected = np.power(base.astype(complex), exponent).astype(base.dtype)
        found = in_pairs("power", dt.Tensor(base), operand(power))
        assert_same(found, expected, 1e-5 if single else 1e-14)
        for a, b in ((found.real, expected.real), (found.imag, expected.imag)):
            np.testing.assert_array_equal(np.isnan(a), np.isnan(b))


@pytest.mark.parametrize(
    "base", [2.5, -2.5, 0.5, 1, 0, np.array(0.5 - 2j), np.linspace(-2.0, 3.0, len(SOME))], ids=KIND
)
def test_power_to_a_pair(base: Any) -> None:
    for exponent in (SOME, np.array(2.0 + 1j), np.array(-1.0 + 1j), np.array(1j)):
        expected = np.power(base, exponent)
        found = in_pairs("power", operand(base), dt.Tensor(exponent))
        assert_same(found, expected, 1e-14)
        for a, b in ((found.real, expected.real), (found.imag, expected.imag)):
            np.testing.assert_array_equal(np.isnan(a), np.isnan(b))


@pytest.mark.parametrize("name", ["isnan", "isfinite", "real", "imag", "conj"])
def test_parts_are_asked_for(name: str) -> None:
    for z in (plane([0.0, 2.5, np.inf, np.nan]), np.array(0.5 - 2j), np.zeros(3, complex)):
        np.testing.assert_array_equal(in_pairs(name, dt.Tensor(z)), np.asarray(CATALOGUE[name].numpy(z)))


@pytest.mark.parametrize("name", ["join", "rfft"])
def test_complex_numbers_of_reals_are_pairs(name: str) -> None:
    for call in (draw(CATALOGUE[name], example) for example in examples(CATALOGUE[name])):
        found = in_pairs(name, *map(dt.Tensor, call.arrays), **call.params)
        np.testing.assert_allclose(found, np.asarray(CATALOGUE[name].numpy(*call.arrays, **call.params)), rtol=1e-15)


@pytest.mark.parametrize("name", ["cast"])
@pytest.mark.parametrize("dtype", [dt.complex64, dt.complex128, dt.float32, dt.float64, dt.bool_], ids=str)
def test_types_of_pairs(name: str, dtype: Any) -> None:
    for numbers in ([0j, 1.5, 2.5j, 1.1 - 2j], 1.1 - 2j, 2j, [0.0, 1.1], 1.1):
        x = np.array(numbers)
        if x.dtype.kind == "c" or dtype.is_complex:
            found = in_pairs(name, dt.Tensor(x), dtype=dtype)
            expected = np.asarray(CATALOGUE[name].numpy(x, dtype=dtype))
            assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
            np.testing.assert_array_equal(found, expected)


def test_reals_of_the_type_of_the_parts_are_taken_as_they_are() -> None:
    """In a program each cast would be an operation."""
    x = dt.Tensor(np.array([1.5, 2.5]))
    cast = CATALOGUE["cast"]
    assert cast.on_complex is not None
    assert cast.on_complex.pairs is not None
    assert cast.on_complex.pairs(cast, (x,), {"dtype": dt.complex128})[0] is x


@pytest.mark.parametrize("exponent", [0.75, 2.5])
def test_a_positive_power_of_zero_has_no_sign(exponent: float) -> None:
    found = in_pairs("power", dt.Tensor(np.zeros(1, complex)), exponent)
    assert found == 0
    assert not np.signbit([found.real, found.imag]).any()


def test_whole_powers_are_products() -> None:
    """Of whole numbers they are exact, up to those that take as many products as the host makes."""
    z = np.array([1 + 2j, 2 - 1j, -3 + 1j])
    expected = np.ones(3, complex)
    for n in range(1, 17):
        expected = expected * z
        np.testing.assert_array_equal(in_pairs("power", dt.Tensor(z), n), expected)
