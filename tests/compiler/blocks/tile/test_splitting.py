"""Rows as values of their own: the same results, and no loop that asks in which row it is."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from dualtape.compiler.blocks.tile import (
    COPY,
    MOST_ROWS,
    Contraction,
    ElementwiseMap,
    Embed,
    FoldFeatures,
    PointProduct,
    Stream,
    split_rows,
)
from dualtape.core.expression import x
from tile_programs import SUM, Drawn, compute, contraction, mapped, shared, tile_programs, unhurried, value


@unhurried
@given(tile_programs())
def test_results_are_the_same(drawn: Drawn) -> None:
    split = split_rows(drawn.operations, drawn.live_out)
    memory, sums = compute(drawn.operations, drawn.loaded)
    found_memory, found_sums = compute(split, drawn.loaded)
    assert found_sums.keys() == sums.keys()
    for node, total in sums.items():
        np.testing.assert_allclose(found_sums[node], total, rtol=1e-9, atol=1e-9)
    for each in drawn.live_out:
        np.testing.assert_allclose(found_memory[each], memory[each], rtol=1e-9, atol=1e-9)


@unhurried
@given(tile_programs())
def test_every_value_is_made_once_and_knows_its_size(drawn: Drawn) -> None:
    split = split_rows(drawn.operations, drawn.live_out)
    made = [each for operation in split for each in operation.values_made()]
    assert len(made) == len(set(made))
    memory, _ = compute(split, drawn.loaded)
    assert all(memory[each].shape[1] == each.features for each in made)
    assert not any(np.isnan(memory[each]).any() for each in made)


def test_a_map_of_few_rows_is_one_for_each() -> None:
    source = value(6)
    squares = mapped(x * x, source.whole((2, 3)))
    split = split_rows((squares, contraction(squares.output.whole((2, 3)).at(1), None, 3)), frozenset())
    assert [type(operation) for operation in split] == [ElementwiseMap, ElementwiseMap, Contraction]
    assert [each.features for operation in split[:2] for each in operation.values_made()] == [3, 3]
    assert split[2].terms[0].x == split[1].output.whole((3,))


def test_rows_are_joined_for_a_reader_of_several() -> None:
    squares = mapped(x * x, value(6).whole((2, 3)))
    split = split_rows((squares, contraction(squares.output.whole((6,)), None, 6)), frozenset())
    assert [type(operation) for operation in split] == [ElementwiseMap, ElementwiseMap, Embed, Contraction]
    assert split[2].output is squares.output


def test_what_is_live_out_stays_whole() -> None:
    squares = mapped(x * x, value(6).whole((2, 3)))
    assert split_rows((squares,), frozenset([squares.output]))[0].values_made() == [squares.output]


def test_many_rows_stay_in_one_value() -> None:
    rows = MOST_ROWS + 1
    squares = mapped(x * x, value(rows * 3).whole((rows, 3)))
    assert len(split_rows((squares,), frozenset())) == 1


def test_a_fold_of_few_rows_is_a_chain() -> None:
    source = mapped(COPY, value(6).whole((2, 3)))
    fold = FoldFeatures(value(3), source.output.whole((2, 3)).arranged([1, 0]), 1, SUM)
    split = split_rows((source, fold), frozenset())
    assert [type(operation) for operation in split] == [ElementwiseMap] * 3
    assert split[2].output is fold.output
    assert [read.value for read in split[2].reads] == [split[0].output, split[1].output]


def test_streams_of_a_product_are_values_of_their_own() -> None:
    source, output = value(6), value(4)
    streams = tuple(Stream(source, 3 * i, output, 2 * i) for i in range(2))
    product = PointProduct(streams, shared(3, 2).whole((3, 2)), 3, 2)
    (split,) = split_rows((product,), frozenset())
    assert [(each.source_offset, each.output_offset, each.output.features) for each in split.streams] == [
        (0, 0, 2),
        (3, 0, 2),
    ]
