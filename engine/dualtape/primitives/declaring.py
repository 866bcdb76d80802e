"""How elementwise primitives are declared, and what several declarations share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dualtape.core.example import Example, Reals
from dualtape.core.expression import call, x
from dualtape.core.lowering import Lowering
from dualtape.core.primitive import Elementwise, NonDifferentiable, Partial
from dualtape.core.spec import Spec, broadcast_shapes
from dualtape.dtypes import DType, bool_

ONE_INPUT = (Example((Reals((2, 3)),)), Example((Reals(()),)), Example((Reals((0, 3)),)))


class Power(NamedTuple):
    """``base ** exponent``, or ``abs(base) ** exponent``."""

    base: Any
    exponent: float
    of_magnitude: bool = False


def infer_elementwise(name: str, dtype: DType | None = None) -> Callable[..., Spec]:
    """The shape rule of elementwise primitives; ``dtype`` where the output's type is fixed."""

    def infer(*inputs: Spec | None, **_: Any) -> Spec:
        known = [spec for spec in inputs if spec is not None]
        shape = broadcast_shapes(name, *(spec.shape for spec in known))
        return Spec(shape, dtype or known[-1].dtype)

    return infer


def elementwise(
    name: str,
    *,
    numpy: Callable[..., np.ndarray],
    opencl: Lowering,
    partials: tuple[Partial, ...],
    domain: tuple[tuple[float, float], ...],
    params: tuple[dict[str, Any], ...] = ({},),
    continued: Callable[..., Any] | None = None,
    written: str | None = None,
    kink: Callable[..., Any] | None = None,
    power: Callable[..., Power | None] | None = None,
) -> Elementwise:
    """Declare an :class:`Elementwise` primitive."""
    return Elementwise(
        name=name,
        numpy=numpy,
        lowering=opencl,
        infer=infer_elementwise(name),
        partials=partials,
        domain=domain,
        params=params,
        continued=continued,
        written=written,
        kink=kink,
        power=power,
    )


def predicate(
    name: str,
    *,
    numpy: Callable[..., np.ndarray],
    opencl: Lowering,
    examples: tuple[Example, ...],
    written: str | None = None,
    kink: Callable[..., Any] | None = None,
) -> NonDifferentiable:
    """Declare an elementwise primitive that gives bools."""
    infer = infer_elementwise(name, bool_)
    return NonDifferentiable(
        name=name, numpy=numpy, lowering=opencl, infer=infer, examples=examples, written=written, kink=kink
    )


def math_function(
    name: str,
    *,
    numpy: Callable[..., np.ndarray],
    partials: tuple[Partial],
    domain: tuple[tuple[float, float]],
    continued: Callable[..., Any] | None = None,
    power: Callable[..., Power | None] | None = None,
) -> Elementwise:
    """Declare a function of one variable; on devices it is ``dt_<name>`` of `opencl_kernels`."""
    lowering = call(f"dt_{name}", x)
    return elementwise(
        name, numpy=numpy, opencl=lowering, partials=partials, domain=domain, continued=continued, power=power
    )


def piecewise_constant(
    name: str,
    *,
    numpy: Callable[..., np.ndarray],
    opencl: Lowering,
    examples: tuple[Example, ...] = ONE_INPUT,
    kink: Callable[..., Any] | None = None,
) -> NonDifferentiable:
    """Declare a function of each element whose derivative is zero."""
    infer = infer_elementwise(name)
    return NonDifferentiable(name=name, numpy=numpy, lowering=opencl, infer=infer, examples=examples, kink=kink)
