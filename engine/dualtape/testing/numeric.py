"""Finite differences: derivatives that know nothing of the engine's rules.

SciPy's adaptive central differences of order 8 (`scipy.differentiate.derivative`), with its own
estimate of the error, along one direction at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.differentiate import derivative

from dualtape.devices.registry import device
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.tensor import Tensor

Bounds = tuple[float, float]
EVERYWHERE: Bounds = (-np.inf, np.inf)
_FIRST_STEP = 0.0625
_SMALLEST_STEP = 1e-6
# Steps are halved; differences of order 8 add up about four values of weights below one over the step.
_STEPS = 7
NOISE = 4 * 2.0 ** (_STEPS - 1) / _FIRST_STEP
"""By how much an error of the function may be enlarged in its difference, at the smallest step."""
_ACCURACY: Any = {"maxiter": _STEPS, "tolerances": {"rtol": 1e-12, "atol": 1e-14}}


class Estimate(NamedTuple):
    """A derivative by finite differences, and by how much it may be wrong."""

    value: np.ndarray
    error: np.ndarray


def finite_differences(
    f: Callable[[Tensor], Any], x: Any, direction: Any = None, *, domain: Bounds = EVERYWHERE
) -> Estimate:
    """The derivative of ``f`` at ``x`` by adaptive central differences, in float64 on the host.

    Parameters
    ----------
    f
        A function of one Tensor that returns a Tensor, an array or a number.
    x
        A Tensor or array; it is converted to float64.
    direction
        Along which to differentiate, of ``x``'s shape; without one, by every element of ``x``.
    domain
        The open interval that the elements must not leave. The step also shrinks by itself where ``f`` is not finite.

    Returns
    -------
    Estimate
        ``value`` and ``error``, of ``f(x)``'s shape with ``direction``, else of that shape followed by ``x``'s.

    Examples
    --------
    >>> import dualtape as dt
    >>> estimate = finite_differences(dt.ops.sin, [0.0, 1.0], direction=[1.0, 1.0])
    >>> print(estimate.value.round(8))
    [1.         0.54030231]
    """
    point = _as_point("x", x)
    if direction is not None:
        slope = _as_point("direction", direction)
        if slope.shape != point.shape:
            raise ShapeError(f"`direction` has shape {slope.shape}, `x` {point.shape}; they must be equal")
        return _along(f, point, slope, domain)
    units = np.eye(point.size).reshape(point.size, *point.shape)
    columns = [_along(f, point, unit, domain) for unit in units]
    if not columns:
        shape = (*np.shape(_evaluate(f, point)), *point.shape)
        return Estimate(np.zeros(shape), np.zeros(shape))
    values, errors = (np.stack(part, axis=-1) for part in zip(*columns, strict=True))
    shape = (*values.shape[:-1], *point.shape)
    return Estimate(values.reshape(shape), errors.reshape(shape))


def differentiate_curve(
    curve: Callable[[float], Sequence[np.ndarray]], largest_step: float = _FIRST_STEP
) -> list[Estimate]:
    """The derivatives at 0 of a curve that gives several arrays."""
    centre = [np.asarray(a, np.float64) for a in curve(0.0)]
    # Differences of a point lose the digits of its size: start from zero.
    origin = _joined(centre)

    def at(t: float) -> np.ndarray:
        return np.asarray(_joined([np.asarray(a, np.float64) for a in curve(t)]) - origin)

    value, error = _differentiate(at, origin.size, largest_step)
    ends = np.cumsum([a.size for a in centre])[:-1]
    parts = zip(np.split(value, ends), np.split(error, ends), centre, strict=True)
    return [Estimate(v.reshape(a.shape), e.reshape(a.shape)) for v, e, a in parts]


def _differentiate(at: Callable[[float], np.ndarray], size: int, step: float) -> tuple[np.ndarray, np.ndarray]:
    if size == 0:
        return np.zeros(0), np.zeros(0)

    def of_steps(t: np.ndarray) -> np.ndarray:
        # All elements are given the same steps; SciPy's first call, with one, has no axis for them.
        if t.ndim == 1:
            return at(float(t[0]))
        return np.stack([at(float(one)) for one in t[0]], axis=-1)

    while step > _SMALLEST_STEP:
        found = derivative(of_steps, np.zeros(size), initial_step=step, preserve_shape=True, **_ACCURACY)
        if np.isfinite(found.df).all() and np.isfinite(found.error).all():
            return np.asarray(found.df), np.asarray(found.error)
        step /= 8
    raise ArgumentError("finite differences met values that are not finite, at every step: is the point in the domain?")


def _along(f: Callable[[Tensor], Any], point: np.ndarray, slope: np.ndarray, domain: Bounds) -> Estimate:
    return differentiate_curve(lambda t: [_evaluate(f, point + t * slope)], room(point, slope, domain))[0]


def room(point: np.ndarray, slope: np.ndarray, domain: Bounds) -> float:
    """The largest step along ``slope``, to both sides, that stays inside ``domain``."""
    low, high = domain
    if not ((point > low) & (point < high)).all():
        raise ArgumentError(f"`x` lies outside its domain {domain}: finite differences need room on both sides")
    steep = np.abs(slope)
    moving = steep > 0
    margins = np.minimum(point - low, high - point)[moving] / steep[moving]
    return float(min(_FIRST_STEP, 0.9 * margins.min(initial=np.inf)))


def _evaluate(f: Callable[[Tensor], Any], point: np.ndarray) -> np.ndarray:
    with device("host"):
        return np.asarray(f(Tensor(point)), np.float64)


def _joined(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([a.ravel() for a in arrays]) if arrays else np.zeros(0)


def _as_point(name: str, x: Any) -> np.ndarray:
    try:
        return np.asarray(x, np.float64)
    except (TypeError, ValueError) as cause:
        raise ArgumentTypeError(f"`{name}` of `finite_differences` must be a Tensor or an array: {cause}") from cause
