"""The committed table of functions says what the functions do."""

from __future__ import annotations

from functions.table import rows, stated


def test_the_table_of_functions_is_true() -> None:
    assert stated() == list(rows())
