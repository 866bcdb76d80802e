"""Operators beside objects of other classes, which may have operators of their own."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt

X = dt.Tensor([1.0, 2.0])
BOTH_WAYS = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "truediv": operator.truediv,
    "floordiv": operator.floordiv, "mod": operator.mod, "pow": operator.pow, "matmul": operator.matmul,
    "and": operator.and_, "or": operator.or_, "xor": operator.xor,
}  # fmt: skip
COMPARISONS = {
    operator.lt: "gt", operator.le: "ge", operator.gt: "lt", operator.ge: "le", operator.eq: "eq", operator.ne: "ne",
}  # fmt: skip


class Symbol:
    """Something that writes down what is done with it."""

    __hash__ = object.__hash__


for _name in [*BOTH_WAYS, *COMPARISONS.values()]:
    for _method in (f"__{_name}__", f"__r{_name}__"):
        setattr(Symbol, _method, lambda self, other, _method=_method: (_method, other))


class Column(Symbol):
    """That NumPy shall leave alone, though it could be an array."""

    __array_ufunc__ = None

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.zeros(2)


@pytest.mark.parametrize("other", [Symbol(), Column()], ids=["symbol", "column"])
@pytest.mark.parametrize("name", BOTH_WAYS)
def test_the_other_class_gets_its_turn(name: str, other: Symbol) -> None:
    if isinstance(other, Column) and name in ("matmul", "and", "or", "xor"):
        pytest.skip("these read an array where there is one")
    assert BOTH_WAYS[name](X, other) == (f"__r{name}__", X)
    assert BOTH_WAYS[name](other, X) == (f"__{name}__", X)


@pytest.mark.parametrize("compare", COMPARISONS, ids=COMPARISONS.values())
def test_so_it_does_in_comparisons(compare: Callable[[Any, Any], Any]) -> None:
    assert compare(X, Symbol()) == (f"__{COMPARISONS[compare]}__", X)


def test_a_derivative_goes_on_in_it() -> None:
    class Doubled:
        def __radd__(self, other: dt.Tensor) -> dt.Tensor:
            return other * 2

    np.testing.assert_array_equal(dt.grad(lambda x: (x + Doubled()).sum())(X), [2, 2])


@pytest.mark.parametrize("name", BOTH_WAYS)
@pytest.mark.parametrize("other", [object(), "text", None, {}], ids=["object", "str", "None", "dict"])
def test_what_knows_nothing_of_tensors_is_refused_by_name(name: str, other: Any) -> None:
    for pair in ((X, other), (other, X)):
        if name != "mod" or pair[0] is X:  # a text fills in what it is given
            with pytest.raises(TypeError, match=f"{type(other).__name__}|Tensor"):
                BOTH_WAYS[name](*pair)


@pytest.mark.parametrize("other", [object(), "text", None, {}], ids=["object", "str", "None", "dict"])
def test_nothing_else_is_equal_to_a_tensor(other: Any) -> None:
    assert (other == X) is False
    assert (other != X) is True
    with pytest.raises(TypeError):
        _ = other > X


def test_only_an_integer_is_an_index() -> None:
    assert operator.index(dt.Tensor(2)) == 2
    assert [1, 2, 3][dt.Tensor([1])] == 2
    for wrong in (dt.Tensor(2.0), dt.Tensor([1, 2]), dt.Tensor(True)):
        with pytest.raises(TypeError, match="Only integer tensors of a single element"):
            operator.index(wrong)
