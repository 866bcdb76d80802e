"""From what users pass to what primitives take: tensors of one element type, and Python numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np

from dualtape.core.interpreter import Value, ground
from dualtape.core.spec import normalize_axis
from dualtape.dtypes import DType, bool_, complex_dtype, dtype_of, float16, float32, promote, promote_scalar
from dualtape.errors import ArgumentError, ArgumentTypeError, AxisError, DTypeError, DualtapeError, ShapeError
from dualtape.primitives.movement import concatenate, reshape
from dualtape.primitives.selection import cast as cast_primitive
from dualtape.primitives.selection import convert

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

TensorLike: TypeAlias = Value | np.ndarray | bool | int | float | complex | list[Any] | tuple[Any, ...]


def as_array(data: object, argument: str = "input_data", floats: Any = np.float32) -> np.ndarray:
    """Read numbers, nested lists or an array as MindSpore does.

    Python floats become Float32, or what ``floats`` says, complex numbers Complex64, or what has parts of that type,
    and integers Int64; NumPy arrays and scalars keep their type.
    """
    if isinstance(data, (np.ndarray, np.generic)):
        _refuse_mask(data, argument)
        return native(np.asarray(data))
    if isinstance(data, bool):
        return np.asarray(data, np.bool_)
    if isinstance(data, float):
        return converted(np.asarray(data), floats)
    if isinstance(data, complex):
        return converted(np.asarray(data), _with_parts(floats))
    if isinstance(data, int):
        if not -(2**63) <= data < 2**63:
            raise ArgumentError(f"`{argument}` holds an int of {data.bit_length()} bits; Int64 has 63 and a sign")
        return np.asarray(data, np.int64)
    if isinstance(data, (list, tuple)):
        return _as_array_of_sequence(data, argument, floats)
    if hasattr(data, "__array__"):
        return native(np.asarray(data))
    raise UnreadableError(
        f"`{argument}` must be a number, a nested list of numbers, a NumPy array or a Tensor; got {type(data).__name__}"
    )


def _with_parts(floats: Any) -> Any:
    """The complex type for numbers beside those of ``floats``, which may be a complex type itself."""
    return np.complex128 if np.dtype(floats) in (np.float64, np.complex128) else np.complex64


class UnreadableError(ArgumentTypeError):
    """What was given is nothing that a tensor is made of; as an operand, it may know what to do with a tensor."""


def native(array: np.ndarray) -> np.ndarray:
    """``array`` in the machine's order of bytes, the only one that operations and devices know."""
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _refuse_mask(data: Any, argument: str) -> None:
    """What is masked is no number; NumPy's conversion would take what stands behind the mask."""
    if isinstance(data, (list, tuple)):
        for item in data:
            _refuse_mask(item, argument)
    elif type(data) is not np.ndarray and isinstance(data, np.ndarray) and hasattr(data, "mask"):
        raise ArgumentTypeError(
            f"`{argument}` holds a masked array, whose mask a Tensor cannot keep; "
            "say what stands in the masked places, as in array.filled(0.0)"
        )


def _as_array_of_sequence(data: list[Any] | tuple[Any, ...], argument: str, floats: Any) -> np.ndarray:
    try:
        array = np.array(data)
    except DualtapeError:
        raise
    except (ValueError, TypeError, OverflowError) as failure:
        raise ArgumentTypeError(
            f"For Tensor, the {argument} is {data} that contain unsupported element.\n"
            "Its lists differ in length, or hold something else than numbers"
        ) from failure
    if array.dtype.kind not in "biufc":
        raise ArgumentTypeError(
            f"For Tensor, the {argument} is {data} that contain unsupported element.\nIt must hold numbers"
        )
    if _holds_numpy(data):
        _refuse_mask(data, argument)
        return native(array)
    if array.dtype == np.float64:
        return converted(array, floats)
    return converted(array, _with_parts(floats)) if array.dtype == np.complex128 else array


def converted(array: np.ndarray, dtype: Any) -> np.ndarray:
    """``array`` in another element type; what is too large for a float type is infinite, without a warning."""
    with np.errstate(all="ignore"):
        return convert(array, np.dtype(dtype))


def _holds_numpy(data: Any) -> bool:
    if isinstance(data, (list, tuple)):
        return any(_holds_numpy(item) for item in data)
    return hasattr(data, "dtype")


