"""Philox by its published vectors, and the same numbers on every device, in `jit` and in `vmap`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape import random
from dualtape.devices.device import Device
from dualtape.primitives import CATALOGUE
from dualtape.primitives.philox import philox_4x32

ALL = 0xFFFFFFFF
# From kat_vectors of Random123, https://github.com/DEShawResearch/random123 (philox4x32, 10 rounds).
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ALL,) * 4, (ALL,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_known_answers(counter: tuple[int, ...], key: tuple[int, ...], words: tuple[int, ...]) -> None:
    assert tuple(map(int, philox_4x32(counter, key))) == words


def test_bits_are_the_words_of_the_counters(device: Device) -> None:
    """Places of every remainder, on runs and alone; more than are computed at once."""
    seed, count = 0x299F31D0A4093822, 40_003
    words = np.stack(philox_4x32((np.arange(10_001), 0, 0, 0), (0xA4093822, 0x299F31D0)), -1).ravel()
    key = random.key(seed)
    assert key.tolist() == [0xA4093822, 0x299F31D0]
    np.testing.assert_array_equal(random.bits(key, (count,)).asnumpy(), words[:count])
    low, high = (key[i].reshape((1,)) for i in range(2))
    for places in (np.arange(6, 17), np.array([9, 2, 2, 5]), np.array([3]), np.array([[0, 1], [2, 3]]), np.arange(0)):
        found = CATALOGUE["philox"](low, high, dt.Tensor(places), stream=0)
        np.testing.assert_array_equal(found.asnumpy(), words[places])


def test_streams_have_words_of_their_own() -> None:
    key, place = dt.Tensor([7], dt.uint32), dt.Tensor([4], dt.uint32)
    for stream in (1, 3):
        found = CATALOGUE["philox"](key, key, place, stream=stream).item()
        assert found == int(philox_4x32((1, stream, 0, 0), (7, 7))[0])


def drawn(key: dt.Tensor) -> list[dt.Tensor]:
    """What is promised to be the same everywhere, bit by bit."""
    floats = [random.uniform(key, (7,), dtype=dtype) for dtype in (dt.float16, dt.float32, dt.float64)]
    integers = [random.bits(key, (5,), dtype) for dtype in (dt.uint8, dt.uint16, dt.uint32, dt.uint64)]
    whole = [random.randint(key, (2, 3), -5, 9), random.permutation(key, 6), random.choice(key, 9, (3,))]
    made = [random.split(key, (2, 2)), random.fold_in(key, 3), random.bernoulli(key, 0.5, (9,))]
    on_the_host = [random.gamma(key, 2.0, (3,)), random.beta(key, 2.0, 3.0, (3,))]
    return [*floats, *integers, *whole, *made, *on_the_host, random.truncated_normal(key, 1.0, 2.0, (3,))]


def assert_same(found: list[dt.Tensor], expected: list[dt.Tensor]) -> None:
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_array_equal(x.asnumpy(), y.asnumpy())


def test_the_same_numbers_in_jit() -> None:
    key = random.key(2**64 - 5)
    assert_same(dt.jit(drawn)(key), drawn(key))


@pytest.mark.opencl
def test_the_same_numbers_on_every_device() -> None:
    """Those that have kernels; what is made of them is made of the catalogue, which is tried on all devices."""
    key = random.key(2**64 - 5)
    few = lambda key: [
        random.uniform(key, (7,)),
        random.uniform(key, (7,), dtype=dt.float64),
        random.randint(key, (2, 3), -5, 9),
    ]
    for place in dt.devices()[1:]:
        for draw in (few, dt.jit(few)):
            found = draw(key.to(place))
            assert {x.device for x in found} == {place}
            assert_same(found, few(key))


def test_many_keys_at_once_give_what_each_gives() -> None:
    keys = random.split(random.key(9), 3)
    mapped = dt.vmap(drawn)(keys)
    for i in range(3):
        assert_same([x[i] for x in mapped], drawn(keys[i]))


@pytest.mark.opencl
def test_normal_numbers_are_the_same_within_their_bound() -> None:
    """The bound of `erfinv` on devices, 6 ulp, and what SciPy's may be off."""
    for dtype in (dt.float32, dt.float64):
        key = random.key(1)
        expected = random.normal(key, (4000,), dtype=dtype).asnumpy()
        for place in dt.devices()[1:]:
            found = random.normal(key.to(place), (4000,), dtype=dtype).asnumpy()
            assert (np.abs(found - expected) <= 8 * np.spacing(np.abs(expected))).all()


def test_uniform_numbers_are_the_words_first_bits() -> None:
    key = random.key(3)
    words = random.bits(key, (8,)).asnumpy().astype(np.uint64)
    np.testing.assert_array_equal(random.uniform(key, (8,)).asnumpy(), (words >> 8) * 2.0**-24)
    expected = ((words[:4] >> 5) * 2**26 + (words[4:] >> 6)) * 2.0**-53
    np.testing.assert_array_equal(random.uniform(key, (4,), dtype=dt.float64).asnumpy(), expected)
    np.testing.assert_array_equal(random.bits(key, (4,), dt.uint64).asnumpy(), words[:4] | words[4:] << 32)


def test_a_key_that_is_folded_in_by_a_tensor_is_that_of_the_number() -> None:
    key = random.key(1)
    assert random.fold_in(key, dt.Tensor(2**32 - 1)).tolist() == random.fold_in(key, 2**32 - 1).tolist()
    steps = dt.ops.scan(lambda key, i: (key, random.fold_in(key, i)), key, dt.ops.arange(3))[1]
    assert steps.tolist() == [random.fold_in(key, i).tolist() for i in range(3)]


