"""Parameters in the equations that nobody trains: most often those of an inverse problem that were forgotten."""

from __future__ import annotations

import dis
import functools
import warnings
from collections.abc import Iterable, Iterator, Sequence
from types import FunctionType
from typing import Any

import dualtape as dt
from dualtape.pinn.problem import Problem


def warn_of_untrained(problem: Problem, trained: Iterable[dt.Parameter]) -> None:
    """Warn of each Parameter that a function of the problem refers to, and training leaves as it is."""
    known = {id(parameter) for parameter in trained}
    functions = [("equations", problem.equations), ("transform", problem.transform)]
    functions += [(condition.name, condition.equation) for condition in problem.conditions]
    for where, function in functions:
        for called, parameters in _trainable(function, set()):
            if any(id(parameter) not in known and parameter.requires_grad for parameter in parameters):
                known |= {id(parameter) for parameter in parameters}
                warnings.warn(
                    f"`{where}` of the problem uses {called}, which stays as it is: train a Parameter by "
                    "parameters=[...] of `solve`, a network in pinn.Networks(...), or say that it is constant by "
                    "requires_grad=False",
                    RuntimeWarning,
                    stacklevel=3,
                )


def _trainable(x: Any, seen: set[int]) -> Iterator[tuple[str, Sequence[dt.Parameter]]]:
    """The Parameters and networks that a function refers to: itself, or through functions that it calls."""
    if id(x) in seen:
        return
    seen.add(id(x))
    if isinstance(x, dt.Parameter):
        yield f"the Parameter {x.name!r}", [x]
    elif isinstance(x, dt.nn.Cell):
        yield f"the network {type(x).__name__}", x.trainable_params()
    elif isinstance(x, functools.partial):
        for part in (x.func, *x.args, *x.keywords.values()):
            yield from _trainable(part, seen)
    elif isinstance(x, FunctionType):
        for value in _referred(x):
            yield from _trainable(value, seen)
    elif isinstance(x, (list, tuple)):
        for value in x:
            yield from _trainable(value, seen)


def _referred(function: FunctionType) -> Iterator[Any]:
    """The values of the variables from outside that a function reads, and of its defaults."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    yield from function.__defaults__ or ()
    for instruction in dis.get_instructions(function):
        if instruction.opname == "LOAD_GLOBAL" and instruction.argval in function.__globals__:
            yield function.__globals__[instruction.argval]
