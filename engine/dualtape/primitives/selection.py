"""Choosing and converting elements: linear in what is chosen from."""

from typing import Any

import numpy as np

from dualtape.core.complex_rule import ComplexRule, Pair, is_number
from dualtape.core.example import Choose, Example, Flags, Indices, Reals, one_of
from dualtape.core.expression import choose, to_output, x, y, z
from dualtape.core.primitive import Linear
from dualtape.core.spec import Shape, Spec, broadcast_shapes
from dualtape.dtypes import DType, bool_, float32, float64, part_dtype


def _infer_where(condition: Spec, x: Spec | None, y: Spec | None) -> Spec:
    known = [spec for spec in (x, y) if spec is not None]
    return Spec(broadcast_shapes("where", condition.shape, *(s.shape for s in known)), known[0].dtype)


where: Linear = Linear(
    name="where",
    numpy=np.where,
    lowering=choose(x, y, z),
    infer=_infer_where,
    transposes=(
        None,
        lambda ct, condition, x, y: where(condition, ct, 0.0),
        lambda ct, condition, x, y: where(condition, 0.0, ct),
    ),
    examples=(Example((Flags((2, 3)), Reals((2, 3)), Reals((2, 3)))), Example((Flags((3,)), Reals((2, 1)), Reals(())))),
    continued=lambda condition, x, y: np.where(np.real(condition), x, y),
)


def convert(x: np.ndarray, to: np.dtype) -> np.ndarray:
    """``x`` in another element type; of complex numbers the real part, as its transpose asks for.

    Of a float, an integer is the whole part, modulo what the type holds as among integers; 0 of NaN and of what 64 bits
    cannot hold. NumPy leaves that to C, which leaves it to the processor.
    """
    if to.kind in "iuf":
        x = x.real
    if x.dtype.kind != "f" or to.kind not in "iu":
        return x.astype(to)
    if x.dtype == np.float16:
        x = x.astype(np.float32)
    negative = np.signbit(x)
    whole: np.ndarray = np.where(negative & (x >= -(2.0**63)), x, 0).astype(np.int64).astype(to)
    whole += np.where(~negative & (x < 2.0**64), x, 0).astype(np.uint64).astype(to)
    return whole


def _cast_for(choose: Choose, shape: Shape) -> Example:
    return Example((one_of(choose, (Reals(shape), Flags(shape), Indices(shape, 3))),), {"dtype": float64})


def _cast_parts(primitive: Linear, operands: tuple[Any, ...], params: dict[str, DType]) -> Any:
    (x,), to = operands, params["dtype"]
    if not isinstance(x, Pair):
        return x if x.dtype is part_dtype(to) else primitive(x, dtype=part_dtype(to)), 0
    if to.is_complex:
        re, im = (part if is_number(part) else primitive(part, dtype=part_dtype(to)) for part in (x.re, x.im))
        return re, im
    if to is not bool_:
        return primitive(x.whole(x.re), dtype=to)
    re, im = x.parts
    return (re != 0) | (im != 0)


cast: Linear = Linear(
    name="cast",
    numpy=lambda x, dtype: convert(x, dtype.numpy),
    lowering=to_output(x),
    infer=lambda x, dtype: Spec(x.shape, dtype),
    transposes=(lambda ct, x, dtype: cast(ct, dtype=x.dtype),),
    examples=(Example((Reals((2, 3)),), {"dtype": float32}), Example((Reals((2, 3)),), {"dtype": float64})),
    continued=lambda x, dtype: x if dtype.is_float else np.real(x).astype(dtype.numpy),
    written="{0}.astype({dtype})",
    on_complex=ComplexRule(_cast_parts, from_reals=True),
    example_for=_cast_for,
)
