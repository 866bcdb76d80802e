"""MindSpore's and LuoJiaNET's tutorials run with only their imports changed (``tutorials/``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from recorded_programs import RecordedProgram, read_programs, run, same_text

PAGES = sorted((Path(__file__).parent / "tutorials").glob("*.md"))
CASES = [case for page in PAGES for case in read_programs(page)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_tutorial_program_prints_what_mindspore_prints(case: RecordedProgram) -> None:
    printed = run(case.program, library="dualtape")
    assert same_text(printed, case.printed), f"printed\n{printed}\nexpected\n{case.printed}"


def test_every_tutorial_program_is_found() -> None:
    assert len(CASES) == 64


@pytest.mark.parametrize(
    ("actual", "expected", "is_same"),
    [
        ("[[4.51 2.7]]", "[[4.5099998 2.7      ]]", True),
        ("[4.5100007]", "[4.5099998]", True),
        ("[4.511]", "[4.5099998]", False),
        ("[ 0.]", "[-0.]", True),
        ("value= 20)", "value= 20.0)", True),
        ("shape=[1, 3]", "shape=[1, 2]", False),
        ("(1,)", "(1)", False),
        ("[1. 2.]", "[1. 2. 3.]", False),
        ("nan", "-nan", True),
        ("nan", "inf", False),
        ("inf", "3.4028235e+38", False),
        ("1e+300", "2e+300", False),
        ("loss 1.0", "Loss 1.0", False),
        ("dtype=Float32", "dtype=Float64", False),
    ],
)
def test_comparison_of_printed_text(actual: str, expected: str, is_same: bool) -> None:
    assert same_text(actual, expected) is is_same
