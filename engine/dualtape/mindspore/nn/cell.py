"""MindSpore's ways of a Cell: hooks, other element types, recomputation, and names of methods."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import dualtape as dt
from dualtape import nn
from dualtape import ops as o
from dualtape.errors import ArgumentTypeError, CellError
from dualtape.mindspore.additions import add_missing
from dualtape.mindspore.ops.composite import HookBackward
from dualtape.nn import Cell as Cell
from dualtape.nn import Module as Module


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


def register_forward_pre_hook(self: Cell, hook_fn: Callable[..., Any], **options: Any) -> Handle:
    """Call ``hook_fn(cell, inputs)`` before each call; what it returns, if anything, are the inputs instead."""
    _require_function("register_forward_pre_hook", hook_fn)

    def around(cell: Cell, run: Callable[..., Any], *inputs: Any, **kwargs: Any) -> Any:
        changed = hook_fn(cell, inputs)
        return run(*(inputs if changed is None else _tuple(changed)), **kwargs)

    return Handle(self.surround(around))


def register_forward_hook(self: Cell, hook_fn: Callable[..., Any], **options: Any) -> Handle:
    """Call ``hook_fn(cell, inputs, outputs)`` after each call; what it returns, if anything, is the output instead."""
    _require_function("register_forward_hook", hook_fn)

    def around(cell: Cell, run: Callable[..., Any], *inputs: Any, **kwargs: Any) -> Any:
        outputs = run(*inputs, **kwargs)
        changed = hook_fn(cell, inputs, outputs)
        return outputs if changed is None else changed

    return Handle(self.surround(around))


def register_backward_hook(self: Cell, hook_fn: Callable[..., Any]) -> Handle:
    """Call ``hook_fn(cell, gradients_of_inputs, gradients_of_outputs)`` on the way back.

    What it returns, if anything, are the gradients of the inputs instead.
    """
    _require_function("register_backward_hook", hook_fn)

    def around(cell: Cell, run: Callable[..., Any], *inputs: Any) -> Any:
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


def register_backward_pre_hook(self: Cell, hook_fn: Callable[..., Any]) -> Handle:
    """Call ``hook_fn(cell, gradients_of_outputs)`` on the way back; what it returns, if anything, goes on instead."""
    _require_function("register_backward_pre_hook", hook_fn)

    def around(cell: Cell, run: Callable[..., Any], *inputs: Any, **kwargs: Any) -> Any:
        outputs = run(*inputs, **kwargs)
        found = HookBackward(lambda gradients: hook_fn(cell, gradients))(*_tuple(outputs))
        return found if isinstance(outputs, tuple) else _tuple(found)[0]

    return Handle(self.surround(around))


def _cast_floats(x: Any, dtype: Any) -> Any:
    if isinstance(x, (tuple, list)):
        return type(x)(_cast_floats(one, dtype) for one in x)
    return o.cast(x, dtype) if isinstance(x, dt.Tensor) and x.dtype.is_float else x


def to_float(self: Cell, dst_type: Any) -> Cell:
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


_converted = threading.RLock()
"""Held while attributes of a cell stand for converted parameters: other threads wait."""


def _converting(dtype: Any) -> Callable[..., Any]:
    def around(cell: Cell, run: Callable[..., Any], *inputs: Any, **kwargs: Any) -> Any:
        given = [_cast_floats(x, dtype) for x in inputs]
        own = {
            name: parameter
            for name, parameter in vars(cell).items()
            if isinstance(parameter, dt.Parameter) and parameter.dtype.is_float and parameter.dtype is not dtype
        }
        # The cell's own parameters read as converted while it runs; derivatives go through the conversion.
        with _converted:
            try:
                cell.__dict__.update({name: o.cast(parameter.value(), dtype) for name, parameter in own.items()})
                return run(*given, **kwargs)
            finally:
                cell.__dict__.update(own)

    return around


def recompute(self: Cell, **options: Any) -> None:
    """Keep nothing of the cell's calls for the way back: it is computed again, for memory's sake."""
    self.surround(lambda cell, run, *inputs, **kwargs: dt.checkpoint(run)(*inputs, **kwargs))


def insert_child_to_cell(self: Cell, child_name: str, child_cell: Cell) -> None:
    """Make a cell the part ``child_name`` of this one."""
    if not isinstance(child_name, str):
        raise ArgumentTypeError(
            f"For 'insert_child_to_cell', 'child_name' must be a str, got {type(child_name).__name__}"
        )
    if child_name in vars(self):
        raise CellError(f"For 'insert_child_to_cell', the {child_name} child cell already exists in the network.")
    if not isinstance(child_cell, Cell):
        raise ArgumentTypeError(
            f"For 'insert_child_to_cell', 'child_cell' must be a Cell, got {type(child_cell).__name__}"
        )
    setattr(self, child_name, child_cell)


def insert_param_to_cell(self: Cell, param_name: str, param: Any, check_name_contain_dot: bool = True) -> None:
    """Make a Parameter the attribute ``param_name`` of this cell."""
    if not isinstance(param, dt.Parameter):
        raise ArgumentTypeError(f"For 'insert_param_to_cell', 'param' must be a Parameter, got {type(param).__name__}")
    setattr(self, param_name, param)


def apply(self: Cell, fn: Callable[[Cell], Any]) -> Cell:
    """Call ``fn`` with every part, the innermost first, and with the cell itself; returns the cell."""
    for part in self.cells():
        apply(part, fn)
    fn(self)
    return self


def state_dict(self: Cell, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> Any:
    """The parameters by their attribute paths."""
    found = {} if destination is None else destination
    found.update({prefix + name: parameter for name, parameter in self.parameters_and_names()})
    return found


def load_state_dict(self: Cell, state_dict: Any, strict: bool = True) -> Any:
    """Give the parameters the values of ``state_dict``; returns the names that were missing, and those left over."""
    own = dict(self.parameters_and_names())
    missing, unexpected = [n for n in own if n not in state_dict], [n for n in state_dict if n not in own]
    if strict and (missing or unexpected):
        raise CellError(f"`load_state_dict` lacks {missing} and got beside {unexpected}")
    for name in own:
        if name in state_dict:
            own[name].set_data(state_dict[name])
    return missing, unexpected


def to(self: Cell, *args: Any, **kwargs: Any) -> Cell:
    """Convert all float parameters to another float type."""
    dtype = kwargs.get("dtype") or next((x for x in args if isinstance(x, type(dt.float32))), None)
    return self if dtype is None else self.astype(dtype)


METHODS: dict[str, Any] = {
    "register_forward_pre_hook": register_forward_pre_hook, "register_forward_hook": register_forward_hook,
    "register_backward_hook": register_backward_hook, "register_backward_pre_hook": register_backward_pre_hook,
    "to_float": to_float, "recompute": recompute, "insert_child_to_cell": insert_child_to_cell, "to": to,
    "insert_param_to_cell": insert_param_to_cell, "apply": apply, "state_dict": state_dict,
    "load_state_dict": load_state_dict, "get_sub_cell": lambda self, target: dict(self.cells_and_names())[target],
    "init_parameters_data": lambda self, auto_parallel_mode=False: {p: p for p in self.get_parameters()},
    "cls_name": property(lambda self: type(self).__name__),
    "cast_inputs": lambda self, inputs, dst_type: tuple(_cast_floats(x, dst_type) for x in inputs),
    # What is said to MindSpore's compiler.
    "set_jit_config": lambda self, jit_config: None, "add_flags": lambda self, **flags: self,
    "add_flags_recursive": lambda self, **flags: self, "set_inputs": lambda self, *inputs, **kwargs: None,
    "compile": lambda self, *args, **kwargs: None,
}  # fmt: skip


def add_methods() -> None:
    """Give dualtape's cells what only MindSpore's have."""
    add_missing(nn.Cell, METHODS)