def as_tensor(x: Any, function: str, argument: str = "input", device: Any = None) -> Tensor:
    """A tensor, or whatever can be read as one; what is none is put on ``device``, or on the current one."""
    if isinstance(x, Value):
        return x  # type: ignore[return-value]
    if isinstance(x, (str, bytes, type(None))):
        raise UnreadableError(f"`{argument}` of `{function}` must be a Tensor; got {type(x).__name__}")
    if isinstance(x, (list, tuple)) and holds_values(x):
        return stacked(x, argument)
    return ground().constant(as_array(x, argument), device)


def device_among(*operands: Any) -> Any:
    """The device of the first tensor among operands or in their lists, which the others join; None without tensors."""
    for x in operands:
        if isinstance(x, Value):
            return x.device  # type: ignore[attr-defined]
        if isinstance(x, (list, tuple)) and (found := device_among(*x)) is not None:
            return found
    return None


def holds_values(data: list[Any] | tuple[Any, ...]) -> bool:
    """Whether there are tensors in a nested list."""
    return any(isinstance(x, Value) or (isinstance(x, (list, tuple)) and holds_values(x)) for x in data)


def stacked(data: list[Any] | tuple[Any, ...], argument: str) -> Tensor:
    """A nested list of tensors and numbers as one tensor, with their derivatives; numbers do not widen its type."""
    leaves = list(_leaves(data))
    values = [x for x in leaves if isinstance(x, Value)]
    dtype = reduce(promote, (x.dtype if isinstance(x, Value) else dtype_of(x.dtype) for x in leaves if _is_typed(x)))
    dtype = reduce(promote_scalar, (type(x) for x in leaves if not _is_typed(x)), dtype)
    device = values[0].device  # type: ignore[attr-defined]

    def join(item: Any) -> Tensor:
        if isinstance(item, Value):
            return cast_to(item, dtype)
        if not isinstance(item, (list, tuple)) or not holds_values(item):
            return ground().constant(converted(as_array(item, argument, dtype.numpy), dtype.numpy), device)
        rows = [join(row) for row in item]
        shapes = sorted({row.shape for row in rows})
        if len(shapes) > 1:
            raise ShapeError(
                f"`{argument}` is a list of tensors and numbers of the shapes {', '.join(map(str, shapes))}; "
                "expected one shape for all"
            )
        return concatenate(*(reshape(row, shape=(1, *row.shape)) for row in rows), axis=0)

    return join(data)


def _leaves(data: Any) -> Iterator[Any]:
    if isinstance(data, (list, tuple)):
        for item in data:
            yield from _leaves(item)
    else:
        yield data


def _is_typed(x: Any) -> bool:
    """Whether a leaf has an element type of its own; other leaves are Python numbers."""
    return isinstance(x, (Value, np.ndarray, np.generic))


@overload
def cast_to(x: Value, dtype: DType) -> Tensor: ...
@overload
def cast_to(x: Any, dtype: DType) -> Any: ...
def cast_to(x: Any, dtype: DType) -> Any:
    """``x`` in ``dtype``; Python numbers have no element type and pass."""
    if not isinstance(x, Value) or x.dtype is dtype:
        return x
    if x.dtype.is_complex and not (dtype.is_complex or dtype is bool_):
        raise DTypeError(
            f"a Tensor of {x.dtype} does not become one of {dtype}, which would lose its imaginary part; take the part "
            "that is meant, as in ops.real(x), ops.imag(x) or ops.abs(x)"
        )
    return cast_primitive(x, dtype=dtype)


def _as_operand(x: Any, function: str, argument: str, other: Any) -> Any:
    """A tensor or an exact Python number; NumPy's scalars count as Python's, arrays join the other operand's device."""
    if isinstance(x, Value) or type(x) in (bool, int, float, complex):
        return x
    if isinstance(x, (np.bool_, np.integer, np.floating, np.complexfloating)):
        return x.item()
    if isinstance(x, (int, float)):
        return float(x) if isinstance(x, float) else int(x)
    if isinstance(x, (list, tuple)) and holds_values(x):
        return stacked(x, argument)
    if getattr(x, "__array_ufunc__", True) is None:
        raise UnreadableError(f"`{argument}` of `{function}` is of {type(x).__name__}, which is no operand for arrays")
    return as_tensor(x, function, argument, device_among(other))


