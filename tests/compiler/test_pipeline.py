"""The pipeline's table of contents is true, and its stages depend on nothing but what they are given."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import dualtape as dt
from dualtape import ops
from dualtape.compiler import pipeline
from dualtape.compiler.blocks import choose_division, compile_region
from dualtape.compiler.program import trace_program
from dualtape.core.spec import Spec
from dualtape.devices.kernels import Architecture
from dualtape.devices.registry import HOST

ROOM = Path(pipeline.__file__).parent
STAGES = re.findall(r"^(?:- )?(\w+)  +.*?  +(\S+\.py)", str(pipeline.__doc__), re.MULTILINE)


@pytest.mark.parametrize(("stage", "file"), STAGES)
def test_a_stage_is_where_the_table_says(stage: str, file: str) -> None:
    assert f"\ndef {stage}(" in (ROOM / file).read_text(encoding="utf-8")


def test_every_stage_is_in_the_table() -> None:
    source = Path(pipeline.__file__).read_text(encoding="utf-8")
    called = re.findall(r"\b(\w+)\(", source[source.index("def compile_function") :])
    imported = re.findall(r"^(?:from \S+ import |    )(\w+(?:, \w+)*),?$", source, re.MULTILINE)
    helpers = {"replayed", "as_body"}
    stages = {name for name in called if any(name in names.split(", ") for names in imported)} - helpers
    assert {name for name in stages if name.islower()} <= {stage for stage, _ in STAGES}


def test_the_same_program_gives_the_same_kernel() -> None:
    def loss(w: dt.Tensor, x: dt.Tensor) -> list[dt.Tensor]:
        return [dt.grad(lambda w: ops.square(ops.tanh(x @ w)).mean())(w)]

    program, _, _ = trace_program(loss, [Spec((2, 3), dt.float32), Spec((100, 2), dt.float32)], HOST)
    before = str(program)
    processor = Architecture(4, 1 << 18, {dt.float32: 8}, 4096, points_on_work_items=False, is_processor=True)
    first, second = (
        [compile_region(x, processor).kernel.source for x in choose_division(program).regions] for _ in range(2)
    )
    assert first == second != []
    assert str(program) == before


def large(w: dt.Tensor, x: dt.Tensor) -> dt.Tensor:
    return ops.tanh(ops.tanh(x @ w) @ w).sum()


def test_a_compiler_starts_while_the_program_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def noted(name: str) -> Callable[..., object]:
        stage = getattr(pipeline, name)
        return lambda *given: (order.append(name), stage(*given))[1]

    for name in ("start_device", "choose_division", "choose_device"):
        monkeypatch.setattr(pipeline, name, noted(name))
    w, x = ops.ones((100, 100)), ops.ones((5_000, 100))
    dt.jit(large).lower(w, x)
    assert order == ["start_device", "choose_division", "choose_device"]
    order.clear()
    dt.jit(large, device="host").lower(w, x)
    dt.jit(large).lower(w, x[:10])
    assert order == ["start_device", "start_device"]


def test_the_reason_for_no_kernel_is_that_there_is_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dualtape.compiler.blocks.policy.devices", lambda: (HOST,))
    without_points = dt.jit(lambda x: ops.sum(ops.cumsum(x, 0)))
    assert "no OpenCL device that is a processor" in without_points.lower(ops.ones(1 << 20)).explanation
