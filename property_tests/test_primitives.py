"""Every primitive of the catalogue on operands of random shapes with numbers from its domain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import Call, fewer
from dualtape.core.primitive import NonDifferentiable, Primitive
from dualtape.primitives import CATALOGUE
from dualtape.testing import check_derivatives
from dualtape.testing.strategies import operands, points, programs

DIFFERENTIABLE = [p for p in CATALOGUE.values() if not isinstance(p, NonDifferentiable)]
each_differentiable = pytest.mark.parametrize("primitive", DIFFERENTIABLE, ids=lambda p: p.name)


@each_differentiable
@fewer(10)
@given(data=st.data())
def test_derivatives_as_declared(data: st.DataObject, primitive: Primitive) -> None:
    call = data.draw(operands(primitive))
    f, x = call.differentiable()
    check_derivatives(f, *x)


@each_differentiable
@fewer(10)
@given(data=st.data())
def test_derivatives_in_programs(data: st.DataObject, primitive: Primitive) -> None:
    """Of random shapes, after and before others, which must have it in their text."""
    f = data.draw(programs(max_steps=2, primitives=[primitive]))
    assert primitive.name in f.primitives
    call = Call(f, list(data.draw(points(f))))
    check_derivatives(call.f, *call.x, jit=False)
