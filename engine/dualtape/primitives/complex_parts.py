"""Complex numbers and their parts.

Transposes are those of the pairing Re(sum(a * b)): of a complex and a real vector space, where only real numbers are
taken out, as of two complex ones, where it needs no conjugates.
"""

from typing import Any

import numpy as np

from dualtape.core.complex_rule import ComplexRule, minus
from dualtape.core.example import Complexes, Example, Reals
from dualtape.core.interpreter import bind
from dualtape.core.lowering import ComplexPart, Joined, OnHost
from dualtape.core.primitive import Linear
from dualtape.core.spec import Spec, broadcast_shapes
from dualtape.dtypes import complex_dtype, part_dtype
from dualtape.primitives.arithmetic import negative
from dualtape.primitives.selection import cast

_ONE = (Example((Complexes((2, 3)),)), Example((Complexes(()),)))


def infer_part(x: Spec) -> Spec:
    """The spec of the real or imaginary parts; real values are their own."""
    return Spec(x.shape, part_dtype(x.dtype)) if x.dtype.is_complex else x


def _joined(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    found = np.empty(np.broadcast_shapes(x.shape, y.shape), complex_dtype_of(x.dtype))
    found.real, found.imag = x, y
    return found


def complex_dtype_of(dtype: np.dtype) -> np.dtype:
    """NumPy's type of complex numbers with parts of ``dtype``."""
    return np.dtype(np.complex128 if dtype == np.float64 else np.complex64)


real: Linear = Linear(
    name="real",
    numpy=np.real,
    lowering=ComplexPart(0),
    infer=infer_part,
    transposes=(lambda ct, x: cast(ct, dtype=x.dtype),),
    examples=_ONE,
    on_complex=ComplexRule(lambda _, operands, params: operands[0].whole(operands[0].re)),
)

imag: Linear = Linear(
    name="imag",
    numpy=np.imag,
    lowering=ComplexPart(1),
    infer=infer_part,
    transposes=(lambda ct, x: join(ct * 0.0, negative(ct)),),
    examples=_ONE,
    on_complex=ComplexRule(lambda _, operands, params: operands[0].whole(operands[0].im)),
)

conj: Linear = Linear(
    name="conj",
    numpy=np.conj,
    lowering=OnHost(),
    infer=lambda x: x,
    transposes=(lambda ct, x: conj(ct),),
    examples=_ONE,
    on_complex=ComplexRule(lambda _, operands, params: (operands[0].re, minus(0, operands[0].im))),
)

# x + iy of two values of floats.
join: Linear = Linear(
    name="join",
    numpy=_joined,
    lowering=Joined(),
    infer=lambda x, y: Spec(broadcast_shapes("complex", x.shape, y.shape), complex_dtype(x.dtype)),
    transposes=(lambda ct, x, y: real(ct), lambda ct, x, y: negative(imag(ct))),
    examples=(Example((Reals((2, 3)), Reals((2, 3)))), Example((Reals((2, 1)), Reals((3,))))),
    written="ops.complex({0}, {1})",
    on_complex=ComplexRule(lambda _, operands, params: operands, from_reals=True),
)


def conjugate(x: Any) -> Any:
    """The complex conjugate; a real value is its own."""
    return bind(conj, (x,), {}) if x.dtype.is_complex else x


def real_part(x: Any) -> Any:
    """The real parts of complex values; real ones themselves."""
    return real(x) if x.dtype.is_complex else x


def imaginary_part(x: Any) -> Any:
    """i times the imaginary parts of complex values."""
    part = imag(x)
    return join(part * 0.0, part)
