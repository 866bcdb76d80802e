"""What the stages give prints as text that a person can follow; `docs/compiler.md` shows more of it."""

from __future__ import annotations

from collections.abc import Callable

import dualtape as dt
from describing import Describer
from dualtape import ops
from dualtape.compiler.blocks import choose_division
from dualtape.compiler.blocks.target import TileTarget
from dualtape.compiler.blocks.tile import choose_forms, plan_memory, schedule, split_rows
from dualtape.compiler.passes import optimise
from dualtape.compiler.program import trace_program
from dualtape.core.spec import Spec
from dualtape.devices.registry import HOST


def described(function: Callable[..., list[dt.Tensor]], *shapes: tuple[int, ...]) -> list[str]:
    """Division, region, steps and memory."""
    program = optimise(trace_program(function, [Spec(shape, dt.float32) for shape in shapes], HOST)[0])
    division = choose_division(program)
    (region,) = division.regions
    operations = split_rows(region.operations, region.live_out)
    steps = choose_forms(schedule(operations, region.live_out), TileTarget("float", 32, 16), 1 << 10)
    scratch = plan_memory(steps, [value for _, value in region.loaded], region.live_out)
    text = Describer(program)
    return [text.division(division), text.region(region), text.steps(steps), text.scratch(scratch)]


def test_results_at_the_points() -> None:
    f = lambda x: [ops.where(x[:, :1] > 0, x, 2.0), ops.concat([x, x[:, ::-1]], 1)]
    division, region, steps, scratch = described(f, (100, 3))
    assert division.endswith("4 operations at 100 points of v0 give v3, v5")
    assert region.splitlines() == [
        "t0: float32[3] = v0 at a point",
        "t1: bool[1] = greater(t0[0], 0)",
        "t2: float32[3] = where(t1[0], t0, 2.0)",
        "t3: float32[3] = t0[2-1i]",
        "t4: float32[6] = Embed(t0, t3)",
        "v3 = t2 at all points",
        "v5 = t4 at all points",
    ]
    assert steps.splitlines()[:2] == ["once, leaving t1:", "  t1: bool[1] = greater(t0[0], 0)"]
    assert scratch == "16 features: t0 at 0, t1 at 3, t3 at 4, t2 at 7, t4 at 10"


def test_sums_over_points_say_their_form() -> None:
    _, _, steps, _ = described(lambda x: [x.T @ ops.tanh(x), x.sum(0)], (100, 40))
    assert steps.splitlines() == [
        "for each of 40 features, leaving t1:",
        "  t1: float32[40] = tanh(t0)",
        "v4 = sum over points of t0, lanes added",
        "t2 = Transpose(t1)",
        "v3 = WideContraction(t2, t0)",
    ]
