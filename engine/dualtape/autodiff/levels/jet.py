"""Forward mode of every order: dual numbers, hyper-dual numbers and Taylor polynomials are all jets.

A :class:`Jet` is a primal with one coefficient for each index of an :mod:`algebra
<dualtape.autodiff.levels.algebra>`; ``None`` is a coefficient that is identically zero, and costs nothing. The
coefficients of an operation's output follow from the primitive's first-derivative statement alone:
the partials are evaluated in the same jet arithmetic. They are demanded lazily inside a rule,
so that tanh's rule may mention its own output and sin and cos each other, and all computed
when the operation ends, so that no chain of unevaluated rules grows with the program.

References: Griewank & Walther, *Evaluating Derivatives*, 2nd ed., section 13.2; Karczmarczuk 2001,
*Functional differentiation of computer programs* (lazy towers).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Self

from dualtape.autodiff.levels.algebra import DUAL, Algebra, Index, MultiIndices
from dualtape.autodiff.levels.jet_functions import solve_on_jets, through_jets
from dualtape.autodiff.levels.parts import PartsLevel, Present
from dualtape.autodiff.levels.powers import KnownPower, as_one_power
from dualtape.autodiff.levels.scaled import Scaled, sum_of
from dualtape.autodiff.levels.value import LevelValue, new_value
from dualtape.core.composite import Values
from dualtape.core.interpreter import bind, entered
from dualtape.core.primitive import Bilinear, Elementwise, Implicit, Linear, NonDifferentiable, Primitive, Reduction
from dualtape.core.spec import Spec
from dualtape.functions.creation import zeros_like
from dualtape.primitives.arithmetic import times_slope
from dualtape.primitives.broadcasting import broadcast_to, sum
from dualtape.tensor import Tensor

if TYPE_CHECKING:
    from dualtape.autodiff.levels.rule import DerivativeRule

Coefficient = Tensor | None
Coefficients = Callable[[Index], Coefficient]
CoefficientRule = Callable[[Index], Scaled | None]
_EPSILON = (1,)


class Jet(LevelValue):
    """A truncated Taylor polynomial; it prints and compares as its primal."""

    __slots__ = ("_known", "_rule")

    _known: dict[Index, Scaled | None]
    _rule: CoefficientRule

    def scaled(self, index: Index) -> Scaled | None:
        """The Taylor coefficient (not the derivative) at ``index``, perhaps not yet multiplied by a number."""
        known = self._known
        if index not in known:
            known[index] = self._rule(index)
        return known[index]

    def coefficient(self, index: Index) -> Coefficient:
        """The Taylor coefficient at ``index``."""
        found = self.scaled(index)
        if found is not None and found.factor != 1:
            found = self._known[index] = Scaled(found.tensor())
        return None if found is None else found.value

    def settle(self, indices: tuple[Index, ...]) -> bool:
        """Compute all coefficients, forget the rule; False if all are zero."""
        for index in indices:
            self.scaled(index)
        self._rule = _settled
        return any(value is not None for value in self._known.values())


def _settled(index: Index) -> None:
    return None


class JetLevel(PartsLevel):
    """The forward interpreter over one algebra."""

    title = "a forward derivative (`jvp`, `jacfwd`, `jet`, `linearize`, `partials` ...)"

    def __init__(self, algebra: Algebra = DUAL) -> None:
        self.algebra = algebra
        # What is being computed right now, so that rules which mention each other share their jets.
        self._unsettled: dict[Any, Jet] = {}

    def jet(self, primal: Tensor, coefficients: Mapping[Any, Tensor]) -> Jet:
        """A jet with given coefficients, each of ``primal``'s shape; those not given are zero."""
        jet = self._make(primal, _settled)
        jet._known.update((index, Scaled(value)) for index, value in coefficients.items())
        return jet

    def with_fewer(self, indices: Iterable[Any]) -> JetLevel:
        """A level of jets with some of the coefficients, downward closed."""
        return JetLevel(MultiIndices(indices))

    def dual(self, primal: Any, tangent: Coefficient) -> Any:
        """``primal`` with its derivative along one direction; ``None`` is zero."""
        return primal if tangent is None else self.jet(primal, {_EPSILON: tangent})

    def tangent(self, value: Any) -> Coefficient:
        """The derivative along one direction."""
        return self.coefficients(value)[1](_EPSILON)

    def coefficients(self, value: Any) -> tuple[Any, Coefficients]:
        """Primal and coefficients of any value, as the level below knows them."""
        return (value.primal, value.coefficient) if self.owns(value) else (value, _settled)

    def scaled(self, value: Any) -> tuple[Any, CoefficientRule]:
        """As :meth:`coefficients`, the coefficients perhaps not yet multiplied by a number."""
        return (value.primal, value.scaled) if self.owns(value) else (value, _settled)

    def collapse(self, index: Index, products: Scaled | None) -> Scaled | None:
        """``products``, which are what coefficients of lower order add to the one at ``index``.

        A level that keeps less of its highest coefficients than of the lower ones makes of them what it keeps.
        """
        return products

    def push_forward(self, rule: DerivativeRule, inputs: Values) -> list[Any]:
        return solve_on_jets(self, rule, inputs) if rule.is_equation else through_jets(self, rule, inputs)

    def present(self, x: Any) -> Present:
        return tuple(i for i in self.algebra.indices if self.owns(x) and x.coefficient(i) is not None)

    def union(self, p: Present, q: Present) -> Present:
        return tuple(index for index in self.algebra.indices if index in p or index in q)

    def specs(self, spec: Spec, present: Present) -> list[Spec]:
        return [spec] * (1 + len(present))

    def take_apart(self, x: Any, present: Present, stacked: bool = False) -> list[Any]:
        primal, coefficient = self.coefficients(x)
        found = [coefficient(index) for index in present]
        return [primal, *(zeros_like(primal) if c is None else c for c in found)]

    def put_together(self, parts: Sequence[Any], present: Present, stacked: bool = False) -> Any:
        primal, *coefficients = parts
        return self.jet(primal, dict(zip(present, coefficients, strict=True))) if present else primal

    def inside(self) -> AbstractContextManager[Self]:
        return entered(type(self)(self.algebra))

    def _make(self, primal: Tensor, rule: CoefficientRule) -> Jet:
        jet = new_value(Jet, self, primal)
        jet._known = {}
        jet._rule = rule
        return jet

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        if isinstance(primitive, Implicit):
            taken: Tensor = self.apply(Implicit.rule(primitive, params), inputs)[0]
            return taken
        primals = tuple(x.primal if getattr(x, "level", None) is self else self.lower(x) for x in inputs)
        if isinstance(primitive, NonDifferentiable):
            return bind(primitive, primals, params)
        key = (primitive, *(id(x) if isinstance(x, Tensor) else x for x in inputs), *params.values())
        shared = self._unsettled.get(key)
        if shared is not None:
            return shared
        output = bind(primitive, primals, params)
        if not output.dtype.is_inexact:
            return output
        jet = self._make(output, _settled)
        power = None if primitive.power is None else as_one_power(primitive, inputs, jet)
        stated, given = (primitive, inputs) if power is None else (power, (power.base,))
        jet._rule = _RULES[type(stated)](self, stated, given, jet, params)
        outermost = not self._unsettled
        self._unsettled[key] = jet
        if not outermost:
            return jet
        try:
            return jet if jet.settle(self.algebra.indices) else output
        finally:
            self._unsettled.clear()


