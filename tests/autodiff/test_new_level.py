"""A new level is one class: primitives, custom derivatives, conditions, loops and checkpoints all go through it.

Two of them, written outside of the engine: one counts what is done, its values being those of the level below; one
follows a second point beside the first, its values being made of two parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import Tensor, ops
from dualtape.autodiff.levels import DerivativeRule, LevelValue, PartsLevel, new_value
from dualtape.core.composite import Composite, Values
from dualtape.core.interpreter import Level, bind, entered
from dualtape.core.primitive import NonDifferentiable, Primitive
from dualtape.core.spec import Spec

Unary = Callable[[Tensor], Tensor]


class CountingLevel(Level):
    """Counts operations by name, and has the level below do them."""

    title = "a count"

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        self.done[primitive.name] += 1
        return new_value(LevelValue, self, bind(primitive, tuple(map(self.primal, inputs)), params))

    def apply(self, composite: Composite, inputs: Values) -> list[Any]:
        self.done[composite.name] += 1
        return [new_value(LevelValue, self, y) for y in self.below(composite, list(map(self.primal, inputs)))]

    def primal(self, x: Any) -> Any:
        return x.primal if self.owns(x) else self.lower(x)


def counted(f: Unary, x: Tensor) -> tuple[Tensor, Counter[str]]:
    level = CountingLevel()
    with entered(level):
        y = level.primal(f(new_value(LevelValue, level, x)))
    return y, level.done


class Shadowed(LevelValue):
    __slots__ = ("shadow",)

    shadow: Tensor


class ShadowLevel(PartsLevel):
    """Does everything at a second point too, on the branches that the first one takes."""

    title = "a shadow"

    def value(self, primal: Tensor, shadow: Tensor) -> Shadowed:
        value = new_value(Shadowed, self, primal)
        value.shadow = shadow
        return value

    def both(self, x: Any) -> tuple[Any, Any]:
        return (x.primal, x.shadow) if self.owns(x) else (self.lower(x), x)

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        primals, shadows = zip(*map(self.both, inputs), strict=True)
        y = bind(primitive, primals, params)
        return y if isinstance(primitive, NonDifferentiable) else self.value(y, bind(primitive, shadows, params))

    def push_forward(self, rule: DerivativeRule, inputs: Values) -> list[Any]:
        found = (self.below(rule, values) for values in zip(*map(self.both, inputs), strict=True))
        return [self.value(y, s) for y, s in zip(*found, strict=True)]

    def present(self, x: Any) -> bool:
        return self.owns(x)

    def union(self, p: bool, q: bool) -> bool:
        return p or q

    def specs(self, spec: Spec, present: bool) -> list[Spec]:
        return [spec, spec] if present else [spec]

    def take_apart(self, x: Any, present: bool, stacked: bool = False) -> list[Any]:
        return list(self.both(x)) if present else [x]

    def put_together(self, parts: Sequence[Any], present: bool, stacked: bool = False) -> Any:
        return self.value(*parts) if present else parts[0]

    @contextmanager
    def inside(self) -> Iterator[ShadowLevel]:
        level = ShadowLevel()
        with entered(level):
            yield level


def shadowed(f: Unary, x: Tensor, at: Tensor) -> tuple[Tensor, Tensor]:
    level = ShadowLevel()
    with entered(level):
        y, shadow = level.both(f(level.value(x, at)))
    return y, shadow


cubed = dt.custom_derivative(lambda x: x * x * x, partials=lambda x, y: 3 * x * x)

FUNCTIONS: dict[str, tuple[Unary, str]] = {
    "primitives": (lambda x: ops.tanh(x) * x, "tanh"),
    "custom_derivative": (lambda x: cubed(x) * 2, "<lambda>"),
    "cond": (lambda x: ops.cond(ops.sum(x) > 0, ops.sin, lambda x: x * cubed(x), x), "cond"),
    "scan": (lambda x: ops.scan(lambda c, r: (c * ops.cos(r), c + r), x[0], x * 0.5)[1], "scan"),
    "while_loop": (lambda x: ops.while_loop(lambda y: ops.sum(y) < 50, lambda y: y * 2, ops.exp(x)), "while_loop"),
    "fori_loop": (lambda x: ops.fori_loop(0, 3, lambda i, y: cubed(y) - x, x), "scan"),
}
X, AT = Tensor(np.array([0.3, 0.7, 0.2])), Tensor(np.array([0.5, 0.1, 0.4]))
in_jit = pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])


@in_jit
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_of_the_level_below(name: str, jitted: bool) -> None:
    f, operation = FUNCTIONS[name]
    seen: list[Counter[str]] = []

    def run(x: Tensor) -> Tensor:
        y, done = counted(f, x)
        seen.append(done)
        return y

    y = (dt.jit(run) if jitted else run)(X)
    np.testing.assert_allclose(y.asnumpy(), f(X).asnumpy(), rtol=1e-14)
    if jitted or name in ("primitives", "custom_derivative"):
        assert seen[0][operation] == 1


@in_jit
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_made_of_parts(name: str, jitted: bool) -> None:
    f, _ = FUNCTIONS[name]
    run = lambda x, at: shadowed(f, x, at)
    y, shadow = (dt.jit(run) if jitted else run)(X, AT)
    np.testing.assert_allclose(y.asnumpy(), f(X).asnumpy(), rtol=1e-14)
    np.testing.assert_allclose(shadow.asnumpy(), f(AT).asnumpy(), rtol=1e-14)


@in_jit
@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "while_loop"])
def test_derivatives_below_and_above(name: str, jitted: bool) -> None:
    """The gradient of what the levels do, and what they do with a gradient, are the gradient."""
    f, _ = FUNCTIONS[name]
    slope = dt.grad(lambda x: ops.sum(f(x)))
    runs: dict[str, Unary] = {
        "gradient of a count": dt.grad(lambda x: ops.sum(counted(f, x)[0])),
        "count of a gradient": lambda x: counted(slope, x)[0],
        "gradient of a shadow": dt.grad(lambda at: ops.sum(shadowed(f, X, at)[1])),
        "shadow of a gradient": lambda x: shadowed(slope, X, x)[1],
        "jvp of a count": lambda x: dt.jvp(lambda x: counted(f, x)[0], x, ops.ones_like(x))[1],
    }
    tangent = dt.jvp(f, AT, ops.ones_like(AT))[1]
    for title, run in runs.items():
        found = (dt.jit(run) if jitted else run)(AT)
        expected = tangent if title.startswith("jvp") else slope(AT)
        np.testing.assert_allclose(found.asnumpy(), expected.asnumpy(), rtol=1e-12, err_msg=title)


def test_checkpoints() -> None:
    block = dt.checkpoint(lambda x: ops.tanh(x) ** 2)
    y, done = counted(block, X)
    assert done["tanh"] == 1
    assert y.asnumpy().tobytes() == block(X).asnumpy().tobytes()
    slope = dt.grad(lambda x: ops.sum(block(x)))
    gradient, done = counted(slope, X)
    assert done["checkpoint"] == 1
    assert done["tanh"] == 2  # once forwards, and again on the way back
    assert gradient.asnumpy().tobytes() == slope(X).asnumpy().tobytes()
    within = dt.grad(lambda x: ops.sum(counted(block, x)[0]))
    np.testing.assert_allclose(within(X).asnumpy(), slope(X).asnumpy(), rtol=1e-14)
    assert shadowed(slope, X, AT)[1].asnumpy().tobytes() == slope(AT).asnumpy().tobytes()


def test_a_level_that_says_nothing_of_operations_sees_what_they_are_made_of() -> None:
    class Plain(CountingLevel):
        apply = Level.apply

    level = Plain()
    with entered(level):
        y = cubed(new_value(LevelValue, level, X))
    assert level.done == {"multiply": 2}
    np.testing.assert_allclose(y.primal.asnumpy(), X.asnumpy() ** 3, rtol=1e-14)

    def in_program(x: Tensor) -> Tensor:
        level = Plain()
        with entered(level):
            return ops.cond(
                ops.sum(new_value(LevelValue, level, x)) > 0, ops.sin, ops.cos, new_value(LevelValue, level, x)
            )

    with pytest.raises(dt.errors.TracingError, match="a count cannot look into a condition or a loop inside `jit`"):
        dt.jit(in_program)(X)
