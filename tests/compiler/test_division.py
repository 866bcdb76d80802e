"""What maps over points is found by following data, and what does not is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.compiler.blocks.find.division import divide_program
from dualtape.compiler.blocks.find.regions import NotBlockable, Region
from dualtape.compiler.blocks.tile.scheduling import schedule
from dualtape.compiler.blocks.tile.steps import Group
from dualtape.compiler.blocks.tile.tiles import Contraction, ElementwiseMap, Embed, FoldFeatures, PointProduct
from dualtape.compiler.passes import compute_repeated_once, optimise
from dualtape.compiler.program import Program, trace_program
from dualtape.compiler.replay import replayed
from dualtape.core.spec import Spec
from dualtape.devices.registry import HOST

W = np.linspace(-1, 1, 6).reshape(2, 3)
X = np.linspace(-2, 2, 22).reshape(11, 2)


def program_of(function: Callable[..., Any], *shapes: tuple[int, ...]) -> Program:
    specs = [Spec(shape, dt.float64) for shape in shapes or (W.shape, X.shape)]
    return optimise(trace_program(lambda *args: [function(*args)], specs, HOST)[0])


def region_of(function: Callable[..., Any], *shapes: tuple[int, ...]) -> Region:
    program = optimise(compute_repeated_once(program_of(function, *shapes)))
    (region,) = divide_program(program, (len(X),)).regions
    return region


def kinds(region: Region) -> list[type]:
    return [type(operation) for operation in region.operations]


def test_three_stages() -> None:
    division = divide_program(program_of(lambda w, x: ops.sqrt((x @ ops.tanh(w)).sum())), (11,))
    before, after = division.stages
    assert [equation.primitive.name for equation in before.equations] == ["tanh"]
    assert [region.points for region in before.regions] == [11]
    assert kinds(before.regions[0]) == [PointProduct, FoldFeatures, Contraction]
    assert after.equations[-1].primitive.name == "sqrt"
    assert not after.regions


def test_a_loss_normalised_by_a_sum_is_two_kernels() -> None:
    program = program_of(lambda w, x: ops.square(x @ w / ops.square(x @ w).sum()).sum())
    first, second, _ = divide_program(program, (11,)).stages
    assert [len(stage.regions) for stage in (first, second)] == [1, 1]
    assert second.equations
    assert {x.output for x in second.equations} & set(second.regions[0].shared)
    assert second.regions[0].loaded == first.regions[0].loaded


def test_sets_of_points_are_kernels_of_one_stage() -> None:
    def function(w: dt.Tensor, x: dt.Tensor, y: dt.Tensor) -> dt.Tensor:
        return ops.tanh(x @ w).sum() + ops.sin(y @ w).sum()

    division = divide_program(program_of(function, W.shape, (11, 2), (5, 2)), (11, 5))
    assert [region.points for region in division.stages[0].regions] == [11, 5]
    assert [equation.primitive.name for equation in division.equations if equation.reads[1:]] == ["add"]


def test_what_does_not_map_runs_between_kernels() -> None:
    program = program_of(lambda w, x: ops.sin(ops.cumsum(ops.tanh(x @ w), 0)).sum())
    division = divide_program(program, (11,))
    first, second, *_ = division.stages
    assert [array.node.spec.shape for array, _ in first.regions[0].stored] == [(11, 3)]
    assert [equation.primitive.name for equation in second.equations] == ["cumsum"]
    assert [array.node for array, _ in second.regions[0].loaded] == [second.equations[0].output]
    assert any("cumsum" in reason for reason in division.reasons)


def test_weight_gradients_are_sums_over_points() -> None:
    region = region_of(dt.grad(lambda w, x: ops.square(x @ w).sum()))
    (contraction,) = (x for x in region.operations if isinstance(x, Contraction) and x.terms[0].y is not None)
    assert (contraction.rows, contraction.columns) == (2, 3)


def test_movements_cost_nothing() -> None:
    region = region_of(lambda w, x: (ops.reshape(x[:, 1:].T, (11, 1)) * 2).sum())
    assert kinds(region) == [ElementwiseMap, Contraction]


def test_placing_columns() -> None:
    region = region_of(lambda w, x: (ops.concat([x, x[:, :1]], 1) @ ops.concat([w, w[:1]], 0)).sum())
    assert Embed in kinds(region)


def test_products_of_one_weight_are_one_and_take_in_the_elementwise_rest() -> None:
    region = region_of(lambda w, x: (ops.tanh((3 * x) @ w) * ops.sin((2 * x) @ w)).sum((0,)).sum())
    hosts = [step for step in schedule(region.operations, frozenset()) if isinstance(step, Group) and step.product]
    assert [len(step.product.streams) for step in hosts] == [2]


def test_what_repeats_itself_is_computed_once() -> None:
    def function(w: dt.Tensor, x: dt.Tensor) -> dt.Tensor:
        ones = ops.broadcast_to(ops.reshape(w[:, 0], (1, 2)), (11, 2))
        return ops.tanh(ones @ w) * (x @ w)

    program = program_of(function)
    thin = optimise(compute_repeated_once(program))
    (tanh,) = (equation for equation in thin.equations if equation.primitive.name == "tanh")
    assert tanh.output.spec.shape == (1, 3)
    found, expected = (replayed(p, HOST)([W, X])[0].asnumpy() for p in (thin, program))
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("reason", "function"),
    [
        ("reorders", lambda w, x: ops.flip(x, (0,)) * x),
        ("some of the points", lambda w, x: (x[:5] * 2).sum() + ops.exp(x)),
        ("blocks of points know", lambda w, x: ops.cumsum(x, 0) + ops.exp(x)),
        ("only sums", lambda w, x: (2 * x).max()),
        ("two values at the points", lambda w, x: (x @ (2 * x).T).sum()),
        ("Int32", lambda w, x: x * x.astype(dt.int32)),
        ("larger than a cache", lambda w, x: (wide := ops.broadcast_to(x[:, :1], (11, 800))).T @ (wide * 2)),
    ],
)
def test_reasons(reason: str, function: Callable[..., Any]) -> None:
    reasons = divide_program(program_of(function), (len(X),)).reasons
    assert any(reason in found for found in reasons), reasons


def test_nothing_at_the_points() -> None:
    with pytest.raises(NotBlockable, match="nothing maps"):
        divide_program(program_of(lambda w, x: w.sum()), (len(X),))
