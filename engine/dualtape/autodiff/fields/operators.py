"""Differential operators of fields: functions of points whose coordinates lie on the last axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dualtape.autodiff.fields.arguments import FieldFunction, read_multi_indices, read_points, require_field
from dualtape.autodiff.fields.directional import Derivative, collapsed_derivatives, directional_derivatives
from dualtape.autodiff.fields.estimators import read_estimator
from dualtape.autodiff.fields.plan import STRATEGIES, SweepPlan, plan_operator, plan_partials
from dualtape.autodiff.levels import JetLevel, MultiIndex, MultiIndices, sum_of_second_derivatives
from dualtape.autodiff.transforms import require_callable, require_order
from dualtape.core.interpreter import entered, ground, value_of
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.functions.conversion import read_real
from dualtape.functions.creation import zeros_like
from dualtape.functions.shape import stack
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.tensor import Tensor


def partials(f: FieldFunction, indices: Sequence[MultiIndex], strategy: str = "auto") -> Partials:
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
        cancellation. ``"auto"`` takes the one with fewer operations; :func:`explain` tells. Of a weighted sum of
        derivatives, :func:`linear_operator` can make one stream.

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
    wanted = read_multi_indices("partials", indices)
    return Partials(f, _planned("partials", plan_partials, wanted, strategy))


class Partials:
    """Partial derivatives of a field; made by :func:`partials`."""

    def __init__(self, f: FieldFunction, plan: SweepPlan) -> None:
        self._f = f
        self.plan = plan

    def __call__(self, X: Tensor, *args: Any) -> tuple[Tensor, ...]:
        wanted = self.plan.indices
        points = read_points("partials", X, self.plan.dimension)
        for index in wanted:
            require_order("indices", "partials", index, points.dtype)
        if self.plan.strategy == "directional" and self.plan.directions is not None:
            value, derivative = directional_derivatives(self._f, points, args, self.plan.directions)
        else:
            value, derivative = _multivariate_derivatives(self._f, points, args, self.plan.algebra)
        require_field(value)
        return tuple(_present(value, derivative(index)) if any(index) else value for index in wanted)


def explain_derivatives(derivatives: Partials | LinearOperator, X: Tensor) -> SweepPlan:
    """How ``derivatives`` are computed at points like ``X``, and why; the plan prints as text.

    Examples
    --------
    >>> import dualtape as dt
    >>> u = lambda X: dt.ops.sin(X[:, 0] * X[:, 1])
    >>> print(dt.explain(dt.partials(u, [(4, 0), (2, 2), (0, 4)]), dt.ops.ones((8, 2))))
    partials of the indices (4, 0), (2, 2), (0, 4)
    -> multivariate: one jet over 12 multi-indices: 12 streams + 34 products = 46
       directional: 4 directions of order 4, as one tensor, recombined: 16 streams + 40 products = 56
       collapsed: only for one weighted sum, as of `linear_operator` or `laplacian`
    """
    if not isinstance(derivatives, (Partials, LinearOperator)):
        raise ArgumentTypeError(
            f"`explain` takes the result of `partials` or `linear_operator`, got {type(derivatives).__name__}"
        )
    read_points("explain", X, derivatives.plan.dimension)
    return derivatives.plan


def laplacian(
    f: FieldFunction, *, estimator: str | Tensor | None = None, samples: int = 16, seed: int = 0
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
        value, _, total = sum_of_second_derivatives(f, points, args, directions)
        return require_field(value), zeros_like(value) if total is None else total if share == 1 else total * share

    return value_and_laplacian


def bilaplacian(f: FieldFunction) -> Callable[..., tuple[Tensor, Tensor]]:
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


def linear_operator(
    f: FieldFunction, coefficients: Mapping[MultiIndex, float], strategy: str = "auto"
) -> LinearOperator:
    """A function that returns a weighted sum of partial derivatives of ``f``.

    Parameters
    ----------
    coefficients
        A weight for each multi-index, as in ``{(4, 0): 1.0, (2, 2): 2.0, (0, 4): 1.0}`` for the bilaplacian
        in the plane.
    strategy
        As in :func:`partials`; and ``"collapsed"``: jets along directions, of whose highest coefficients only the sum
        is kept, as one stream (collapsed Taylor mode, Dangel et al. 2025). ``"auto"`` takes the one with the fewest
        operations; :func:`explain` tells.

    Examples
    --------
    >>> import dualtape as dt
    >>> heat = dt.linear_operator(lambda X: X[:, 0] * X[:, 1] ** 2, {(1, 0): 1.0, (0, 2): -0.5})
    >>> print(heat(dt.Tensor([[3.0, 2.0]])))
    [1.]
    """
    require_callable("linear_operator", f)
    if not isinstance(coefficients, Mapping) or not coefficients:
        raise ArgumentTypeError("`coefficients` of `linear_operator` must be a dict from multi-indices to numbers")
    indices = read_multi_indices("linear_operator", list(coefficients))
    for index, weight in coefficients.items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float, np.integer, np.floating)):
            raise ArgumentTypeError(
                f"the weight of {index} in `coefficients` of `linear_operator` must be a number, got "
                f"{type(weight).__name__}; multiply what `partials` gives instead"
            )
    numbers = [read_real("linear_operator", "coefficients", weight) for weight in coefficients.values()]
    weights = tuple(zip(indices, numbers, strict=True))
    return LinearOperator(f, _planned("linear_operator", plan_operator, weights, strategy), dict(weights))


class LinearOperator:
    """A weighted sum of partial derivatives of a field; made by :func:`linear_operator`."""

    def __init__(self, f: FieldFunction, plan: SweepPlan, coefficients: Mapping[MultiIndex, float]) -> None:
        self._f = f
        self._coefficients = coefficients
        self.plan = plan

    def __call__(self, X: Tensor, *args: Any) -> Tensor:
        points = read_points("linear_operator", X, self.plan.dimension)
        for index in self._coefficients:
            require_order("coefficients", "linear_operator", index, points.dtype)
        directions = self.plan.directions
        if self.plan.strategy == "multivariate" or directions is None:
            value, derivative = _multivariate_derivatives(self._f, points, args, self.plan.algebra)
            parts = [(weight, derivative(index)) for index, weight in self._coefficients.items() if any(index)]
        else:
            collapsed = self.plan.strategy == "collapsed"
            sweep = collapsed_derivatives if collapsed else directional_derivatives
            value, derivative = sweep(self._f, points, args, directions)
            parts = [(1.0, derivative(degree)) for degree in directions.degrees]
        require_field(value)
        parts += [(weight, value) for index, weight in self._coefficients.items() if not any(index)]
        total: Any = None
        for weight, part in parts:
            if part is not None and weight:
                term = part if weight == 1 else part * weight
                total = term if total is None else total + term
        return _present(value, total)


def _multivariate_derivatives(
    f: FieldFunction, points: Tensor, args: tuple[Any, ...], algebra: MultiIndices
) -> tuple[Any, Derivative]:
    """The value of ``f``, and its derivatives (``None`` for zero) at the indices of ``algebra``."""
    with entered(JetLevel(algebra)) as level:
        units = {index: ground().constant_like(np.array(index), points) for index in algebra.units}
        seeds = {index: broadcast_to(unit, shape=points.shape) for index, unit in units.items()}
        value = value_of(f(level.jet(points, seeds), *args))
    primal, coefficient = level.coefficients(value)

    def derivative(index: Any) -> Tensor | None:
        found = coefficient(index)
        factor = math.prod(map(math.factorial, index))
        return found if found is None or factor == 1 else found * factor

    return primal, derivative


def _present(value: Tensor, derivative: Tensor | None) -> Tensor:
    return zeros_like(value) if derivative is None else derivative


def _planned(function: str, plan: Callable[[Any, str], SweepPlan], wanted: Any, strategy: Any) -> SweepPlan:
    """The plan, if a strategy that was asked for leads to the derivatives, or there are none."""
    if strategy not in STRATEGIES:
        raise ArgumentError(
            f"`strategy` of `{function}` must be {', '.join(map(repr, STRATEGIES[:-1]))} or {STRATEGIES[-1]!r}, "
            f"got {strategy!r}"
        )
    found = plan(wanted, strategy)
    if found.cost(found.strategy) is None and any(map(any, found.indices)):
        detail = next(way.detail for way in found.ways if way.name == strategy)
        raise ArgumentError(f"`strategy={strategy!r}` of `{function}` does not lead to these indices: {detail}")
    return found
