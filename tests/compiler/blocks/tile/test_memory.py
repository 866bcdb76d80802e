"""Values that are there at the same time never lie in the same place of the scratch memory."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from dualtape.compiler.blocks.target import TileTarget
from dualtape.compiler.blocks.tile import (
    COPY,
    Embed,
    TileStep,
    TileValue,
    choose_forms,
    plan_memory,
    schedule,
)
from tile_programs import Drawn, mapped, tile_programs, unhurried, value

AFTER = 1_000


@st.composite
def schedules(draw: st.DrawFn) -> tuple[list[TileStep], list[TileValue], frozenset[TileValue]]:
    """Steps that read any values before them, some of them for the last time, and write one value or several."""
    loaded = [value(draw(st.integers(1, 9))) for _ in range(draw(st.integers(0, 3)))]
    known = list(loaded)
    steps: list[TileStep] = []
    for _ in range(draw(st.integers(1, 12))):
        read = draw(st.lists(st.sampled_from(known), max_size=3)) if known else []
        output = value(draw(st.integers(1, 9)))
        steps.append(Embed(output, tuple((each, output.whole((1,))) for each in read)))
        known.append(output)
    return steps, loaded, frozenset(draw(st.lists(st.sampled_from(known), max_size=3)))


def check(steps: list[TileStep], loaded: list[TileValue], live_out: frozenset[TileValue]) -> None:
    layout = plan_memory(steps, loaded, live_out)
    written = dict.fromkeys(loaded, -1) | {each: i for i, step in enumerate(steps) for each in step.values_made()}
    last = dict(written)
    for i, step in enumerate(steps):
        last |= {each: i for each in step.values_read() if each in written}
    last |= dict.fromkeys(live_out, AFTER)
    assert layout.slots.keys() == written.keys()
    places = {each: slot.start + slot.delta for each, slot in layout.slots.items()}
    for each, place in places.items():
        assert 0 <= place <= layout.features - each.features
    for one, other in combinations(written, 2):
        # A step writes while it reads, so what dies in the step that writes another is still there.
        both_live = written[one] <= last[other] and written[other] <= last[one]
        apart = places[one] + one.features <= places[other] or places[other] + other.features <= places[one]
        assert apart or not both_live


@unhurried
@given(schedules())
def test_live_values_do_not_overlap(drawn: tuple[list[TileStep], list[TileValue], frozenset[TileValue]]) -> None:
    steps, loaded, live_out = drawn
    check(steps, loaded, live_out)


@unhurried
@given(tile_programs(), st.sampled_from([100, 10_000]), st.sampled_from([1, 4]))
def test_those_of_whole_programs_neither(drawn: Drawn, budget: int, work_items: int) -> None:
    """Whose steps are of all kinds, and write several values each."""
    scheduled = schedule(drawn.operations, drawn.live_out)
    steps = choose_forms(scheduled, TileTarget("double", 64, 4, work_items), budget)
    check(steps, list(drawn.loaded), drawn.live_out)


def test_memory_of_dead_values_is_used_again() -> None:
    """A chain needs room for what it reads and for what it writes."""
    first = value(6)
    steps: list[TileStep] = []
    last = first
    for _ in range(10):
        output = value(6)
        steps.append(Embed(output, ((last, output.whole((6,))),)))
        last = output
    assert plan_memory(steps, [first], frozenset()).features == 12
    assert plan_memory(steps, [first], frozenset([first])).features == 18


def test_what_a_step_writes_is_one_chunk() -> None:
    """Functions know distances inside a chunk only."""
    source = value(4)
    maps = [mapped(COPY, source.whole((4,))) for _ in range(3)]
    outputs = [m.output for m in maps]
    (group,) = choose_forms(schedule(maps, frozenset(outputs)), TileTarget("float", 32, 8), 0)
    slots = plan_memory([group], [source], outputs).slots
    assert [slots[each].delta for each in outputs] == [0, 4, 8]
    assert len({slots[each].chunk for each in outputs}) == 1
    assert slots[source].chunk != slots[outputs[0]].chunk
