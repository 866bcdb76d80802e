"""Steps come after what they read, do what the operations did, and leave in memory what others need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from dualtape.compiler.blocks.tile import (
    FoldFeatures,
    Group,
    PointProduct,
    Stream,
    TileOperation,
    TileValue,
    schedule,
    scheduling,
    split_rows,
)
from dualtape.compiler.blocks.tile.scheduling import MOST_STREAMS
from dualtape.compiler.blocks.tile.steps import Scheduled
from dualtape.core.expression import x, y
from tile_programs import SUM, Drawn, compute, contraction, mapped, shared, tile_programs, unhurried, value


def operations_of(steps: list[Scheduled]) -> list[TileOperation]:
    return [each for step in steps for each in (step.members if isinstance(step, Group) else (step,))]


def written_by(step: Scheduled) -> set[TileValue]:
    if isinstance(step, Group):
        return {*step.results, *(fold.output for fold in step.folds)}
    return set(step.values_made())


def product_of(source: TileValue, weight: PointProduct | None = None) -> PointProduct:
    matrix = shared(source.features, 2).whole((source.features, 2)) if weight is None else weight.weight
    return PointProduct((Stream(source, 0, value(2), 0),), matrix, source.features, 2)


@pytest.fixture(params=[2, scheduling.MOST_WORK], ids=["groups of two", "large groups"], autouse=True)
def most_work(request: pytest.FixtureRequest) -> Iterator[int]:
    """Groups take in so much, for all examples of a property."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scheduling, "MOST_WORK", request.param)
        yield request.param


@unhurried
@given(tile_programs())
def test_results_are_the_same(drawn: Drawn) -> None:
    """Of a program as it is, and of its rows."""
    _, sums = compute(drawn.operations, drawn.loaded)
    for operations in (drawn.operations, split_rows(drawn.operations, drawn.live_out)):
        _, found = compute(operations_of(schedule(operations, drawn.live_out)), drawn.loaded)
        assert found.keys() == sums.keys()
        for node, total in sums.items():
            np.testing.assert_allclose(found[node], total, rtol=1e-9, atol=1e-9)


def check_order(
    operations: Sequence[TileOperation], loaded: Iterable[TileValue], live_out: frozenset[TileValue]
) -> None:
    """What a step reads is loaded, or was left in memory by a step before it."""
    made = {each for operation in operations for each in operation.values_made()}
    there = set(loaded)
    for step in schedule(operations, live_out):
        assert made.intersection(step.values_read()) <= there
        there |= written_by(step)
    assert live_out <= there


@unhurried
@given(tile_programs())
def test_steps_read_what_is_in_memory(drawn: Drawn) -> None:
    check_order(drawn.operations, drawn.loaded, drawn.live_out)


def test_elementwise_operations_of_one_size_are_one_loop() -> None:
    source = value(5)
    first = mapped(x + 1, source.whole((5,)))
    second = mapped(x * y, first.output.whole((5,)), source.whole((5,)))
    (group, _) = schedule((first, second, contraction(second.output.whole((5,)), None, 5)), frozenset())
    assert isinstance(group, Group)
    assert group.maps == (first, second)
    assert group.results == (second.output,)


def test_many_elementwise_operations_are_several_loops(most_work: int) -> None:
    chain = [mapped(x + 1, value(5).whole((5,)))]
    while len(chain) < 2 * most_work:
        chain.append(mapped(x + 1, chain[-1].output.whole((5,))))
    first, second = schedule(chain, frozenset([chain[-1].output]))
    assert isinstance(first, Group)
    assert isinstance(second, Group)
    assert (*first.maps, *second.maps) == tuple(chain)
    assert first.results == (chain[most_work - 1].output,)


def test_one_that_reads_other_elements_comes_later() -> None:
    first = mapped(x + 1, value(5).whole((5,)))
    reverse = mapped(x + 1, first.output.whole((5,)).at(4).stretched((5,)))
    groups = schedule((first, reverse), frozenset([reverse.output]))
    assert [step.maps for step in groups if isinstance(step, Group)] == [(first,), (reverse,)]


def test_a_group_takes_in_the_product_that_it_follows() -> None:
    product = product_of(value(3))
    output = product.streams[0].output
    square = mapped(x * x, output.whole((2,)))
    (group,) = schedule((product, square), frozenset([square.output]))
    assert isinstance(group, Group)
    assert group.product is not None
    assert group.product.streams == product.streams
    assert group.results == (square.output,)
    (keeping,) = schedule((product, square), frozenset([square.output, output]))
    assert isinstance(keeping, Group)
    assert keeping.results == (output, square.output)


def test_one_that_reads_other_results_takes_in_no_product() -> None:
    product = product_of(value(3))
    twice = mapped(x + 1, product.streams[0].output.whole((2,)).at(1).stretched((2,)))
    steps = schedule((product, twice), frozenset([twice.output]))
    assert [type(step) for step in steps] == [PointProduct, Group]


@pytest.mark.parametrize("turn", [1, -1])
def test_a_group_that_reads_two_products_comes_after_both(turn: int) -> None:
    """Where another group takes in the first product, this one cannot take in the second."""
    narrow = product_of(value(3))
    wide = replace(product_of(value(3)), streams=(Stream(value(3), 0, value(4), 0),), columns=4)
    of_both = mapped(
        x + y, wide.streams[0].output.whole((2, 2)), narrow.streams[0].output.whole((2,)).stretched((2, 2))
    )
    of_one = mapped(x + 1, narrow.streams[0].output.whole((2,)))
    check_order((*(narrow, wide)[::turn], of_both, of_one), [], frozenset([of_both.output, of_one.output]))


def test_products_with_one_weight_are_one_as_far_as_registers_reach() -> None:
    first = product_of(value(3))
    products = (first, *(product_of(value(3), first) for _ in range(MOST_STREAMS)))
    steps = schedule(products, frozenset(each.streams[0].output for each in products))
    assert sorted(len(step.streams) for step in steps if isinstance(step, PointProduct)) == [7, 8]


def test_rows_are_folded_as_they_appear() -> None:
    squares = mapped(x * x, value(6).whole((2, 3)))
    fold = FoldFeatures(value(3), squares.output.whole((2, 3)).arranged([1, 0]), 1, SUM)
    (group,) = schedule((squares, fold), frozenset([fold.output]))
    assert isinstance(group, Group)
    assert (group.folds, group.results) == ((fold,), ())
    assert group.values_made() == [fold.output]
    along_rows = FoldFeatures(value(2), squares.output.whole((2, 3)), 1, SUM)
    assert schedule((squares, along_rows), frozenset([along_rows.output]))[1] is along_rows
