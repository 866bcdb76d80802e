"""Choosing, gathering and converting elements: linear in what is chosen from."""

from typing import Any

import numpy as np

from dualtape.core.example import Example, Flags, Indices, Reals
from dualtape.core.lowering import Expression, Kernel
from dualtape.core.primitive import Linear
from dualtape.core.spec import Spec, broadcast_shapes
from dualtape.dtypes import DType, float32, float64
from dualtape.errors import DTypeError, TensorIndexError


def _infer_where(condition: Spec, x: Spec | None, y: Spec | None) -> Spec:
    known = [spec for spec in (x, y) if spec is not None]
    return Spec(broadcast_shapes("where", condition.shape, *(s.shape for s in known)), known[0].dtype)




where: Linear = Linear(
    name="where",
    numpy=np.where,
    lowering=Expression("x ? y : z"),
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


def _infer_take(x: Spec, indices: Spec, *, axis: int) -> Spec:
    if not indices.dtype.is_integer:
        raise DTypeError(f"`take` got indices of {indices.dtype}; expected integers")
    return Spec(x.shape[:axis] + indices.shape + x.shape[axis + 1 :], x.dtype)


def _take(x: np.ndarray, indices: np.ndarray, axis: int) -> np.ndarray:
    size = x.shape[axis]
    if indices.size and not (-size <= indices.min() and indices.max() < size):
        raise TensorIndexError(
            f"an index reaches from {indices.min()} to {indices.max()}, outside axis {axis} of size {size}"
        )
    return np.take(x, indices, axis=axis)


take: Linear = Linear(
    name="take",
    numpy=_take,
    lowering=Kernel("take"),
    infer=_infer_take,
    transposes=(
        lambda ct, x, indices, axis: scatter_sum(ct, indices, axis=axis, size=x.shape[axis]),
        None,
    ),
    examples=(
        Example((Reals((4, 3)), Indices((5,), 4)), {"axis": 0}),
        Example((Reals((2, 4, 3)), Indices((2, 2), 4)), {"axis": 1}),
    ),
)


def _infer_scatter_sum(x: Spec, indices: Spec, *, axis: int, size: int) -> Spec:
    return Spec(x.shape[:axis] + (size,) + x.shape[axis + len(indices.shape) :], x.dtype)


def _scatter_sum(x: np.ndarray, indices: np.ndarray, axis: int, size: int) -> np.ndarray:
    result = np.zeros(x.shape[:axis] + (size,) + x.shape[axis + indices.ndim :], x.dtype)
    np.add.at(result, (*(slice(None),) * axis, indices), x)  # type: ignore[arg-type]
    return result


# The transpose of `take`: adds each slice of x into the place that its index names, in order.
scatter_sum: Linear = Linear(
    name="scatter_sum",
    numpy=_scatter_sum,
    lowering=Kernel("scatter_sum"),
    infer=_infer_scatter_sum,
    transposes=(lambda ct, x, indices, axis, size: take(ct, indices, axis=axis), None),
    examples=(
        Example((Reals((5, 3)), Indices((5,), 4)), {"axis": 0, "size": 4}),
        Example((Reals((2, 2, 2, 3)), Indices((2, 2), 4)), {"axis": 1, "size": 4}),
    ),
)


def _cast_back(ct: Any, x: Any, dtype: DType) -> Any:
    return cast(ct, dtype=x.dtype)


cast: Linear = Linear(
    name="cast",
    numpy=lambda x, dtype: x.astype(dtype.numpy),
    lowering=Expression("(OUT)x"),
    infer=lambda x, dtype: Spec(x.shape, dtype),
    transposes=(_cast_back,),
    examples=(Example((Reals((2, 3)),), {"dtype": float32}), Example((Reals((2, 3)),), {"dtype": float64})),
)
