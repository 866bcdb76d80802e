"""Matrix products."""

from math import prod
from typing import Any

from dualtape.core.example import Choose, Example, Reals
from dualtape.core.lowering import Kernel
from dualtape.core.primitive import Bilinear
from dualtape.core.spec import Shape, Spec, broadcast_shapes
from dualtape.errors import ShapeError
from dualtape.primitives.matrices import swapped
from dualtape.primitives.movement import reshape
from dualtape.summation import multiply_matrices


def _infer_matmul(x: Spec, y: Spec) -> Spec:
    if x.shape[-1] != y.shape[-2]:
        raise ShapeError(
            f"`matmul` got shapes {x.shape} and {y.shape}: the last axis of the first ({x.shape[-1]}) "
            f"must equal the last but one of the second ({y.shape[-2]})"
        )
    batch = broadcast_shapes("matmul", x.shape[:-2], y.shape[:-2])
    return Spec((*batch, x.shape[-2], y.shape[-1]), x.dtype)


def _rows(x: Any) -> Any:
    """The rows of all matrices, as those of one."""
    return x if len(x.shape) == 2 else reshape(x, shape=(prod(x.shape[:-1]), x.shape[-1]))


def _transpose_right(ct: Any, x: Any, y: Any) -> Any:
    # One product adds up over all rows, instead of a matrix for each product, to be added up then.
    shared = len(y.shape) == 2
    return matmul(swapped(_rows(x)), _rows(ct)) if shared else matmul(swapped(x), ct)


def _matmul_for(choose: Choose, shape: Shape) -> Example | None:
    if len(shape) < 2:
        return None
    if len(shape) == 2 and choose(0, 1):
        return Example((Reals((choose(0, 3), shape[0])), Reals(shape)))
    return Example((Reals(shape), Reals((shape[-1], choose(0, 3)))))


# Both inputs have two axes or more; the leading ones broadcast.
matmul: Bilinear = Bilinear(
    name="matmul",
    numpy=multiply_matrices,
    lowering=Kernel("matmul"),
    infer=_infer_matmul,
    transposes=(lambda ct, x, y: matmul(ct, swapped(y)), _transpose_right),
    examples=(Example((Reals((2, 3)), Reals((3, 4)))), Example((Reals((5, 1, 2, 3)), Reals((4, 3, 2))))),
    written="{0} @ {1}",
    example_for=_matmul_for,
)
