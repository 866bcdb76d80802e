"""Parts of complex numbers, Fourier transforms and random words on the host by what defines them, in every type."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape.compiler.passes.pairs import PairLevel
from dualtape.core.interpreter import entered
from dualtape.core.spec import Spec
from dualtape.errors import DTypeError, ShapeError
from dualtape.primitives import CATALOGUE, fourier, philox

SHAPES = ((), (3,), (2, 3), (0, 2))
COMPLEX = (np.complex64, np.complex128)
PARTS: dict[str, Callable[[np.ndarray], Any]] = {
    "real": lambda z: [x.real for x in z.ravel()],
    "imag": lambda z: [x.imag for x in z.ravel()],
    "conj": lambda z: [complex(x.real, -x.imag) for x in z.ravel()],
}


def call(name: str, *arrays: np.ndarray, **params: Any) -> np.ndarray:
    inputs = [dt.Tensor(x) for x in arrays]
    found: dt.Tensor = CATALOGUE[name](*inputs, **params)
    assert (found.shape, found.dtype) == CATALOGUE[name].infer(*(Spec(x.shape, x.dtype) for x in inputs), **params)
    return found.asnumpy()


def drawn(shape: tuple[int, ...], kind: Any, seed: int = 0) -> np.ndarray:
    numbers = np.random.default_rng(seed)
    x = numbers.uniform(-2, 2, shape)
    return np.asarray(x + 1j * numbers.uniform(-2, 2, shape) if np.issubdtype(kind, np.complexfloating) else x, kind)


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("kind", COMPLEX)
def test_parts_are_pythons(name: str, kind: type) -> None:
    for shape in SHAPES:
        z = drawn(shape, kind)
        found = call(name, z)
        assert found.dtype == (z.dtype if name == "conj" else z.real.dtype)
        np.testing.assert_array_equal(found, np.reshape(PARTS[name](z), shape))
        # A gradient is of the type of what it is a gradient by.
        w = drawn(shape, found.dtype, 2)
        (pulled,) = dt.vjp(CATALOGUE[name], dt.Tensor(z))[1](dt.Tensor(w))
        expected = {"real": w, "imag": 1j * w, "conj": w.conj()}[name]
        assert pulled.asnumpy().dtype == z.dtype
        np.testing.assert_array_equal(pulled.asnumpy(), expected)


@pytest.mark.parametrize("name", ["join"])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_joined_parts_are_parts_again(name: str, kind: type) -> None:
    for shapes in (((), ()), ((2, 3), (2, 3)), ((2, 1), (3,)), ((3,), (2, 1)), ((), (4,)), ((0, 1), (3,))):
        x, y = drawn(shapes[0], kind), drawn(shapes[1], kind, 1)
        found = call(name, x, y)
        assert found.dtype == (np.complex128 if kind is np.float64 else np.complex64)
        np.testing.assert_array_equal(found.real, np.broadcast_to(x, found.shape))
        np.testing.assert_array_equal(found.imag, np.broadcast_to(y, found.shape))
    with pytest.raises(ShapeError, match=r"`complex` got shapes \(2,\) and \(3,\)"):
        CATALOGUE[name].infer(Spec((2,), dt.float32), Spec((3,), dt.float32))


@pytest.mark.parametrize("name", [*PARTS, "join", "rfft"])
def test_parts_of_pairs_are_those_of_numbers(name: str) -> None:
    """In programs, where a part may be known as one number, or as 0; what is made of reals is a pair as well."""
    made_of_reals = {"join": 2, "rfft": 1}.get(name, 0)
    params: dict[str, Any] = {"axis": 0, "norm": "ortho", "adjoint": False} if name == "rfft" else {}
    z = drawn((2, 3), np.complex128)
    for one in (z, z.real + 0j, z.imag * 1j, *(() if name == "rfft" else (z[0, 0], np.zeros(2, complex)))):
        given = [one.real, one.imag][:made_of_reals] or [one]
        with entered(PairLevel()) as level:
            found = level.run(CATALOGUE[name], tuple(map(dt.Tensor, given)), params)
            assert level.owns(found) == (name not in ("real", "imag"))
            value = found.primal if level.owns(found) else found
        expected = {"join": lambda x, y: x + 1j * y, "rfft": lambda x: np.fft.rfft(x, axis=0, norm="ortho")}.get(name)
        np.testing.assert_allclose(value.asnumpy(), (expected or getattr(np, name))(*given), rtol=0, atol=1e-15)


NORMS = ("backward", "ortho", "forward")


@pytest.mark.parametrize("name", ["fft"])
def test_spectra_are_numpys(name: str) -> None:
    z = drawn((2, 3, 4), np.complex128)
    for axes in ((0,), (2,), (1, 2), (2, 0), (0, 1, 2)):
        for norm in NORMS:
            for inverse in (False, True):
                expected = (np.fft.ifftn if inverse else np.fft.fftn)(z, axes=axes, norm=norm)
                np.testing.assert_allclose(call(name, z, axes=axes, inverse=inverse, norm=norm), expected, atol=1e-14)


@pytest.mark.parametrize("name", ["rfft", "irfft"])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_half_spectra_are_numpys_and_transposes_of_each_other(name: str, axis: int, kind: type) -> None:
    """<irfft c, x> = Re <c, adjoint rfft x>, and the other way round, for signals of odd and even length."""
    forward = name == "rfft"
    close = {"rtol": 0, "atol": 30 * np.finfo(kind).eps}
    for n in (1, 2, 3, 4, 5, 6, 7):
        shape, half = [2, 3, 4], [2, 3, 4]
        shape[axis], half[axis] = n, n // 2 + 1
        x, c = drawn(tuple(shape), kind), drawn(tuple(half), np.result_type(kind, np.complex64), 1)
        for norm in NORMS:
            params = {"axis": axis, "norm": norm} | ({} if forward else {"n": n})
            given, other = (x, c) if forward else (c, x)
            expected = np.fft.rfft(x, axis=axis, norm=norm) if forward else np.fft.irfft(c, n, axis=axis, norm=norm)
            np.testing.assert_allclose(call(name, given, **params, adjoint=False), expected, **close)
            back = np.fft.irfft(c, n, axis=axis, norm=norm) if forward else np.fft.rfft(x, axis=axis, norm=norm)
            found = call(name, given, **params, adjoint=True)
            pairing = lambda a, b: float((a * b).sum().real)
            size = np.abs(back).sum() * 4
            np.testing.assert_allclose(pairing(found, other), pairing(back, given), atol=size * np.finfo(kind).eps)


@cache
def words(counter: int, stream: int, k: int, m: int) -> tuple[int, ...]:
    """Philox 4x32-10, as its paper writes it, with Python's integers."""
    a, b, c, d = counter, stream, 0, 0
    for _ in range(10):
        p, q = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = q >> 32 ^ b ^ k, q % 2**32, p >> 32 ^ d ^ m, p % 2**32
        k, m = (k + 0x9E3779B9) % 2**32, (m + 0xBB67AE85) % 2**32
    return a, b, c, d


