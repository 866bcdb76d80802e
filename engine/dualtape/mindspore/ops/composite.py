"""What MindSpore builds programs with: maps over trees, overloads, partial functions, hooks of gradients."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import dualtape as dt
from dualtape.errors import ArgumentTypeError
from dualtape.mindspore.absent import refusal
from dualtape.mindspore.common.tensor import as_mindspore, as_plain, from_programs, transformation


class GradOperation(dt.ops.GradOperation):
    """:class:`dualtape.ops.GradOperation` of functions that take and give MindSpore's tensors."""

    def __call__(self, fn: Callable[..., Any], weights: Any = None) -> Callable[..., Any]:
        if self.get_by_list and weights is None and hasattr(fn, "trainable_params"):
            weights = list(fn.trainable_params())
        found: Callable[..., Any] = transformation(super().__call__)(fn, weights)
        return found


def _as_tuples(tree: Any) -> Any:
    return tuple(map(_as_tuples, tree)) if isinstance(tree, (list, tuple)) else tree


class Map(dt.ops.Map):
    """Applies a function to the matching items of sequences; gives a tuple, also for lists, as MindSpore does."""

    def __call__(self, *args: Any) -> Any:
        function, trees = (args[0], args[1:]) if self.ops is None else (self.ops, args)
        return tuple(dt.ops.Map(function)(*map(_as_tuples, trees)))


class HyperMap(Map):
    """Like :class:`Map`, also for sequences inside sequences."""

    def __call__(self, *args: Any) -> Any:
        function, trees = (args[0], args[1:]) if self.ops is None else (self.ops, args)
        if not any(isinstance(tree, (tuple, list)) for tree in trees):
            return function(*trees)
        return dt.ops.HyperMap(function)(*map(_as_tuples, trees))


_KINDS: dict[str, Any] = {"Tensor": dt.Tensor, "Number": (int, float), "Tuple": tuple, "List": list, "Bool": bool,
                          "String": str, "None": type(None), "Function": Callable, "Int": int, "Float": float,
                          "Dict": dict}  # fmt: skip


class UnmatchedError(ArgumentTypeError, ValueError):
    """Arguments for which a function has no body: programs of MindSpore's catch a ValueError."""


class MultitypeFuncGraph:
    """A function with bodies for kinds of arguments; ``register("Tensor", "Number")`` adds one.

    Examples
    --------
    >>> import dualtape.mindspore as ms
    >>> double = ms.ops.MultitypeFuncGraph("double")
    >>> @double.register("Tensor")
    ... def _of_tensor(x):
    ...     return 2 * x
    >>> print(double(ms.Tensor([1.0])))
    [2.]
    """

    def __init__(self, name: str, read_value: bool = False) -> None:
        self.name = self.__name__ = name
        self._bodies: list[tuple[tuple[Any, ...], Callable[..., Any]]] = []

    def register(self, *type_names: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A decorator of the body for arguments of these kinds, by name or by type."""
        kinds = tuple(_KINDS.get(name, name) if isinstance(name, str) else name for name in type_names)

        def add(body: Callable[..., Any]) -> Callable[..., Any]:
            self._bodies.append((kinds, body))
            return body

        return add

    def __call__(self, *args: Any) -> Any:
        for kinds, body in self._bodies:
            if len(kinds) == len(args) and all(map(_is_of, args, kinds)):
                return body(*args)
        given = ", ".join(type(x).__name__ for x in args)
        raise UnmatchedError(f"`{self.name}` has no body for arguments of the kinds {given}")


def _is_of(x: Any, kind: Any) -> bool:
    if isinstance(kind, str):
        return False
    if isinstance(kind, type(dt.float32)):
        return isinstance(x, dt.Tensor) and x.dtype is kind
    return isinstance(x, kind)


class HookBackward:
    """Calls ``hook_fn`` with the gradient that passes, as a 1-tuple; what it returns, if anything, goes on instead."""

    def __init__(self, hook_fn: Callable[[Any], Any], cell_id: str = "") -> None:
        if not callable(hook_fn):
            raise ArgumentTypeError(f"`hook_fn` of `HookBackward` must be a function, got {type(hook_fn).__name__}")
        self._hook_fn = hook_fn

    def __call__(self, *inputs: Any) -> Any:
        def pull(*inputs_out_dout: Any) -> tuple[Any, ...]:
            dout = inputs_out_dout[-1]
            arrived = dout if isinstance(dout, tuple) else (dout,)
            changed = as_plain(self._hook_fn(as_mindspore(arrived)))
            if changed is None:
                return arrived
            return changed if isinstance(changed, tuple) else (changed,)

        identity = dt.custom_derivative(lambda *xs: xs if len(xs) > 1 else xs[0] * 1, vjp=pull)
        return as_mindspore(identity(*as_plain(inputs)))


class InsertGradientOf:
    """Passes its input; ``f`` is applied to the gradient that passes back."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        if not callable(f):
            raise ArgumentTypeError(f"`f` of `InsertGradientOf` must be a function, got {type(f).__name__}")
        self._f = f

    def __call__(self, x: Any) -> Any:
        f = from_programs(self._f)
        return as_mindspore(dt.custom_derivative(lambda x: x * 1, vjp=lambda x, out, dout: (f(dout),))(as_plain(x)))


def partial(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Python's ``functools.partial``."""
    return functools.partial(func, *args, **kwargs)


def depend(value: Any, expr: Any) -> Any:
    """``value``: operations run in the order of the program anyway."""
    return value


def constexpr(fn: Any = None, get_instance: bool = True, name: str | None = None, reuse_result: bool = True,
              check: bool = True) -> Any:  # fmt: skip
    """A decorator of what MindSpore computes when it compiles; here an ordinary function."""
    return (lambda f: f) if fn is None else fn


class Depend:
    """The operator of :func:`depend`."""

    def __call__(self, value: Any, expr: Any) -> Any:
        return value


class Print:
    """Prints its arguments, each on lines of its own, tensors with their types."""

    def __call__(self, *inputs: Any) -> None:
        for one in inputs:
            print(repr(as_mindspore(one)) if isinstance(one, dt.Tensor) else one)


def clip_by_norm(x: Any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False) -> Any:
    """:func:`dualtape.ops.clip_by_norm`, with a tuple for a list."""
    found = dt.ops.clip_by_norm(x, max_norm, norm_type, error_if_nonfinite)
    return tuple(found) if isinstance(found, list) else found


__getattr__ = refusal(__name__)
