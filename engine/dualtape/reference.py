"""Objects of users' own classes that stand for a tensor."""

from __future__ import annotations

from typing import Any, Self

from dualtape.core.interpreter import REFERENCE, Level, value_of
from dualtape.devices.device import Device
from dualtape.dtypes import DType
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.tensor import Tensor


class Reference(Tensor):
    """Stands for a tensor wherever one is expected: base class for objects of your own.

    A subclass defines ``__dualtape_tensor__``, which is asked at each use. Its objects have the operators and methods
    of a tensor, and an operation on one is that operation on the tensor it stands for: derivatives pass through it.

    Examples
    --------
    >>> import dualtape as dt
    >>> class Sensor(dt.Reference):
    ...     def __init__(self, reading: float) -> None:
    ...         self.reading = reading
    ...
    ...     def __dualtape_tensor__(self) -> dt.Tensor:
    ...         return dt.Tensor(self.reading)
    >>> sensor = Sensor(2.0)
    >>> print(sensor * 3, dt.ops.square(sensor))
    6.0 4.0
    """

    __slots__ = ()

    level: Level = REFERENCE

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        return object.__new__(cls)

    def __init__(self) -> None:
        """It holds nothing of its own."""

    def __dualtape_tensor__(self) -> Tensor:
        """The tensor that it stands for at this moment."""
        raise ArgumentTypeError(f"{type(self).__name__} must define `__dualtape_tensor__`, which returns a Tensor")

    def __dualtape_value__(self) -> Tensor:
        """What :meth:`__dualtape_tensor__` answers, if it is a tensor; what the engine asks."""
        method = f"`__dualtape_tensor__` of {type(self).__name__}"
        try:
            found = self.__dualtape_tensor__()
            if isinstance(found, Tensor) and found is not self:
                value: Tensor = value_of(found)
                return value
        except (AttributeError, RecursionError) as failure:
            # Out of a property, Python takes an AttributeError to mean that the property does not exist.
            raise ArgumentError(f"{method} failed: {failure}") from failure
        if found is self:
            raise ArgumentError(f"{method} returned itself; expected another tensor")
        raise ArgumentTypeError(f"{method} returned {type(found).__name__}; expected a Tensor")

    @staticmethod
    def outliving(value: Tensor) -> Tensor:
        """``value`` itself; or its numbers, if the derivative that it was computed in has returned.

        For objects that keep what a function computed while it was differentiated. What `jit` or `vmap` traces has no
        numbers, and stays what it is.

        Examples
        --------
        >>> import dualtape as dt
        >>> kept = []
        >>> gradient = dt.grad(lambda x: kept.append(x * x) or 3 * x)(dt.Tensor(2.0))
        >>> print(dt.Reference.outliving(kept[0]) + 1)
        5.0
        """
        while not (value.level.alive or value.level.undecided):
            value = value.primal
        return value

    @property
    def primal(self) -> Tensor:
        return self.__dualtape_value__()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.__dualtape_value__().shape

    @property
    def dtype(self) -> DType:
        return self.__dualtape_value__().dtype

    def to(self, device: str | Device) -> Tensor:
        return self.__dualtape_value__().to(device)
