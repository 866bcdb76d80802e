"""`Parameter` as MindSpore makes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dualtape as dt
from dualtape.mindspore.common.standing import StandingFor
from dualtape.mindspore.common.tensor import as_plain, with_elements


class Parameter(dt.Parameter, metaclass=StandingFor):
    """A :class:`dualtape.Parameter` with MindSpore's arguments and methods; what says how it is spread has no effect.

    All parameters of dualtape count as its instances.
    """

    __slots__ = ()
    stands_for = dt.Parameter

    def __init__(
        self,
        default_input: Any,
        name: str | None = None,
        requires_grad: bool = True,
        layerwise_parallel: bool = False,
        parallel_optimizer: bool = True,
        storage_format: str = "",
        init_in_server: bool = False,
    ) -> None:
        given = dt.Tensor(default_input) if isinstance(default_input, list) else as_plain(default_input)
        super().__init__(given, name, requires_grad)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Change elements."""
        self.set_data(with_elements(as_plain(self.value()), key, value))

    def set_data(self, data: Any, slice_shape: bool = False) -> Parameter:
        """Give it a new value, converted to its element type, of whatever shape; returns itself.

        ``slice_shape`` has no effect, as in MindSpore. A program of `jit`, which is of one shape, keeps it.
        """
        super().set_data(data, slice_shape=True)
        return self

    def clone(self, init: str = "same") -> Parameter:
        """A new parameter: with the ``'same'`` value, or ``'zeros'`` or ``'ones'``."""
        copy: Parameter = owned(super().clone(init))
        return copy

    def __reduce__(self) -> Any:
        return (Parameter, super().__reduce__()[1])


def owned(parameter: Any) -> Any:
    """``parameter`` itself, with MindSpore's methods from now on: one that a cell or a function of the room made."""
    if type(parameter) is dt.Parameter:
        parameter.__class__ = Parameter
    return parameter


class ParameterTuple(dt.ParameterTuple):
    """A :class:`dualtape.ParameterTuple`, whose clones have MindSpore's methods too."""

    __slots__ = ()

    def __new__(cls, iterable: Iterable[dt.Parameter]) -> ParameterTuple:
        return super().__new__(cls, iterable)  # type: ignore[return-value]

    def clone(self, prefix: str, init: str = "same") -> ParameterTuple:
        """Copies of all parameters, their names behind ``prefix`` and a dot."""
        return ParameterTuple(map(owned, super().clone(prefix, init)))