def answered(failure: UnreadableError, x: Any, y: Any, method: str) -> Tensor:
    """What the class of ``y`` answers to an operator of the tensor ``x`` that cannot read it; else its error."""
    asked = type(y).__mro__ if isinstance(x, Value) and not isinstance(y, (str, bytes)) else ()
    # Not by `getattr`, which would find operators of classes, such as `int | str`.
    theirs = next((vars(kind)[method] for kind in asked if method in vars(kind)), None)
    answer: Any = NotImplemented if theirs is None else theirs(y, x)
    if answer is NotImplemented:
        raise failure
    given: Tensor = answer
    return given


def promoted_pair(function: str, x: Any, y: Any, zero_rank_is_weak: bool = False) -> tuple[Any, Any]:
    """Bring two operands to one element type.

    Parameters
    ----------
    zero_rank_is_weak
        MindSpore's rule for products and quotients: a 0-d tensor beside one with axes does not widen it
        within its kind.
    """
    if isinstance(x, Value) and isinstance(y, Value):
        a, b = x.dtype, y.dtype
        if a is b:
            return x, y
        if zero_rank_is_weak and bool(x.shape) != bool(y.shape):
            strong, weak = (a, b) if x.shape else (b, a)
            common = promote(strong, weak)
            # Within a kind; bools, which are none of these, are widened.
            if (common.is_inexact, common.is_float, common.is_integer) == (
                strong.is_inexact, strong.is_float, strong.is_integer,
            ):  # fmt: skip
                return cast_to(x, strong), cast_to(y, strong)
        common = promote(a, b)
        return cast_to(x, common), cast_to(y, common)
    x, y = _as_operand(x, function, "x", y), _as_operand(y, function, "y", x)
    x, y = _complex_constant(x, y), _complex_constant(y, x)
    if isinstance(x, Value):
        if isinstance(y, Value):
            return promoted_pair(function, x, y, zero_rank_is_weak)
        return cast_to(x, promote_scalar(x.dtype, type(y))), y
    if isinstance(y, Value):
        return x, cast_to(y, promote_scalar(y.dtype, type(x)))
    return promoted_pair(function, as_tensor(x, function, "x"), y)


def _complex_constant(x: Any, other: Any) -> Any:
    """A complex number as a 0-d tensor beside ``other``, which it does not widen: primitives take real numbers."""
    if type(x) is not complex or not isinstance(other, Value):
        return x
    like = complex_dtype(other.dtype)
    return ground().constant(converted(np.asarray(x), like.numpy), other.device)  # type: ignore[attr-defined]


def tensor_pair(function: str, x: Any, y: Any, names: tuple[str, str] = ("x", "y")) -> tuple[Tensor, Tensor]:
    """Two operands as tensors.

    Numbers, and lists of them, take the type of a tensor of floats beside them: 0.1 is no Float32 beside Float64.
    """
    return _beside(function, x, names[0], y), _beside(function, y, names[1], x)


def _beside(function: str, value: Any, name: str, other: Any) -> Tensor:
    is_open = isinstance(value, (float, complex, list, tuple)) and isinstance(other, Value) and other.dtype.is_inexact
    if is_open and not (isinstance(value, (list, tuple)) and holds_values(value)):
        value = as_array(value, name, other.dtype.numpy)
    return as_tensor(value, function, name, device_among(other))


def floating(function: str, x: Any, argument: str = "input") -> Tensor:
    """A tensor of floats; integers have no such function, and are refused as in MindSpore."""
    tensor = as_tensor(x, function, argument)
    if tensor.dtype.is_complex:
        raise DTypeError(
            f"`{function}` is a function of real numbers, and `{argument}` is a Tensor of {tensor.dtype}; take the "
            "parts that it is of, as in ops.real(x), ops.imag(x) or ops.abs(x)"
        )
    if not tensor.dtype.is_float:
        raise DTypeError(
            f"`{argument}` of `{function}` must be a Tensor of Float16, Float32 or Float64, got {tensor.dtype}; "
            "convert it first, as in x.astype(dualtape.float32)"
        )
    return tensor


def inexact(function: str, x: Any, argument: str = "input") -> Tensor:
    """A tensor of floats or complex numbers; others are refused, as by :func:`floating`."""
    tensor = as_tensor(x, function, argument)
    return tensor if tensor.dtype.is_complex else floating(function, tensor, argument)


