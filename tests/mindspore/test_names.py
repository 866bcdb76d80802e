"""The shares of MindSpore's names in the docs are those that are counted (`count_names.py`)."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from mindspore import asked_names, count_names, expressions

PAGE = Path(__file__).parents[2] / "docs" / "mindspore.md"


def test_the_page_shows_the_shares_that_are_counted() -> None:
    assert count_names.table() in PAGE.read_text(encoding="utf-8")


def test_every_name_of_mixed_precision_is_present() -> None:
    assert count_names.absent("`amp`") == []


@pytest.mark.parametrize("name", asked_names.MOST_ASKED)
def test_a_name_that_programs_ask_for_is_present(name: str) -> None:
    found = importlib.import_module("dualtape.mindspore")
    for part in name.replace("Initializer.", "common.initializer.Initializer.").split("."):
        found = getattr(found, part)
    assert found is not None or name == "Tensor.init_data"


def test_every_name_has_a_record_of_mindspores_or_a_reason_why_not() -> None:
    assert {area: names for area, names in asked_names.without_record().items() if names} == {}


def test_no_reason_is_given_for_a_name_that_has_a_record() -> None:
    assert [name for name in asked_names.UNRECORDED if asked_names.has_record(name)] == []


def test_what_mindspore_cannot_do_is_left_out_for_a_reason() -> None:
    reasons = expressions.load(Path(expressions.__file__).parent / "left_out.json")
    values = expressions.load(Path(expressions.__file__).parent / "values.json")
    asked = [one for area in expressions.areas().values() for one in area]
    assert sorted(asked) == sorted([*values, *reasons])
    assert all(reasons.values())
