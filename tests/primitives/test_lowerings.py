"""What lowerings say is what primitives are: computed with NumPy from the expressions, at all kinds of values at once.

Device functions stand for the NumPy functions of the primitives that have their names; kernels are made of the same
expressions, and tried on devices.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from dualtape.core.expression import Argument, Expression, FunctionCall, Literal, OperatorCall
from dualtape.core.lowering import Fold, Movement, Placement, View
from dualtape.core.primitive import CATALOGUE, Elementwise
from dualtape.testing.operands import draw, examples

# A cast and a random number are what the others are made of: device functions alone.
ALONE = ("cast", "philox")
EXPRESSIONS = [name for name, p in CATALOGUE.items() if isinstance(p.lowering, Expression) and name not in ALONE]
FOLDS = [name for name, p in CATALOGUE.items() if isinstance(p.lowering, Fold)]
VIEWS = [name for name, p in CATALOGUE.items() if isinstance(p.lowering, (Movement, Placement))]
OPERATORS: dict[str, Any] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "==": np.equal, "!=": np.not_equal,
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "&&": np.logical_and,
    "||": np.logical_or, "&": np.bitwise_and, "|": np.bitwise_or, "^": np.bitwise_xor, "?": np.where,
}  # fmt: skip
OF_ONE: dict[str, Any] = {"-": np.negative, "!": np.logical_not, "~": np.bitwise_not}
UNDER_OTHER_NAMES: dict[str, Any] = {
    "abs": np.abs, "pow": np.power, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
}  # fmt: skip
FLOATS = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-30, -1e-30, 0.3, 0.5, -0.5, 1.0, -1.0, 1.5, 2.0, -2.0, 2.5, -3.0, 1e30]
VALUES: dict[str, list[Any]] = {
    "float32": FLOATS, "float64": FLOATS, "int32": [-9, -3, -2, -1, 0, 1, 2, 3, 7, 40], "uint8": [0, 1, 2, 3, 7, 9],
    "bool": [False, True],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _beyond_all_numbers() -> Iterator[None]:
    """Values that overflow, or are undefined, are asked for."""
    with np.errstate(all="ignore"):
        yield


def device_function(name: str) -> Any:
    known = name.removeprefix("dt_").removeprefix("integer_")
    return UNDER_OTHER_NAMES.get(known) or CATALOGUE[known].numpy


def compute(tree: Expression, operands: tuple[np.ndarray, ...], kind: np.dtype) -> Any:
    """The value of an expression, whose numbers are of the type ``kind``."""
    match tree:
        case Argument(position=position):
            return operands[position]
        case Literal(value=value, bare=bare):
            return value if bare else np.asarray(value).astype(kind)
    found = [compute(operand, operands, kind) for operand in tree.operands]
    match tree:
        case FunctionCall(function=function):
            order = [x for x in found if isinstance(x, int)]
            arrays = [x for x in found if not isinstance(x, int)]
            return device_function(function)(*arrays, **dict(zip(PARAMS, order, strict=False)))
        case OperatorCall(symbol=symbol):
            return (OF_ONE if len(found) == 1 else OPERATORS)[symbol](*found)
    raise AssertionError(tree)


PARAMS: dict[str, Any] = {"n": 2}
OF_BOOLS = ("where", "any", "all", "equal", "not_equal", "logical_and", "logical_or", "logical_xor", "logical_not")


def has_type(name: str, dtype: str) -> bool:
    """Whether a primitive is a function of elements of a type, which has an expression for them."""
    if dtype == "bool":
        return name in OF_BOOLS
    if name.startswith("logical"):
        return False
    if dtype.startswith("float"):
        return not name.startswith("bitwise") and not name.endswith("shift")
    lowering = CATALOGUE[name].lowering
    return name != "step" and isinstance(lowering, Expression) and not lowering.needs_floats


TRIED = [(name, dtype) for name in EXPRESSIONS for dtype in VALUES if has_type(name, dtype)]


def combinations(name: str, dtype: str, arity: int) -> tuple[np.ndarray, ...]:
    values = VALUES[dtype]
    if name == "power" and not dtype.startswith("float"):
        values = [value for value in values if value >= 0]
    kinds = [[False, True], values, values] if name == "where" else [values] * arity
    columns = zip(*itertools.product(*kinds), strict=True)
    return tuple(np.array(column, bool if name == "where" and not i else dtype) for i, column in enumerate(columns))


@pytest.mark.parametrize(("name", "dtype"), TRIED)
def test_expression_is_the_function(name: str, dtype: str) -> None:
    primitive, of_floats = CATALOGUE[name], dtype.startswith("float")
    params = PARAMS if isinstance(primitive, Elementwise) and primitive.params[0] else {}
    assert isinstance(primitive.lowering, Expression)
    tree = primitive.lowering.specialized(not of_floats, params)
    given = combinations(name, dtype, primitive.lowering.arity)
    expected = np.asarray(primitive.numpy(*given, **params))
    found = np.asarray(compute(tree, given, given[-1].dtype)).astype(expected.dtype)
    rounding = 4 * np.finfo(dtype).eps if of_floats else 0
    np.testing.assert_allclose(found, expected, rtol=rounding, atol=0)
    if of_floats and name != "strong_multiply":  # where it is 0, it need not have a sign
        np.testing.assert_array_equal(np.signbit(found[expected == 0]), np.signbit(expected[expected == 0]))


@pytest.mark.parametrize("name", FOLDS)
def test_fold_is_the_reduction(name: str) -> None:
    fold = CATALOGUE[name].lowering
    assert isinstance(fold, Fold)
    dtype = "bool" if name in OF_BOOLS else "float64"
    values = np.array(list(itertools.product(VALUES[dtype][:9], repeat=3)), dtype)
    for rows in (values, values[:, :1]):
        found = np.full(len(rows), fold.identity).astype(dtype)
        for column in rows.T:
            found = compute(fold.combine, (found, column), rows.dtype)
        expected = CATALOGUE[name].numpy(rows, axes=(1,))
        np.testing.assert_array_equal(found[:, None], expected)


@pytest.mark.parametrize("name", VIEWS)
def test_view_is_the_movement(name: str) -> None:
    primitive = CATALOGUE[name]
    for call in (draw(primitive, example) for example in examples(primitive)):
        (x,), lowering = call.arrays, primitive.lowering
        expected = np.asarray(primitive.numpy(x, **call.params))
        assert isinstance(lowering, (Movement, Placement))
        view = lowering.view(x.shape, **call.params)
        assert isinstance(view, View)
        moves = isinstance(lowering, Movement)
        assert view.shape == (expected.shape if moves else x.shape)
        buffer = np.array(x) if moves else np.zeros_like(expected)
        places = np.full(view.shape, view.offset)
        for axis, stride in enumerate(view.strides):
            steps = np.arange(view.shape[axis]) * stride
            places += steps.reshape(-1, *(1,) * (len(view.shape) - 1 - axis))
        assert len(view.strides) == len(view.shape)
        if moves:
            np.testing.assert_array_equal(buffer.ravel()[places], expected)
        else:
            buffer.ravel()[places] = x
            np.testing.assert_array_equal(buffer, expected)