def accumulating(x: Tensor) -> Tensor:
    """Float16 becomes Float32, in which sums and squares of such numbers have room; others stay."""
    return cast_to(x, float32) if x.dtype is float16 else x


def to_floating(x: Tensor) -> Tensor:
    """Integers and bools become Float32; floats stay, and complex numbers are refused."""
    return x if x.dtype.is_float else cast_to(x, float32)


def to_inexact(x: Tensor) -> Tensor:
    """Integers and bools become Float32; floats and complex numbers stay."""
    return x if x.dtype.is_inexact else cast_to(x, float32)


def read_axes(function: str, axis: Any, rank: int) -> tuple[int, ...]:
    """Axes as a sorted tuple of distinct non-negative integers; ``None`` and ``()`` mean all."""
    if axis is None or (isinstance(axis, tuple) and not axis):
        return tuple(range(rank))
    axes = tuple(normalize_axis(function, a, rank) for a in read_ints(function, "axis", axis))
    if len(set(axes)) != len(axes):
        raise AxisError(f"`axis` of `{function}` names an axis twice: {axis}")
    return tuple(sorted(axes))


def read_int(function: str, argument: str, value: Any) -> int:
    """An int; bools, floats and tensors are refused by name."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ArgumentTypeError(f"`{argument}` of `{function}` must be an int, got {type(value).__name__}")
    return int(value)


def read_ints(function: str, argument: str, value: Any) -> tuple[int, ...]:
    """Some ints, given as an int, a tuple or a list."""
    given = value if isinstance(value, (tuple, list)) else (value,)
    return tuple(read_int(function, argument, item) for item in given)


def read_number(function: str, argument: str, value: Any) -> int | float:
    """A Python number within the range of floats; a bool counts as 0 or 1."""
    if isinstance(value, (np.bool_, np.integer, np.floating)):
        value = value.item()
    if isinstance(value, bool):
        return int(value)
    read_real(function, argument, value)
    return value  # type: ignore[no-any-return]


def read_positive(owner: object, argument: str, value: Any, zero: bool = False) -> float:
    """A positive number, or zero if that is allowed; ``owner`` is a function's name, or an instance of a class."""
    number = read_real(owner, argument, value)
    if not (number >= 0 if zero else number > 0):
        allowed = "zero or positive" if zero else "positive"
        raise ArgumentError(f"`{argument}` of `{_name(owner)}` must be {allowed}, got {value}")
    return number


def read_real(owner: object, argument: str, value: Any) -> float:
    """A number of Python's or NumPy's, as a float."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise ArgumentTypeError(f"`{argument}` of `{_name(owner)}` must be a number, got {type(value).__name__}")
    try:
        return float(value)
    except OverflowError as failure:
        raise ArgumentError(f"`{argument}` of `{_name(owner)}` is too large for a float") from failure


def _name(owner: object) -> str:
    return owner if isinstance(owner, str) else type(owner).__name__


def read_flag(owner: object, argument: str, value: Any) -> bool:
    """A bool, and nothing that is only as good as true."""
    if not isinstance(value, (bool, np.bool_)):
        raise ArgumentTypeError(f"`{argument}` of `{_name(owner)}` must be a bool, got {type(value).__name__}")
    return bool(value)


def read_choice(function: str, argument: str, value: Any, choices: tuple[str, ...]) -> str:
    """One of some words."""
    if not isinstance(value, str) or value not in choices:
        *most, last = map(repr, choices)
        raise ArgumentError(f"`{argument}` of `{function}` must be {', '.join(most)} or {last}, got {value!r}")
    return value


def read_shape(function: str, argument: str, shape: Any, rank_free: bool = False) -> tuple[int, ...]:
    """A shape given as an int, a tuple or a list; ``rank_free`` allows one -1."""
    result = read_ints(function, argument, shape)
    lowest = -1 if rank_free else 0
    if any(size < lowest for size in result):
        raise ShapeError(f"`{argument}` of `{function}` must have sizes of {lowest} or more, got {result}")
    # Of eight bytes each.
    if math.prod(max(size, 1) for size in result) >= 2**60:
        raise ShapeError(f"`{argument}` of `{function}` asks for more elements than memory has addresses: {result}")
    return result
