"""Complex unknowns: two outputs of a network as the real and imaginary part of one field."""

from __future__ import annotations

from typing import Any

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.fields import Field, Orders


class ComplexField(Field):
    """A complex unknown, made of two: ``psi = pinn.ComplexField(u, v)`` is ``u + 1j * v`` with all its derivatives.

    Made in an equation or a condition of the unknowns that these are given. ``psi.t``, ``psi.xx``, ``psi.laplacian()``
    and ``psi.at(...)`` are complex, and so may residuals be: each counts as two, its real and its imaginary part.

    Parameters
    ----------
    real, imag
        Two unknowns of the equation.

    Examples
    --------
    Schroedinger's equation with a cubic term:

    >>> import dualtape as dt
    >>> from dualtape import pinn
    >>> def schroedinger(u, v, p):
    ...     psi = pinn.ComplexField(u, v)
    ...     return 1j * psi.t + 0.5 * psi.xx + abs(psi) ** 2 * psi
    >>> problem = pinn.Problem(pinn.Rectangle(x=(-5, 5), t=(0, 1)), schroedinger)
    >>> problem.unknowns
    ('u', 'v')
    """

    __slots__ = ("_parts",)

    def __init__(self, real: Field, imag: Field) -> None:
        for part, name in ((real, "real"), (imag, "imag")):
            if not isinstance(part, Field) or isinstance(part, ComplexField):
                raise ArgumentTypeError(
                    f"`{name}` of `ComplexField` must be an unknown of the equation, got {type(part).__name__}"
                )
        if real.coordinates != imag.coordinates:
            raise ArgumentError(
                f"`ComplexField` got unknowns of the coordinates {', '.join(real.coordinates)} and "
                f"{', '.join(imag.coordinates)}; expected the same"
            )
        self._parts = real, imag

        def derivative(index: Orders) -> dt.Tensor:
            return dt.ops.complex(real._of(index), imag._of(index))

        super().__init__(f"{real.name} + 1j * {imag.name}", real.coordinates, derivative, real._evaluation)

    def at(self, *points: Any, **coordinates: Any) -> ComplexField:
        """The unknown at other points, as :meth:`Field.at`."""
        real, imag = self._parts
        return ComplexField(real.at(*points, **coordinates), imag.at(*points, **coordinates))
