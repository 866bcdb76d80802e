"""Directional derivatives of any order in each of the engine's modes.

All take a function from a list of Tensors to a list of Tensors, and give D f(x)[v1, ..., vk] for a
list of directions, each a list like x.
"""

from __future__ import annotations

import functools
import math
import operator
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from dualtape.autodiff.levels import JetLevel, MultiIndices
from dualtape.autodiff.transforms import grad, jvp
from dualtape.core.interpreter import entered
from dualtape.functions.creation import zeros_like
from dualtape.functions.reduction import sum as sum_axes
from dualtape.tensor import Tensor

Tensors = list[Tensor]
Function = Callable[[Tensors], Tensors]
Scalar = Callable[[Tensors], Tensor]


def nested_duals(f: Function, x: Tensors, directions: Sequence[Tensors]) -> Tensors:
    """One forward transformation inside the other, one for each direction."""
    for v in directions:
        f = _pushed(f, v)
    return f(x)


def taylor(f: Function, x: Tensors, directions: Sequence[Tensors]) -> Tensors:
    """One jet: the coefficient at the multi-index that counts how often each direction occurs, times its factorials."""
    distinct = list({id(v): v for v in directions}.values())
    index = tuple(Counter(map(id, directions)).values())
    level = JetLevel(MultiIndices([index]))
    units = [tuple(int(i == j) for j in range(len(index))) for i in range(len(index))]
    with entered(level):
        jets: Tensors = [level.jet(a, dict(zip(units, [v[i] for v in distinct], strict=True))) for i, a in enumerate(x)]
        outputs = f(jets)
    return [_derivative(level, y, index) for y in outputs]


def composed(f: Function, weights: Tensors, directions: Sequence[Tensors], kinds: str) -> Scalar:
    """The derivative of <weights, f> along the directions: for each an ``R`` for reverse or an ``F`` for forward mode.

    The first letter is the innermost transformation.
    """

    h: Scalar = lambda x: inner(f(x), weights)
    for v, kind in zip(directions, kinds, strict=True):
        h = _pulled(h, v) if kind == "R" else _pushed(h, v)
    return h


def gradient(h: Scalar, x: Tensors) -> Tensors:
    """The gradient of a scalar function, by reverse mode."""
    return list(grad(lambda *a: h(list(a)), tuple(range(len(x))))(*x)) if len(x) > 1 else [grad(lambda a: h([a]))(x[0])]


def inner(a: Tensors, b: Tensors) -> Tensor:
    """The inner product of two lists of tensors."""
    first, *others = (sum_axes(y * z) for y, z in zip(a, b, strict=True))
    return functools.reduce(operator.add, others, first)


def _pushed(f: Callable[[Tensors], Any], v: Tensors) -> Callable[[Tensors], Any]:
    return lambda x: jvp(lambda *a: f(list(a)), tuple(x), tuple(v))[1]


def _pulled(h: Scalar, v: Tensors) -> Scalar:
    return lambda x: inner(gradient(h, x), v)


def _derivative(level: JetLevel, y: Any, index: tuple[int, ...]) -> Tensor:
    found: Tensor | None = y.coefficient(index) if level.owns(y) else None
    if found is None:
        return zeros_like(y.primal if level.owns(y) else y)
    factor = math.prod(map(math.factorial, index))
    return found if factor == 1 else found * factor
