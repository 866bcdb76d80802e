"""Products in which zero wins become plain ones where a NaN that they make reaches a result."""

from __future__ import annotations

import pytest

import dualtape as dt
from dualtape.compiler.blocks.tile import (
    COPY,
    ElementwiseMap,
    Embed,
    FoldFeatures,
    PointProduct,
    Stream,
    TileOperation,
    TileValue,
    with_plain_products,
)
from dualtape.core.expression import Expression, choose, x, y
from dualtape.core.lowering import Fold
from dualtape.core.primitive import CATALOGUE
from dualtape.primitives.arithmetic import multiply, strong_multiply
from tile_programs import SUM, contraction, mapped, shared, value


def scaled() -> ElementwiseMap:
    assert isinstance(strong_multiply.lowering, Expression)
    operands = (value(3).whole((3,)), value(3).whole((3,)))
    return ElementwiseMap(value(3), strong_multiply.lowering, operands, strong_multiply)


def test_nothing_to_replace() -> None:
    assert with_plain_products((mapped(x * y, value(2).whole((2,)), value(2).whole((2,))),)) is None


def test_replaced() -> None:
    strict = scaled()
    total = contraction(strict.output.whole((3,)), None, 3)
    plain = with_plain_products((strict, total))
    assert plain is not None
    assert plain[0].code is multiply.lowering
    assert (plain[0].output, plain[0].operands, plain[1]) == (strict.output, strict.operands, total)


def reader(kind: str, source: TileValue) -> TileOperation:
    read = source.whole((3,))
    match kind:
        case "copy":
            return mapped(COPY, read)
        case "sum":
            return FoldFeatures(value(1), source.whole((1, 3)), 1, SUM)
        case "product":
            return PointProduct((Stream(source, 0, value(2), 0),), shared(3, 2).whole((3, 2)), 3, 2)
        case "embed":
            output = value(4)
            return Embed(output, ((source, output.whole((3,))),))
        case "largest":
            return FoldFeatures(value(1), source.whole((1, 3)), 1, Fold(-float("inf"), choose(y > x, y, x)))
        case "comparison":
            return ElementwiseMap(TileValue(3, dt.bool_), x > 0, (read,), CATALOGUE["greater"])
        case _:
            return ElementwiseMap(value(3), choose(x > 0, x, 0), (read,), CATALOGUE["maximum"])


@pytest.mark.parametrize(
    ("kind", "hands_on"),
    [
        ("copy", True),
        ("sum", True),
        ("product", True),
        ("embed", True),
        ("largest", False),
        ("comparison", False),
        ("choice", False),
    ],
)
def test_readers(kind: str, hands_on: bool) -> None:
    strict = scaled()
    assert (with_plain_products((strict, reader(kind, strict.output))) is not None) is hands_on
    # The same on a value that no such product reaches, or before it, loses nothing.
    assert with_plain_products((reader(kind, value(3)), strict)) is not None


def test_a_nan_is_followed_through_all_readers() -> None:
    strict = scaled()
    copy = mapped(COPY, strict.output.whole((3,)))
    assert with_plain_products((strict, copy, reader("largest", copy.output))) is None
