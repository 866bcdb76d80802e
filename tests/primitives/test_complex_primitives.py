"""Every primitive that takes complex numbers, on the calls that it declares for reals: enrolled by being declared.

Real inputs get imaginary parts, which keep away from branch cuts; a derivative counts along real and imaginary parts.
What declares complex inputs itself is tried on them with the rest of the catalogue.
"""

from __future__ import annotations

import numpy as np
import pytest

import dualtape as dt
from dualtape.core.example import Complexes
from dualtape.core.primitive import Elementwise, NonDifferentiable, Primitive
from dualtape.primitives import CATALOGUE
from dualtape.testing import check_derivatives
from dualtape.testing.operands import PrimitiveCall, draw, examples


def declares_complex(primitive: Primitive) -> bool:
    return any(isinstance(part, Complexes) for example in examples(primitive) for part in example.inputs)


COMPLEX = tuple(p for p in CATALOGUE.values() if p.on_complex is not None and not p.on_complex.from_reals)
IN_PAIRS = tuple(p for p in COMPLEX if p.on_complex is not None and p.on_complex.pairs is not None)
DIFFERENTIABLE = tuple(p for p in COMPLEX if not isinstance(p, NonDifferentiable) and not declares_complex(p))


def calls(primitive: Primitive) -> list[PrimitiveCall]:
    """One call of an elementwise function, with inputs of one shape, else two."""
    found = (
        draw(primitive, example) for example in examples(primitive)[: 1 if isinstance(primitive, Elementwise) else 2]
    )
    return list(map(_continued, found))


def _continued(call: PrimitiveCall) -> PrimitiveCall:
    numbers = np.random.default_rng(3)
    return call._replace(
        arrays=tuple(x + 1j * numbers.uniform(0.2, 0.4, x.shape) if x.dtype.kind == "f" else x for x in call.arrays)
    )


@pytest.mark.parametrize("primitive", DIFFERENTIABLE, ids=lambda p: p.name)
def test_all_modes_agree_with_differences_along_both_parts(primitive: Primitive) -> None:
    for call in calls(primitive):
        f = lambda *x, call=call: call.primitive(*x, **call.params)
        check_derivatives(f, *call.tensors(), order=2, jit=False)


@pytest.mark.opencl
@pytest.mark.parametrize("primitive", IN_PAIRS, ids=lambda p: p.name)
def test_pairs_of_reals_in_a_program_are_the_host(primitive: Primitive) -> None:
    call = calls(primitive)[0]
    expected = np.asarray(primitive.numpy(*call.arrays, **call.params))
    for device in dt.devices()[1:2]:
        with dt.device(device):
            found = dt.jit(lambda *x: primitive(*x, **call.params), device=device)(*call.tensors())
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-12, atol=1e-13)
