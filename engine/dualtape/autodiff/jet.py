"""Forward mode of every order: dual numbers, hyper-dual numbers and Taylor polynomials are all jets.

A :class:`Jet` is a primal with one coefficient for each index of an :mod:`algebra
<dualtape.autodiff.algebra>`; ``None`` is a coefficient that is identically zero, and costs nothing. The
coefficients of an operation's output follow from the primitive's first-derivative statement alone:
the partials are evaluated in the same jet arithmetic. They are demanded lazily inside a rule,
so that tanh's rule may mention its own output and sin and cos each other, and all computed
when the operation ends, so that no chain of unevaluated rules grows with the program.

References: Griewank & Walther, *Evaluating Derivatives*, 2nd ed., section 13.2; Karczmarczuk 2001,
*Functional differentiation of computer programs* (lazy towers).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape.autodiff.algebra import Algebra, Index
from dualtape.autodiff.chain import weigh
from dualtape.core.interpreter import Level, bind
from dualtape.core.primitive import Bilinear, Elementwise, Linear, NonDifferentiable, Primitive, Reduction
from dualtape.dtypes import DType
from dualtape.functions.creation import zeros_like
from dualtape.primitives.arithmetic import add, multiply
from dualtape.primitives.broadcasting import broadcast_to, sum
from dualtape.tensor import Tensor

Coefficient = Tensor | None
CoefficientRule = Callable[[Index], Coefficient]


class Jet(Tensor):
    """A truncated Taylor polynomial; it prints and compares as its primal."""

    __slots__ = ("_known", "_rule", "dtype", "level", "primal")

    primal: Tensor
    dtype: DType
    level: JetLevel
    _known: dict[Index, Coefficient]
    _rule: CoefficientRule

    @property
    def shape(self) -> tuple[int, ...]:
        return self.primal.shape

    def coefficient(self, index: Index) -> Coefficient:
        """The Taylor coefficient (not the derivative) at ``index``."""
        known = self._known
        if index not in known:
            known[index] = self._rule(index)
        found: Coefficient = known[index]
        return found

    def settle(self, indices: tuple[Index, ...]) -> bool:
        """Compute all coefficients, forget the rule; False if all are zero."""
        for index in indices:
            self.coefficient(index)
        self._rule = _settled
        return any(value is not None for value in self._known.values())


def _settled(index: Index) -> Coefficient:
    return None


class JetLevel(Level):
    """The forward interpreter over one algebra."""

    title = "a forward derivative"

    def __init__(self, algebra: Algebra) -> None:
        self.algebra = algebra
        # What is being computed right now, so that rules which mention each other share their jets.
        self._unsettled: dict[Any, Jet] = {}

    def jet(self, primal: Tensor, coefficients: dict[Index, Tensor]) -> Jet:
        """A jet with given coefficients, each of ``primal``'s shape; those not given are zero."""
        return self._make(primal, coefficients.get)

    def coefficients(self, value: Any) -> tuple[Any, CoefficientRule]:
        """Primal and coefficients of any value, as the level below knows them."""
        if getattr(value, "level", None) is self:
            return value.primal, value.coefficient
        return value, _settled

    def _make(self, primal: Tensor, rule: CoefficientRule) -> Jet:
        jet = Jet.__new__(Jet)
        jet.level = self
        jet.primal = primal
        jet.dtype = primal.dtype
        jet._known = {}
        jet._rule = rule
        return jet

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        primals = tuple(x.primal if getattr(x, "level", None) is self else self.lower(x) for x in inputs)
        if isinstance(primitive, NonDifferentiable):
            return bind(primitive, primals, params)
        key = (primitive, *(id(x) if isinstance(x, Tensor) else x for x in inputs), *params.values())
        shared = self._unsettled.get(key)
        if shared is not None:
            return shared
        output = bind(primitive, primals, params)
        if not output.dtype.is_float:
            return output
        jet = self._make(output, _settled)
        jet._rule = _RULES[type(primitive)](self, primitive, inputs, jet, params)
        outermost = not self._unsettled
        self._unsettled[key] = jet
        if not outermost:
            return jet
        try:
            return jet if jet.settle(self.algebra.indices) else output
        finally:
            self._unsettled.clear()


