"""Differential operators of fields: functions of points whose coordinates lie on the last axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dualtape.autodiff.algebra import Algebra, Index, MultiIndex
from dualtape.autodiff.collapsed import sum_of_second_derivatives
from dualtape.autodiff.directional import directional_derivatives
from dualtape.autodiff.estimators import read_estimator
from dualtape.autodiff.jet import Jet, JetLevel
from dualtape.autodiff.plan import Plan, plan_partials
from dualtape.autodiff.request import require_callable
from dualtape.core.interpreter import entered, ground
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from dualtape.functions.creation import zeros_like
from dualtape.functions.shape import stack
from dualtape.parameter import Parameter
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.tensor import Tensor

Field = Callable[..., Tensor]


def partials(f: Field, indices: Sequence[MultiIndex], strategy: str = "auto") -> Partials:
    """A function that returns the wanted partial derivatives of ``f``, from one forward sweep.

    Parameters
    ----------
    f
        A field: ``f(X, *args)`` with points ``X`` of shape (..., d), whose value at a point depends on that point
        only. It may return a tensor of any shape whose leading axes are those of ``X``.
    indices
        One multi-index of length d for each wanted derivative: ``(2, 0, 1)`` is the second derivative in the first
        coordinate and the first in the third; all zeros is the value itself.
    strategy
        ``"multivariate"``: one jet over the smallest downward-closed set of multi-indices that holds all wanted ones
        (Griewank & Walther, *Evaluating Derivatives*, ch. 13). ``"directional"``: univariate jets along directions, as
        one tensor, recombined (Griewank, Utke & Walther 2000); fewer, larger operations, and some digits lost to
        cancellation. ``"auto"`` takes the one with fewer operations; :func:`explain` tells.

    Returns
    -------
    Partials
        ``(X, *args) -> tuple``: the derivatives in the order of ``indices``, each of the shape of ``f``'s value.

    Examples
    --------
    >>> import dualtape as dt
    >>> X = dt.Tensor([[2.0, 3.0]])
    >>> u, u_xxy = dt.partials(lambda X: X[:, 0] ** 2 * X[:, 1] ** 2, [(0, 0), (2, 1)])(X)
    >>> print(u, u_xxy)
    [36.] [12.]
    """
    require_callable("partials", f)
    wanted = [_read_multi_index(index) for index in indices]
    if not wanted:
        raise ArgumentError("`indices` of `partials` is empty; expected at least one multi-index")
    if strategy not in ("auto", "multivariate", "directional"):
        raise ArgumentError(
            f"`strategy` of `partials` must be 'auto', 'multivariate' or 'directional', got {strategy!r}"
        )
    plan = plan_partials(wanted, strategy)
    if strategy == "directional" and any(map(any, wanted)) and not plan.directional:
        raise ArgumentError("`strategy='directional'` of `partials` needs too many directions for these indices")
    return Partials(f, plan)


class Partials:
    """Partial derivatives of a field; made by :func:`partials`."""

    def __init__(self, f: Field, plan: Plan) -> None:
        self._f = f
        self.plan = plan

    def __call__(self, X: Tensor, *args: Any) -> tuple[Tensor, ...]:
        wanted = self.plan.indices
        points = read_points("partials", X, len(wanted[0]))
        if self.plan.directional and self.plan.directions is not None:
            value, derivative = directional_derivatives(self._f, points, args, self.plan.directions)
            require_field(value)
            return tuple(_scaled(value, derivative(index) if any(index) else value, 1) for index in wanted)
        axes = [i for i in range(len(wanted[0])) if any(index[i] for index in wanted)]
        directions = {tuple(int(i == j) for j in range(len(wanted[0]))): i for i in axes}
        primal, coefficient = _sweep(self._f, points, args, self.plan.algebra, directions)
        return tuple(
            _scaled(primal, coefficient(index) if any(index) else primal, math.prod(map(math.factorial, index)))
            for index in wanted
        )


def explain(derivatives: Partials, X: Tensor) -> Plan:
    """How ``derivatives`` are computed at points like ``X``, and why; the plan prints as text.

    Examples
    --------
    >>> import dualtape as dt
    >>> u = lambda X: dt.ops.sin(X[:, 0] * X[:, 1])
    >>> print(dt.explain(dt.partials(u, [(4, 0), (2, 2), (0, 4)]), dt.ops.ones((8, 2))))
    partials of the indices (4, 0), (2, 2), (0, 4)
    -> one multivariate jet: 12 multi-indices: 12 streams + 34 products = 46
       directional jets: 4 directions of order 4, as one tensor: 16 streams + 40 products = 56
    """
    if not isinstance(derivatives, Partials):
        raise ArgumentTypeError(f"`explain` takes the result of `partials`, got {type(derivatives).__name__}")
    read_points("explain", X, len(derivatives.plan.indices[0]))
    return derivatives.plan


def laplacian(
    f: Field, *, estimator: str | Tensor | None = None, samples: int = 16, seed: int = 0
) -> Callable[..., tuple[Tensor, Tensor]]:
    """A function that returns the value of ``f`` and its Laplacian over the last axis of the points.

    The second derivatives travel as one stream that holds their sum, and the first ones as one tensor with an axis of
    directions: memory and work grow with d, the number of operations does not (forward Laplacian, Li et al. 2023,
    arXiv:2307.08214).

    Parameters
    ----------
    f
        A field: ``f(X, *args)``, as in :func:`partials`.
    estimator
        ``None`` for the exact Laplacian. For very many dimensions an unbiased estimate from second derivatives along
        a few directions, the same for all points: ``"hutchinson"`` draws vectors of random signs, ``"stde"`` draws
        coordinates without putting them back (stochastic Taylor derivative estimator, Shi et al. 2024,
        arXiv:2412.00088). Or the directions themselves, a Tensor of shape (m, d): second derivatives are averaged.
    samples
        How many directions to draw at every call.
    seed
        Of the sequence of directions. A jitted function keeps those that it was traced with: give it a Tensor.

    Examples
    --------
    >>> import dualtape as dt
    >>> u, lap = dt.laplacian(lambda X: (X * X).sum(-1))(dt.Tensor([[1.0, 2.0, 3.0]]))
    >>> print(u, lap)
    [14.] [6.]
    """
    require_callable("laplacian", f)
    draw = read_estimator(estimator, samples, seed)

    def value_and_laplacian(X: Tensor, *args: Any) -> tuple[Tensor, Tensor]:
        points = read_points("laplacian", X)
        directions, share = draw(points)
        value, total = sum_of_second_derivatives(f, points, args, directions)
        return require_field(value), zeros_like(value) if total is None else total if share == 1 else total * share

    return value_and_laplacian


def bilaplacian(f: Field) -> Callable[..., tuple[Tensor, Tensor]]:
    """A function that returns the value of ``f`` and the Laplacian of its Laplacian.

    A forward Laplacian of a forward Laplacian: (d + 2)^2 streams, and no mixed fourth derivative by itself.

    Examples
    --------
    >>> import dualtape as dt
    >>> u, bilap = dt.bilaplacian(lambda X: X[:, 0] ** 4 + X[:, 0] ** 2 * X[:, 1] ** 2)(dt.Tensor([[1.0, 2.0]]))
    >>> print(u, bilap)
    [5.] [32.]
    """
    require_callable("bilaplacian", f)
    inner = laplacian(f)

    def value_and_bilaplacian(X: Tensor, *args: Any) -> tuple[Tensor, Tensor]:
        read_points("bilaplacian", X)
        both, operated = laplacian(lambda points: stack(list(inner(points, *args))))(X)
        return both[0], operated[1]

    return value_and_bilaplacian


def linear_operator(f: Field, coefficients: Mapping[MultiIndex, float]) -> Callable[..., Tensor]:
    """A function that returns a weighted sum of partial derivatives of ``f``.

    Parameters
    ----------
    coefficients
        A weight for each multi-index, as in ``{(4, 0): 1.0, (2, 2): 2.0, (0, 4): 1.0}`` for the bilaplacian
        in the plane.

    Examples
    --------
    >>> import dualtape as dt
    >>> heat = dt.linear_operator(lambda X: X[:, 0] * X[:, 1] ** 2, {(1, 0): 1.0, (0, 2): -0.5})
    >>> print(heat(dt.Tensor([[3.0, 2.0]])))
    [1.]
    """
    if not isinstance(coefficients, Mapping) or not coefficients:
        raise ArgumentTypeError("`coefficients` of `linear_operator` must be a dict from multi-indices to numbers")
    derivatives = partials(f, list(coefficients))
    weights = list(coefficients.values())

    def combination(X: Tensor, *args: Any) -> Tensor:
        total: Any = None
        for weight, value in zip(weights, derivatives(X, *args), strict=True):
            term = value if weight == 1 else value * weight
            total = term if total is None else total + term
        return total  # type: ignore[no-any-return]

    return combination


def _sweep(
    f: Field, points: Tensor, args: tuple[Any, ...], algebra: Algebra, directions: Mapping[Any, int]
) -> tuple[Tensor, Callable[[Index], Tensor | None]]:
    """Call ``f`` on a jet whose coefficient at each index of ``directions`` is the unit vector of that coordinate."""
    level = JetLevel(algebra)
    with entered(level):
        seeds: dict[Index, Tensor] = {}
        for index, axis in directions.items():
            unit = np.zeros(points.shape[-1], points.dtype.numpy)
            unit[axis] = 1
            seeds[index] = broadcast_to(ground().constant(unit, points.device), shape=points.shape)
        value = f(level.jet(points, seeds), *args)
    require_field(value)
    if isinstance(value, Jet) and value.level is level:
        return value.primal, value.coefficient
    return value, lambda index: None


def _scaled(primal: Tensor, coefficient: Tensor | None, factor: int) -> Tensor:
    if coefficient is None:
        return zeros_like(primal)
    return coefficient if factor == 1 else coefficient * factor


def _read_multi_index(index: Any) -> MultiIndex:
    if not isinstance(index, (tuple, list)) or not index:
        raise ArgumentTypeError(f"a multi-index is a tuple of orders such as (2, 0), got {index!r}")
    if not all(isinstance(i, int) and not isinstance(i, bool) for i in index):
        raise ArgumentTypeError(f"the orders of a multi-index must be ints, got {index!r}")
    if min(index) < 0:
        raise ArgumentError(f"the orders of a multi-index must not be negative, got {index!r}")
    return tuple(index)


def require_field(value: Any) -> Tensor:
    """What a field returned, if it is a Tensor."""
    if not isinstance(value, Tensor):
        raise ArgumentTypeError(f"a field must return a Tensor, got {type(value).__name__}")
    return value


def read_points(function: str, X: Any, dimension: int | None = None) -> Tensor:
    """``X``, if it is a tensor of points."""
    if not isinstance(X, Tensor):
        raise ArgumentTypeError(f"`X` of `{function}` must be a Tensor of points, got {type(X).__name__}")
    if not X.dtype.is_float:
        raise DTypeError(f"`X` of `{function}` must hold floats, got {X.dtype}")
    if X.ndim == 0 or (dimension is not None and X.shape[-1] != dimension):
        raise ShapeError(
            f"`X` of `{function}` has shape {X.shape}; expected the coordinates on the last axis"
            + (f", {dimension} of them as in the multi-indices" if dimension is not None else "")
        )
    return X.value() if isinstance(X, Parameter) else X
