"""Tensor: what users hold, print and compute with; and the ground level, on which operations run at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dualtape.core.interpreter import Ground, Level, install_ground, value_of
from dualtape.core.primitive import Primitive
from dualtape.devices.device import Device, Storage
from dualtape.devices.registry import current_device, find_device
from dualtape.dtypes import OF_NUMPY, DType, as_dtype, dtype_of
from dualtape.errors import ArgumentError, ArgumentTypeError, DeviceError, DonatedError, ImmutableError
from dualtape.functions import shape
from dualtape.functions.conversion import as_array, converted, holds_values, read_shape, stacked
from dualtape.leaving import is_float_call, require_constant, require_numbers
from dualtape.numpy_calls import call_function, call_ufunc
from dualtape.printing import tensor_repr
from dualtape.tensor_methods import Operators
from dualtape.views import is_observed

_new = object.__new__


class _Eager(Ground):
    """Runs every operation at once, on the device that holds its inputs."""

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        device: Device | None = None
        operands = []
        for x in inputs:
            if x.__class__ is Tensor:
                if device is not x.device_:
                    device = _same_device(primitive, device, x.device_)
                operands.append(x.data_)
            else:
                operands.append(x)
        assert device is not None, "an operation needs a tensor among its inputs"
        if primitive.on_complex is None:
            primitive.require_reals(x.dtype for x in operands if hasattr(x, "dtype"))
        tensor = _new(Tensor)
        # While a function is traced, what is computed becomes a constant of its program.
        execute = device.execute_once if is_observed() else device.execute
        tensor.data_ = execute(primitive, operands, params)
        tensor.device_ = device
        return tensor

    def filled(self, shape: tuple[int, ...], value: float, dtype: DType, device: Device | None = None) -> Tensor:
        where = device or current_device()
        where.require(dtype)
        return wrap(where.full(shape, value, dtype.numpy), where)

    def constant(self, array: np.ndarray, device: Device | None = None) -> Tensor:
        where = device or current_device()
        where.require(dtype_of(array.dtype))
        return wrap(where.put(array), where)


def _same_device(primitive: Primitive, first: Device | None, second: Device) -> Device:
    if first is None:
        return second
    raise DeviceError(
        f"`{primitive.name}` got tensors on {first.name} and on {second.name}; "
        f"move one of them, as in x.to({first.name!r}): nothing is copied silently"
    )


_EAGER = _Eager()
install_ground(_EAGER)


def wrap(storage: Any, device: Device) -> Tensor:
    """A tensor over storage that nobody will change."""
    tensor = _new(Tensor)
    tensor.data_ = storage
    tensor.device_ = device
    return tensor


def tensors_of(arrays: Sequence[np.ndarray], device: Device) -> list[Tensor]:
    """Tensors with the elements of arrays, sent to a device together."""
    return [wrap(storage, device) for storage in device.put_all(arrays)]


def _on_its_level(x: Tensor, dtype: DType | None, sizes: tuple[int, ...] | None, device: Device | None) -> Tensor:
    """What `Tensor(x)` is where ``x`` is differentiated, mapped or traced: a value is its own copy, and stays that."""
    if dtype is not None:
        x = shape.cast(x, dtype)
    if sizes is not None:
        x = shape.broadcast_to(x, sizes)
    return x if device is None else x.to(device)


class Tensor(Operators):
    """An immutable array of numbers on a device.

    Parameters
    ----------
    input_data
        A number, a NumPy array (copied), a Tensor, or a nested list of these. Python floats become Float32,
        integers Int64; NumPy arrays keep their type. Tensors keep their derivatives, in a list too.
    dtype
        Element type, for example ``dualtape.float32``.
    shape
        With a number as ``input_data``: the shape to fill with it.
    device
        Where to put it; by default where new tensors go.

    Examples
    --------
    >>> import dualtape as dt
    >>> dt.Tensor([1.0, 2.0]) * 2
    Tensor(shape=[2], dtype=Float32, value= [ 2.00000000e+00,  4.00000000e+00])
    """

    __slots__ = ("__weakref__", "data_", "device_")

    __array_priority__ = 1000
    level: Level = _EAGER
    data_: Storage
    device_: Device

    def __new__(
        cls,
        input_data: Any = None,
        dtype: DType | None = None,
        shape: Any = None,
        *,
        device: str | Device | None = None,
    ) -> Tensor:
        if cls is not Tensor:
            return _new(cls)
        if input_data is None:
            raise ArgumentTypeError("`input_data` of `Tensor` must be a number, a list, an array or a Tensor; got None")
        place = None if device is None else find_device(device)
        element = None if dtype is None else as_dtype(dtype)
        sizes = None if shape is None else read_shape("Tensor", "shape", shape)
        source: Any = value_of(input_data)
        if isinstance(source, (list, tuple)) and holds_values(source):
            source = value_of(stacked(source, "input_data"))
        if isinstance(source, Tensor):
            if source.level.depth:
                return _on_its_level(source, element, sizes, place)
            place = place or source.device
            array = source.asnumpy()
        else:
            # Floats that are to be Float64 must not lose their digits to Float32 on the way.
            array = as_array(source, floats=np.float32 if element is None else np.float64)
        if element is not None:
            array = converted(array, element.numpy)
        if sizes is not None:
            array = np.broadcast_to(array, sizes)
        return _EAGER.constant(array, place)

    def __getattr__(self, name: str) -> Any:
        # Reached only where an attribute is missing: the storage is, once the tensor has been donated.
        if name == "data_" and self.__class__ is Tensor:
            raise DonatedError(
                "a tensor was used that had been donated to a jitted function (`donate_argnums`), whose results may be "
                "in its memory by now; use those results, or do not donate what is needed again"
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @staticmethod
    def from_numpy(array: np.ndarray) -> Tensor:
        """A tensor with a copy of ``array``."""
        if not isinstance(array, np.ndarray):
            raise ArgumentTypeError(f"`array` of `from_numpy` must be a NumPy array, got {type(array).__name__}")
        return Tensor(array)

    # What it is

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return self.data_.shape

    @property
    def dtype(self) -> DType:
        """Element type."""
        return OF_NUMPY[self.data_.dtype]

    @property
    def device(self) -> Device:
        """Where it lives."""
        return self.primal.device if self.level.depth else self.device_

    @property
    def primal(self) -> Tensor:
        """The value that it stands for one level further down; itself for a plain tensor."""
        return self

    @property
    def ground(self) -> Tensor:
        """The plain tensor that this value stands for, without any derivative."""
        value = self
        while value.level.depth:
            value = value.primal
        return value

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def dim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        size = 1
        for n in self.shape:
            size *= n
        return size

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.dtype.numpy.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.size * self.itemsize

    @property
    def mT(self) -> Tensor:
        """The transposed matrices of the last two axes."""
        return shape.matrix_transpose("mT", self)

    def to_device(self, device: str | Device, /, *, stream: None = None) -> Tensor:
        """:meth:`to`, under the name that the array API standard gives it."""
        return self.to(device)

    @property
    def T(self) -> Tensor:
        """Axes reversed."""
        return shape.transpose(self)

    # Out of the library

    def asnumpy(self) -> np.ndarray:
        """The elements as a NumPy array; read-only where that saves a copy, for tensors do not change."""
        if self.level.depth:
            require_numbers(self, "`asnumpy`, `item`, `tolist`, `bool`, `float`, `if` or a mask")
        ground = self.ground
        return ground.device_.get(ground.data_)

    numpy = asnumpy

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self.level.depth:
            require_constant(self, "`asarray` of NumPy, or a function that calls it,")
        array = self.asnumpy()
        if dtype is not None and array.dtype != dtype:
            if copy is False:
                raise ArgumentError(f"a Tensor of {self.dtype} cannot become an array of {dtype} without a copy")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return call_function(function, args, kwargs)

    def __dlpack__(
        self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
    ) -> Any:
        if self.level.depth:
            require_constant(self, "`from_dlpack`")
        array = self.asnumpy().copy()
        return array.__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device, copy=copy)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        import dualtape.array_api  # when it is first needed

        if api_version is not None and api_version > dualtape.array_api.__array_api_version__:
            raise ArgumentError(
                f"`api_version` {api_version} of the array API standard is not known here; the newest one is "
                f"{dualtape.array_api.__array_api_version__}"
            )
        return dualtape.array_api

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return self.asnumpy().tolist()

    def item(self) -> Any:
        """The only element as a Python number."""
        if self.size != 1:
            raise ArgumentError(
                f"The tensor should have only one element, but got {self.size}, more than one element is ambiguous."
            )
        return self.asnumpy().item()

    def to(self, device: str | Device) -> Tensor:
        """This tensor on another device; itself if it is there already."""
        target = find_device(device)
        if target is self.device:
            return self
        if self.level.depth:
            raise DeviceError(
                f"a value that is being differentiated cannot move from {self.device.name} to {target.name}; "
                "move the inputs before the transformed function is called"
            )
        return _EAGER.constant(self.asnumpy(), target)

    def copy(self) -> Tensor:
        """A tensor with the same elements."""
        return shape.stop_gradient(self) if self.level.depth == 0 else self * 1

    def __bool__(self) -> bool:
        return bool(self.item())

    def __int__(self) -> int:
        return int(self._real_scalar("int"))

    def __float__(self) -> float:
        if self.level.depth and not is_float_call(sys._getframe(1)):
            require_constant(self, "a function that converts to a Python float, such as those of `math`,")
        return float(self._real_scalar("float"))

    def __complex__(self) -> complex:
        if self.level.depth:
            require_constant(self, "a function that converts to a Python complex number")
        return complex(self._scalar())

    def _scalar(self) -> Any:
        if self.size != 1:
            raise ArgumentError(
                f"Only one element tensors can be converted to Python scalars\nThis one has shape {self.shape}"
            )
        return self.item()

    def _real_scalar(self, kind: str) -> float | int | bool:
        if self.dtype.is_complex:
            raise ArgumentTypeError(
                f"a Tensor of {self.dtype} does not convert to a Python {kind}; use complex(x), or take x.real, x.imag "
                "or abs(x) of it"
            )
        number: float | int | bool = self._scalar()
        return number

    def __index__(self) -> int:
        if not self.dtype.is_integer or self.size != 1:
            raise ArgumentTypeError(
                "Only integer tensors of a single element can be converted to an index.\n"
                f"This one is of {self.dtype} and has shape {self.shape}"
            )
        return int(self.item())

    def __len__(self) -> int:
        if not self.shape:
            raise ArgumentTypeError("Not support len of a 0-D tensor")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise ArgumentTypeError("iteration over a 0-d tensor")
        return (self[i] for i in range(self.shape[0]))

    def __hash__(self) -> int:
        return id(self)

    def __str__(self) -> str:
        return str(self.asnumpy())

    def __repr__(self) -> str:
        return tensor_repr(self.asnumpy(), str(self.dtype))

    def __setitem__(self, key: Any, value: Any) -> None:
        raise ImmutableError(
            "tensors do not change; build a new one, as in ops.where(mask, value, x) or ops.scatter_add(x, ...)"
        )

    def __reduce__(self) -> Any:
        if self.level.depth:
            require_constant(self, "`pickle` or `copy`")
        return (Tensor, (np.array(self.asnumpy()),))

    def try_add_in_place(self, addend: Tensor) -> bool:
        """Add to storage that the caller alone holds; False where a new tensor must be made."""
        return (
            type(self) is Tensor
            and type(addend) is Tensor
            and self.shape == addend.shape
            and self.data_.dtype == addend.data_.dtype
            and self.device_ is addend.device_
            and self.device_.add_in_place(self.data_, addend.data_)
        )
