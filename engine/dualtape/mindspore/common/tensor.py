"""`Tensor` as MindSpore makes it."""

from __future__ import annotations

from typing import Any

import dualtape as dt
from dualtape.errors import ArgumentTypeError
from dualtape.mindspore.common.initializer import initializer
from dualtape.mindspore.common.standing import StandingFor


class Tensor(dt.Tensor, metaclass=StandingFor):
    """Makes a :class:`dualtape.Tensor`, also from ``shape``, ``dtype`` and ``init``; all of these are its instances.

    Examples
    --------
    >>> import dualtape.mindspore as ms
    >>> print(ms.Tensor(shape=(2, 2), dtype=ms.float32, init="ones"))
    [[1. 1.]
     [1. 1.]]
    """

    __slots__ = ()

    def __new__(  # type: ignore[misc]  # what it makes is of the class that it stands for
        cls,
        input_data: Any = None,
        dtype: Any = None,
        shape: Any = None,
        init: Any = None,
        const_arg: bool = False,
        device: Any = None,
    ) -> dt.Tensor:
        if init is None:
            return dt.Tensor(input_data, dtype, shape)
        if input_data is not None or shape is None or dtype is None:
            raise ArgumentTypeError("with `init` a Tensor is made of `shape` and `dtype` alone, and needs both")
        return initializer(init, shape, dtype)


def tensor(input_data: Any = None, dtype: Any = None, shape: Any = None, init: Any = None) -> dt.Tensor:
    """MindSpore's function of the class's name."""
    made: dt.Tensor = Tensor(input_data, dtype, shape, init)
    return made


def from_numpy(array: Any) -> dt.Tensor:
    """A tensor with a copy of ``array``; MindSpore's shares its memory, but tensors do not change here."""
    return dt.Tensor.from_numpy(array)


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a Tensor."""
    return isinstance(obj, dt.Tensor)
