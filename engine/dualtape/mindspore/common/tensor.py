"""MindSpore's `Tensor`: a face of dualtape's, whose methods are MindSpore's; and what goes from one to the other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ContextDecorator
from functools import wraps
from inspect import signature
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, DualtapeError
from dualtape.mindspore.common.first_values import initializer
from dualtape.mindspore.common.standing import StandingFor


class Tensor(dt.Reference, metaclass=StandingFor):
    """What MindSpore's programs hold: it stands for a :class:`dualtape.Tensor`, and has MindSpore's methods.

    The tensor it stands for may be of any level, as one that is differentiated. What operations under MindSpore's names
    return is of this class, while dualtape's own never is: so the methods here change nothing for other programs.
    All tensors of dualtape count as its instances. ``dualtape.mindspore.methods`` says what methods there are.

    Examples
    --------
    >>> import dualtape.mindspore as ms
    >>> print(ms.Tensor(shape=(2, 2), dtype=ms.float32, init="ones").addcmul(ms.Tensor(2.0), ms.Tensor(3.0)))
    [[7. 7.]
     [7. 7.]]
    """

    __slots__ = ("_plain",)
    stands_for = dt.Tensor

    def __init__(
        self,
        input_data: Any = None,
        dtype: Any = None,
        shape: Any = None,
        init: Any = None,
        const_arg: bool = False,
        device: Any = None,
    ) -> None:
        if init is None:
            self._plain = dt.Tensor(
                as_plain(input_data) if isinstance(input_data, Tensor) else input_data, dtype, shape
            )
            return
        if input_data is not None or shape is None or dtype is None:
            raise ArgumentTypeError("with `init` a Tensor is made of `shape` and `dtype` alone, and needs both")
        self._plain = initializer(init, shape, dtype)

    def __dualtape_tensor__(self) -> dt.Tensor:
        return _standing(self)

    def set_dtype(self, dtype: Any) -> Any:
        """Let it stand for its elements in another type from now on; returns the type."""
        self._plain = dt.ops.cast(self._plain, dtype)
        return self._plain.dtype

    def register_hook(self, hook: Callable[[Any], Any]) -> TensorHook:
        """Call ``hook`` with the gradient by this tensor; what it returns, if anything, passes on in its place.

        It speaks of what is computed from the tensor afterwards. Its ``remove()`` ends that.
        """
        found = TensorHook(hook)
        pass_on = lambda x, out, dout: (found(dout),)
        self._plain = dt.custom_derivative(lambda x: x * 1, vjp=pass_on)(self._plain)
        return found

    def __setitem__(self, key: Any, value: Any) -> None:
        """Let it stand for a tensor with other elements at ``key``; tensors made of it before keep theirs."""
        self._plain = with_elements(self._plain, key, value)

    def __reduce__(self) -> Any:
        return (Tensor, (self._plain.__reduce__()[1][0],))


class TensorHook:
    """A function that is called with the gradients by a tensor, until :meth:`remove`."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        if not callable(function):
            raise ArgumentTypeError(f"`hook` of `register_hook` must be a function, got {type(function).__name__}")
        self._function: Callable[[Any], Any] | None = function

    def __call__(self, gradient: dt.Tensor) -> dt.Tensor:
        changed = None if self._function is None else as_plain(self._function(as_mindspore(gradient)))
        return gradient if changed is None else changed

    def remove(self) -> None:
        """Call the function no more."""
        self._function = None


class _Blocks(threading.local):
    entered = 0


_without_gradient = _Blocks()


class NoGradient(ContextDecorator):
    """What is computed in the block is a constant to derivatives."""

    def __enter__(self) -> None:
        _without_gradient.entered += 1

    def __exit__(self, *_: object) -> None:
        _without_gradient.entered -= 1


def with_elements(x: dt.Tensor, key: Any, value: Any) -> dt.Tensor:
    """``x`` with ``value``, broadcast and of its type, at ``key``; of a place that is named twice, the last one."""
    places = np.arange(x.size).reshape(x.shape)[_numbers(key)]
    new = dt.ops.broadcast_to(dt.ops.cast(dt.Tensor(as_plain(value)), x.dtype), places.shape)
    if places.size == 0:
        return x
    taken = np.full(x.size, -1)
    taken[places.reshape(-1)] = np.arange(places.size)
    found = dt.ops.take(new.reshape(-1), dt.Tensor(np.maximum(taken, 0)), 0)
    return dt.ops.where(dt.Tensor(taken >= 0), found, x.reshape(-1)).reshape(x.shape)


