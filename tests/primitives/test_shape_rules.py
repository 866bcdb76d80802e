"""What the shape rules refuse, primitive by primitive, with the words of the error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape.core.spec import Shape, Spec
from dualtape.errors import DTypeError, DualtapeError, ShapeError, TensorIndexError
from dualtape.primitives import CATALOGUE

REFUSED: list[tuple[str, tuple[Shape, ...], dict[str, Any], str]] = [
    ("reshape", ((2, 3),), {"shape": (4,)}, r"cannot turn shape \(2, 3\) into \(4,\)"),
    ("reshape", ((0,),), {"shape": ()}, r"cannot turn shape \(0,\) into \(\)"),
    ("broadcast_to", ((2, 3),), {"shape": (3,)}, r"cannot stretch shape \(2, 3\) to \(3,\)"),
    ("broadcast_to", ((1, 3),), {"shape": (3,)}, r"cannot stretch shape \(1, 3\) to \(3,\)"),
    ("broadcast_to", ((2, 3),), {"shape": (2, 4)}, r"cannot stretch shape \(2, 3\) to \(2, 4\)"),
    ("concatenate", ((2, 3), (2, 4)), {"axis": 0}, r"got shapes \(2, 3\) and \(2, 4\)"),
    ("concatenate", ((2, 3), (3, 4)), {"axis": 1}, r"got shapes \(2, 3\) and \(3, 4\)"),
    ("concatenate", ((2, 3), (2,)), {"axis": 0}, r"got shapes \(2, 3\) and \(2,\)"),
    ("concatenate", ((2, 3), (2, 3), (2, 4)), {"axis": 0}, r"got shapes \(2, 3\) and \(2, 4\)"),
    ("matmul", ((2, 3), (4, 5)), {}, r"got shapes \(2, 3\) and \(4, 5\)"),
    ("matmul", ((2, 2, 3), (3, 3, 5)), {}, r"got shapes \(2,\) and \(3,\)"),
    ("add", ((2, 3), (4, 3)), {}, r"got shapes \(2, 3\) and \(4, 3\)"),
    ("maximum_along", ((2, 0),), {"axes": (1,)}, "over no elements"),
    ("minimum_along", ((2, 0),), {"axes": (0, 1)}, "over no elements"),
    ("argmax", ((2, 0),), {"axis": 1}, "over no elements"),
    ("argmin", ((0, 2),), {"axis": 0}, "over no elements"),
]


@pytest.mark.parametrize(("name", "shapes", "params", "words"), REFUSED)
def test_shapes_that_do_not_fit_are_named(
    name: str, shapes: tuple[Shape, ...], params: dict[str, Any], words: str
) -> None:
    with pytest.raises(ShapeError, match=f"`{name}` {words}"):
        CATALOGUE[name].infer(*(Spec(shape, dt.float32) for shape in shapes), **params)
    with pytest.raises(DualtapeError, match=words):
        CATALOGUE[name](*(dt.ops.zeros(shape) for shape in shapes), **params)


@pytest.mark.parametrize("name", ["argmax", "argmin", "maximum_along", "minimum_along"])
def test_an_empty_axis_that_is_not_searched_is_no_error(name: str) -> None:
    params: dict[str, Any] = {"axis": 1} if name.startswith("arg") else {"axes": (1,)}
    assert CATALOGUE[name].infer(Spec((0, 2), dt.float32), **params).shape == (0, 1)


def test_where_of_two_tensors_and_of_numbers() -> None:
    flags, x = Spec((2, 1), dt.bool_), Spec((3,), dt.float16)
    infer = CATALOGUE["where"].infer
    assert infer(flags, x, None) == infer(flags, None, x) == infer(flags, x, x) == Spec((2, 3), dt.float16)


def test_take_wants_integers() -> None:
    with pytest.raises(DTypeError, match="`take` got indices of Float32; expected integers"):
        CATALOGUE["take"].infer(Spec((3,), dt.float32), Spec((2,), dt.float32), axis=0)


@pytest.mark.parametrize("index", [4, -5])
def test_take_outside_the_axis_says_where(index: int) -> None:
    with pytest.raises(TensorIndexError, match="outside axis 0 of size 4"):
        CATALOGUE["take"](dt.ops.zeros(4), dt.Tensor([0, index]), axis=0)
    ends = CATALOGUE["take"](dt.Tensor([5.0, 6.0, 7.0, 8.0]), dt.Tensor([3, -4]), axis=0)
    np.testing.assert_array_equal(ends.asnumpy(), [8.0, 5.0])


@pytest.mark.parametrize("name", ["less", "equal", "greater_equal"])
def test_comparisons_give_bools(name: str) -> None:
    primitive, x = CATALOGUE[name], Spec((3,), dt.float32)
    assert primitive.infer(x, x) == primitive.infer(x, None) == Spec((3,), dt.bool_)
    assert primitive(dt.Tensor([1.0, 2.0]), dt.Tensor([2.0, 1.0])).dtype is dt.bool_
