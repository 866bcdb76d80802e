"""The shares of MindSpore's names in the docs are those that are counted (`count_names.py`)."""

from __future__ import annotations

from pathlib import Path

from mindspore import count_names

PAGE = Path(__file__).parents[2] / "docs" / "mindspore.md"


def test_the_page_shows_the_shares_that_are_counted() -> None:
    assert count_names.table() in PAGE.read_text(encoding="utf-8")


def test_every_name_of_mixed_precision_is_present() -> None:
    assert count_names.absent("`amp`") == []
