"""Complex derivatives: jets that refuse what has none."""

from __future__ import annotations

from typing import Any

from dualtape.autodiff.levels.jet import JetLevel
from dualtape.core.primitive import Primitive
from dualtape.errors import DTypeError
from dualtape.primitives.complex_parts import conj, imag, real
from dualtape.tensor import Tensor


class HolomorphicJetLevel(JetLevel):
    """The forward interpreter for functions with a complex derivative, the same in all directions.

    Only parts and conjugates have none: whatever else the catalogue does with complex numbers is holomorphic.
    """

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        if primitive in (real, imag, conj):
            raise DTypeError(
                f"a Jacobian by complex numbers is that of a holomorphic function, which `{primitive.name}` is not; "
                "use `jvp` for one direction, `grad` for a real function, or the real and imaginary parts as arguments"
            )
        return super().interpret(primitive, inputs, params)
