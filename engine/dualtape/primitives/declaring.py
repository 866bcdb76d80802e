"""Shapes that several declarations of the catalogue share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.core.example import Example, Reals
from dualtape.core.expression import call, x
from dualtape.core.lowering import Lowering
from dualtape.core.primitive import Elementwise, NonDifferentiable, Partial, elementwise, infer_elementwise

ONE_INPUT = (Example((Reals((2, 3)),)), Example((Reals(()),)), Example((Reals((0, 3)),)))


def math_function(
    name: str,
    *,
    numpy: Callable[..., np.ndarray],
    partials: tuple[Partial],
    domain: tuple[tuple[float, float]],
    continued: Callable[..., Any] | None = None,
) -> Elementwise:
    """Declare a function of one variable; on devices it is ``dt_<name>`` of `opencl_kernels`."""
    lowering = call(f"dt_{name}", x)
    return elementwise(name, numpy=numpy, opencl=lowering, partials=partials, domain=domain, continued=continued)


def piecewise_constant(
    name: str, *, numpy: Callable[..., np.ndarray], opencl: Lowering, examples: tuple[Example, ...] = ONE_INPUT
) -> NonDifferentiable:
    """Declare a function of each element whose derivative is zero."""
    return NonDifferentiable(name=name, numpy=numpy, lowering=opencl, infer=infer_elementwise(name), examples=examples)
