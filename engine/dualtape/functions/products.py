"""Products of vectors and matrices that are made of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dualtape.core.spec import normalize_axis
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.functions.conversion import (
    TensorLike,
    as_tensor,
    device_among,
    promoted_pair,
    read_flag,
    read_int,
    tensor_pair,
)
from dualtape.functions.creation import ones_like
from dualtape.functions.linear_algebra import matmul, tensordot
from dualtape.functions.linear_systems import inv, read_matrix
from dualtape.functions.reduction import cumprod
from dualtape.functions.shape import broadcast_to, cat, expand_dims, flip, reshape, stack, swapaxes
from dualtape.primitives.matrices import identity_like

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = ["cross", "inner", "kron", "matrix_power", "multi_dot", "vander"]


def inner(x: TensorLike, y: TensorLike) -> Tensor:
    """The sums of products over the last axes of both."""
    a, b = promoted_pair("inner", *tensor_pair("inner", x, y))
    if a.ndim == 0 or b.ndim == 0:
        product: Tensor = a * b
        return product
    if a.shape[-1] != b.shape[-1]:
        raise ShapeError(f"`inner` got shapes {a.shape} and {b.shape}; expected last axes of one size")
    return tensordot(a, b, ((a.ndim - 1,), (b.ndim - 1,)))


def kron(x: TensorLike, y: TensorLike) -> Tensor:
    """The Kronecker product: ``y`` in the place of each element of ``x``, times that."""
    a, b = promoted_pair("kron", *tensor_pair("kron", x, y))
    rank = max(a.ndim, b.ndim)
    left, right = (reshape(t, (*(1,) * (rank - t.ndim), *t.shape)) for t in (a, b))
    blocks = reshape(left, tuple(n for size in left.shape for n in (size, 1)))
    inside = reshape(right, tuple(n for size in right.shape for n in (1, size)))
    product: Any = blocks * inside
    return reshape(product, tuple(m * n for m, n in zip(left.shape, right.shape, strict=True)))


def cross(x: TensorLike, y: TensorLike, axis: int = -1) -> Tensor:
    """The cross product of vectors of three elements along ``axis``; other axes broadcast."""
    a, b = promoted_pair("cross", *tensor_pair("cross", x, y))
    i, j = (normalize_axis("cross", read_int("cross", "axis", axis), t.ndim) for t in (a, b))
    if a.shape[i] != 3 or b.shape[j] != 3:
        raise ShapeError(f"`cross` got shapes {a.shape} and {b.shape}; expected 3 elements along axis {axis}")
    (a0, a1, a2), (b0, b1, b2) = ([swapaxes(t, k, -1)[..., n] for n in range(3)] for t, k in ((a, i), (b, j)))
    parts = [a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0]
    return swapaxes(stack(parts, -1), max(i, j) if a.ndim != b.ndim else i, -1)


def vander(x: TensorLike, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of each element of a vector, the highest first unless ``increasing``, as a row of ``N``."""
    given = as_tensor(x, "vander", "x")
    if given.ndim != 1:
        raise ShapeError(f"`vander` takes a vector, got shape {given.shape}")
    count = given.shape[0] if N is None else read_int("vander", "N", N)
    if count < 0:
        raise ArgumentError(f"`N` of `vander` must not be negative, got {count}")
    column = expand_dims(given, 1)
    ones = ones_like(column)
    if count == 0:
        return ones[:, :0]
    rows = cat([ones, broadcast_to(column, (given.shape[0], count - 1))], 1)
    powers = cumprod(rows, 1)
    return powers if read_flag("vander", "increasing", increasing) else flip(powers, 1)


def matrix_power(a: TensorLike, n: int) -> Tensor:
    """``a`` times itself ``n`` times, by squaring; of the inverse if ``n`` is negative."""
    x = read_matrix("matrix_power", a, square=True)
    count = read_int("matrix_power", "n", n)
    if count < 0:
        x, count = inv(x), -count
    if count == 0:
        return broadcast_to(identity_like(x), x.shape)
    power: Any = None
    while count:
        if count % 2:
            power = x if power is None else matmul(power, x)
        count //= 2
        x = matmul(x, x) if count else x
    result: Tensor = power
    return result


def multi_dot(arrays: Sequence[TensorLike]) -> Tensor:
    """The product of two matrices or more, in the order of fewest multiplications; a vector may stand at either end.

    Reference: Cormen et al., *Introduction to Algorithms*, 15.2.
    """
    if not isinstance(arrays, (tuple, list)) or len(arrays) < 2:
        raise ArgumentTypeError("`arrays` of `multi_dot` must be a list of two tensors or more")
    device = device_among(arrays)
    given = [as_tensor(x, "multi_dot", f"arrays[{i}]", device) for i, x in enumerate(arrays)]
    if any(x.ndim != 2 for x in given[1:-1]) or not all(x.ndim in (1, 2) for x in (given[0], given[-1])):
        raise ShapeError(f"`multi_dot` takes matrices, and vectors at the ends; got shapes {[x.shape for x in given]}")
    first = reshape(given[0], (1, -1)) if given[0].ndim == 1 else given[0]
    last = reshape(given[-1], (-1, 1)) if given[-1].ndim == 1 else given[-1]
    product = _chained([first, *given[1:-1], last])
    rows = () if given[0].ndim == 1 else product.shape[:1]
    columns = () if given[-1].ndim == 1 else product.shape[1:]
    return reshape(product, (*rows, *columns))


def _chained(matrices: list[Tensor]) -> Tensor:
    sizes = [matrices[0].shape[0], *(x.shape[1] for x in matrices)]
    best: dict[tuple[int, int], tuple[int, int]] = {(i, i): (0, i) for i in range(len(matrices))}
    for length in range(1, len(matrices)):
        for i in range(len(matrices) - length):
            j = i + length
            ends = sizes[i] * sizes[j + 1]
            best[i, j] = min((best[i, k][0] + best[k + 1, j][0] + ends * sizes[k + 1], k) for k in range(i, j))

    def product(i: int, j: int) -> Tensor:
        k = best[i, j][1]
        return matrices[i] if i == j else matmul(product(i, k), product(k + 1, j))

    return product(0, len(matrices) - 1)
