"""Objects of users' own classes that stand for a tensor."""

from __future__ import annotations

from dualtape.core.interpreter import REFERENCE, Level
from dualtape.devices.device import Device
from dualtape.dtypes import DType
from dualtape.errors import ArgumentTypeError
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

    def __init__(self) -> None:
        """It holds nothing of its own."""

    def __dualtape_tensor__(self) -> Tensor:
        """The tensor that it stands for at this moment."""
        raise ArgumentTypeError(f"{type(self).__name__} must define `__dualtape_tensor__`, which returns a Tensor")

    @property
    def primal(self) -> Tensor:
        return self.__dualtape_tensor__()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.__dualtape_tensor__().shape

    @property
    def dtype(self) -> DType:
        return self.__dualtape_tensor__().dtype

    def to(self, device: str | Device) -> Tensor:
        return self.__dualtape_tensor__().to(device)