@pytest.mark.parametrize("name", ["philox"])
def test_random_words_are_those_of_their_places(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs, which share counters, and places alone; runs of more than is computed at once, from any remainder."""
    run, runs = philox._run, []
    monkeypatch.setattr(philox, "_AT_ONCE", 4)
    monkeypatch.setattr(philox, "_run", lambda *given: runs.append(given) or run(*given))
    keys = np.array([[7], [2**32 - 3]], np.uint32)
    places = [np.arange(first, first + count) for first in (0, 1, 6, 15) for count in (1, 2, 3, 4, 16, 17, 40)]
    places += [np.array(5), np.array([], int), np.array([[0, 1], [2, 3]]), np.array([[4, 5, 6]]), np.array([3, 5, 7])]
    places += [np.array([[8], [9]]), np.arange(4)[::-1], np.array([2, 2, 3]), np.array([4, 5, 6, 8]), np.array([1, 1])]
    alone = [(keys[0], keys[1]), (keys, keys[::-1]), (keys[:1], keys), (keys, keys[:1]), (keys[0, 0], keys[1, 0])]
    for place in places:
        line = place.ravel().tolist()
        is_run = len(line) > 1 and line == list(range(line[0], line[0] + len(line))) and place.shape[-1] == len(line)
        for low, high in [*alone, (keys[:1].repeat(len(line), 1), keys[0])] if place.ndim == 1 else alone:
            runs.clear()
            found = call(name, np.asarray(low), np.asarray(high), place.astype(np.uint32), stream=3)
            assert bool(runs) == (is_run and np.shape(low)[-1:] in ((), (1,)))
            given = np.broadcast_arrays(low, high, place)
            assert found.shape == given[0].shape
            for word, k, m, i in zip(found.ravel(), *(x.ravel() for x in given), strict=True):
                assert word == words(int(i) // 4, 3, int(k), int(m))[i % 4]


@pytest.mark.parametrize("name", ["philox"])
def test_a_run_that_is_far_away_takes_no_more_room(name: str) -> None:
    place = np.arange(2**32 - 9, 2**32, dtype=np.uint32)
    key = np.array([5], np.uint32)
    tracemalloc.start()
    try:
        found = CATALOGUE[name].numpy(key, key, place, stream=3)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 100_000
    assert found.tolist() == [words(int(i) // 4, 3, 5, 5)[i % 4] for i in place]


@pytest.mark.parametrize("name", ["philox"])
def test_random_words_are_made_of_integers(name: str) -> None:
    integer, number = Spec((2, 1), dt.uint32), Spec((3,), dt.float32)
    assert CATALOGUE[name].infer(integer, integer, Spec((3,), dt.int64), stream=0) == Spec((2, 3), dt.uint32)
    with pytest.raises(DTypeError, match="`philox` got words of UInt32, UInt32, Float32; expected integers"):
        CATALOGUE[name].infer(integer, integer, number, stream=0)


@pytest.mark.parametrize("name", ["irfft"])
@pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
def test_large_signals_are_transformed_as_small_ones(name: str, norm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = np.random.default_rng(0)
    for shape, axis in (((2, 4, 3), 1), ((5, 2), 0), ((2, 5), 1)):
        n_pairs = shape[axis]
        c = numbers.normal(size=shape) + 1j * numbers.normal(size=shape)
        for n in (2 * n_pairs - 2, 2 * n_pairs - 1):
            found = []
            for cached in (1 << 20, 0):
                monkeypatch.setattr(fourier, "_CACHED", cached)
                found.append(CATALOGUE[name].numpy(c, n=n, axis=axis, norm=norm, adjoint=True))
            np.testing.assert_allclose(found[1], found[0], rtol=1e-12, atol=1e-13 * np.abs(found[0]).max())
