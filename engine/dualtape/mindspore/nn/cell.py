"""MindSpore's ways of a Cell: hooks, other element types, recomputation, and names of methods."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from functools import partial, wraps
from types import FunctionType
from typing import Any, Self, TypeVar

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentTypeError, CellError
from dualtape.mindspore.common.parameter import owned
from dualtape.mindspore.common.tensor import as_mindspore, as_plain, from_programs
from dualtape.mindspore.ops.composite import HookBackward

C = TypeVar("C", bound=dt.nn.Cell)


class Handle:
    """What takes a hook away again."""

    def __init__(self, remove: Callable[[], None]) -> None:
        self._remove = remove

    def remove(self) -> None:
        """Take the hook away."""
        self._remove()


def _tuple(x: Any) -> tuple[Any, ...]:
    return x if isinstance(x, tuple) else (x,)


def _require_function(name: str, hook_fn: Any) -> None:
    if not callable(hook_fn):
        raise ArgumentTypeError(f"`hook_fn` of `{name}` must be a function, got {type(hook_fn).__name__}")


def register_forward_pre_hook(self: dt.nn.Cell, hook_fn: Callable[..., Any], **options: Any) -> Handle:
    """Call ``hook_fn(cell, inputs)`` before each call; what it returns, if anything, are the inputs instead."""
    _require_function("register_forward_pre_hook", hook_fn)

    def around(cell: dt.nn.Cell, run: Callable[..., Any], *inputs: Any, **kwargs: Any) -> Any:
        changed = hook_fn(cell, as_mindspore(inputs))
        return run(*(inputs if changed is None else _tuple(changed)), **kwargs)

    return Handle(self.surround(around))


def register_forward_hook(self: dt.nn.Cell, hook_fn: Callable[..., Any], **options: Any) -> Handle:
    """Call ``hook_fn(cell, inputs, outputs)`` after each call; what it returns, if anything, is the output instead."""
    _require_function("register_forward_hook", hook_fn)

    def around(cell: dt.nn.Cell, run: Callable[..., Any], *inputs: Any, **kwargs: Any) -> Any:
        outputs = as_mindspore(run(*inputs, **kwargs))
        changed = hook_fn(cell, as_mindspore(inputs), outputs)
        return outputs if changed is None else changed

    return Handle(self.surround(around))


def register_backward_hook(self: dt.nn.Cell, hook_fn: Callable[..., Any]) -> Handle:
    """Call ``hook_fn(cell, gradients_of_inputs, gradients_of_outputs)`` on the way back.

    What it returns, if anything, are the gradients of the inputs instead.
    """
    _require_function("register_backward_hook", hook_fn)

    def around(cell: dt.nn.Cell, run: Callable[..., Any], *inputs: Any) -> Any:
        arrived: list[Any] = []
        tensors = [i for i, x in enumerate(inputs) if isinstance(x, dt.Tensor) and x.dtype.is_float]
        given = list(inputs)
        if tensors:
            leaving = HookBackward(lambda gradients: hook_fn(cell, gradients, arrived.pop()))
            for i, x in zip(tensors, _tuple(leaving(*(given[i] for i in tensors))), strict=True):
                given[i] = x
        outputs = run(*given)
        found = HookBackward(lambda gradients: arrived.append(gradients))(*_tuple(outputs))
        return found if isinstance(outputs, tuple) else _tuple(found)[0]

    return Handle(self.surround(around))


def register_backward_pre_hook(self: dt.nn.Cell, hook_fn: Callable[..., Any]) -> Handle:
    """Call ``hook_fn(cell, gradients_of_outputs)`` on the way back; what it returns, if anything, goes on instead."""
    _require_function("register_backward_pre_hook", hook_fn)

    def around(cell: dt.nn.Cell, run: Callable[..., Any], *inputs: Any, **kwargs: Any) -> Any:
        outputs = run(*inputs, **kwargs)
        found = HookBackward(lambda gradients: hook_fn(cell, gradients))(*_tuple(outputs))
        return found if isinstance(outputs, tuple) else _tuple(found)[0]

    return Handle(self.surround(around))


def _cast_floats(x: Any, dtype: Any) -> Any:
    if isinstance(x, (tuple, list)):
        return type(x)(_cast_floats(one, dtype) for one in x)
    return o.cast(x, dtype) if isinstance(x, dt.Tensor) and x.dtype.is_float else x


def to_float(self: C, dst_type: Any) -> C:
    """Compute in another float type: inputs are converted, and what the cells below hold is, where it meets them.

    Parameters keep their type, so that an optimizer adds small steps in full precision.
    """
    if dst_type not in (dt.float16, dt.float32, dt.float64):
        raise ArgumentTypeError(
            "For 'to_float', the argument 'dst_type' must be mindspore.float32, mindspore.float16, mindspore.float64 "
            f"or mindspore.bfloat16, but got type: {type(dst_type)} and value: {dst_type}."
        )
    for _, cell in self.cells_and_names():
        previous = vars(cell).pop("_to_float", None)
        if previous is not None:
            previous()
        cell.__dict__["_to_float"] = cell.surround(_converting(dst_type))
    return self


def _cast_parameter(parameter: dt.Parameter, dtype: Any) -> Any:
    return as_mindspore(o.cast(as_plain(parameter.value()), dtype))


_converted = threading.RLock()
"""Held while attributes of a cell stand for converted parameters: other threads wait."""


def _converting(dtype: Any) -> Callable[..., Any]:
    def around(cell: dt.nn.Cell, run: Callable[..., Any], *inputs: Any, **kwargs: Any) -> Any:
        given = [_cast_floats(as_plain(x), dtype) for x in inputs]
        own = {
            name: parameter
            for name, parameter in vars(cell).items()
            if isinstance(parameter, dt.Parameter) and parameter.dtype.is_float and parameter.dtype is not dtype
        }
        # The cell's own parameters read as converted while it runs; derivatives go through the conversion.
        with _converted:
            try:
                cell.__dict__.update(
                    {name: as_mindspore(o.cast(as_plain(p.value()), dtype)) for name, p in own.items()}
                )
                return run(*map(as_mindspore, given), **kwargs)
            finally:
                cell.__dict__.update(own)

    return around


def recompute(self: dt.nn.Cell, **options: Any) -> None:
    """Keep nothing of the cell's calls for the way back: it is computed again, for memory's sake."""
    self.surround(lambda cell, run, *inputs, **kwargs: dt.checkpoint(from_programs(run))(*inputs, **kwargs))


def insert_child_to_cell(self: dt.nn.Cell, child_name: str, child_cell: dt.nn.Cell) -> None:
    """Make a cell the part ``child_name`` of this one, in the place of one of that name."""
    if not isinstance(child_name, str):
        raise ArgumentTypeError(
            f"For 'insert_child_to_cell', 'child_name' must be a str, got {type(child_name).__name__}"
        )
    if not isinstance(vars(self).get(child_name, self), dt.nn.Cell):
        raise CellError(f"For 'insert_child_to_cell', {child_name!r} is an attribute of the network that is no cell.")
    if not isinstance(child_cell, dt.nn.Cell):
        raise ArgumentTypeError(
            f"For 'insert_child_to_cell', 'child_cell' must be a Cell, got {type(child_cell).__name__}"
        )
    vars(self)[child_name] = child_cell


def insert_param_to_cell(self: dt.nn.Cell, param_name: str, param: Any, check_name_contain_dot: bool = True) -> None:
    """Make a Parameter the attribute ``param_name`` of this cell."""
    if not isinstance(param, dt.Parameter):
        raise ArgumentTypeError(f"For 'insert_param_to_cell', 'param' must be a Parameter, got {type(param).__name__}")
    setattr(self, param_name, param)


def apply(self: C, fn: Callable[[Any], Any]) -> C:
    """Call ``fn`` with every part, the innermost first, and with the cell itself; returns the cell."""
    for part in self.cells():
        apply(part, fn)
    fn(self)
    return self


def state_dict(self: dt.nn.Cell, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> Any:
    """The parameters by their attribute paths."""
    found = {} if destination is None else destination
    found.update({prefix + name: parameter for name, parameter in self.parameters_and_names()})
    return found


def load_state_dict(self: dt.nn.Cell, state_dict: Any, strict: bool = True) -> Any:
    """Give the parameters the values of ``state_dict``; returns the names that were missing, and those left over."""
    own = dict(self.parameters_and_names())
    missing, unexpected = [n for n in own if n not in state_dict], [n for n in state_dict if n not in own]
    if strict and (missing or unexpected):
        raise CellError(f"`load_state_dict` lacks {missing} and got beside {unexpected}")
    for name in own:
        if name in state_dict:
            dt.Parameter.set_data(own[name], state_dict[name])  # of its shape
    return missing, unexpected


def to(self: C, *args: Any, **kwargs: Any) -> C:
    """Convert all float parameters to another float type."""
    dtype = kwargs.get("dtype") or next((x for x in args if isinstance(x, type(dt.float32))), None)
    return self if dtype is None else self.astype(dtype)


def get_sub_cell(self: dt.nn.Cell, target: str) -> dt.nn.Cell:
    """The part with that attribute path."""
    parts = dict(self.cells_and_names())
    if target not in parts:
        raise CellError(f"`get_sub_cell` got {target!r}; the parts are {', '.join(filter(None, parts))}")
    return parts[target]


class Cell(dt.nn.Cell):
    """The base of MindSpore's networks: :class:`dualtape.nn.Cell` with MindSpore's methods, and its tensors.

    What it is called with and what it gives are MindSpore's tensors, also where dualtape calls it; and so are those
    that ``bprop`` gets. Its parameters have MindSpore's methods.

    Examples
    --------
    >>> import dualtape.mindspore as ms
    >>> class Shift(ms.nn.Cell):
    ...     def construct(self, x):
    ...         return x.addcmul(x, x, value=2)
    >>> net = Shift()
    >>> hook = net.register_forward_hook(lambda cell, inputs, output: -output)
    >>> print(net(ms.Tensor([3.0])))
    [-21.]
    """

    takes_plain = False
    """Whether `construct` takes dualtape's tensors: so do layers of dualtape's and of this room."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if {"construct", "call"} & set(vars(cls)):
            cls.takes_plain = cls.__module__.startswith(PLAIN_MODULES)
        if vars(cls).get("bprop") is not None:
            # dualtape calls both with the tensors of its own level.
            for name in ("construct", "bprop"):
                setattr(cls, name, _method_of_programs(getattr(cls, name)))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        read = as_plain if self.takes_plain and not self._surroundings else as_mindspore
        if kwargs:
            kwargs = {name: read(x) for name, x in kwargs.items()}
        return as_mindspore(super().__call__(*[read(x) for x in args], **kwargs))

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, dt.Parameter):
            owned(value)
        elif isinstance(value, dt.ParameterTuple):
            for parameter in value:
                owned(parameter)
        elif self.takes_plain and isinstance(value, FunctionType):
            value = from_programs(value)  # a layer of dualtape's calls it, as an activation
        super().__setattr__(name, value)

    register_forward_pre_hook = register_forward_pre_hook
    register_forward_hook = register_forward_hook
    register_backward_hook = register_backward_hook
    register_backward_pre_hook = register_backward_pre_hook
    to_float = to_float
    recompute = recompute
    insert_child_to_cell = insert_child_to_cell
    insert_param_to_cell = insert_param_to_cell
    apply = apply
    state_dict = state_dict
    load_state_dict = load_state_dict
    get_sub_cell = get_sub_cell
    to = to

    @property
    def cls_name(self) -> str:
        """The name of its class."""
        return type(self).__name__

    def init_parameters_data(self, auto_parallel_mode: bool = False) -> dict[Any, Any]:
        """Every parameter by itself: they have their values from the start."""
        return {p: p for p in self.get_parameters()}

    def cast_inputs(self, inputs: Any, dst_type: Any) -> tuple[Any, ...]:
        """The floats among ``inputs`` converted to another float type."""
        return tuple(as_mindspore(_cast_floats(as_plain(x), dst_type)) for x in inputs)

    # What is said to MindSpore's compiler changes no result.

    def set_jit_config(self, jit_config: Any) -> None:
        """Accepted, without effect."""

    def set_inputs(self, *inputs: Any, **kwargs: Any) -> None:
        """Accepted, without effect."""

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Accepted, without effect."""

    def add_flags(self, **flags: Any) -> Self:
        """Keep flags, which have no effect; returns the cell."""
        self.__dict__["_flags"] = {**self.get_flags(), **flags}
        return self

    add_flags_recursive = add_flags

    def get_flags(self) -> dict[str, Any]:
        """The flags that were added."""
        return dict(vars(self).get("_flags", {}))

    param_prefix = ""

    def check_names(self) -> None:
        """Raise if two parameters have one name."""
        counts = Counter(parameter.name for parameter in self.get_parameters())
        again = [name for name, count in counts.items() if count > 1]
        if again:
            raise CellError(f"the name of parameters {', '.join(again)} already exists; set a unique name")

    def parameters_dict(self, recurse: bool = True) -> OrderedDict[str, Any]:
        """The parameters by name."""
        return OrderedDict(super().parameters_dict(recurse))

    parameters_broadcast_dict = parameters_dict


def _method_of_programs(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(self: Cell, *args: Any, **kwargs: Any) -> Any:
        return from_programs(partial(method, self))(*args, **kwargs)

    return call


# Whose `construct` computes with the tensors that it gets, and calls nothing of a program's own.
PLAIN_MODULES = (
    "dualtape.nn.activation", "dualtape.nn.dense", "dualtape.nn.loss", "dualtape.optim", "dualtape.mindspore.nn.layer",
    "dualtape.mindspore.nn.loss", "dualtape.mindspore.experimental", "dualtape.mindspore.mint.nn",
)  # fmt: skip
