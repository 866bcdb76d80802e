"""Choosing and converting elements: linear in what is chosen from."""

from typing import Any

import numpy as np

from dualtape.core.example import Example, Flags, Reals
from dualtape.core.expression import choose, converted, x, y, z
from dualtape.core.primitive import Linear
from dualtape.core.spec import Spec, broadcast_shapes
from dualtape.dtypes import DType, float32, float64


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
    examples=(
        Example((Flags((2, 3)), Reals((2, 3)), Reals((2, 3)))),
        Example((Flags((3,)), Reals((2, 1)), Reals(()))),
    ),
)


def _cast_back(ct: Any, x: Any, dtype: DType) -> Any:
    return cast(ct, dtype=x.dtype)


cast: Linear = Linear(
    name="cast",
    numpy=lambda x, dtype: x.astype(dtype.numpy),
    lowering=converted(x),
    infer=lambda x, dtype: Spec(x.shape, dtype),
    transposes=(_cast_back,),
    examples=(Example((Reals((2, 3)),), {"dtype": float32}), Example((Reals((2, 3)),), {"dtype": float64})),
)
