"""Which form a sum over the points takes, by its size, its terms and the device."""

from __future__ import annotations

from dualtape.compiler.blocks.target import TileTarget
from dualtape.compiler.blocks.tile import (
    Contraction,
    ContractionTerm,
    PointSum,
    RowsContraction,
    SumForm,
    Transpose,
    WideContraction,
    choose_forms,
)
from dualtape.compiler.program import Node
from dualtape.core.spec import Spec
from dualtape.dtypes import float64
from tile_programs import contraction, value

LANES = TileTarget("double", 64, 8)
VECTOR = 64
"""Bytes of a vector of it."""


def outer(rows: int, columns: int) -> Contraction:
    return contraction(value(rows).whole((rows,)), value(columns).whole((columns,)), rows, columns)


def over_rows(count: int) -> Contraction:
    term = ContractionTerm(value(2 * count).whole((2,)), value(3 * count).whole((3,)), count, 2, 3)
    return Contraction(Node(Spec((2, 3), float64)), (term,), 2, 3)


def forms(*contractions: Contraction, target: TileTarget = LANES, budget: int = 1 << 20) -> list[SumForm | type]:
    steps = choose_forms(contractions, target, budget)
    return [step.form if isinstance(step, PointSum) else type(step) for step in steps]


def test_lanes_are_kept_apart_while_there_is_room() -> None:
    """The smallest first, in whatever order they come."""
    large, small = over_rows(2), contraction(value(2).whole((2,)), None, 2)
    assert forms(large, small) == [SumForm.LANES_APART, SumForm.LANES_APART]
    assert forms(large, small, budget=7 * VECTOR) == [SumForm.LANES_ADDED, SumForm.LANES_APART]
    assert forms(large, small, budget=VECTOR) == [SumForm.LANES_ADDED, SumForm.LANES_ADDED]


def test_many_rows_are_packed() -> None:
    assert forms(over_rows(15), budget=0) == [SumForm.LANES_ADDED]
    assert forms(over_rows(16), budget=0) == [SumForm.PACKED]


def test_points_on_work_items() -> None:
    target = TileTarget("float", 32, 4, 4)
    assert forms(outer(64, 64), over_rows(20), target=target) == [SumForm.BY_WORK_ITEMS] * 2


def test_large_results_have_features_on_the_lanes() -> None:
    assert forms(outer(32, 32)) == [Transpose, WideContraction]
    assert forms(outer(32, 31)) == [SumForm.LANES_APART]
    assert forms(outer(4, 4), budget=0) == [Transpose, WideContraction]


def test_the_longer_factor_is_transposed() -> None:
    wide, tall = outer(3, 10), outer(10, 3)
    for given, turned, others, is_transposed in (
        (wide, wide.terms[0].y, wide.terms[0].x, False),
        (tall, tall.terms[0].x, tall.terms[0].y, True),
    ):
        transpose, step = choose_forms([given], LANES, 0)
        assert isinstance(transpose, Transpose)
        assert isinstance(step, WideContraction)
        assert (transpose.sources, transpose.features, transpose.padded) == ((turned,), 10, 16)
        assert transpose.output.features == 16
        assert (step.turned, step.others, step.rows, step.columns) == (transpose.output, (others,), 3, 10)
        assert step.transposed is is_transposed


def test_many_rows_of_large_results_are_turned_some_at_a_time() -> None:
    """Those that all of a result reads again are few enough for the nearest cache: 12 of 8 points, in 4 vectors."""
    for rows, columns, is_transposed in ((32, 40, False), (40, 32, True)):
        x, y = value(rows * 100).whole((rows,)), value(columns * 100).whole((columns,))
        term = ContractionTerm(x, y, 100, rows, columns)
        (step,) = choose_forms(
            [Contraction(Node(Spec((rows, columns), float64)), (term,), rows, columns)], LANES, 1 << 20
        )
        assert isinstance(step, RowsContraction)
        assert (step.rows, step.columns, step.padded, step.turned_rows) == (32, 40, 40, 12)
        assert step.transposed is is_transposed
        turned = ContractionTerm(y, x, 100, columns, rows) if is_transposed else term
        assert step.terms == (turned,)


def test_a_factor_of_several_terms_is_transposed_once() -> None:
    x, y, z = (value(9).whole((9,)) for _ in range(3))
    _, step = choose_forms(
        [Contraction(Node(Spec((9, 9), float64)), (ContractionTerm(x, y), ContractionTerm(x, z)), 9, 9)], LANES, 0
    )
    assert isinstance(step, WideContraction)
    assert step.starts == (0, 16)
    given = Contraction(Node(Spec((9, 9), float64)), (ContractionTerm(x, z), ContractionTerm(y, z)), 9, 9)
    transpose, step = choose_forms([given], LANES, 0)
    assert isinstance(transpose, Transpose)
    assert isinstance(step, WideContraction)
    assert (transpose.sources, step.starts, step.others) == ((z,), (0, 0), (x, y))


def test_whole_vectors() -> None:
    assert [LANES.whole_vectors(n) for n in (0, 1, 8, 9)] == [0, 8, 8, 16]
