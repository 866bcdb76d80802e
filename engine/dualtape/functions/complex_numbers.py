"""Complex numbers: their parts, their angle, and numbers made of these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtape.dtypes import float16, float32
from dualtape.errors import DTypeError, ShapeError
from dualtape.functions.conversion import TensorLike, as_tensor, cast_to, promoted_pair, tensor_pair, to_floating
from dualtape.functions.creation import zeros_like
from dualtape.functions.shape import stack
from dualtape.primitives import arithmetic, complex_parts, trigonometric

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = ["angle", "complex", "conj", "imag", "is_complex", "polar", "real", "view_as_complex", "view_as_real"]


def is_complex(input: TensorLike) -> bool:
    """Whether a tensor is of complex numbers."""
    return as_tensor(input, "is_complex").dtype.is_complex


def real(input: TensorLike) -> Tensor:
    """The real parts; of real numbers themselves.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.real(dt.Tensor([1 + 2j, 3 - 1j])))
    [1. 3.]
    """
    x = as_tensor(input, "real")
    return complex_parts.real(x) if x.dtype.is_complex else x


def imag(input: TensorLike) -> Tensor:
    """The imaginary parts; of real numbers zeros.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.imag(dt.Tensor([1 + 2j, 3 - 1j])))
    [ 2. -1.]
    """
    x = as_tensor(input, "imag")
    return complex_parts.imag(x) if x.dtype.is_complex else zeros_like(x)


def conj(input: TensorLike) -> Tensor:
    """The complex conjugates; real numbers are their own.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.conj(dt.Tensor([1 + 2j, 3 - 1j])))
    [1.-2.j 3.+1.j]
    """
    x = as_tensor(input, "conj")
    return complex_parts.conj(x) if x.dtype.is_complex else x


def angle(input: TensorLike) -> Tensor:
    """The angle in the complex plane, from -pi to pi; its derivative at 0 is 0.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.angle(dt.Tensor([1j, -1 + 0j])))
    [1.5707964 3.1415927]
    """
    x = as_tensor(input, "angle")
    if not x.dtype.is_complex:
        x = to_floating(x)
        return trigonometric.atan2(zeros_like(x), x)
    return trigonometric.atan2(complex_parts.imag(x), complex_parts.real(x))


def complex(real: TensorLike, imag: TensorLike) -> Tensor:
    """``real + 1j * imag``: Complex128 of Float64, else Complex64.

    Parameters
    ----------
    real, imag
        Tensors of floats, or of integers, which become Float32; they broadcast.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.complex(dt.Tensor([1.0, 3.0]), dt.Tensor([2.0, -1.0])))
    [1.+2.j 3.-1.j]
    """
    x, y = tensor_pair("complex", real, imag, ("real", "imag"))
    for part, name in ((x, "real"), (y, "imag")):
        if part.dtype.is_complex:
            raise DTypeError(f"`{name}` of `complex` must be a Tensor of real numbers, got {part.dtype}")
    a, b = promoted_pair("complex", to_floating(x), to_floating(y))
    if a.dtype is float16:
        a, b = cast_to(a, float32), cast_to(b, float32)
    return complex_parts.join(a, b)


def polar(abs: TensorLike, angle: TensorLike) -> Tensor:
    """``abs * exp(1j * angle)``, by length and angle.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.polar(dt.Tensor([2.0]), dt.Tensor([0.0])))
    [2.+0.j]
    """
    length, turn = promoted_pair("polar", *tensor_pair("polar", abs, angle, ("abs", "angle")))
    size, phase = to_floating(length), to_floating(turn)
    return complex(
        arithmetic.multiply(size, trigonometric.cos(phase)), arithmetic.multiply(size, trigonometric.sin(phase))
    )


def view_as_real(input: TensorLike) -> Tensor:
    """Real and imaginary parts along a new last axis of size 2: PyTorch's name. A copy, as tensors do not change.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.view_as_real(dt.Tensor([1 + 2j])))
    [[1. 2.]]
    """
    x = as_tensor(input, "view_as_real")
    if not x.dtype.is_complex:
        raise DTypeError(f"`view_as_real` takes complex numbers, got {x.dtype}")
    return stack([complex_parts.real(x), complex_parts.imag(x)], -1)


def view_as_complex(input: TensorLike) -> Tensor:
    """Complex numbers of a last axis of size 2, their real and imaginary parts: PyTorch's name.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.view_as_complex(dt.Tensor([[1.0, 2.0]])))
    [1.+2.j]
    """
    x = as_tensor(input, "view_as_complex")
    if not x.shape or x.shape[-1] != 2:
        raise ShapeError(f"`view_as_complex` takes a last axis of size 2, got shape {x.shape}")
    return complex(x[..., 0], x[..., 1])