def _numbers(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple(map(_numbers, key))
    return key.asnumpy() if isinstance(key, dt.Tensor) else key


_set_plain = vars(Tensor)["_plain"].__set__


def as_mindspore(x: Any) -> Any:
    """MindSpore's tensors in the place of dualtape's, in containers too; parameters are MindSpore's already."""
    kind = type(x)
    if kind is Tensor:
        return x
    if isinstance(x, dt.Tensor):
        if isinstance(x, (dt.Parameter, dt.Reference)):
            return x
        face = object.__new__(Tensor)
        _set_plain(face, dt.ops.stop_gradient(x) if _without_gradient.entered else x)
        return face
    if kind is tuple or kind is list:
        return kind([as_mindspore(one) for one in x])
    if kind is dict:
        return {key: as_mindspore(one) for key, one in x.items()}
    if hasattr(kind, "_fields"):
        return kind(*map(as_mindspore, x))
    return x


def _standing(face: Tensor) -> dt.Tensor:
    """What a tensor stands for: one that outlived the derivative it was computed in is its numbers, as in MindSpore."""
    plain = face._plain
    found = dt.Reference.outliving(plain)
    if found is not plain:
        _set_plain(face, found)
    return found


def as_plain(x: Any) -> Any:
    """dualtape's tensors in the place of MindSpore's, in containers too."""
    kind = type(x)
    if kind is Tensor:
        return _standing(x)
    if kind is tuple or kind is list:
        return kind([as_plain(one) for one in x])
    if kind is dict:
        return {key: as_plain(one) for key, one in x.items()}
    if hasattr(kind, "_fields"):
        return kind(*map(as_plain, x))
    return x


def for_programs(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of dualtape's as MindSpore's programs call it: it takes and gives their tensors."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            kwargs = {name: as_plain(x) for name, x in kwargs.items()}
        return as_mindspore(function(*[as_plain(x) for x in args], **kwargs))

    return call


def computing(function: Callable[..., Any]) -> Callable[..., Any]:
    """:func:`for_programs` of a function that calls none of a program's: what it cannot read is told in its name."""
    call = for_programs(function)

    @wraps(function)
    def told(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except DualtapeError:
            raise
        except (TypeError, AttributeError, ValueError, LookupError) as failure:
            kinds = [type(x).__name__ for x in args] + [f"{name}={type(x).__name__}" for name, x in kwargs.items()]
            kind = ArgumentTypeError if isinstance(failure, (TypeError, AttributeError)) else ArgumentError
            raise kind(f"`{function.__name__}{signature(function)}` got ({', '.join(kinds)}): {failure}") from failure

    return told


def from_programs(function: Any) -> Any:
    """A function of a MindSpore program as dualtape calls it: it takes and gives dualtape's tensors."""
    if not callable(function):
        return function

    def call(*args: Any, **kwargs: Any) -> Any:
        return as_plain(function(*map(as_mindspore, args), **as_mindspore(kwargs)))

    return wraps(function, updated=())(call)


def transformation(transform: Callable[..., Any]) -> Callable[..., Any]:
    """A function of functions, such as `grad`, as MindSpore's programs call it, who give it functions of theirs."""

    @wraps(transform)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = [from_programs(x) if _is_function(x) else as_plain(x) for x in args]
        named = {name: from_programs(x) if _is_function(x) else as_plain(x) for name, x in kwargs.items()}
        return _returned(transform(*given, **named))

    return call


def _is_function(x: Any) -> bool:
    return callable(x) and not isinstance(x, type)


def _returned(x: Any) -> Any:
    if type(x) is tuple:
        return tuple(map(_returned, x))
    return for_programs(x) if _is_function(x) and not isinstance(x, dt.Tensor) else as_mindspore(x)


def tensor(input_data: Any = None, dtype: Any = None, shape: Any = None, init: Any = None) -> Tensor:
    """MindSpore's function of the class's name."""
    return Tensor(input_data, dtype, shape, init)


def from_numpy(array: Any) -> Any:
    """A tensor with a copy of ``array``; MindSpore's shares its memory, but tensors do not change here."""
    return as_mindspore(dt.Tensor.from_numpy(array))


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a Tensor."""
    return isinstance(obj, dt.Tensor)
