"""Which element type comes out, and what the functions refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.devices.device import Device
from dualtape.errors import DualtapeError

INT, FLOAT, BOOL = dt.Tensor([1, 2, 3]), dt.Tensor([1.0, 2.0, 3.0]), dt.Tensor([True, False, True])
HALF, DOUBLE = FLOAT.astype(dt.float16), FLOAT.astype(dt.float64)
MATRIX = dt.Tensor(np.ones((2, 3), np.float32))

TYPES: list[tuple[str, Callable[[], dt.Tensor], dt.dtype.DType]] = [
    ("int + int", lambda: INT + INT, dt.int64),
    ("int + float", lambda: INT + HALF, dt.float16),
    ("float + double", lambda: FLOAT + DOUBLE, dt.float64),
    ("bool + bool", lambda: BOOL + BOOL, dt.bool_),
    ("bool + 1", lambda: BOOL + 1, dt.int64),
    ("int + 1.5", lambda: INT + 1.5, dt.float32),
    ("half + 1.5", lambda: HALF + 1.5, dt.float16),
    ("half + NumPy's double number", lambda: HALF + np.float64(1.5), dt.float16),
    ("int / int", lambda: INT / INT, dt.float32),
    ("int // int", lambda: INT // INT, dt.int64),
    ("int % 2", lambda: INT % 2, dt.int64),
    ("int ** 2", lambda: INT**2, dt.int64),
    ("float < int", lambda: FLOAT < INT, dt.bool_),
    ("atan2 of ints", lambda: ops.atan2(INT, INT), dt.float32),
    ("sqrt of ints", lambda: ops.sqrt(INT), dt.float32),
    ("reciprocal of ints", lambda: ops.reciprocal(INT), dt.float32),
    ("sum of bools", lambda: ops.sum(BOOL), dt.int64),
    ("sum of halves", lambda: ops.sum(HALF), dt.float16),
    ("sum of small ints", lambda: ops.sum(INT.astype(dt.int8)), dt.int64),
    ("prod of bools", lambda: ops.prod(BOOL), dt.int64),
    ("argmax", lambda: ops.argmax(FLOAT), dt.int64),
    ("any", lambda: ops.any(INT), dt.bool_),
    ("where of int and float", lambda: ops.where(BOOL, INT, FLOAT), dt.float32),
    ("where with a number", lambda: ops.where(BOOL, HALF, 0.0), dt.float16),
    ("cat of int and float", lambda: ops.cat((INT, FLOAT)), dt.float32),
    ("stack of half and double", lambda: ops.stack((HALF, DOUBLE)), dt.float64),
    ("one_hot", lambda: ops.one_hot(INT, 4), dt.float32),
    ("arange of ints", lambda: ops.arange(3), dt.int64),
    ("arange of floats", lambda: ops.arange(0.0, 1.0, 0.5), dt.float32),
    ("full of an int", lambda: ops.full((2,), 3), dt.int64),
    ("zeros", lambda: ops.zeros((2,)), dt.float32),
    ("zeros_like of ints", lambda: ops.zeros_like(INT), dt.int64),
    ("abs of ints", lambda: ops.abs(INT), dt.int64),
    ("relu of ints", lambda: ops.relu(INT), dt.int64),
]


@pytest.mark.parametrize(("call", "dtype"), [pytest.param(c, d, id=name) for name, c, d in TYPES])
def test_element_type_of_the_result(call: Callable[[], dt.Tensor], dtype: dt.dtype.DType) -> None:
    assert call().dtype is dtype


REFUSED: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("add of shapes", lambda: FLOAT + dt.Tensor([1.0, 2.0]), ValueError, r"\(3,\) and \(2,\)"),
    ("add of a text", lambda: ops.add("a", FLOAT), TypeError, "`x` of `add`"),
    ("add of None", lambda: ops.add(FLOAT, None), TypeError, "`y` of `add`"),
    ("sub of bools", lambda: ops.sub(BOOL, BOOL), TypeError, "`sub`"),
    ("neg of bools", lambda: ops.neg(BOOL), TypeError, "`neg`"),
    ("exp of ints", lambda: ops.exp(INT), TypeError, "`input` of `exp`.*Int64"),
    ("floor of ints", lambda: ops.floor(INT), TypeError, "`input` of `floor`.*Int64"),
    ("exp of a text", lambda: ops.exp("a"), TypeError, "`input` of `exp`"),
    ("softmax of ints", lambda: ops.softmax(INT), TypeError, "`input` of `softmax`"),
    ("softmax axis", lambda: ops.softmax(FLOAT, 1), ValueError, "`axis`.* is 1"),
    ("gelu approximate", lambda: ops.gelu(FLOAT, "no"), ValueError, "`approximate`"),
    ("clamp without bounds", lambda: ops.clamp(FLOAT), ValueError, "`min`, `max`"),
    ("clip_by_value of a list", lambda: ops.clip_by_value("a", 1, 2), TypeError, "`x` of `clip_by_value`"),
    ("sum axis", lambda: ops.sum(MATRIX, 2), IndexError, "`axis` of `sum` is 2.*-2 to 1"),
    ("sum axis twice", lambda: ops.sum(MATRIX, (0, -2)), ValueError, "`axis` of `sum`.*twice"),
    ("sum axis of a float", lambda: ops.sum(MATRIX, 1.0), TypeError, "`axis` of `sum`"),
    ("sum axis of a bool", lambda: ops.sum(MATRIX, True), TypeError, "`axis` of `sum`"),
    ("mean of bools", lambda: ops.mean(BOOL), TypeError, "`mean`"),
    ("amax of nothing", lambda: ops.amax(dt.Tensor(np.zeros((0, 2)))), ValueError, r"`amax`.*\(0, 2\)"),
    ("argmax of nothing", lambda: ops.argmax(dt.Tensor(np.zeros((0, 2))), 0), ValueError, "`argmax`"),
    ("argmax axis", lambda: ops.argmax(MATRIX, 5), IndexError, "`axis` of `argmax`"),
    ("cumsum axis", lambda: ops.cumsum(MATRIX, 2), IndexError, "`axis` of `cumsum`"),
    ("norm order", lambda: ops.norm(MATRIX, 3), ValueError, "`ord` of `norm`"),
    ("var ddof", lambda: ops.var(FLOAT, ddof=1.5), TypeError, "`ddof` of `var`"),
    ("matmul shapes", lambda: ops.matmul(MATRIX, MATRIX), ValueError, r"`matmul`.*\(2, 3\) and \(2, 3\)"),
    ("matmul of numbers", lambda: ops.matmul(dt.Tensor(1.0), MATRIX), ValueError, "`matmul`.*one axis"),
    ("tensordot axes", lambda: ops.tensordot(MATRIX, MATRIX, 3), ValueError, "`axes` of `tensordot`"),
    ("tensordot shapes", lambda: ops.tensordot(MATRIX, MATRIX, 1), ValueError, "`tensordot`.*differ"),
    ("einsum equation", lambda: ops.einsum(3, MATRIX), (TypeError, ValueError), "`equation`"),
    ("einsum operands", lambda: ops.einsum("ij,jk", MATRIX), ValueError, "names 2 operands, got 1"),
    ("einsum rank", lambda: ops.einsum("ijk->i", MATRIX), ValueError, "'ijk'.*does not fit"),
    ("einsum output", lambda: ops.einsum("ij->ik", MATRIX), ValueError, "output"),
    ("einsum sizes", lambda: ops.einsum("ij,jk->ik", MATRIX, MATRIX), ValueError, "sizes 3 and 2.*'j'"),
    ("einsum diagonal", lambda: ops.einsum("ii->i", MATRIX), ValueError, "sizes 2 and 3"),
    ("trace", lambda: ops.trace(FLOAT), ValueError, "`trace` takes a matrix"),
    ("reshape", lambda: ops.reshape(MATRIX, (4,)), ValueError, r"`reshape`.*\(2, 3\) into \(4,\)"),
    ("reshape with two -1", lambda: ops.reshape(MATRIX, (-1, -1)), ValueError, "`shape` of `reshape`"),
    ("reshape to floats", lambda: ops.reshape(MATRIX, (2.0, 3)), TypeError, "`shape` of `reshape`"),
    ("broadcast_to", lambda: ops.broadcast_to(MATRIX, (2, 4)), ValueError, r"`broadcast_to`.*\(2, 3\) to \(2, 4\)"),
    ("permute", lambda: ops.permute(MATRIX, (0, 0)), ValueError, "`axis` of `permute`"),
    ("squeeze", lambda: ops.squeeze(MATRIX, 0), ValueError, "`squeeze`.*axis 0"),
    ("expand_dims", lambda: ops.expand_dims(MATRIX, 5), IndexError, "`axis` of `expand_dims`"),
    ("cat of nothing", lambda: ops.cat(()), ValueError, "`tensors` of `cat` is empty"),
    ("cat of a tensor", lambda: ops.cat(MATRIX), TypeError, "`tensors` of `cat`"),
    ("cat shapes", lambda: ops.cat((MATRIX, FLOAT)), ValueError, r"\(2, 3\) and \(3,\)"),
    ("cat axis", lambda: ops.cat((MATRIX, MATRIX), 2), IndexError, "`axis` of `cat`"),
    ("stack shapes", lambda: ops.stack((MATRIX, FLOAT)), ValueError, "`stack` got shapes"),
    ("split size", lambda: ops.split(MATRIX, 0), ValueError, "`split_size_or_sections`"),
    ("split sections", lambda: ops.split(MATRIX, (1, 3)), ValueError, r"`split`.*\(1, 3\)"),
    ("flip axis", lambda: ops.flip(MATRIX, 2), IndexError, "`flip`"),
    ("roll axis", lambda: ops.roll(MATRIX, 1, 2), IndexError, "`roll`"),
    ("tile", lambda: ops.tile(MATRIX, (-1, 1)), ValueError, "`dims` of `tile`"),
    ("repeat_interleave", lambda: ops.repeat_interleave(MATRIX, -1), ValueError, "`repeats`"),
    ("pad mode", lambda: ops.pad(MATRIX, (1, 1), mode="reflect"), ValueError, "`mode` of `pad`"),
    ("pad pairs", lambda: ops.pad(MATRIX, (1,)), ValueError, "`padding` of `pad`"),
    ("pad negative", lambda: ops.pad(MATRIX, (-1, 1)), ValueError, "`padding` of `pad`"),
    ("cast", lambda: ops.cast(MATRIX, "text"), TypeError, "`dtype`"),
    ("meshgrid", lambda: ops.meshgrid(FLOAT, FLOAT, indexing="no"), ValueError, "`indexing` of `meshgrid`"),
    ("take indices", lambda: ops.take(MATRIX, FLOAT), IndexError, "`indices` of `take`"),
    ("take range", lambda: ops.take(MATRIX, INT, 0), IndexError, "1 to 3, outside"),
    ("take axis", lambda: ops.take(MATRIX, dt.Tensor([0]), 2), IndexError, "`axis` of `take`"),
    ("scatter_add shape", lambda: ops.scatter_add(MATRIX, 0, dt.Tensor([[0]]), FLOAT), ValueError, "`scatter_add`"),
    (
        "scatter_add range",
        lambda: ops.scatter_add(FLOAT, 0, dt.Tensor([3]), dt.Tensor([1.0])),
        IndexError,
        "index 3 is outside axis 0",
    ),
    ("one_hot indices", lambda: ops.one_hot(FLOAT, 2), IndexError, "`indices` of `one_hot`"),
    ("one_hot depth", lambda: ops.one_hot(INT, -1), ValueError, "`depth` of `one_hot`"),
    ("diag", lambda: ops.diag(dt.Tensor(np.ones((1, 1, 1)))), ValueError, "`diag`"),
    ("tril", lambda: ops.tril(FLOAT), ValueError, "`tril`"),
    ("where", lambda: ops.where(BOOL, FLOAT, "a"), TypeError, "`y` of `where`"),
    ("where shapes", lambda: ops.where(BOOL, dt.Tensor([1.0, 2.0]), 0.0), ValueError, r"`where`.*\(3,\) and \(2,\)"),
    ("zeros", lambda: ops.zeros((-1,)), ValueError, "`size` of `zeros`"),
    ("full", lambda: ops.full(1.5, 2), TypeError, "`size` of `full`"),
    ("eye", lambda: ops.eye(1.5), TypeError, "`n` of `eye`"),
    ("arange", lambda: ops.arange(0, 1, 0), ValueError, "`step` of `arange`"),
    ("linspace", lambda: ops.linspace(0, 1, -1), ValueError, "`steps` of `linspace`"),
    ("ragged", lambda: ops.add([[1, 2], [3]], 1), TypeError, "the x is"),
    ("int8 with int8 and uint64", lambda: INT + INT.astype(dt.uint64), TypeError, "Int64 and UInt64"),
    ("bool of many", lambda: bool(FLOAT), ValueError, "one element"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), [pytest.param(*rest, id=name) for name, *rest in REFUSED])
def test_refusal_names_what_was_wrong(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert isinstance(caught.value, DualtapeError)
    assert any("test_types.py" in note for note in caught.value.__notes__)


def test_python_floats_keep_their_digits_in_float64() -> None:
    assert dt.Tensor(0.1, dt.float64).item() == 0.1
    np.testing.assert_array_equal(dt.Tensor([0.1, 0.7], dt.float64).asnumpy(), [0.1, 0.7])
    assert dt.Tensor(0.1).item() == np.float32(0.1)


@pytest.mark.parametrize("kind", [">f2", ">f4", ">f8", ">i2", ">i4", ">i8", ">u4"])
def test_numbers_of_another_byte_order_are_read(device: Device, kind: str) -> None:
    """The host had a KeyError for them."""
    array = np.array([1, 2, 3], kind)
    for tensor in (dt.Tensor(array), dt.Tensor.from_numpy(array), dt.Tensor([array])[0], dt.Parameter(array)):
        assert tensor.dtype.numpy == array.dtype.newbyteorder("=")
        assert tensor.asnumpy().dtype.isnative
        assert (tensor + array).tolist() == [2, 4, 6]
        assert tensor[array[:2].astype(">i4") - 1].tolist() == [1, 2]
    assert ops.add(array, array).tolist() == [2, 4, 6]
    assert dt.jit(lambda x: x + array)(array).tolist() == [2, 4, 6]


EMPTY = ops.zeros((2, 0))


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda x: ops.logsumexp(x, 1), [-np.inf, -np.inf]),
        (lambda x: ops.logsumexp(x), -np.inf),
        (lambda x: ops.logsumexp(x, 1, keepdims=True), [[-np.inf], [-np.inf]]),
        (lambda x: ops.logsumexp(x, 0), []),
        (lambda x: ops.softmax(x), [[], []]),
        (lambda x: ops.softmax(x, 0), [[], []]),
        (lambda x: ops.log_softmax(x), [[], []]),
        (lambda x: ops.softmax(x.reshape(0, 2)), []),
    ],
)
def test_the_softmax_of_nothing(device: Device, call: Callable[[dt.Tensor], dt.Tensor], expected: object) -> None:
    x = EMPTY.to(device)
    assert call(x).tolist() == dt.jit(call)(x).tolist() == expected
    assert dt.grad(lambda x: ops.exp(call(x)).sum())(x).shape == (2, 0)
    assert dt.jvp(call, x, x)[1].shape == call(x).shape
    with pytest.raises(IndexError):
        ops.softmax(x, 2)


@pytest.mark.parametrize("equation", ["ij,kj->ik", "ij->i", "ij,j->i", "ij->ji", "ij,k->ik", "ij,k->k", "ij,ij->"])
@pytest.mark.parametrize("kind", [np.int32, np.int16, np.uint8, np.int64, np.float16])
def test_einsum_keeps_the_type_of_its_operands(equation: str, kind: type) -> None:
    """Sums had made Int64 of Int32, which then did not fit the other operand."""
    operands = [np.arange(6, dtype=kind).reshape(2, 3) if len(x) == 2 else np.arange(3, dtype=kind)
                for x in equation.partition("->")[0].split(",")]  # fmt: skip
    found = ops.einsum(equation, *map(dt.Tensor, operands))
    assert found.dtype.numpy == kind
    np.testing.assert_array_equal(found, np.einsum(equation, *operands))


def test_einsum_names_types_that_differ() -> None:
    with pytest.raises(TypeError, match="`einsum` got operands of Int64, Float32; expected one type of numbers"):
        ops.einsum("i,i->", dt.Tensor([1, 2]), dt.Tensor([1.0, 2.0]))


@pytest.mark.parametrize("name", ["triu", "tril"])
def test_a_triangle_of_truth_values_holds_truth_values(name: str) -> None:
    mask = np.random.default_rng(0).random((3, 4)) > 0.3
    found = getattr(ops, name)(dt.Tensor(mask), 1).asnumpy()
    assert found.dtype == bool
    np.testing.assert_array_equal(found, getattr(np, name)(mask, 1))
