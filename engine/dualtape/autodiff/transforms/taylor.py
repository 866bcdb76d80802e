"""`jet` and `derivative`: Taylor mode along one curve."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from dualtape.autodiff.levels import JetLevel, MultiIndices
from dualtape.autodiff.transforms.orders import require_order
from dualtape.autodiff.transforms.request import require_callable
from dualtape.core.interpreter import entered, value_of
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from dualtape.functions.conversion import read_int
from dualtape.functions.creation import ones_like, zeros_like
from dualtape.functions.shape import stack
from dualtape.tensor import Tensor


def jet(fn: Callable[..., Any], primals: Any, series: Any) -> tuple[Any, Any]:
    """The derivatives of ``fn`` along a curve.

    Parameters
    ----------
    fn
        A function of Tensors that returns a Tensor, or a tuple or list of Tensors.
    primals
        Where the curve is at t = 0: a Tensor, or a tuple with one for each argument.
    series
        For each primal its derivatives by t (not Taylor coefficients) of order 1, 2, ..., stacked along a new
        first axis, whose size is the highest order of all.

    Returns
    -------
    tuple
        The value of ``fn`` and its derivatives by t, stacked as in ``series``; a list of each for several outputs.

    Examples
    --------
    >>> import dualtape as dt
    >>> value, derivatives = dt.ops.jet(lambda x: x ** 3, dt.Tensor(2.0), dt.Tensor([1.0, 0.0, 0.0]))
    >>> print(value, derivatives)
    8.0 [12. 12.  6.]
    """
    require_callable("jet", fn)
    points = _read_tensors("jet", "primals", primals)
    curves = _read_tensors("jet", "series", series)
    if len(points) != len(curves):
        raise ArgumentError(f"`jet` got {len(points)} primals and {len(curves)} series; expected one for each")
    order = _common_order(points, curves)
    given = [[curve[k] for k in range(order)] for curve in curves]
    values, derivatives = _differentiate("jet", "series", fn, points, given, order)
    if isinstance(values, list):
        return values, [stack(terms) for terms in derivatives]
    return values, stack(derivatives[0])


def derivative(fn: Callable[..., Any], primals: Any, order: int) -> tuple[Any, Any]:
    """The value of ``fn`` and its derivative of one order, all elements of all arguments moving at speed 1.

    Examples
    --------
    >>> import dualtape as dt
    >>> value, third = dt.ops.derivative(dt.ops.sin, dt.Tensor(0.0), 3)
    >>> print(value, third)
    0.0 -1.0
    """
    require_callable("derivative", fn)
    points = _read_tensors("derivative", "primals", primals)
    if read_int("derivative", "order", order) < 1:
        raise ArgumentError(f"`order` of `derivative` must be 1 or more, got {order}")
    speeds = [[ones_like(point)] for point in points]
    values, derivatives = _differentiate("derivative", "order", fn, points, speeds, order)
    highest = [terms[-1] for terms in derivatives]
    return values, highest if isinstance(values, list) else highest[0]


def _differentiate(
    function: str, argument: str, fn: Callable[..., Any], points: list[Tensor], curves: list[list[Tensor]], order: int
) -> tuple[Any, list[list[Tensor]]]:
    """The values of ``fn``, and the derivatives of each output of order 1, 2, ...; derivatives not given are zero."""
    for point in points:
        require_order(argument, function, (order,), point.dtype)
    with entered(JetLevel(MultiIndices([(order,)]))) as level:
        jets = [
            level.jet(point, {(k,): _scaled(term, 1 / math.factorial(k)) for k, term in enumerate(curve, start=1)})
            for point, curve in zip(points, curves, strict=True)
        ]
        outputs = fn(*jets)
        several = isinstance(outputs, (tuple, list))
        outputs = [value_of(x) for x in outputs] if several else value_of(outputs)
    values, derivatives = [], []
    for output in outputs if several else [outputs]:
        if not isinstance(output, Tensor):
            raise ArgumentTypeError(f"the differentiated function must return Tensors, got {type(output).__name__}")
        value, coefficient = level.coefficients(output)
        values.append(value)
        terms = [(k, coefficient((k,))) for k in range(1, order + 1)]
        derivatives.append([zeros_like(value) if t is None else _scaled(t, math.factorial(k)) for k, t in terms])
    return values if several else values[0], derivatives


def _scaled(term: Tensor, factor: float) -> Tensor:
    return term if factor == 1 else term * factor


def _read_tensors(function: str, argument: str, given: Any) -> list[Tensor]:
    items = list(given) if isinstance(given, (tuple, list)) else [given]
    if not items:
        raise ArgumentError(f"`{argument}` of `{function}` is empty; expected at least one Tensor")
    for i, item in enumerate(items):
        if not isinstance(item, Tensor):
            raise ArgumentTypeError(f"{argument}[{i}] of `{function}` must be a Tensor, got {type(item).__name__}")
        if not item.dtype.is_inexact:
            raise DTypeError(f"{argument}[{i}] of `{function}` is of {item.dtype}; expected floats")
    return list(map(value_of, items))


def _common_order(points: list[Tensor], curves: list[Tensor]) -> int:
    order = curves[0].shape[0] if curves[0].shape else 0
    for i, (point, curve) in enumerate(zip(points, curves, strict=True)):
        if curve.shape != (order, *point.shape) or order == 0:
            raise ShapeError(
                f"series[{i}] of `jet` has shape {curve.shape}; expected (order, ...) with the shape {point.shape} "
                "of its primal, and one order of 1 or more for all"
            )
        if curve.dtype is not point.dtype:
            raise DTypeError(f"series[{i}] of `jet` is of {curve.dtype}, its primal of {point.dtype}")
    return order
