"""The operators and methods of tensors: each is a function of the library with the tensor as first argument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from dualtape.core.interpreter import Value
from dualtape.functions import activation, elementwise, indexing, linear_algebra, reduction, shape
from dualtape.functions.conversion import as_tensor

if TYPE_CHECKING:
    from dualtape.tensor import Tensor


class Operators(Value):
    """What every tensor can be asked for; :class:`~dualtape.tensor.Tensor` adds what it is."""

    __slots__ = ()

    # Operators

    def __add__(self, other: Any) -> Tensor:
        return elementwise.add(self, other)

    def __radd__(self, other: Any) -> Tensor:
        return elementwise.add(other, self)

    def __sub__(self, other: Any) -> Tensor:
        return elementwise.sub(self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return elementwise.sub(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return elementwise.mul(self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return elementwise.mul(other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return elementwise.div(self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return elementwise.div(other, self)

    def __floordiv__(self, other: Any) -> Tensor:
        return elementwise.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Tensor:
        return elementwise.floor_divide(other, self)

    def __mod__(self, other: Any) -> Tensor:
        return elementwise.mod(self, other)

    def __rmod__(self, other: Any) -> Tensor:
        return elementwise.mod(other, self)

    def __pow__(self, other: Any) -> Tensor:
        return elementwise.pow(self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return elementwise.pow(other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return linear_algebra.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return linear_algebra.matmul(other, self)

    def __neg__(self) -> Tensor:
        return elementwise.neg(self)

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> Tensor:
        return elementwise.abs(self)

    def __invert__(self) -> Tensor:
        return elementwise.logical_not(self)

    def __and__(self, other: Any) -> Tensor:
        return elementwise.logical_and(self, other)

    def __or__(self, other: Any) -> Tensor:
        return elementwise.logical_or(self, other)

    def __xor__(self, other: Any) -> Tensor:
        return elementwise.logical_xor(self, other)

    def __eq__(self, other: Any) -> Any:
        return False if other is None or isinstance(other, str) else elementwise.equal(self, other)

    def __ne__(self, other: Any) -> Any:
        return True if other is None or isinstance(other, str) else elementwise.not_equal(self, other)

    def __lt__(self, other: Any) -> Tensor:
        return elementwise.less(self, other)

    def __le__(self, other: Any) -> Tensor:
        return elementwise.less_equal(self, other)

    def __gt__(self, other: Any) -> Tensor:
        return elementwise.greater(self, other)

    def __ge__(self, other: Any) -> Tensor:
        return elementwise.greater_equal(self, other)

    def __getitem__(self, key: Any) -> Tensor:
        return indexing.getitem(self, key)  # type: ignore[arg-type]  # every Operators is a Tensor

    # Methods: the functions of `dualtape.ops` with the tensor as first argument

    def astype(self, dtype: Any) -> Tensor:
        """Convert the elements."""
        return shape.cast(self, dtype)

    def reshape(self, *sizes: Any) -> Tensor:
        """The same elements in another shape."""
        return shape.reshape(self, sizes[0] if len(sizes) == 1 else sizes)

    view = reshape

    def flatten(self) -> Tensor:
        """All elements in one axis."""
        return shape.flatten(self)

    ravel = flatten

    def transpose(self, *axes: Any) -> Tensor:
        """Reverse the axes, or put them in the given order."""
        return shape.transpose(self, None if not axes else axes[0] if isinstance(axes[0], (tuple, list)) else axes)

    permute = transpose

    def swapaxes(self, axis0: int, axis1: int) -> Tensor:
        """Exchange two axes."""
        return shape.swapaxes(self, axis0, axis1)

    def squeeze(self, axis: Any = None) -> Tensor:
        """Remove axes of size 1."""
        return shape.squeeze(self, axis)

    def expand_dims(self, axis: int) -> Tensor:
        """A new axis of size 1."""
        return shape.expand_dims(self, axis)

    unsqueeze = expand_dims

    def broadcast_to(self, new_shape: Any) -> Tensor:
        """Repeat along axes of size 1 and new ones."""
        return shape.broadcast_to(self, new_shape)

    def expand_as(self, other: Tensor) -> Tensor:
        """Repeat to the shape of ``other``."""
        return shape.broadcast_to(self, as_tensor(other, "expand_as", "other").shape)

    def split(self, split_size_or_sections: Any, axis: int = 0) -> tuple[Tensor, ...]:
        """Cut into pieces."""
        return shape.split(self, split_size_or_sections, axis)

    def tile(self, dims: Any) -> Tensor:
        """Repeat the whole tensor."""
        return shape.tile(self, dims)

    def repeat_interleave(self, repeats: int, axis: int | None = None) -> Tensor:
        """Repeat each element."""
        return shape.repeat_interleave(self, repeats, axis)

    def flip(self, dims: Any) -> Tensor:
        """Reverse along axes."""
        return shape.flip(self, dims)

    def roll(self, shifts: Any, dims: Any = None) -> Tensor:
        """Shift cyclically."""
        return shape.roll(self, shifts, dims)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """Sum over axes."""
        return reduction.sum(self, axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """Mean over axes."""
        return reduction.mean(self, axis, keepdims)

    def prod(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """Product over axes."""
        return reduction.prod(self, axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """Largest element over axes."""
        return reduction.amax(self, axis, keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """Smallest element over axes."""
        return reduction.amin(self, axis, keepdims)

    amax = max
    amin = min

    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        """Index of the first largest element."""
        return reduction.argmax(self, axis, keepdims)

    def argmin(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        """Index of the first smallest element."""
        return reduction.argmin(self, axis, keepdims)

    def any(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """Whether some element is true."""
        return reduction.any(self, axis, keepdims)

    def all(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """Whether every element is true."""
        return reduction.all(self, axis, keepdims)

    def var(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
        """Variance over axes."""
        return reduction.var(self, axis, ddof, keepdims)

    def std(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
        """Standard deviation over axes."""
        return reduction.std(self, axis, ddof, keepdims)

    def norm(self, ord: Any = None, dim: Any = None, keepdim: bool = False) -> Tensor:
        """Vector norm."""
        return reduction.norm(self, ord, dim, keepdim)

    def cumsum(self, axis: int) -> Tensor:
        """Running sums."""
        return reduction.cumsum(self, axis)

    def logsumexp(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """log(sum(exp(x)))."""
        return reduction.logsumexp(self, axis, keepdims)

    def abs(self) -> Tensor:
        """Absolute value."""
        return elementwise.abs(self)

    def exp(self) -> Tensor:
        """Exponential."""
        return elementwise.exp(self)

    def log(self) -> Tensor:
        """Natural logarithm."""
        return elementwise.log(self)

    def sqrt(self) -> Tensor:
        """Square root."""
        return elementwise.sqrt(self)

    def square(self) -> Tensor:
        """x * x."""
        return elementwise.square(self)

    def sin(self) -> Tensor:
        """Sine."""
        return elementwise.sin(self)

    def cos(self) -> Tensor:
        """Cosine."""
        return elementwise.cos(self)

    def tanh(self) -> Tensor:
        """Hyperbolic tangent."""
        return elementwise.tanh(self)

    def sigmoid(self) -> Tensor:
        """1 / (1 + exp(-x))."""
        return elementwise.sigmoid(self)

    def pow(self, exponent: Any) -> Tensor:
        """Power."""
        return elementwise.pow(self, exponent)

    def clip(self, min: Any = None, max: Any = None) -> Tensor:
        """Elements held between bounds."""
        return activation.clamp(self, min, max)

    clamp = clip

    def matmul(self, other: Any) -> Tensor:
        """Matrix product."""
        return linear_algebra.matmul(self, other)

    def dot(self, other: Any) -> Tensor:
        """Product over the last axis."""
        return linear_algebra.dot(self, other)

    def trace(self) -> Tensor:
        """Sum of the diagonal."""
        return linear_algebra.trace(self)

    def diag(self) -> Tensor:
        """Diagonal, or diagonal matrix."""
        return indexing.diag(self)

    def take(self, indices: Any, axis: int = 0) -> Tensor:
        """Slices by index."""
        return indexing.take(self, indices, axis)

    gather = take

    def scatter_add(self, axis: int, index: Any, src: Any) -> Tensor:
        """Add elements at places along an axis."""
        return indexing.scatter_add(self, axis, index, src)