def _stretched(coefficient: Scaled | None, shape: tuple[int, ...]) -> Scaled | None:
    if coefficient is None or coefficient.value.shape == shape:
        return coefficient
    return coefficient._replace(value=broadcast_to(coefficient.value, shape=shape))


def _elementwise(
    level: JetLevel, primitive: Any, inputs: tuple[Any, ...], output: Jet, params: dict[str, Any]
) -> CoefficientRule:
    """The chain rule; :class:`Reduction` differs in that its terms are summed along the axes."""
    partials: dict[int, Any] = {}
    weighted: dict[tuple[int, Index, int], Tensor] = {}
    reduced = isinstance(primitive, Reduction)
    active = [i for i, x in enumerate(inputs) if level.owns(x)]

    def partial(i: int) -> Any:
        if i not in partials:
            rule = primitive.partial if reduced else primitive.partials[i]
            partials[i] = rule(*inputs, output, **params)
        return partials[i]

    def outer(i: int, index: Index) -> Scaled | None:
        derivative: Scaled | None = inputs[i].scaled(index)
        if derivative is None:
            return None
        slope = level.coefficients(partial(i))[0]
        if isinstance(slope, Tensor):
            return derivative._replace(value=times_slope(derivative.value, slope))
        return None if slope == 0 else derivative.times(slope)

    def inner(i: int, weight: int, left: Index, right: Index) -> Scaled | None:
        derivative = inputs[i].scaled(left)
        slope = None if derivative is None else level.scaled(partial(i))[1](right)
        if derivative is None or slope is None:
            return None
        # One coefficient is in many terms, mostly with the same weight: it is multiplied once.
        key = (i, left, weight)
        if key not in weighted:
            weighted[key] = derivative.times(weight).tensor()
        return slope._replace(value=times_slope(weighted[key], slope.value))

    def rule(index: Index) -> Scaled | None:
        divisor, terms = level.algebra.chain(index)
        products = level.collapse(index, sum_of(inner(i, *term) for i in active for term in terms))
        products = None if products is None else products.times(1 / divisor)
        total = sum_of((*(outer(i, index) for i in active), products))
        if total is not None and products is not None:
            # Left as it is, a factor that differs from order to order would come back in every sum of products.
            total = Scaled(total.tensor())
        if reduced and total is not None:
            total = total._replace(value=sum(total.value, axes=params["axes"]))
        return _stretched(total, output.shape)

    return rule


