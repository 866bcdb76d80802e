"""`jit` as MindSpore's: a decorator of functions, methods and cells, which falls back to running eagerly."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial, update_wrapper
from types import MethodType
from typing import Any

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, TracingError
from dualtape.mindspore.common.tensor import NoGradient, as_mindspore, as_plain, from_programs

_no_grad = NoGradient  # MindSpore's name

_OPTIONS = {
    "capture_mode", "jit_level", "dynamic", "fullgraph", "backend", "input_signature", "hash_args", "jit_config",
    "compile_once", "options", "mode",
}  # fmt: skip


class JitConfig:
    """Options of MindSpore's compiler; kept, without effect on results."""

    def __init__(self, jit_level: str = "", exc_mode: str = "auto", jit_syntax_level: str = "", **kwargs: Any) -> None:
        self.jit_config_dict = {"jit_level": jit_level, "exc_mode": exc_mode, "jit_syntax_level": jit_syntax_level}
        self.jit_config_dict |= kwargs


class JittedFunction:
    """A function that runs as a program where it can be traced, and else eagerly; as a method it binds its object."""

    def __init__(self, fn: Callable[..., Any], fullgraph: bool = False, owner: dt.nn.Cell | None = None) -> None:
        self._fn = fn
        self._owner = owner if owner is not None else getattr(fn, "__self__", None)
        self._fullgraph = fullgraph
        self._is_eager = False
        # By what `training` said in the cells that the function names: it is no argument, and a program sees it once.
        self._programs: dict[tuple[bool, ...], dt.Jitted] = {}
        update_wrapper(self, fn, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._is_eager:
            return self._fn(*args, **kwargs)
        modes = tuple(cell.training for cell in _cells_of(self._owner, self._fn))
        program = self._programs.get(modes) or self._programs.setdefault(modes, dt.jit(from_programs(self._fn)))
        try:
            return as_mindspore(program(*as_plain(args), **as_plain(kwargs)))
        except TracingError as failure:
            if self._fullgraph:
                raise
            self._is_eager = True
            place = next(iter(getattr(failure, "__notes__", [])), "your line: unknown")
            name = getattr(self._fn, "__name__", "a function")
            warnings.warn(
                f"`{name}` runs eagerly from now on, for it needs numbers that a program does not have yet; {place}",
                RuntimeWarning,
                stacklevel=2,
            )
        return self._fn(*args, **kwargs)

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        if owner is None:
            return self
        bound = vars(owner).get(self._bound_name)
        if bound is None:
            bound = JittedFunction(MethodType(self._fn, owner), self._fullgraph)
            vars(owner)[self._bound_name] = bound
        return bound

    @property
    def _bound_name(self) -> str:
        return f"_jitted_{self._fn.__name__}"


def _cells_of(owner: Any, fn: Callable[..., Any]) -> Iterator[dt.nn.Cell]:
    """The cells, with all below them, that a function names: its object, those around it, and global ones."""
    code = getattr(fn, "__code__", None)
    named: list[Any] = [owner]
    for cell in getattr(fn, "__closure__", None) or ():
        try:
            named.append(cell.cell_contents)
        except ValueError:  # not assigned yet
            continue
    if code is not None and hasattr(fn, "__globals__"):
        named += [fn.__globals__.get(name) for name in code.co_names]
    for one in named:
        if isinstance(one, dt.nn.Cell):
            yield from (cell for _, cell in one.cells_and_names())


def jit(function: Any = None, *, fullgraph: bool = False, **options: Any) -> Any:
    """Run a function, a method or a Cell as a program: :func:`dualtape.jit` in MindSpore's way.

    Parameters
    ----------
    function
        What to jit; without it, a decorator is returned.
    fullgraph
        An error where tracing meets an ``if``, ``while`` or ``print`` on a tensor. Else the function runs eagerly from
        then on, with one warning that names the line. What it had done in Python before that line is done again.
    **options
        MindSpore's options of its compiler: accepted, without effect on results.

    Examples
    --------
    >>> import dualtape.mindspore as ms
    >>> @ms.jit(jit_level="O0")
    ... def double(x):
    ...     return 2 * x
    >>> print(double(ms.Tensor([1.0])))
    [2.]
    """
    unknown = set(options) - _OPTIONS
    if unknown:
        raise ArgumentError(f"`jit` got unknown options {', '.join(sorted(unknown))}")
    if not isinstance(fullgraph, bool):
        raise ArgumentTypeError(f"`fullgraph` of `jit` must be a bool, got {type(fullgraph).__name__}")
    if function is None:
        return partial(jit, fullgraph=fullgraph)
    if isinstance(function, dt.nn.Cell):
        return _jit_cell(function, fullgraph)
    if isinstance(function, type) and issubclass(function, dt.nn.Cell):
        function.construct = JittedFunction(function.construct, fullgraph)  # type: ignore[method-assign]
        return function
    return JittedFunction(function, fullgraph)


def _jit_cell(cell: dt.nn.Cell, fullgraph: bool) -> dt.nn.Cell:
    """The cell itself, whose calls are jitted from now on."""
    jitted: dict[Any, JittedFunction] = {}

    def around(cell: dt.nn.Cell, run: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not jitted:
            jitted[0] = JittedFunction(run, fullgraph, cell)
        return jitted[0](*args, **kwargs)

    cell.surround(around)
    return cell


def jit_class(cls: type) -> type:
    """The class itself: any object may be used in a jitted function."""
    if not isinstance(cls, type):
        raise ArgumentTypeError(f"Decorator jit_class can only be used for class type, but got {type(cls).__name__}.")
    return cls


ms_function = jit
ms_class = jit_class
