"""The rule of a user's function, from its partials, its jvp or its vjp."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from dualtape import pytree
from dualtape.autodiff.levels import DerivativeRule, LinearMap, Tangents, apply_partial
from dualtape.core.composite import Cotangents, Values
from dualtape.core.interpreter import value_of
from dualtape.core.spec import broadcast_shapes
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.functions.creation import zeros_like
from dualtape.primitives.arithmetic import add
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.primitives.complex_parts import conjugate
from dualtape.tensor import Tensor


class CustomRule(DerivativeRule):
    """A user's function of nested containers, with what was ``stated`` of its derivative: partials, or one function.

    The ``form`` of the output is known once it has run.
    """

    form: Any
    function: Callable[..., Any]

    def __init__(self, fn: Callable[..., Any], structure: Any, stated: Any) -> None:
        self.function = fn
        self._structure = structure
        self._stated = stated
        self.name = getattr(fn, "__name__", type(fn).__name__)

    def run(self, inputs: Values) -> list[Any]:
        outputs, self.form = pytree.flatten(self.function(*pytree.unflatten(self._structure, list(inputs))))
        return [value_of(x) for x in outputs]


class PartialsRule(CustomRule):
    """An elementwise function, by its partial derivatives."""

    def run(self, inputs: Values) -> list[Any]:
        outputs = super().run(inputs)
        shape = broadcast_shapes(self.name, *(x.shape for x in inputs if isinstance(x, Tensor)))
        if len(outputs) != 1 or not isinstance(outputs[0], Tensor) or outputs[0].shape != shape:
            found = [getattr(x, "shape", type(x).__name__) for x in outputs]
            raise ShapeError(
                f"`{self.name}` was given `partials`, which belong to an elementwise function: it must return one "
                f"Tensor of the inputs' common shape {shape}, got {found}; give `jvp` otherwise"
            )
        return outputs

    def linear(self, inputs: Values, outputs: Values) -> LinearMap:
        slope = cache(lambda i: self._stated[i](*inputs, outputs[0]))

        def push(tangents: Tangents) -> list[Tensor | None]:
            total: Tensor | None = None
            for i, tangent in enumerate(tangents):
                term = None if tangent is None else apply_partial(tangent, slope(i))
                if term is not None:
                    total = term if total is None else add(total, term)
            shape = outputs[0].shape
            return [total if total is None or total.shape == shape else broadcast_to(total, shape=shape)]

        return push

    def transpose(self, inputs: Values, outputs: Values, cotangents: Cotangents, wanted: Sequence[bool]) -> Cotangents:
        (cotangent,) = cotangents
        if cotangent is None:
            return [None] * len(inputs)
        slopes = [self._stated[i](*inputs, outputs[0]) if want else 0 for i, want in enumerate(wanted)]
        return [apply_partial(cotangent, slope) for slope in slopes]


class JvpRule(CustomRule):
    """Any function, by its tangent map."""

    def linear(self, inputs: Values, outputs: Values) -> LinearMap:
        arguments = pytree.unflatten(self._structure, list(inputs))

        def push(tangents: Tangents) -> list[Tensor | None]:
            filled = [
                zeros_like(x) if t is None and isinstance(x, Tensor) and x.dtype.is_inexact else t
                for x, t in zip(inputs, tangents, strict=True)
            ]
            found = pytree.leaves(self._stated(arguments, pytree.unflatten(self._structure, filled)))
            return _fitting(f"`jvp` of `{self.name}` gave the tangent of output", found, outputs)

        return push


class VjpRule(CustomRule):
    """Any function, by the transpose of its tangent map: reverse mode only."""

    def linear(self, inputs: Values, outputs: Values) -> LinearMap:
        raise ArgumentTypeError(
            f"forward mode through `{self.name}`, whose `custom_derivative` has only a `vjp`; give `jvp` or "
            "`partials` instead, from which reverse mode follows too"
        )

    def transpose(self, inputs: Values, outputs: Values, cotangents: Cotangents, wanted: Sequence[bool]) -> Cotangents:
        filled = [
            zeros_like(y) if ct is None and isinstance(y, Tensor) else None if ct is None else conjugate(ct)
            for y, ct in zip(outputs, cotangents, strict=True)
        ]
        arguments = pytree.unflatten(self._structure, list(inputs))
        given = pytree.unflatten(self.form, list(outputs)), pytree.unflatten(self.form, filled)
        pulled = self._stated(*arguments, *given)
        if not isinstance(pulled, tuple) or len(pulled) != len(arguments):
            found = f"a tuple of {len(pulled)}" if isinstance(pulled, tuple) else type(pulled).__name__
            raise ArgumentError(
                f"`vjp` of `{self.name}` must return a tuple with the cotangents of its {len(arguments)} arguments, "
                f"got {found}"
            )
        found_leaves = _like_arguments(pulled, arguments)
        fitting = _fitting(f"`vjp` of `{self.name}` gave the cotangent of input", found_leaves, inputs)
        # A user's cotangents are those of PyTorch's convention, conjugates of the tape's.
        return [conjugate(x) if want and x is not None else None for x, want in zip(fitting, wanted, strict=True)]


def _like_arguments(pulled: tuple[Any, ...], arguments: tuple[Any, ...]) -> list[Any]:
    """The cotangents of all leaves; a ``None`` stands for all leaves of its argument."""
    parts = zip(pulled, map(pytree.leaves, arguments), strict=True)
    return [x for part, inputs in parts for x in ([None] * len(inputs) if part is None else pytree.leaves(part))]


def _fitting(title: str, found: list[Any], expected: Values) -> list[Tensor | None]:
    """``found``, if it has the numbers and shapes of ``expected``."""
    if len(found) != len(expected):
        raise ArgumentError(f"{title}s: {len(found)} of them; expected {len(expected)}")
    for k, (x, like) in enumerate(zip(found, expected, strict=True)):
        if isinstance(x, Tensor) and isinstance(like, Tensor) and like.dtype.is_inexact and x.shape != like.shape:
            raise ShapeError(f"{title} {k} of shape {x.shape}; expected {like.shape}")
    return [value_of(x) if isinstance(x, Tensor) else None for x in found]