def _linear(
    level: JetLevel, primitive: Any, inputs: tuple[Any, ...], output: Jet, params: dict[str, Any]
) -> CoefficientRule:
    linear = [primitive.transpose(i) is not None for i in range(len(inputs))]
    primals = [level.coefficients(x)[0] for x in inputs]

    def rule(index: Index) -> Scaled | None:
        moved = {i: level.scaled(x)[1](index) for i, (x, moves) in enumerate(zip(inputs, linear, strict=True)) if moves}
        parts = {i: part for i, part in moved.items() if part is not None}
        if not parts:
            return None
        factors = {part.factor for part in parts.values()}
        factor = factors.pop() if len(factors) == 1 else 1
        filled = list(primals)
        for i in moved:
            zero = zeros_like(primals[i]) if i not in parts and isinstance(primals[i], Tensor) else 0.0
            filled[i] = parts[i].times(1 / factor).tensor() if i in parts else zero
        return Scaled(primitive(*filled, **params), factor)

    return rule


def _bilinear(
    level: JetLevel, primitive: Any, inputs: tuple[Any, ...], output: Jet, params: dict[str, Any]
) -> CoefficientRule:
    """The Leibniz rule; in a square, where both factors are one, two products at a time are equal."""
    (x0, xs), (y0, ys) = (level.scaled(x) for x in inputs)
    is_square = primitive.commutes and inputs[0] is inputs[1]
    times = primitive.of_derivatives or primitive

    def product(x: Scaled | None, y: Scaled | None) -> Scaled | None:
        return None if x is None or y is None else Scaled(times(x.value, y.value, **params), x.factor * y.factor)

    def outer(index: Index) -> tuple[Scaled | None, Scaled | None]:
        x, y = xs(index), ys(index)
        return (
            None if x is None else x._replace(value=times(x.value, y0, **params)),
            None if y is None or is_square else y._replace(value=times(x0, y.value, **params)),
        )

    def rule(index: Index) -> Scaled | None:
        pairs = level.algebra.products(index)
        if not is_square:
            inner = level.collapse(index, sum_of(product(xs(i), ys(j)) for i, j in pairs))
            return _stretched(sum_of((*outer(index), inner)), output.shape)
        halves = [product(xs(i), xs(j)) for i, j in pairs[: len(pairs) // 2]]
        if len(pairs) % 2:
            middle = product(*map(xs, pairs[len(pairs) // 2]))
            halves.append(None if middle is None else middle.times(0.5))
        half = sum_of((*outer(index), level.collapse(index, sum_of(halves))))
        return None if half is None else half.times(2)

    return rule


_RULES: dict[type[Primitive | KnownPower], Callable[..., CoefficientRule]] = {
    Elementwise: _elementwise,
    KnownPower: _elementwise,
    Reduction: _elementwise,
    Linear: _linear,
    Bilinear: _bilinear,
}
