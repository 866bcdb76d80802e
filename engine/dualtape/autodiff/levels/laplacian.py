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
from typing import TYPE_CHECKING, Any, Self

from dualtape.autodiff.levels.algebra import DUAL
from dualtape.autodiff.levels.batch import BatchLevel
from dualtape.autodiff.levels.jet import JetLevel
from dualtape.autodiff.levels.laplacian_rules import RULES, Part, stretched, total
from dualtape.autodiff.levels.parts import PartsLevel, Present, exchanged
from dualtape.autodiff.levels.value import LevelValue, new_value
from dualtape.core.composite import Values
from dualtape.core.interpreter import bind, entered
from dualtape.core.primitive import NonDifferentiable, Primitive
from dualtape.core.spec import Spec
from dualtape.functions.creation import zeros_like
from dualtape.functions.linear_algebra import tensordot
from dualtape.primitives.arithmetic import multiply
from dualtape.primitives.broadcasting import sum as sum_along
from dualtape.primitives.contraction import matmul
from dualtape.primitives.movement import reshape
from dualtape.tensor import Tensor

if TYPE_CHECKING:
    from dualtape.autodiff.levels.rule import DerivativeRule

_EPSILON = (1,)


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

    title = "a Laplacian"

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
        primals, slopes, laplacians = zip(*map(self.parts, inputs), strict=True)
        output = bind(primitive, primals, params)
        if isinstance(primitive, NonDifferentiable) or not output.dtype.is_float:
            return output
        slope, laplacian = RULES[type(primitive)](self, primitive, primals, slopes, laplacians, output, params)
        if slope is None and laplacian is None:
            return output
        return self.value(output, slope, stretched(laplacian, output.shape))

    def push_forward(self, rule: DerivativeRule, inputs: Values) -> list[Any]:
        """The linear map on slopes and Laplacians, and the change of the linear map along the slopes."""
        primals, slopes, laplacians = zip(*map(self.parts, inputs), strict=True)
        outputs = self.below(rule, primals)
        full = [None if s is None else stretched(s, p.shape) for p, s in zip(primals, slopes, strict=True)]
        at_primals = rule.linear(primals, outputs)
        pushed, second = at_primals(full), at_primals(laplacians)
        dual = JetLevel(DUAL)
        with entered(dual):
            at = [p if s is None else dual.jet(p, {_EPSILON: s}) for p, s in zip(primals, full, strict=True)]
            result = [y if s is None else dual.jet(y, {_EPSILON: s}) for y, s in zip(outputs, pushed, strict=True)]
            changed = [dual.coefficients(x)[1](_EPSILON) for x in rule.linear(at, result)(full)]
        found = []
        for y, slope, laplacian, change in zip(outputs, pushed, second, changed, strict=True):
            laplacian = total(laplacian, self.contracted(change))
            moves = isinstance(y, Tensor) and y.dtype.is_float and (slope is not None or laplacian is not None)
            found.append(self.value(y, slope, laplacian) if moves else y)
        return found

    def varies(self, x: Any) -> bool:
        """Whether ``x`` differs between directions."""
        return self.directions.owns(x)

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

    def present(self, x: Any) -> Present:
        """Whether there are slopes, and a Laplacian."""
        _, slope, laplacian = self.parts(x) if self.owns(x) else (x, None, None)
        return slope is not None, laplacian is not None

    def union(self, p: Present, q: Present) -> Present:
        return p[0] or q[0], p[1] or q[1]

    def specs(self, spec: Spec, present: Present) -> list[Spec]:
        slopes, laplacian = present
        everywhere = Spec((self.directions.size, *spec.shape), spec.dtype)
        return [spec, *[everywhere] * slopes, *[spec] * laplacian]

    def take_apart(self, x: Any, present: Present, stacked: bool = False) -> list[Any]:
        primal, slope, laplacian = self.parts(x)
        found = [primal]
        if present[0]:
            full = stretched(zeros_like(primal) if slope is None else slope, primal.shape)
            everywhere = self.directions.all_examples(full)
            found.append(exchanged(everywhere) if stacked else everywhere)
        if present[1]:
            found.append(zeros_like(primal) if laplacian is None else laplacian)
        return found

    def put_together(self, parts: Sequence[Any], present: Present, stacked: bool = False) -> Any:
        if not any(present):
            return parts[0]
        slope = None
        if present[0]:
            slope = self.directions.batched(exchanged(parts[1]) if stacked else parts[1])
        return self.value(parts[0], slope, parts[-1] if present[1] else None)

    @contextmanager
    def inside(self) -> Iterator[Self]:
        with self.directions.inside() as directions:
            level = type(self)(directions, self.weights)
            with entered(level):
                yield level


def sum_of_second_derivatives(
    f: Callable[..., Any], points: Tensor, args: tuple[Any, ...], directions: Tensor, weights: Tensor | None = None
) -> tuple[Any, Part, Part]:
    """The value of ``f``, its slopes along the rows of ``directions``, and the sum of its second derivatives there.

    ``directions`` has shape (m, d), where the points' last axis has size d, and ``weights`` shape (m,), being ones by
    default. The slopes lie along a new first axis; ``None`` is zero.
    """
    batch = BatchLevel(directions.shape[0])
    with entered(batch):
        level = LaplacianLevel(batch, weights)
        rows = reshape(directions, shape=(directions.shape[0], *(1,) * (len(points.shape) - 1), directions.shape[1]))
        with entered(level):
            value = f(level.value(points, batch.batched(rows), None), *args)
        if not isinstance(value, Tensor):
            return value, None, None
        primal, slope, laplacian = level.parts(value)
        slope = stretched(slope, primal.shape)
        return primal, None if slope is None else batch.all_examples(slope), laplacian
