"""The coefficients in the kernels are those that the command computes."""

from __future__ import annotations

import pytest

from special_functions.coefficients import FOLDER, SERIES, Series, body, definition

TEXTS = [file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("math_*.cl"))]


@pytest.mark.parametrize("series", SERIES, ids=lambda series: f"{series.helper}-{series.bits}")
def test_a_helper_holds_what_is_computed(series: Series) -> None:
    (found,) = (match for text in TEXTS if (match := definition(series, text)))
    assert body(series, found[2]) == found[3]
