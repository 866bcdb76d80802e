"""Forward Laplacian: a value, its first derivatives along many directions, and ONE sum of the second ones.

The first derivatives are one tensor with an axis of directions (a :class:`Batched
<dualtape.autodiff.levels.batch.Batched>` value), so that a hundred directions are one node of the graph, and every
primitive's own rule for a further axis serves them. With the directions v, an operation y = f(x) gives

    y'v = f'(x) x'v        and        sum y''vv = f'(x) sum x''vv + f''(x) sum (x'v)(x'v)

where f'' is the derivative of the primitive's partial by dual numbers.

Reference: Li et al. 2023, *Forward Laplacian*, arXiv:2307.08214; Dangel et al. 2025, *Collapsing Taylor mode*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from dualtape.autodiff.levels.batch import BatchLevel
from dualtape.autodiff.levels.chain import apply_partial
from dualtape.autodiff.levels.jet import JetLevel
from dualtape.autodiff.levels.parts import PartsLevel, Present
from dualtape.autodiff.levels.powers import KnownPower, as_one_power
from dualtape.autodiff.levels.value import LevelValue, new_value
from dualtape.core.composite import Values
from dualtape.core.interpreter import bind, entered, value_of
from dualtape.core.primitive import Bilinear, Elementwise, Implicit, Linear, NonDifferentiable, Primitive, Reduction
from dualtape.core.spec import Spec
from dualtape.functions.creation import ones_like, zeros_like
from dualtape.functions.linear_algebra import tensordot
from dualtape.primitives.arithmetic import add, multiply, times_slope
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.primitives.broadcasting import sum as sum_along
from dualtape.primitives.contraction import matmul
from dualtape.primitives.movement import reshape
from dualtape.tensor import Tensor

if TYPE_CHECKING:
    from dualtape.autodiff.levels.rule import DerivativeRule

Part = Tensor | None
Parts = tuple[Part, ...]


class LaplacianValue(LevelValue):
    """A value with ``slope``, its derivatives along all directions, and ``laplacian``, the sum of its second ones.

    ``None`` is zero. A slope may have size 1 where it is the same along an axis of the value; a Laplacian has its
    shape.
    """

    __slots__ = ("laplacian", "slope")

    slope: Part
    laplacian: Part


class LaplacianLevel(PartsLevel):
    """The interpreter of these values; slopes live on the level ``directions`` below it."""

    title = "a Laplacian (`laplacian`, `linear_operator`)"

    def __init__(self, directions: BatchLevel, weights: Tensor | None = None) -> None:
        self.directions = directions
        self.weights = weights

    def value(self, primal: Tensor, slope: Part, laplacian: Part) -> LaplacianValue:
        """A value with its derivatives."""
        value = new_value(LaplacianValue, self, primal)
        value.slope = slope
        value.laplacian = laplacian
        return value

    def parts(self, x: Any) -> tuple[Any, Part, Part]:
        """Value, slope and Laplacian of anything, as the levels below know them."""
        if self.owns(x):
            return x.primal, x.slope, x.laplacian
        return self.lower(x), None, None

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        if isinstance(primitive, Implicit):
            taken: Tensor = self.apply(Implicit.rule(primitive, params), inputs)[0]
            return taken
        primals, slopes, laplacians = zip(*map(self.parts, inputs), strict=True)
        output = bind(primitive, primals, params)
        if isinstance(primitive, NonDifferentiable) or not output.dtype.is_inexact:
            return output
        value = self.value(output, None, None)
        operation = _Operation(primitive, primals, output, params)
        power = None if primitive.power is None else as_one_power(primitive, inputs, value)
        if power is not None:
            operation = _Operation(power, (power.base.primal,), output, {})
            slopes, laplacians = (power.base.slope,), (power.base.laplacian,)
        value.slope, laplacian = _RULES[type(operation.primitive)](self, operation, slopes, laplacians)
        if value.slope is None and laplacian is None:
            return output
        value.laplacian = _stretched(laplacian, output.shape)
        return value

    def push_forward(self, rule: DerivativeRule, inputs: Values) -> list[Any]:
        """The linear map on slopes and Laplacians, and the change of the linear map along the slopes."""
        primals, slopes, laplacians = zip(*map(self.parts, inputs), strict=True)
        outputs = self.below(rule, primals)
        full = [None if s is None else _stretched(s, p.shape) for p, s in zip(primals, slopes, strict=True)]
        at_primals = rule.linear(primals, outputs)
        pushed, second = at_primals(full), at_primals(laplacians)
        with entered(JetLevel()) as jets:
            at, result = list(map(jets.dual, primals, full)), list(map(jets.dual, outputs, pushed))
            changed = list(map(jets.tangent, rule.linear(at, result)(full)))
        found = []
        for y, slope, laplacian, change in zip(outputs, pushed, second, changed, strict=True):
            laplacian = _total(laplacian, self.contracted(change))
            moves = isinstance(y, Tensor) and y.dtype.is_inexact and (slope is not None or laplacian is not None)
            found.append(self.value(y, slope, laplacian) if moves else y)
        return found

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

    def present(self, x: Any) -> Present:
        """Whether there are slopes, and a Laplacian."""
        return (x.slope is not None, x.laplacian is not None) if self.owns(x) else (False, False)

    def union(self, p: Present, q: Present) -> Present:
        return p[0] or q[0], p[1] or q[1]

    def specs(self, spec: Spec, present: Present) -> list[Spec]:
        slopes, laplacian = present
        return [spec, *self.directions.specs(spec, True) * slopes, *[spec] * laplacian]

    def take_apart(self, x: Any, present: Present, stacked: bool = False) -> list[Any]:
        primal, slope, laplacian = self.parts(x)
        found = [primal]
        if present[0]:
            full = _stretched(zeros_like(primal) if slope is None else slope, primal.shape)
            found += self.directions.take_apart(full, True, stacked)
        if present[1]:
            found.append(zeros_like(primal) if laplacian is None else laplacian)
        return found

    def put_together(self, parts: Sequence[Any], present: Present, stacked: bool = False) -> Any:
        if not any(present):
            return parts[0]
        slope = self.directions.put_together(parts[1:2], True, stacked) if present[0] else None
        return self.value(parts[0], slope, parts[-1] if present[1] else None)

    @contextmanager
    def inside(self) -> Iterator[Self]:
        with self.directions.inside() as directions, entered(type(self)(directions, self.weights)) as level:
            yield level


def sum_of_second_derivatives(
    f: Callable[..., Any], points: Tensor, args: tuple[Any, ...], directions: Tensor, weights: Tensor | None = None
) -> tuple[Any, Part, Part]:
    """The value of ``f``, its slopes along the rows of ``directions``, and the sum of its second derivatives there.

    ``directions`` has shape (m, d), where the points' last axis has size d, and ``weights`` shape (m,), being ones by
    default. The slopes lie along a new first axis; ``None`` is zero.
    """
    with entered(BatchLevel(directions.shape[0])) as batch:
        rows = reshape(directions, shape=(directions.shape[0], *(1,) * (len(points.shape) - 1), directions.shape[1]))
        with entered(LaplacianLevel(batch, weights)) as level:
            value = value_of(f(level.value(points, batch.batched(rows), None), *args))
        if not isinstance(value, Tensor):
            return value, None, None
        primal, slope, laplacian = level.parts(value)
        slope = _stretched(slope, primal.shape)
        return primal, None if slope is None else batch.all_examples(slope), laplacian


# What each kind of primitive makes of slopes and Laplacians.


class _Operation(NamedTuple):
    """A primitive, what it was given on the level below, and what came of it."""

    primitive: Any
    inputs: Values
    output: Tensor
    params: dict[str, Any]


def _total(*terms: Part) -> Part:
    """The sum of what is not zero."""
    found: Part = None
    for term in terms:
        if term is not None:
            found = term if found is None else add(found, term)
    return found


def _stretched(x: Part, shape: tuple[int, ...]) -> Part:
    """A part that is the same along an axis, repeated there."""
    return x if x is None or x.shape == shape else broadcast_to(x, shape=shape)


def _times_partial(derivative: Part, partial: Any) -> Part:
    return None if derivative is None else apply_partial(derivative, partial)


def _elementwise(level: LaplacianLevel, of: _Operation, slopes: Parts, laplacians: Parts) -> tuple[Part, Part]:
    primitive, x, y, params = of
    moving = [i for i in range(len(x)) if slopes[i] is not None or laplacians[i] is not None]
    partials = {i: primitive.partials[i](*x, y, **params) for i in moving}
    slope = _total(*(_times_partial(slopes[i], partials[i]) for i in moving))
    laplacian = _total(*(_times_partial(laplacians[i], partials[i]) for i in moving))
    for j in moving:
        # A partial that is a number has no derivative; the mixed ones are equal, and counted twice.
        curving = [i for i in moving if i <= j and isinstance(partials[i], Tensor)]
        if slopes[j] is None or not curving:
            continue
        with entered(JetLevel()) as jets:
            at = [jets.dual(a, ones_like(a)) if i == j else a for i, a in enumerate(x)]
            speed = partials[j] if isinstance(partials[j], Tensor) else ones_like(y) * partials[j]
            result = jets.dual(y, _stretched(speed, y.shape))
            second = {i: jets.tangent(primitive.partials[i](*at, result, **params)) for i in curving}
        for i, partial in second.items():
            if partial is not None and slopes[i] is not None:
                product: Any = level.contracted(times_slope(slopes[i], slopes[j]))
                laplacian = _total(laplacian, apply_partial(product if i == j else multiply(product, 2.0), partial))
    return slope, laplacian


def _reduction(level: LaplacianLevel, of: _Operation, slopes: Parts, laplacians: Parts) -> tuple[Part, Part]:
    primitive, x, y, params = of
    (primal,), (slope,), (laplacian,) = x, slopes, laplacians
    partial = primitive.partial(primal, y, **params)
    slope = _stretched(slope, primal.shape)
    pushed = _summed(_times_partial(slope, partial), params)
    laplacian = _summed(_times_partial(laplacian, partial), params)
    if slope is not None and pushed is not None:
        with entered(JetLevel()) as jets:
            change = jets.tangent(primitive.partial(jets.dual(primal, slope), jets.dual(y, pushed), **params))
        if change is not None:
            laplacian = _total(laplacian, level.contracted(_summed(apply_partial(slope, change), params)))
    return pushed, laplacian


def _summed(x: Part, params: dict[str, Any]) -> Part:
    return None if x is None else sum_along(x, axes=params["axes"])


def _linear(level: LaplacianLevel, of: _Operation, slopes: Parts, laplacians: Parts) -> tuple[Part, Part]:
    primitive, x, _, params = of
    moves = [primitive.transpose(i) is not None for i in range(len(x))]

    def moved(parts: Parts) -> Part:
        if all(part is None for part, moving in zip(parts, moves, strict=True) if moving):
            return None
        filled = []
        for value, part, moving in zip(x, parts, moves, strict=True):
            zero = zeros_like(value) if isinstance(value, Tensor) else 0.0
            filled.append(value if not moving else zero if part is None else _stretched(part, value.shape))
        result: Tensor = primitive(*filled, **params)
        return result

    return moved(slopes), moved(laplacians)


def _bilinear(level: LaplacianLevel, of: _Operation, slopes: Parts, laplacians: Parts) -> tuple[Part, Part]:
    primitive, x, _, params = of
    differs = level.directions.owns
    times = primitive.of_derivatives or primitive

    def product(left: Any, right: Any) -> Part:
        if left is None or right is None:
            return None
        if primitive is matmul and differs(left) and not differs(right) and len(right.shape) == 2:
            return level.rows_times(left, right)
        result: Tensor = times(left, right, **params)
        return result

    left, right = (_fitting(primitive, slope, value, i) for i, (slope, value) in enumerate(zip(slopes, x, strict=True)))
    both = level.contracted(product(left, right))
    slope = _total(product(left, x[1]), product(x[0], right))
    twice = None if both is None else multiply(both, 2.0)
    return slope, _total(product(laplacians[0], x[1]), product(x[0], laplacians[1]), twice)


def _fitting(primitive: Primitive, slope: Part, value: Any, position: int) -> Part:
    """A slope that this product takes: rows of a matrix product's first factor may still be the same, nothing else."""
    if slope is None or primitive is not matmul:
        return slope
    same_rows = position == 0 and len(slope.shape) == len(value.shape) and slope.shape[-1] == value.shape[-1]
    return slope if same_rows else _stretched(slope, value.shape)


_RULES: dict[type[Primitive | KnownPower], Callable[..., tuple[Part, Part]]] = {
    Elementwise: _elementwise,
    KnownPower: _elementwise,
    Reduction: _reduction,
    Linear: _linear,
    Bilinear: _bilinear,
}