def _is_jet(level: JetLevel, x: Any) -> bool:
    return getattr(x, "level", None) is level


def _zeros_like(value: Any) -> Any:
    return zeros_like(value) if isinstance(value, Tensor) else 0.0


def _sum_of(terms: list[Coefficient], shape: tuple[int, ...]) -> Coefficient:
    total: Coefficient = None
    for term in terms:
        if term is not None:
            total = term if total is None else add(total, term)
    if total is not None and total.shape != shape:
        total = broadcast_to(total, shape=shape)
    return total


def _elementwise(
    level: JetLevel, primitive: Any, inputs: tuple[Any, ...], output: Jet, params: dict[str, Any]
) -> CoefficientRule:
    """The chain rule; :class:`Reduction` differs in that its terms are summed along the axes."""
    partials: dict[int, Any] = {}
    reduced = isinstance(primitive, Reduction)
    active = [i for i, x in enumerate(inputs) if _is_jet(level, x)]

    def partial(i: int) -> Any:
        if i not in partials:
            rule = primitive.partial if reduced else primitive.partials[i]
            partials[i] = rule(*inputs, output, **params)
        return partials[i]

    def term(i: int, weight: float, left: Index, right: Index | None) -> Coefficient:
        derivative = inputs[i].coefficient(left)
        if derivative is None:
            return None
        slope, slopes = level.coefficients(partial(i))
        if right is not None:
            slope = slopes(right)
        if slope is None:
            return None
        value: Coefficient = weigh(derivative, slope)
        if value is not None and weight != 1:
            value = multiply(value, weight)
        return value

    def rule(index: Index) -> Coefficient:
        terms = [term(i, *t) for i in active for t in level.algebra.chain(index)]
        if reduced:
            terms = [None if t is None else sum(t, axes=params["axes"]) for t in terms]
        return _sum_of(terms, output.shape)

    return rule


def _linear(
    level: JetLevel, primitive: Any, inputs: tuple[Any, ...], output: Jet, params: dict[str, Any]
) -> CoefficientRule:
    linear = [primitive.transpose(i) is not None for i in range(len(inputs))]

    def rule(index: Index) -> Coefficient:
        parts = [
            (x.coefficient(index) if _is_jet(level, x) else None) if moves else level.coefficients(x)[0]
            for x, moves in zip(inputs, linear, strict=True)
        ]
        if all(part is None for part, moves in zip(parts, linear, strict=True) if moves):
            return None
        filled = [
            _zeros_like(level.coefficients(x)[0]) if part is None else part
            for x, part in zip(inputs, parts, strict=True)
        ]
        return primitive(*filled, **params)  # type: ignore[no-any-return]

    return rule


def _bilinear(
    level: JetLevel, primitive: Any, inputs: tuple[Any, ...], output: Jet, params: dict[str, Any]
) -> CoefficientRule:
    """The Leibniz rule."""
    (x0, xs), (y0, ys) = (level.coefficients(x) for x in inputs)

    def product(x: Any, y: Any) -> Coefficient:
        return None if x is None or y is None else primitive(x, y, **params)

    def rule(index: Index) -> Coefficient:
        inner = [product(xs(i), ys(j)) for i, j in level.algebra.products(index)]
        return _sum_of([product(xs(index), y0), product(x0, ys(index)), *inner], output.shape)

    return rule


_RULES: dict[type[Primitive], Callable[..., CoefficientRule]] = {
    Elementwise: _elementwise,
    Reduction: _elementwise,
    Linear: _linear,
    Bilinear: _bilinear,
}
