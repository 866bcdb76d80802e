"""Many examples at once: values with one further leading axis that their users do not see.

Operations that broadcast anyway only need their inputs aligned; the others state in the catalogue how they treat one
more leading axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Self

from dualtape.autodiff.levels.parts import PartsLevel, Present, exchanged
from dualtape.autodiff.levels.rule import DerivativeRule, LinearMap, Tangents
from dualtape.autodiff.levels.value import LevelValue, new_value
from dualtape.core.composite import Cotangents, Values
from dualtape.core.interpreter import bind, entered
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Spec
from dualtape.errors import ConversionError, DualtapeError
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.primitives.broadcasting import sum as sum_along
from dualtape.primitives.movement import reshape
from dualtape.primitives.reduction import any as any_along
from dualtape.tensor import Tensor


class Batched(LevelValue):
    """One example that stands for all of them; its primal has them along the first axis."""

    __slots__ = ()

    level: BatchLevel

    @property
    def shape(self) -> tuple[int, ...]:
        return self.primal.shape[1:]

    def __str__(self) -> str:
        return f"{self.level.size} examples:\n{self.primal}"

    def __repr__(self) -> str:
        return f"Batched({self.primal!r})"


class BatchLevel(PartsLevel):
    """The interpreter that runs every operation once for all examples."""

    title = "a `vmap`"
    undecided = True

    def __init__(self, size: int) -> None:
        self.size = size

    def unseen(self, asked: str) -> DualtapeError:
        return ConversionError(
            f"{asked} needs the numbers of a value inside a `vmap`, which stands for {self.size} examples at once and "
            "has none of its own; use functions of `dualtape.ops` (`ops.where` or `ops.cond` in the place of `if` and "
            "of a mask), or return the value and look at it outside"
        )

    def batched(self, primal: Tensor) -> Batched:
        """The value whose examples lie along the first axis of ``primal``."""
        return new_value(Batched, self, primal)

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        if primitive.batch is None:
            return self.batched(bind(primitive, self._aligned(inputs), params))
        return self.batched(primitive.batch(self.size, *(self.all_examples(x) for x in inputs), **params))

    def push_forward(self, rule: DerivativeRule, inputs: Values) -> list[Any]:
        """The outputs of the same function over a further axis."""
        among = [self.owns(x) for x in inputs]
        everywhere = [x.primal if batched else x for x, batched in zip(inputs, among, strict=True)]
        outputs = self.below(_OverExamples(rule, self.size, among), everywhere)
        return [self.batched(x) if isinstance(x, Tensor) else x for x in outputs]

    def all_examples(self, x: Any) -> Any:
        """``x`` with its examples along the first axis; a value that is the same for all is repeated."""
        if self.owns(x):
            return x.primal
        if not isinstance(self.lower(x), Tensor):
            return x
        return broadcast_to(x, shape=(self.size, *x.shape))

    def _aligned(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Inputs whose own axes line up from the right behind the examples' axis."""
        rank = max(len(x.shape) for x in inputs if isinstance(x, Tensor))

        def align(x: Any) -> Any:
            if not self.owns(x):
                return self.lower(x)
            missing = rank - len(x.shape)
            shape = x.primal.shape
            return reshape(x.primal, shape=(shape[0], *(1,) * missing, *shape[1:])) if missing else x.primal

        return tuple(map(align, inputs))

    def present(self, x: Any) -> Present:
        """Whether the examples differ."""
        return self.owns(x)

    def union(self, p: Present, q: Present) -> Present:
        return p or q

    def specs(self, spec: Spec, present: Present) -> list[Spec]:
        return [Spec((self.size, *spec.shape), spec.dtype) if present else spec]

    def take_apart(self, x: Any, present: Present, stacked: bool = False) -> list[Any]:
        if not present:
            return [x]
        everywhere = self.all_examples(x)
        return [exchanged(everywhere) if stacked else everywhere]

    def put_together(self, parts: Sequence[Any], present: Present, stacked: bool = False) -> Any:
        (part,) = parts
        if not present:
            return part
        return self.batched(exchanged(part) if stacked else part)

    def inside(self) -> AbstractContextManager[Self]:
        return entered(type(self)(self.size))

    def is_several(self, present: Present) -> bool:
        return bool(present)

    def any_of_several(self, x: Any) -> Tensor:
        return reshape(any_along(self.all_examples(x), axes=(0,)), shape=x.shape)


class _OverExamples(DerivativeRule):
    """A rule over a further leading axis of some inputs, and of all outputs."""

    def __init__(self, rule: DerivativeRule, size: int, among: Sequence[bool]) -> None:
        self._rule = rule
        self._size = size
        self._among = among
        self.name = rule.name
        self.function = rule.function
        self.is_equation = rule.is_equation

    def _each(self, fn: Callable[..., Values], *arguments: tuple[Values, Sequence[bool]]) -> list[Any]:
        """``fn`` of one example, for all of them; each argument is a list, and says what in it has examples."""
        with entered(BatchLevel(self._size)) as level:
            given = ([level.batched(x) if b else x for x, b in zip(xs, among, strict=True)] for xs, among in arguments)
            return [level.all_examples(y) if isinstance(y, Tensor) else y for y in fn(*given)]

    def run(self, inputs: Values) -> list[Any]:
        return self._each(self._rule.run, (inputs, self._among))

    def linear(self, inputs: Values, outputs: Values) -> LinearMap:
        def push(tangents: Tangents) -> list[Tensor | None]:
            moving = [t is not None and batched for t, batched in zip(tangents, self._among, strict=True)]
            one = lambda x, y, t: self._rule.linear(x, y)(t)
            return self._each(one, (inputs, self._among), (outputs, _tensors(outputs)), (tangents, moving))

        return push

    def residual(self, inputs: Values, output: Tensor) -> Tensor:
        one = lambda x, y: [self._rule.residual(x, *y)]
        found: Tensor = self._each(one, (inputs, self._among), ([output], [True]))[0]
        return found

    def correction(self, inputs: Values, output: Tensor) -> Callable[[Tensor], Tensor]:
        one = lambda x, y, r: [self._rule.correction(x, *y)(*r)]
        return lambda residual: self._each(one, (inputs, self._among), ([output], [True]), ([residual], [True]))[0]

    def transpose(self, inputs: Values, outputs: Values, cotangents: Cotangents, wanted: Sequence[bool]) -> Cotangents:
        one = lambda x, y, ct: self._rule.transpose(x, y, ct, wanted)
        given = (inputs, self._among), (outputs, _tensors(outputs)), (cotangents, _tensors(cotangents))
        pulled = self._each(one, *given)
        return [x if x is None or batched else _total(x) for x, batched in zip(pulled, self._among, strict=True)]


def _tensors(values: Values) -> list[bool]:
    return [isinstance(x, Tensor) for x in values]


def _total(x: Tensor) -> Tensor:
    """The sum over all examples: an input that is the same for all has one cotangent."""
    return reshape(sum_along(x, axes=(0,)), shape=x.shape[1:])
