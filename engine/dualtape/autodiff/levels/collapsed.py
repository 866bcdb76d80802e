"""Forward Laplacian: a value, its first derivatives along many directions, and ONE sum of the second ones.

The first derivatives are one tensor with an axis of directions (a :class:`Batched
<dualtape.autodiff.levels.batch.Batched>` value), so that a hundred directions are one node of the graph, and every
primitive's own rule for a further axis serves them. With the directions v, an operation y = f(x) gives

    y'v = f'(x) x'v        and        sum y''vv = f'(x) sum x''vv + f''(x) sum (x'v)(x'v)

where f'' is the derivative of the primitive's partial by dual numbers.

Reference: Li et al. 2023, *Forward Laplacian*, arXiv:2307.08214; Dangel et al. 2025, *Collapsing Taylor mode*.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape.autodiff.levels.algebra import DUAL
from dualtape.autodiff.levels.batch import BatchLevel
from dualtape.autodiff.levels.chain import weigh
from dualtape.autodiff.levels.jet import JetLevel
from dualtape.core.interpreter import Level, bind, entered
from dualtape.core.primitive import Bilinear, Elementwise, Linear, NonDifferentiable, Primitive, Reduction
from dualtape.dtypes import DType
from dualtape.functions.creation import ones_like, zeros_like
from dualtape.functions.linear_algebra import tensordot
from dualtape.primitives.arithmetic import add, multiply
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.primitives.broadcasting import sum as sum_along
from dualtape.primitives.contraction import matmul
from dualtape.primitives.movement import reshape
from dualtape.tensor import Tensor

_EPSILON = (1,)
Part = Tensor | None


class Curved(Tensor):
    """A value with ``slope``, its derivatives along all directions, and ``bend``, the sum of its second derivatives.

    ``None`` is zero. A slope may have size 1 where it is the same along an axis of the value; a bend has its shape.
    """

    __slots__ = ("bend", "dtype", "level", "primal", "slope")

    dtype: DType
    level: CollapsedLevel
    primal: Tensor
    slope: Part
    bend: Part

    @property
    def shape(self) -> tuple[int, ...]:
        return self.primal.shape


class CollapsedLevel(Level):
    """The interpreter of curved values; slopes live on the level ``directions`` below it."""

    title = "a Laplacian"

    def __init__(self, directions: BatchLevel, weights: Tensor | None = None) -> None:
        self.directions = directions
        self.weights = weights

    def curved(self, primal: Tensor, slope: Part, bend: Part) -> Curved:
        """A value with its derivatives."""
        value = Curved.__new__(Curved)
        value.level = self
        value.primal = primal
        value.dtype = primal.dtype
        value.slope = slope
        value.bend = bend
        return value

    def parts(self, x: Any) -> tuple[Any, Part, Part]:
        """Value, slope and bend of anything, as the levels below know them."""
        if isinstance(x, Curved) and x.level is self:
            return x.primal, x.slope, x.bend
        return self.lower(x), None, None

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        primals, slopes, bends = zip(*map(self.parts, inputs), strict=True)
        output = bind(primitive, primals, params)
        if isinstance(primitive, NonDifferentiable) or not output.dtype.is_float:
            return output
        slope, bend = _RULES[type(primitive)](self, primitive, primals, slopes, bends, output, params)
        if slope is None and bend is None:
            return output
        return self.curved(output, slope, _stretched(bend, output.shape))

    def varies(self, x: Any) -> bool:
        """Whether ``x`` differs between directions."""
        return getattr(x, "level", None) is self.directions

    def rows_times(self, x: Tensor, matrix: Tensor) -> Tensor:
        """``x @ matrix`` with the rows of all directions below each other: one large product, not many small ones."""
        everywhere: Tensor = x.primal
        rows = reshape(everywhere, shape=(everywhere.size // x.shape[-1], x.shape[-1]))
        return self.directions.batched(reshape(matmul(rows, matrix), shape=(*everywhere.shape[:-1], matrix.shape[-1])))

    def contracted(self, x: Part) -> Part:
        """The sum over all directions, each with its weight."""
        if x is None:
            return None
        everywhere = self.directions.all_examples(x)
        if self.weights is not None:
            return tensordot(self.weights, everywhere, 1)
        return reshape(sum_along(everywhere, axes=(0,)), shape=everywhere.shape[1:])

    def curvature(self, left: Part, right: Part) -> Part:
        """The sum over all directions of the product of two slopes."""
        return None if left is None or right is None else self.contracted(multiply(left, right))


def _total(*terms: Part) -> Part:
    total: Part = None
    for term in terms:
        if term is not None:
            total = term if total is None else add(total, term)
    return total


def _stretched(x: Part, shape: tuple[int, ...]) -> Part:
    return x if x is None or x.shape == shape else broadcast_to(x, shape=shape)


def _weighed(derivative: Part, partial: Any) -> Part:
    return None if derivative is None else weigh(derivative, partial)


Rule = Callable[..., tuple[Part, Part]]
Parts = tuple[Part, ...]
Params = dict[str, Any]


def _elementwise(
    level: CollapsedLevel, primitive: Any, x: tuple[Any, ...], slopes: Parts, bends: Parts, y: Tensor, params: Params
) -> tuple[Part, Part]:
    moving = [i for i in range(len(x)) if slopes[i] is not None or bends[i] is not None]
    partials = {i: primitive.partials[i](*x, y, **params) for i in moving}
    slope = _total(*(_weighed(slopes[i], partials[i]) for i in moving))
    bend = _total(*(_weighed(bends[i], partials[i]) for i in moving))
    for j in moving:
        # A partial that is a number has no derivative; the mixed ones are equal, and counted twice.
        curving = [i for i in moving if i <= j and isinstance(partials[i], Tensor)]
        if slopes[j] is None or not curving:
            continue
        jets = JetLevel(DUAL)
        with entered(jets):
            at = [jets.jet(a, {_EPSILON: ones_like(a)}) if i == j else a for i, a in enumerate(x)]
            speed = partials[j] if isinstance(partials[j], Tensor) else ones_like(y) * partials[j]
            result = jets.jet(y, {_EPSILON: speed if speed.shape == y.shape else broadcast_to(speed, shape=y.shape)})
            second = {i: jets.coefficients(primitive.partials[i](*at, result, **params))[1](_EPSILON) for i in curving}
        for i, partial in second.items():
            product = level.curvature(slopes[i], slopes[j]) if partial is not None else None
            if product is not None:
                bend = _total(bend, weigh(product if i == j else multiply(product, 2.0), partial))
    return slope, bend


def _reduction(
    level: CollapsedLevel, primitive: Any, x: tuple[Any, ...], slopes: Parts, bends: Parts, y: Tensor, params: Params
) -> tuple[Part, Part]:
    (primal,), (slope,), (bend,) = x, slopes, bends
    partial = primitive.partial(primal, y, **params)
    slope = _stretched(slope, primal.shape)
    pushed = _summed(_weighed(slope, partial), params)
    bend = _summed(_weighed(bend, partial), params)
    if slope is not None and pushed is not None:
        jets = JetLevel(DUAL)
        with entered(jets):
            moved, result = jets.jet(primal, {_EPSILON: slope}), jets.jet(y, {_EPSILON: pushed})
            partial = primitive.partial(moved, result, **params)
            change = jets.coefficients(partial)[1](_EPSILON)
        if change is not None:
            bend = _total(bend, level.contracted(_summed(weigh(slope, change), params)))
    return pushed, bend


def _summed(x: Part, params: Params) -> Part:
    return None if x is None else sum_along(x, axes=params["axes"])


def _linear(
    level: CollapsedLevel, primitive: Any, x: tuple[Any, ...], slopes: Parts, bends: Parts, y: Tensor, params: Params
) -> tuple[Part, Part]:
    moves = [primitive.transpose(i) is not None for i in range(len(x))]

    def moved(parts: Parts) -> Part:
        if all(part is None for part, moving in zip(parts, moves, strict=True) if moving):
            return None
        filled = []
        for value, part, moving in zip(x, parts, moves, strict=True):
            zero = zeros_like(value) if isinstance(value, Tensor) else 0.0
            filled.append(value if not moving else zero if part is None else _stretched(part, value.shape))
        return primitive(*filled, **params)  # type: ignore[no-any-return]

    return moved(slopes), moved(bends)


def _bilinear(
    level: CollapsedLevel, primitive: Any, x: tuple[Any, ...], slopes: Parts, bends: Parts, y: Tensor, params: Params
) -> tuple[Part, Part]:
    def product(left: Any, right: Any) -> Part:
        if left is None or right is None:
            return None
        if primitive is matmul and level.varies(left) and not level.varies(right) and len(right.shape) == 2:
            return level.rows_times(left, right)
        return primitive(left, right, **params)  # type: ignore[no-any-return]

    left, right = (_fitting(primitive, slope, value, i) for i, (slope, value) in enumerate(zip(slopes, x, strict=True)))
    both = level.contracted(product(left, right))
    slope = _total(product(left, x[1]), product(x[0], right))
    bend = _total(product(bends[0], x[1]), product(x[0], bends[1]), None if both is None else multiply(both, 2.0))
    return slope, bend


def _fitting(primitive: Primitive, slope: Part, value: Any, position: int) -> Part:
    """A slope that this product takes: rows of a matrix product's first factor may still be the same, nothing else."""
    if slope is None or primitive is not matmul:
        return slope
    same_rows = position == 0 and len(slope.shape) == len(value.shape) and slope.shape[-1] == value.shape[-1]
    return slope if same_rows else _stretched(slope, value.shape)


_RULES: dict[type[Primitive], Rule] = {
    Elementwise: _elementwise,
    Reduction: _reduction,
    Linear: _linear,
    Bilinear: _bilinear,
}


def sum_of_second_derivatives(
    f: Callable[..., Any],
    points: Tensor,
    args: tuple[Any, ...],
    directions: Tensor,
    weights: Tensor | None = None,
) -> tuple[Any, Part, Part]:
    """The value of ``f``, its slopes along the rows of ``directions``, and the sum of its second derivatives there.

    ``directions`` has shape (m, d), where the points' last axis has size d, and ``weights`` shape (m,), being ones by
    default. The slopes lie along a new first axis; ``None`` is zero.
    """
    level = BatchLevel(directions.shape[0])
    with entered(level):
        collapsed = CollapsedLevel(level, weights)
        rows = reshape(directions, shape=(directions.shape[0], *(1,) * (len(points.shape) - 1), directions.shape[1]))
        with entered(collapsed):
            value = f(collapsed.curved(points, level.batched(rows), None), *args)
        if not isinstance(value, Tensor):
            return value, None, None
        primal, slope, bend = collapsed.parts(value)
        slope = _stretched(slope, primal.shape)
        return primal, None if slope is None else level.all_examples(slope), bend
