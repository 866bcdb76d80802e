"""Every primitive of the catalogue on random numbers from its domain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtape.core.primitive import NonDifferentiable, Primitive
from dualtape.primitives import CATALOGUE
from dualtape.testing import check_derivatives
from dualtape.testing.strategies import operands

DIFFERENTIABLE = [p for p in CATALOGUE.values() if not isinstance(p, NonDifferentiable)]


@given(st.data(), st.sampled_from(DIFFERENTIABLE))
def test_derivatives(data: st.DataObject, primitive: Primitive) -> None:
    call = data.draw(operands(primitive))
    f, x = call.differentiable()
    rounding = 4000 * 1.2e-7 if primitive.name == "cast" else None
    check_derivatives(f, *x, rtol=rounding)


@pytest.mark.parametrize("primitive", DIFFERENTIABLE, ids=lambda p: p.name)
def test_strategy_draws_what_is_declared(primitive: Primitive) -> None:
    @given(operands(primitive))
    def drawn(call: object) -> None:
        assert call.primitive is primitive  # type: ignore[attr-defined]

    drawn()
