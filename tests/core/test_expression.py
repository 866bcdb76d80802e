"""What is computed from expressions: C code, counts, needs, and where a NaN gets lost."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from dualtape.opencl_kernels import math_functions, source

from dualtape.core.example import Indices
from dualtape.core.expression import Expression, by_type, call, choose, in_c, static, to_output, x, y, z
from dualtape.core.lowering import Fold
from dualtape.core.primitive import CATALOGUE, Elementwise, NonDifferentiable, Primitive

STATED = {name: p.lowering for name, p in CATALOGUE.items() if isinstance(p.lowering, Expression)}
PROBES = (0.0, 1.0, -2.0, np.inf)


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        (x + y * z, "a + (b * c)"),
        ((x + y) * z, "(a + b) * c"),
        (x - (y - z), "a - (b - c)"),
        (1 - -x, "(real)1 - (-a)"),
        (1 / x, "(real)1 / a"),
        (2 - x, "(real)2 - a"),
        (0.5 * x + 1, "((real)0.5 * a) + (real)1"),
        (choose((x == 0) | (y == 0), 0, x * y), "((a == (real)0) || (b == (real)0)) ? (real)0 : (a * b)"),
        (~(x < y) & (y >= z), "(!(a < b)) && (b >= c)"),
        (to_output(x), "(OUT)a"),
        (call("dt_pow", x + y, y), "dt_pow(a + b, b)"),
        (choose(x > -np.inf, x, np.nan), "(a > (real)-INFINITY) ? a : (real)NAN"),
    ],
)  # fmt: skip
def test_code(expression: Expression, code: str) -> None:
    assert in_c(expression, ("a", "b", "c"), "real") == code


def test_specialized() -> None:
    tree = by_type(call("dt_polygamma", static("n"), x), choose(x < 0, -x, x))
    assert str(tree.specialized(of_integers=False, params={"n": 3, "axis": 1})) == "dt_polygamma(3, x)"
    assert str(tree.specialized(of_integers=True, params={})) == "(x < (T)0) ? (-x) : x"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (-2, "(-2)"),
        (True, "1"),
        (2.5, "(T)2.5"),
        (-2.5, "(T)-2.5"),
        (np.float64(3), "(T)3.0"),
        (-np.inf, "(T)-INFINITY"),
    ],
)
def test_a_static_parameter_is_what_c_can_read(value: float, code: str) -> None:
    """A Float64 in a kernel of Float32 vectors, ``--2`` and ``True`` are none of it."""
    assert str((-static("k") * x).specialized(of_integers=False, params={"k": value})) == f"(-{code}) * x"


@pytest.mark.parametrize(
    ("expression", "operations"),
    [
        (x + y, 1), (x, 0), (to_output(x), 0), (-x, 1), (call("dt_tanh", x), 1), (choose(x, y, z), 1), (x * 0.5, 1),
        (x * 1e-3 + y, 2), (x <= y, 1), (choose(x > 0, x, call("dt_exp", x) - 1), 4),
    ],
)  # fmt: skip
def test_operations(expression: Expression, operations: int) -> None:
    assert expression.operations == operations


def test_needs_and_functions() -> None:
    assert (x / y).needs_floats
    assert call("dt_exp", x).needs_floats
    assert not (x * y).needs_floats
    assert not by_type(call("dt_abs", x), choose(x < 0, -x, x)).needs_floats
    assert (call("dt_exp", call("dt_abs", x)) + x).functions == {"dt_exp", "dt_abs"}
    assert (x.arity, (z - x).arity, choose(x, y, 0).arity) == (1, 3, 2)


def test_expression_is_no_truth_value() -> None:
    with pytest.raises(TypeError, match=r"`x == y` has no truth value"):
        bool(x == y)
    with pytest.raises(TypeError, match="no part of an expression"):
        x + "y"


@pytest.mark.parametrize("name", STATED)
def test_stated_functions_exist(name: str) -> None:
    """Those of integers are in files of their own."""
    for function in STATED[name].functions:
        assert function in math_functions() or f" {function}(" in source("integer") + source("philox")


def _is_of_floats(primitive: Primitive) -> bool:
    return isinstance(primitive, Elementwise) or (
        isinstance(primitive, NonDifferentiable)  # what linear maps do not select is dropped
        and not any(isinstance(x, Indices) for x in primitive.examples[0].inputs)
    )


@pytest.mark.parametrize("name", [name for name in STATED if _is_of_floats(CATALOGUE[name])])
def test_nan_is_handed_on_as_stated(name: str) -> None:
    """Against NumPy, with the NaN in any place and other numbers in the others."""
    primitive, expression = CATALOGUE[name], STATED[name]
    params = primitive.params[0] if isinstance(primitive, Elementwise) else {}
    found = []
    with np.errstate(all="ignore"):
        for place, others in product(range(expression.arity), product(PROBES, repeat=expression.arity - 1)):
            inputs = [*others[:place], np.nan, *others[place:]]
            found.append(bool(np.isnan(primitive.numpy(*map(np.float64, inputs), **params))))
    assert expression.hands_on_nan == all(found)


@pytest.mark.parametrize(
    ("combine", "expected"),
    [
        (x + y, True), (x * y, True), (choose((y > x) | (y != y), y, x), True), (choose(y > x, y, x), False),
        (choose(x > y, x, y), False), (choose(x < y, 0, x), False), (x | y, False),
        (choose((x == x) & (y == y), x, x + y), True),
    ],
)  # fmt: skip
def test_fold_hands_on_nan(combine: Expression, expected: bool) -> None:
    assert Fold(0, combine).combine.hands_on_nan == expected
