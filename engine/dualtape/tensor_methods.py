"""The operators and methods of tensors: each is a function of the library with the tensor as first argument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from dualtape.core.interpreter import Value
from dualtape.functions import (
    activation,
    bitwise,
    complex_numbers,
    elementwise,
    indexing,
    linear_algebra,
    reduction,
    shape,
)
from dualtape.functions.conversion import UnreadableError, as_tensor

if TYPE_CHECKING:
    from dualtape.tensor import Tensor


class Operators(Value):
    """What every tensor can be asked for; :class:`~dualtape.tensor.Tensor` adds what it is."""

    __slots__ = ()

    # Operators

    __add__ = elementwise.add
    __sub__ = elementwise.sub
    __mul__ = elementwise.mul
    __truediv__ = elementwise.div
    __floordiv__ = elementwise.floor_divide
    __mod__ = elementwise.mod
    __pow__ = elementwise.pow
    __matmul__ = linear_algebra.matmul
    __abs__ = elementwise.abs
    __invert__ = bitwise.bitwise_not
    __and__ = bitwise.bitwise_and
    __or__ = bitwise.bitwise_or
    __xor__ = bitwise.bitwise_xor
    __lshift__ = bitwise.bitwise_left_shift
    __rshift__ = bitwise.bitwise_right_shift
    __lt__ = elementwise.less
    __le__ = elementwise.less_equal
    __gt__ = elementwise.greater
    __ge__ = elementwise.greater_equal
    __getitem__ = indexing.getitem

    def __neg__(self) -> Tensor:
        return elementwise.neg(self)

    def __pos__(self) -> Self:
        return self

    def __eq__(self, other: Any) -> Any:
        if other is None or isinstance(other, str):
            return False
        try:
            return elementwise.equal(self, other)
        except UnreadableError:
            return NotImplemented

    def __ne__(self, other: Any) -> Any:
        if other is None or isinstance(other, str):
            return True
        try:
            return elementwise.not_equal(self, other)
        except UnreadableError:
            return NotImplemented

    def __radd__(self, other: Any) -> Tensor:
        return elementwise.add(other, self)

    def __rsub__(self, other: Any) -> Tensor:
        return elementwise.sub(other, self)

    def __rmul__(self, other: Any) -> Tensor:
        return elementwise.mul(other, self)

    def __rtruediv__(self, other: Any) -> Tensor:
        return elementwise.div(other, self)

    def __rfloordiv__(self, other: Any) -> Tensor:
        return elementwise.floor_divide(other, self)

    def __rmod__(self, other: Any) -> Tensor:
        return elementwise.mod(other, self)

    def __rpow__(self, other: Any) -> Tensor:
        return elementwise.pow(other, self)

    def __rand__(self, other: Any) -> Tensor:
        return bitwise.bitwise_and(other, self)

    def __ror__(self, other: Any) -> Tensor:
        return bitwise.bitwise_or(other, self)

    def __rxor__(self, other: Any) -> Tensor:
        return bitwise.bitwise_xor(other, self)

    def __rlshift__(self, other: Any) -> Tensor:
        return bitwise.bitwise_left_shift(other, self)

    def __rrshift__(self, other: Any) -> Tensor:
        return bitwise.bitwise_right_shift(other, self)

    def __rmatmul__(self, other: Any) -> Tensor:
        return linear_algebra.matmul(other, self)

    # Methods: the functions of `dualtape.ops` with the tensor as first argument

    astype = shape.cast
    conj = complex_numbers.conj
    angle = complex_numbers.angle
    is_complex = complex_numbers.is_complex

    @property
    def real(self) -> Tensor:
        """The real parts; of real numbers themselves."""
        return complex_numbers.real(self)

    @property
    def imag(self) -> Tensor:
        """The imaginary parts; of real numbers zeros."""
        return complex_numbers.imag(self)

    def reshape(self, *sizes: Any) -> Tensor:
        """The same elements in another shape."""
        return shape.reshape(self, sizes[0] if len(sizes) == 1 else sizes)

    view = reshape
    flatten = shape.flatten
    ravel = flatten

    def transpose(self, *axes: Any) -> Tensor:
        """Reverse the axes, or put them in the given order."""
        return shape.transpose(self, None if not axes else axes[0] if isinstance(axes[0], (tuple, list)) else axes)

    permute = transpose
    swapaxes = shape.swapaxes
    squeeze = shape.squeeze
    expand_dims = shape.expand_dims
    unsqueeze = expand_dims

    def broadcast_to(self, new_shape: Any) -> Tensor:
        """Repeat along axes of size 1 and new ones."""
        return shape.broadcast_to(self, new_shape)

    def expand_as(self, other: Tensor) -> Tensor:
        """Repeat to the shape of ``other``."""
        return shape.broadcast_to(self, as_tensor(other, "expand_as", "other").shape)

    split = shape.split
    tile = shape.tile
    repeat_interleave = shape.repeat_interleave
    flip = shape.flip
    roll = shape.roll
    sum = reduction.sum
    mean = reduction.mean
    prod = reduction.prod
    amax = reduction.amax
    amin = reduction.amin

    max = reduction.amax
    min = reduction.amin
    argmax = reduction.argmax
    argmin = reduction.argmin
    any = reduction.any
    all = reduction.all
    var = reduction.var
    std = reduction.std
    norm = reduction.norm
    cumsum = reduction.cumsum
    logsumexp = reduction.logsumexp
    abs = elementwise.abs
    exp = elementwise.exp
    log = elementwise.log
    sqrt = elementwise.sqrt
    square = elementwise.square
    sin = elementwise.sin
    cos = elementwise.cos
    tanh = elementwise.tanh
    sigmoid = elementwise.sigmoid
    pow = elementwise.pow
    clip = activation.clamp
    clamp = clip
    matmul = linear_algebra.matmul
    dot = linear_algebra.dot
    trace = linear_algebra.trace
    diag = indexing.diag
    take = indexing.take
    gather = indexing.gather
    scatter_add = indexing.scatter_add
