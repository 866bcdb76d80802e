"""Parameter: a named tensor that may be given a new value; the only thing that changes state."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from typing import Any, Self

from dualtape.core.interpreter import REFERENCE, Level, value_of
from dualtape.devices.device import Device
from dualtape.devices.registry import find_device
from dualtape.dtypes import DType, as_dtype, float32, int32
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.functions.conversion import cast_to, read_flag
from dualtape.functions.creation import ones_like, zeros_like
from dualtape.leaving import require_constant
from dualtape.printing import parameter_repr
from dualtape.tensor import Tensor
from dualtape.views import here, is_observed

_anonymous = itertools.count()
_DEFAULT_NAME = "Parameter#"


class Parameter(Tensor):
    """A tensor that training changes.

    In an operation it stands for the value that it holds at that moment; a transformation puts
    its own value in for the time of its call, and so sees every use of the parameter.

    Parameters
    ----------
    default_input
        The first value: a Tensor (copied), an array or a number.
    name
        Its name; inside a cell it becomes the attribute path, as in ``fc.weight``.
    requires_grad
        Whether ``trainable_params`` lists it.

    Examples
    --------
    >>> import dualtape as dt
    >>> dt.Parameter(dt.Tensor([1.0, 2.0]), name="w")
    Parameter (name=w, shape=(2,), dtype=Float32, requires_grad=True)
    """

    __slots__ = ("_hooks", "_value", "name", "requires_grad")

    level: Level = REFERENCE

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        return object.__new__(cls)

    def __init__(self, default_input: Any, name: str | None = None, requires_grad: bool = True) -> None:
        if isinstance(default_input, (bool, str, tuple, list, type(None))):
            error = ArgumentError if isinstance(default_input, bool) else ArgumentTypeError
            raise error(
                "`default_input` of `Parameter` must be a Tensor, a NumPy array, an int or a float, "
                f"got {type(default_input).__name__}"
            )
        if name is not None and not isinstance(name, str):
            raise ArgumentTypeError(f"`name` of `Parameter` must be a str, got {type(name).__name__}")
        dtype = {int: int32, float: float32}.get(type(default_input))
        if isinstance(default_input, Tensor) and default_input.level.depth:
            require_constant(default_input, "`Parameter`", "it as a value")
        self._value: Tensor = Tensor(default_input, dtype=dtype)
        self._hooks: tuple[GradientHook, ...] = ()
        self.name = name if name is not None else f"{_DEFAULT_NAME}{next(_anonymous)}"
        self.requires_grad = read_flag("Parameter", "requires_grad", requires_grad)

    @property
    def has_default_name(self) -> bool:
        """Whether it was made without a name; a cell then names it by its attribute."""
        return self.name.startswith(_DEFAULT_NAME)

    def value(self) -> Tensor:
        """The tensor that it stands for now."""
        view = here.view
        if view is None:
            return self._value
        # Under `jit` everything is observed, but what a derivative inside it put in place stands for itself, and so
        # does what it was given since.
        held = view.values.get(id(self))
        if held is not None:
            return held
        if view.observer is None:
            return self._value
        changed = view.changes.get(self)
        found: Tensor = view.observer.parameter(self) if changed is None else changed
        return found

    __dualtape_tensor__ = value
    __dualtape_value__ = value

    @property
    def held(self) -> Tensor:
        """The tensor that it holds, or that a transformation put in its place; whoever observes."""
        view = here.view
        return self._value if view is None else view.values.get(id(self), self._value)

    @property
    def primal(self) -> Tensor:
        return self.__dualtape_value__()

    @property
    def data(self) -> Tensor:
        """The tensor that it stands for now."""
        return self.value()

    @property
    def shape(self) -> tuple[int, ...]:
        view = here.view
        return (self._value if view is None else view.values.get(id(self), self._value)).shape

    @property
    def dtype(self) -> DType:
        view = here.view
        return (self._value if view is None else view.values.get(id(self), self._value)).dtype

    def set_data(self, data: Any, slice_shape: bool = False) -> Parameter:
        """Give it a new value of the same shape, converted to its element type; returns itself."""
        _give([self], [self.accepted(data, slice_shape)])
        return self

    def accepted(self, data: Any, slice_shape: bool = False) -> Tensor:
        """``data`` as the parameter would hold it."""
        if isinstance(data, bool) or not isinstance(data, (Tensor, int, float)):
            raise ArgumentTypeError(
                "Parameter data must be [`Tensor`, `int`, `float`] or a kind of `Tensor` (like `Tensor`). "
                f"But with type {type(data)}."
            )
        value = value_of(data)
        tensor = value if isinstance(value, Tensor) else Tensor(value, device=self.device)
        if tensor.shape != self.shape and not (slice_shape and not is_observed()):
            raise ShapeError(
                f"`set_data` of parameter {self.name!r} of shape {self.shape} got a value of shape {tensor.shape}"
            )
        view = here.view
        if tensor.level.depth and (view is None or tensor.level not in view.writers):
            raise ArgumentTypeError(f"`set_data` of parameter {self.name!r} got a value that is being differentiated")
        return cast_to(tensor.to(self.device), self.dtype)

    def register_hook(self, function: Callable[[Tensor], Tensor | None]) -> GradientHook:
        """Call ``function`` with each gradient by this parameter; what it returns, if anything, stands for it.

        Its ``remove()`` ends that. Under `jit` the function is called while the program is traced.

        Examples
        --------
        >>> import dualtape as dt
        >>> w = dt.Parameter(dt.Tensor([2.0]), name="w")
        >>> hook = w.register_hook(lambda gradient: 10 * gradient)
        >>> print(dt.grad(lambda: (w * 3).sum(), None, w)())
        [30.]
        """
        if not callable(function):
            raise ArgumentTypeError(f"`function` of `register_hook` must be a function, got {type(function).__name__}")
        hook = GradientHook(self, function)
        self._hooks = (*self._hooks, hook)
        return hook

    def hooked(self, gradient: Tensor) -> Tensor:
        """What the hooks make of a gradient."""
        for hook in self._hooks:
            changed = hook.function(gradient)
            gradient = gradient if changed is None else changed
        return gradient

    def set_dtype(self, dtype: Any) -> Parameter:
        """Convert the value to another element type; returns itself."""
        wanted = as_dtype(dtype)
        if wanted is not self.dtype:
            self._require_unobserved("set_dtype")
            replace_all([self], [cast_to(self.held, wanted)])
        return self

    def move_to(self, device: str | Device) -> Parameter:
        """Move the value to another device; returns itself."""
        wanted = find_device(device)
        if wanted is not self.device:
            self._require_unobserved("move_to")
            replace_all([self], [self.held.to(wanted)])
        return self

    def _require_unobserved(self, method: str) -> None:
        if is_observed():
            raise ArgumentError(
                f"`{method}` of parameter {self.name!r} inside a jitted function: a program reads and gives values of "
                "one kind; call it before"
            )

    def to(self, device: str | Device) -> Tensor:
        """A plain tensor with its value, on another device."""
        return self.__dualtape_value__().to(device)

    def clone(self, init: str = "same") -> Parameter:
        """A new parameter: with the ``'same'`` value, or ``'zeros'`` or ``'ones'``."""
        makers = {"same": lambda value: value, "zeros": zeros_like, "ones": ones_like}
        if init not in makers:
            raise ArgumentError(f"`init` of `clone` must be 'same', 'zeros' or 'ones', got {init!r}")
        value = self.__dualtape_value__() if init == "same" else self.held
        if value.level.depth:
            raise ArgumentTypeError(
                f"`clone` of parameter {self.name!r} would make a new Parameter of a value of {value.level.title}; "
                "clone it outside, or use the value itself, as in `parameter * 1`"
            )
        return Parameter(makers[init](value), name=self.name, requires_grad=self.requires_grad)

    def __repr__(self) -> str:
        return parameter_repr(self.name, self.shape, str(self.dtype), self.requires_grad)

    __str__ = __repr__
    __hash__ = Tensor.__hash__

    def __reduce__(self) -> Any:
        return (Parameter, (Tensor(self), self.name, self.requires_grad))


class GradientHook:
    """A function that is called with each gradient by a parameter, until :meth:`remove`."""

    def __init__(self, parameter: Parameter, function: Callable[[Tensor], Tensor | None]) -> None:
        self._parameter = parameter
        self.function = function

    def remove(self) -> None:
        """Call the function no more."""
        self._parameter._hooks = tuple(hook for hook in self._parameter._hooks if hook is not self)


_hold = vars(Parameter)["_value"].__set__


def set_all(parameters: Sequence[Parameter], values: Iterable[Any]) -> None:
    """Give parameters new values, as :meth:`Parameter.set_data` does one: all of them, or none if anything fails."""
    _give(parameters, [parameter.accepted(value) for parameter, value in zip(parameters, values, strict=True)])


def set_computed(parameters: Sequence[Parameter], values: Sequence[Tensor]) -> None:
    """As :func:`set_all`, for tensors without derivatives: most are of the kind that the parameters hold already."""
    if here.view is None and all(map(_is_alike, parameters, values)):
        replace_all(parameters, values)
    else:
        set_all(parameters, values)


def _is_alike(parameter: Parameter, value: Tensor) -> bool:
    held, new = parameter._value.data_, value.data_
    alike: bool = held.shape == new.shape and held.dtype == new.dtype and parameter._value.device_ is value.device_
    return alike


def _give(parameters: Sequence[Parameter], values: Sequence[Tensor]) -> None:
    view = here.view
    if view is not None and view.frozen:
        return
    if view is None or view.observer is None:
        replace_all(parameters, values)
    else:
        # What a derivative put in a parameter's place stands for itself, and the observer does not see it.
        new = list(zip(parameters, values, strict=True))
        view.changes.update((parameter, value) for parameter, value in new if id(parameter) not in view.values)
        for parameter, value in new:
            view.put(parameter, value)


def replace_all(parameters: Sequence[Parameter], values: Sequence[Tensor]) -> None:
    """Change what parameters hold, of whatever type and device; Ctrl-C finds all of them changed, or none."""
    view = here.view
    if view is not None:
        own = [not view.put(*pair) for pair in zip(parameters, values, strict=True)]
        parameters, values = list(compress(parameters, own)), list(compress(values, own))
    before = [parameter._value for parameter in parameters]
    # No bytecode of Python runs in this call, and what is replaced is dropped after it.
    deque(map(_hold, parameters, values), maxlen=0)
    del before


class ParameterTuple(tuple[Parameter, ...]):
    """An immutable sequence of parameters with distinct names."""

    __slots__ = ()

    def __new__(cls, iterable: Iterable[Parameter]) -> ParameterTuple:
        if not isinstance(iterable, Iterable):
            kind = type(iterable).__name__
            raise ArgumentTypeError(f"`ParameterTuple` needs a list or tuple of Parameters, got {kind}")
        items = tuple(iterable)
        names = set()
        for i, item in enumerate(items):
            if not isinstance(item, Parameter):
                raise ArgumentTypeError(f"item {i} of `ParameterTuple` must be a Parameter, got {type(item).__name__}")
            if item.name in names:
                raise ArgumentError(
                    f"The value {item} , its name '{item.name}' already exists. "
                    "Please set a unique name for the parameter.\n"
                    "Parameters of two networks differ in name if both are attributes of one Cell"
                )
            names.add(item.name)
        return super().__new__(cls, items)

    def set_data(self, values: Iterable[Any]) -> ParameterTuple:
        """Give all of them new values, as :meth:`Parameter.set_data` does one: all or, if anything fails, none.

        Examples
        --------
        >>> import dualtape as dt
        >>> pair = dt.ParameterTuple([dt.Parameter(1.0, name="a"), dt.Parameter(2.0, name="b")])
        >>> [float(p) for p in pair.set_data([3.0, dt.Tensor(4.0)])]
        [3.0, 4.0]
        """
        given = list(values)
        if len(given) != len(self):
            raise ArgumentError(f"`set_data` of {len(self)} parameters got {len(given)} value{'s' * (len(given) != 1)}")
        set_all(self, given)
        return self

    def clone(self, prefix: str, init: str = "same") -> ParameterTuple:
        """Copies of all parameters, their names behind ``prefix`` and a dot."""
        copies = [parameter.clone(init) for parameter in self]
        for copy, parameter in zip(copies, self, strict=True):
            copy.name = f"{prefix}.{parameter.name}"
        return ParameterTuple(copies)
