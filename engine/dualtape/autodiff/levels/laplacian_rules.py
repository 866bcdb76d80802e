"""What each kind of primitive makes of slopes and Laplacians."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dualtape.autodiff.levels.algebra import DUAL
from dualtape.autodiff.levels.chain import apply_partial
from dualtape.autodiff.levels.jet import JetLevel
from dualtape.core.composite import Values
from dualtape.core.interpreter import entered
from dualtape.core.primitive import Bilinear, Elementwise, Linear, Primitive, Reduction
from dualtape.functions.creation import ones_like, zeros_like
from dualtape.primitives.arithmetic import add, multiply
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.primitives.broadcasting import sum as sum_along
from dualtape.primitives.contraction import matmul
from dualtape.tensor import Tensor

if TYPE_CHECKING:
    from dualtape.autodiff.levels.laplacian import LaplacianLevel

_EPSILON = (1,)
Part = Tensor | None
Parts = tuple[Part, ...]


def total(*terms: Part) -> Part:
    """The sum of what is not zero."""
    found: Part = None
    for term in terms:
        if term is not None:
            found = term if found is None else add(found, term)
    return found


def stretched(x: Part, shape: tuple[int, ...]) -> Part:
    """A part that is the same along an axis, repeated there."""
    return x if x is None or x.shape == shape else broadcast_to(x, shape=shape)


def _times_partial(derivative: Part, partial: Any) -> Part:
    return None if derivative is None else apply_partial(derivative, partial)


def _elementwise(
    level: LaplacianLevel,
    primitive: Any,
    x: Values,
    slopes: Parts,
    laplacians: Parts,
    y: Tensor,
    params: dict[str, Any],
) -> tuple[Part, Part]:
    moving = [i for i in range(len(x)) if slopes[i] is not None or laplacians[i] is not None]
    partials = {i: primitive.partials[i](*x, y, **params) for i in moving}
    slope = total(*(_times_partial(slopes[i], partials[i]) for i in moving))
    laplacian = total(*(_times_partial(laplacians[i], partials[i]) for i in moving))
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
            if partial is None:
                continue
            product = level.curvature(slopes[i], slopes[j])
            if product is not None:
                laplacian = total(laplacian, apply_partial(product if i == j else multiply(product, 2.0), partial))
    return slope, laplacian


def _reduction(
    level: LaplacianLevel,
    primitive: Any,
    x: Values,
    slopes: Parts,
    laplacians: Parts,
    y: Tensor,
    params: dict[str, Any],
) -> tuple[Part, Part]:
    (primal,), (slope,), (laplacian,) = x, slopes, laplacians
    partial = primitive.partial(primal, y, **params)
    slope = stretched(slope, primal.shape)
    pushed = _summed(_times_partial(slope, partial), params)
    laplacian = _summed(_times_partial(laplacian, partial), params)
    if slope is not None and pushed is not None:
        jets = JetLevel(DUAL)
        with entered(jets):
            moved, result = jets.jet(primal, {_EPSILON: slope}), jets.jet(y, {_EPSILON: pushed})
            partial = primitive.partial(moved, result, **params)
            change = jets.coefficients(partial)[1](_EPSILON)
        if change is not None:
            laplacian = total(laplacian, level.contracted(_summed(apply_partial(slope, change), params)))
    return pushed, laplacian


def _summed(x: Part, params: dict[str, Any]) -> Part:
    return None if x is None else sum_along(x, axes=params["axes"])


def _linear(
    level: LaplacianLevel,
    primitive: Any,
    x: Values,
    slopes: Parts,
    laplacians: Parts,
    y: Tensor,
    params: dict[str, Any],
) -> tuple[Part, Part]:
    moves = [primitive.transpose(i) is not None for i in range(len(x))]

    def moved(parts: Parts) -> Part:
        if all(part is None for part, moving in zip(parts, moves, strict=True) if moving):
            return None
        filled = []
        for value, part, moving in zip(x, parts, moves, strict=True):
            zero = zeros_like(value) if isinstance(value, Tensor) else 0.0
            filled.append(value if not moving else zero if part is None else stretched(part, value.shape))
        result: Tensor = primitive(*filled, **params)
        return result

    return moved(slopes), moved(laplacians)


def _bilinear(
    level: LaplacianLevel,
    primitive: Any,
    x: Values,
    slopes: Parts,
    laplacians: Parts,
    y: Tensor,
    params: dict[str, Any],
) -> tuple[Part, Part]:
    def product(left: Any, right: Any) -> Part:
        if left is None or right is None:
            return None
        if primitive is matmul and level.varies(left) and not level.varies(right) and len(right.shape) == 2:
            return level.rows_times(left, right)
        result: Tensor = primitive(left, right, **params)
        return result

    left, right = (_fitting(primitive, slope, value, i) for i, (slope, value) in enumerate(zip(slopes, x, strict=True)))
    both = level.contracted(product(left, right))
    slope = total(product(left, x[1]), product(x[0], right))
    twice = None if both is None else multiply(both, 2.0)
    return slope, total(product(laplacians[0], x[1]), product(x[0], laplacians[1]), twice)


def _fitting(primitive: Primitive, slope: Part, value: Any, position: int) -> Part:
    """A slope that this product takes: rows of a matrix product's first factor may still be the same, nothing else."""
    if slope is None or primitive is not matmul:
        return slope
    same_rows = position == 0 and len(slope.shape) == len(value.shape) and slope.shape[-1] == value.shape[-1]
    return slope if same_rows else stretched(slope, value.shape)


RULES: dict[type[Primitive], Callable[..., tuple[Part, Part]]] = {
    Elementwise: _elementwise,
    Reduction: _reduction,
    Linear: _linear,
    Bilinear: _bilinear,
}
