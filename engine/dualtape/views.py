"""What parameters stand for in a thread: values that transformations put in their place, and who observes them.

A transformation belongs to its thread, and so does what it does with parameters. Who observes, as `jit` does while it
traces, writes down what a function does with them, instead of letting it be done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from dualtape.core.interpreter import Level
    from dualtape.parameter import Parameter
    from dualtape.tensor import Tensor

Result = TypeVar("Result")


class Observer(Protocol):
    """Who writes down what a function does with parameters, instead of letting it be done."""

    def parameter(self, parameter: Parameter) -> Tensor:
        """What the parameter stands for."""
        ...


class ParameterView:
    """What parameters stand for in one thread: ``values`` put in their place, by identity, and who observes.

    ``writers`` are the levels whose values parameters may be given: the observer, and inside of it the bodies of loops.
    Where it is ``frozen``, whatever parameters are given is dropped.
    """

    __slots__ = ("_outer", "_own", "changes", "frozen", "observer", "values", "writers")

    values: dict[int, Tensor]
    frozen: bool

    def __init__(
        self,
        outer: ParameterView | None,
        substitutes: Mapping[Parameter, Tensor],
        observer: Observer | None,
        changes: dict[Parameter, Tensor],
        writers: tuple[Any, ...] = (),
    ) -> None:
        own = {id(parameter): value for parameter, value in substitutes.items()}
        self._outer = outer
        self._own = own.keys()
        self.values = own if outer is None else outer.values | own
        self.observer: Any = observer
        self.changes = changes
        self.writers = writers
        self.frozen = outer is not None and outer.frozen

    def put(self, parameter: Parameter, value: Tensor) -> bool:
        """Change the values that transformations put in its place, for as long as these last; False if there is none.

        The value that the parameter itself holds is then to be changed.
        """
        key = id(parameter)
        view: ParameterView | None = self
        while view is not None and key in view.values:
            view.values[key] = value
            view = None if key in view._own else view._outer
        return key in self.values


class Here(threading.local):
    # Levels belong to threads, and so does what they put in the place of parameters; None where there is nothing.
    view: ParameterView | None = None


here = Here()


def is_observed() -> bool:
    """Whether somebody observes parameters in this thread."""
    return current_observer() is not None


def current_observer() -> Any:
    """Who observes parameters in this thread, or None."""
    view = here.view
    return None if view is None else view.observer


def current_writers() -> tuple[Any, ...]:
    """The levels whose values parameters may be given in this thread, from the observer inwards."""
    view = here.view
    return () if view is None else view.writers


def substituted_values() -> list[Tensor]:
    """The values in this thread that transformations put in the place of parameters."""
    view = here.view
    return [] if view is None else [*view.values.values()]


def call_substituted(
    values: Mapping[Parameter, Tensor], fn: Callable[..., Result], /, *args: Any, **kwargs: Any
) -> Result:
    """What ``fn`` gives where parameters stand for other values, in this thread and for the time of the call."""
    outer = here.view
    observer, changes, writers = (None, {}, ()) if outer is None else (outer.observer, outer.changes, outer.writers)
    return _call_with(ParameterView(outer, values, observer, changes, writers), fn, args, kwargs)


def call_observed(observer: Observer, fn: Callable[[dict[Parameter, Tensor]], Result]) -> Result:
    """What ``fn`` gives where parameters read as ``observer`` says; it is given the dict that new values go to."""
    changes: dict[Parameter, Tensor] = {}
    return _call_with(ParameterView(here.view, {}, observer, changes, (observer,)), fn, (changes,), {})


def call_collecting(
    writer: Level, given: Mapping[Parameter, Tensor], fn: Callable[..., Result], /, *args: Any
) -> tuple[Result, dict[Parameter, Tensor]]:
    """What ``fn`` gives where somebody observes, and the values that parameters have behind it, if it has set them.

    Nobody else sees these. ``writer`` is the level of what ``fn`` computes; parameters that are ``given`` begin with
    the values there.
    """
    outer = here.view
    assert outer is not None
    before = {**outer.changes, **given}
    view = ParameterView(outer, {}, outer.observer, dict(before), (*outer.writers, writer))
    result = _call_with(view, fn, args, {})
    return result, {p: x for p, x in view.changes.items() if p in given or x is not before.get(p)}


def call_frozen(writer: Level, fn: Callable[..., Result], /, *args: Any) -> Result:
    """What ``fn`` gives where nobody observes, though nothing that it does with parameters is done."""
    view = ParameterView(here.view, {}, None, {}, (writer,))
    view.frozen = True
    return _call_with(view, fn, args, {})


def _call_with(view: ParameterView, fn: Callable[..., Result], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Result:
    outer = here.view
    try:
        try:
            here.view = view
            return fn(*args, **kwargs)
        finally:
            here.view = outer
    finally:
        # Again: Ctrl-C may come between any two steps, and no `with` is safe from it while it enters or leaves.
        here.view = outer
