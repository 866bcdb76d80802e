"""Products of vectors, matrices and tensors."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dualtape.core.spec import normalize_axis
from dualtape.dtypes import bool_
from dualtape.errors import ArgumentError, ArgumentTypeError, AxisError, DTypeError, ShapeError
from dualtape.functions.conversion import (
    TensorLike,
    UnreadableError,
    answered,
    as_tensor,
    cast_to,
    device_among,
    read_ints,
    tensor_pair,
)
from dualtape.functions.indexing import diag
from dualtape.functions.reduction import sum as sum_axes
from dualtape.functions.shape import broadcast_to, permute, reshape
from dualtape.primitives.contraction import matmul as matmul_primitive
from dualtape.primitives.matrices import diagonal

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = ["dot", "einsum", "matmul", "outer", "tensordot", "trace"]


def _multiply_matrices(x: Tensor, y: Tensor) -> Tensor:
    """The product of two tensors of one element type: MindSpore promotes nothing here."""
    if x.dtype is not y.dtype:
        raise DTypeError(f"`matmul` got {x.dtype} and {y.dtype}; expected one element type: cast one of the two")
    if x.dtype is bool_:
        raise DTypeError("`matmul` of Bool tensors has no meaning; cast them to a type of numbers")
    return matmul_primitive(x, y)


def matmul(input: TensorLike, other: TensorLike) -> Tensor:
    """Matrix product; leading axes broadcast, a vector counts as a row on the left and a column on the right.

    Both must have one element type.
    """
    try:
        x, y = tensor_pair("matmul", input, other, ("input", "other"))
    except UnreadableError as failure:
        return answered(failure, input, other, "__rmatmul__")
    if x.ndim >= 2 and y.ndim >= 2:
        return _multiply_matrices(x, y)
    if x.ndim == 0 or y.ndim == 0:
        raise ShapeError(f"`matmul` got shapes {x.shape} and {y.shape}; expected at least one axis each")
    left = reshape(x, (1, -1)) if x.ndim == 1 else x
    right = reshape(y, (-1, 1)) if y.ndim == 1 else y
    product = _multiply_matrices(left, right)
    # The axes of size 1 that the vectors were given.
    added = [axis for axis, vector in ((product.ndim - 2, x), (product.ndim - 1, y)) if vector.ndim == 1]
    return reshape(product, tuple(n for axis, n in enumerate(product.shape) if axis not in added))


def dot(input: TensorLike, other: TensorLike) -> Tensor:
    """The product over the last axis of the first and the last but one (or only) axis of the second."""
    x, y = tensor_pair("dot", input, other, ("input", "other"))
    if x.ndim == 0 or y.ndim == 0:
        return x * y
    return tensordot(x, y, ((x.ndim - 1,), (max(y.ndim - 2, 0),)))


def outer(input: TensorLike, vec2: TensorLike) -> Tensor:
    """All products of elements of two vectors."""
    x, y = tensor_pair("outer", input, vec2, ("input", "vec2"))
    return reshape(x, (-1, 1)) * reshape(y, (1, -1))


def tensordot(x1: TensorLike, x2: TensorLike, axes: int | Sequence[Sequence[int]] = 2) -> Tensor:
    """Contract the last ``axes`` axes of ``x1`` with the first of ``x2``, or the axes named in two lists."""
    x, y = tensor_pair("tensordot", x1, x2, ("x1", "x2"))
    if isinstance(axes, int):
        if not 0 <= axes <= min(x.ndim, y.ndim):
            raise ArgumentError(f"`axes` of `tensordot` must be from 0 to {min(x.ndim, y.ndim)}, got {axes}")
        left, right = list(range(x.ndim - axes, x.ndim)), list(range(axes))
    else:
        if not isinstance(axes, (tuple, list)) or len(axes) != 2:
            raise ArgumentTypeError(
                f"`axes` of `tensordot` must be an int or a pair of axes or lists of them, got {axes!r}"
            )
        left = [normalize_axis("tensordot", a, x.ndim) for a in read_ints("tensordot", "axes", axes[0])]
        right = [normalize_axis("tensordot", a, y.ndim) for a in read_ints("tensordot", "axes", axes[1])]
        if len(set(left)) < len(left) or len(set(right)) < len(right):
            raise AxisError(f"`axes` of `tensordot` name an axis twice: {axes!r}")
    if [x.shape[i] for i in left] != [y.shape[i] for i in right]:
        raise ShapeError(
            f"`tensordot` got shapes {x.shape} and {y.shape}, whose axes {left} and {right} differ in size"
        )
    free_x = [i for i in range(x.ndim) if i not in left]
    free_y = [i for i in range(y.ndim) if i not in right]
    rows = tuple(x.shape[i] for i in free_x)
    columns = tuple(y.shape[i] for i in free_y)
    inner = math.prod(x.shape[i] for i in left)
    matrix_x = reshape(permute(x, free_x + left), (math.prod(rows), inner))
    matrix_y = reshape(permute(y, right + free_y), (inner, math.prod(columns)))
    return reshape(_multiply_matrices(matrix_x, matrix_y), rows + columns)


def einsum(equation: str, *operands: TensorLike) -> Tensor:
    """Sums of products in Einstein's notation, from left to right through matrix products.

    Letters for axes, ``->`` and an output, ``...`` for axes that broadcast from the front. All operands must have one
    element type, which is the result's too.
    """
    if not isinstance(equation, str):
        raise ArgumentError(f"`equation` of `einsum` must be a str, got {type(equation).__name__}")
    device = device_among(operands)
    tensors = [as_tensor(x, "einsum", f"operands[{i}]", device) for i, x in enumerate(operands)]
    labels, output = _parse(equation, tensors)
    if len({x.dtype for x in tensors}) > 1 or tensors[0].dtype is bool_:
        kinds = ", ".join(str(x.dtype) for x in tensors)
        raise DTypeError(f"`einsum` got operands of {kinds}; expected one type of numbers: cast them")
    labelled = [_diagonal(x, names) for x, names in zip(tensors, labels, strict=True)]
    x, names = labelled[0]
    for i, (y, other) in enumerate(labelled[1:], start=1):
        later = set(output).union(*(n for _, n in labelled[i + 1 :]))
        x, names = _contract(x, names, y, other, later)
    x, names = _summed(x, names, set(output))
    return permute(x, [names.index(n) for n in output])


def _parse(equation: str, tensors: list[Tensor]) -> tuple[list[list[str]], list[str]]:
    """Axis names of every operand and of the output; an ellipsis becomes capital-free private names."""
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    parts = left.split(",")
    if len(parts) != len(tensors):
        raise ArgumentError(f"`equation` {equation!r} of `einsum` names {len(parts)} operands, got {len(tensors)}")
    labels = []
    widest = 0
    for part, x in zip(parts, tensors, strict=True):
        head, dots, tail = part.partition("...")
        hidden = x.ndim - len(head) - len(tail)
        if hidden < 0 or (hidden and not dots) or not all(c in string.ascii_letters for c in head + tail):
            raise ArgumentError(f"{part!r} in `equation` of `einsum` does not fit shape {x.shape}")
        widest = max(widest, hidden)
        labels.append([*head, *(f"...{k}" for k in range(hidden, 0, -1)), *tail])
    ellipsis = [f"...{k}" for k in range(widest, 0, -1)]
    if arrow:
        head, dots, tail = right.partition("...")
        output = [*head, *(ellipsis if dots else []), *tail]
    else:
        everything = [name for names in labels for name in names if not name.startswith("...")]
        output = ellipsis + sorted(name for name in set(everything) if everything.count(name) == 1)
    known = {name for names in labels for name in names}
    if len(set(output)) != len(output) or not set(output) <= known:
        raise ArgumentError(f"the output of `equation` {equation!r} of `einsum` repeats a letter or names a new one")
    return labels, output


def _diagonal(x: Tensor, names: list[str]) -> tuple[Tensor, list[str]]:
    """Merge axes of one name: a letter used twice in an operand means its diagonal."""
    while len(set(names)) != len(names):
        twice = next(n for n in names if names.count(n) > 1)
        i = names.index(twice)
        j = names.index(twice, i + 1)
        if x.shape[i] != x.shape[j]:
            raise ShapeError(f"`einsum` takes a diagonal of axes of sizes {x.shape[i]} and {x.shape[j]}")
        rest = [k for k in range(x.ndim) if k not in (i, j)]
        x = diagonal(permute(x, [*rest, i, j]))
        names = [names[k] for k in rest] + [twice]
    return x, names


def _summed(x: Tensor, names: list[str], wanted: set[str]) -> tuple[Tensor, list[str]]:
    """The sum over all axes whose names are not ``wanted``."""
    alone = tuple(i for i, name in enumerate(names) if name not in wanted)
    return (cast_to(sum_axes(x, alone), x.dtype) if alone else x), [name for name in names if name in wanted]


def _contract(x: Tensor, left: list[str], y: Tensor, right: list[str], later: set[str]) -> tuple[Tensor, list[str]]:
    """One product: shared names that are needed later are batch axes, the other shared ones are summed."""
    x, left = _summed(x, left, later.union(right))
    y, right = _summed(y, right, later.union(left))
    batch = [n for n in left if n in right and n in later]
    inner = [n for n in left if n in right and n not in later]
    rows = [n for n in left if n not in right]
    columns = [n for n in right if n not in left]
    sizes = {n: s for names, t in ((left, x), (right, y)) for n, s in zip(names, t.shape, strict=True) if s != 1}
    for n in batch + inner:
        a, b = x.shape[left.index(n)], y.shape[right.index(n)]
        if a != b and 1 not in (a, b):
            raise ShapeError(f"`einsum` got sizes {a} and {b} for the axis {n!r}")

    def arranged(t: Tensor, names: list[str], order: list[list[str]]) -> Tensor:
        flat = [n for group in order for n in group]
        t = permute(t, [names.index(n) for n in flat])
        if any(t.shape[i] != sizes.get(n, 1) for i, n in enumerate(flat)):
            t = broadcast_to(t, tuple(sizes.get(n, 1) for n in flat))
        return reshape(t, tuple(math.prod(sizes.get(n, 1) for n in group) for group in order))

    product = _multiply_matrices(arranged(x, left, [batch, rows, inner]), arranged(y, right, [batch, inner, columns]))
    names = batch + rows + columns
    return reshape(product, tuple(sizes.get(n, 1) for n in names)), names


def trace(input: TensorLike) -> Tensor:
    """The sum of the diagonal of a matrix."""
    x = as_tensor(input, "trace")
    if x.ndim != 2:
        raise ShapeError(f"`trace` takes a matrix, got shape {x.shape}")
    return sum_axes(diag(x))