def test_shapes_follow_the_parameters() -> None:
    key, means = random.key(0), dt.Tensor(np.zeros((3, 1)), dt.float64)
    assert random.normal(key, mean=means, stddev=dt.Tensor([1.0, 2.0])).shape == (3, 2)
    assert random.normal(key, mean=means).dtype is dt.float64
    assert random.normal(key, (4, 3, 2), mean=means, dtype=dt.float32).dtype is dt.float32
    assert random.uniform(key).shape == ()
    assert random.uniform(key, 0).shape == (0,)
    assert random.permutation(key, 0).shape == (0,)
    assert random.choice(key, 5, (0,)).shape == (0,)


KEY = random.key(0)
REFUSED: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "an int for a key": (lambda: random.normal(7, (3,)), TypeError, "`key` of `normal` must be a key, as"),
    "no key of coins": (lambda: random.bernoulli(object()), TypeError, "`key` of `bernoulli` must be a key, as"),
    "no key of weights": (
        lambda: random.choice(None, 2, p=[0.5, 0.5]),
        TypeError,
        "`key` of `choice` must be a key, as",
    ),
    "coins of other shapes": (
        lambda: random.bernoulli(KEY, dt.Tensor([[0.5], [0.1]]), (2,)),
        ValueError,
        "to \\(2,\\)",
    ),
    "several keys": (lambda: random.uniform(random.split(KEY)), TypeError, "map over several keys with `vmap`"),
    "floats for a key": (lambda: random.bits(dt.Tensor([1.0, 2.0])), TypeError, "one of Float32 and shape"),
    "a negative seed": (lambda: random.key(-1), ValueError, "must not be negative"),
    "a large seed": (lambda: random.key(2**64), ValueError, "below 2\\*\\*64"),
    "a float for a seed": (lambda: random.key(1.0), TypeError, "`seed` must be an int"),
    "a large step": (lambda: random.fold_in(KEY, 2**32), ValueError, "from 0 to 2\\*\\*32 - 1"),
    "a vector of steps": (lambda: random.fold_in(KEY, dt.Tensor([1, 2])), TypeError, "must be one integer"),
    "a float for a step": (lambda: random.fold_in(KEY, 1.5), TypeError, "must be an int or a Tensor"),
    "too many words": (lambda: random.bits(KEY, (2**33,)), ValueError, "split the key"),
    "floats of bits": (lambda: random.bits(KEY, (2,), dt.float32), TypeError, "must be UInt8"),
    "integers that are uniform": (lambda: random.uniform(KEY, (2,), dtype=dt.int32), TypeError, "a type of floats"),
    "a shape that is none": (lambda: random.uniform(KEY, (2.5,)), TypeError, "`shape` of `uniform`"),
    "parameters beyond the shape": (
        lambda: random.normal(KEY, (2,), mean=dt.Tensor([[1.0], [2.0]])),
        ValueError,
        "expected what broadcasts to `shape`, \\(2,\\)",
    ),
    "a parameter that is NaN": (lambda: random.uniform(KEY, (2,), float("nan")), ValueError, "`low` of `uniform` is N"),
    "a shape parameter of 0": (lambda: random.gamma(KEY, 0.0), ValueError, "`a` of `gamma` must be positive"),
    "bounds in disorder": (lambda: random.randint(KEY, (2,), 5, 5), ValueError, "the bounds 5 and 5"),
    "bounds beyond the type": (lambda: random.randint(KEY, (2,), 0, 257, dt.uint8), ValueError, "holds 0 to 255"),
    "bounds too far apart": (lambda: random.randint(KEY, (2,), 0, 2**50), ValueError, "2\\*\\*48"),
    "floats for integers": (lambda: random.randint(KEY, (2,), 0, 3, dt.float32), TypeError, "a type of integers"),
    "no axis": (lambda: random.permutation(KEY, dt.Tensor(1.0)), ValueError, "have an axis"),
    "too many choices": (lambda: random.choice(KEY, 3, (4,), replace=False), ValueError, "asked for 4 of 3, each at"),
    "choices of nothing": (lambda: random.choice(KEY, 0, (4,)), ValueError, "asked for 4 of 0"),
    "bounds that are exchanged": (lambda: random.uniform(KEY, (2,), 2.0, 1.0), ValueError, "which is above `high`"),
    "truncated to nothing": (lambda: random.truncated_normal(KEY, 2.0, 1.0), ValueError, "which is above `high`"),
    "a negative scale": (lambda: random.exponential(KEY, (2,), -1.0), ValueError, "must be positive"),
    "a probability above 1": (lambda: random.bernoulli(KEY, 1.5), ValueError, "from 0 to 1"),
    "negative weights": (lambda: random.choice(KEY, 2, p=[-1.0, 2.0]), ValueError, "weights from 0 on"),
    "weights of nothing": (lambda: random.choice(KEY, 2, p=[0.0, 0.0]), ValueError, "one is positive"),
    "too few weights": (
        lambda: random.choice(KEY, 3, (2,), replace=False, p=[0.0, 0.0, 1.0]),
        ValueError,
        "2 of 1 that have a weight",
    ),
    "weights for others": (lambda: random.choice(KEY, 3, p=[0.5, 0.5]), ValueError, "expected \\(3,\\)"),
}


@pytest.mark.parametrize(("call", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_refusals(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
