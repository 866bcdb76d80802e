"""The kinds of primitives: what each must state, and nothing that can be derived from it.

========================  ==============================================================
:class:`Elementwise`      ``partials``: dy/dx for each input, in the library's own operations
:class:`Reduction`        ``partial``: dy/dx of each reduced element
:class:`Linear`           ``transposes``: the adjoint of the linear map, for each input
:class:`Bilinear`         ``transposes``: the adjoint in each factor, the other one fixed
:class:`Implicit`         ``tangent``: the linear map from tangents to the tangent of the output
:class:`NonDifferentiable`  nothing: its derivative is zero by statement
========================  ==============================================================

Forward mode, reverse mode and Taylor mode of every order follow from that one statement, so a
primitive with a reverse rule and no forward rule cannot be written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from dualtape.core.complex_rule import BY_PARTS, BY_PRODUCTS, ComplexRule
from dualtape.core.example import Example, ExampleFor
from dualtape.core.interpreter import bind
from dualtape.core.lowering import Lowering
from dualtape.core.spec import Spec
from dualtape.errors import ArgumentError, DTypeError

if TYPE_CHECKING:
    from dualtape.core.composite import Composite
    from dualtape.tensor import Tensor

CATALOGUE: dict[str, Primitive] = {}

Partial = Callable[..., "Tensor | float"]
TensorFunction = Callable[..., "Tensor"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Primitive:
    """One operation of the catalogue.

    Attributes
    ----------
    name
        Its name in programs and messages.
    numpy
        The reference implementation: arrays (or Python numbers) and static parameters to an array.
    lowering
        How it runs on a device programmed in C.
    infer
        Specs of the inputs (``None`` for a Python number) and static parameters to the output's
        spec; raises the error that users see.
    batch
        ``batch(size, *inputs, **params)``: the same operation on inputs that all have a further leading axis of
        ``size``. ``None`` where broadcasting does it: the operation is the same whatever leading axes there are.
    continued
        The function on complex arrays, for checks by the complex step, where ``numpy`` is none of them.
    written
        A call in the public operations: a format of the operands' texts by number and of parameters by name, or a
        function of them. ``None`` where a public operation has its name.
    example_for
        A call on an input of any shape, for tests; ``None`` where only the declared ones are tried.
    kink
        ``kink(*inputs, output, **params)``: on arrays, where there is no derivative, and one was chosen.
    power
        ``power(*inputs)``: base, exponent, and whether of the magnitude, if it is a power of an input.
    on_complex
        What it does with complex numbers; ``None`` for what is a function of reals only, which refuses them.
    """

    name: str
    numpy: Callable[..., np.ndarray]
    lowering: Lowering
    infer: Callable[..., Spec]
    batch: TensorFunction | None = None
    continued: Callable[..., Any] | None = None
    written: str | Callable[..., str | None] | None = None
    example_for: ExampleFor | None = None
    kink: Callable[..., Any] | None = None
    power: Callable[..., Any] | None = None
    on_complex: ComplexRule | None = None

    def __post_init__(self) -> None:
        if self.name in CATALOGUE:
            raise ArgumentError(f"the catalogue already has a primitive `{self.name}`")
        CATALOGUE[self.name] = self

    def __call__(self, *inputs: Any, **params: Any) -> Tensor:
        return bind(self, inputs, params)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def continue_by(self, pairs: Callable[..., Any] | None) -> None:
        """Say what it does with complex numbers, from where the functions stand that its parts are made of."""
        object.__setattr__(self, "on_complex", ComplexRule(pairs))

    def require_reals(self, dtypes: Iterable[Any]) -> None:
        """Raise the error for complex operands of a function of reals; ``dtypes`` are NumPy's, or the engine's."""
        for dtype in dtypes:
            if np.dtype(dtype).kind == "c":
                parts = "take the parts that it is of, as in ops.real(x), ops.imag(x) or ops.abs(x)"
                raise DTypeError(f"`{self.name}` is a function of real numbers, and got complex ones; {parts}")


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Elementwise(Primitive):
    """A function of each element; inputs broadcast as in NumPy.

    Attributes
    ----------
    partials
        For each input, ``partial(*inputs, output, **params)``: a value, a Python number, or 0 for
        an identically zero derivative.
    domain
        For each input the open interval on which it is smooth; tests draw from it.
    """

    partials: tuple[Partial, ...]
    domain: tuple[tuple[float, float], ...]
    params: tuple[dict[str, Any], ...] = ({},)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Reduction(Primitive):
    """A function of the elements along ``axes``, which the output keeps with size 1.

    ``partial(x, y)`` is the derivative of the output by each reduced element, of ``x``'s shape.
    """

    partial: Partial
    examples: tuple[Example, ...]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Linear(Primitive):
    """A map that is linear in those inputs that have a transpose, jointly; of complex numbers, part by part.

    ``transposes[i](cotangent, *inputs, **params)`` is the adjoint for input ``i``; ``None`` marks
    an input (an index, a condition) that is no part of the linear map. In ``inputs`` the linear
    ones are there for their shapes only. Maps of any number of inputs have ``transpose_each`` instead,
    which takes ``i`` after the cotangent.
    """

    transposes: tuple[TensorFunction | None, ...] | None
    examples: tuple[Example, ...]
    transpose_each: TensorFunction | None = None
    on_complex: ComplexRule | None = BY_PARTS

    def transpose(self, i: int) -> TensorFunction | None:
        if self.transposes is not None:
            return self.transposes[i]
        assert self.transpose_each is not None
        rule = self.transpose_each
        return lambda cotangent, *inputs, **params: rule(cotangent, i, *inputs, **params)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Bilinear(Primitive):
    """A product: linear in each of two inputs. ``transposes[i](cotangent, x, y, **params)``.

    ``of_derivatives`` is the product if one of them is a derivative, or both, where that is another one; ``commutes``
    says that it stays the same if they are exchanged.
    """

    transposes: tuple[TensorFunction, TensorFunction]
    examples: tuple[Example, ...]
    of_derivatives: TensorFunction | None = None
    commutes: bool = False
    on_complex: ComplexRule | None = BY_PRODUCTS


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Implicit(Primitive):
    """A function known by its differential, as the solution of an equation is.

    ``tangent(tangents, inputs, output, **params)`` is linear in ``tangents``, of which ``None`` is zero. Where it
    applies the primitive to a tangent, whose transpose would need itself without end,
    ``cotangents(cotangent, inputs, output, **params)`` states those of all inputs.
    """

    tangent: TensorFunction
    examples: tuple[Example, ...]
    cotangents: Callable[..., Sequence[Tensor | None]] | None = None
    rule: ClassVar[Callable[[Implicit, dict[str, Any]], Composite]]
    """A call of it as levels take it; set by the module that defines it."""


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class NonDifferentiable(Primitive):
    """Constant almost everywhere, or of integers: its derivative is zero."""

    examples: tuple[Example, ...]
