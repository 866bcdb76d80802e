"""Cotangents of a solution by an equation of their own, which is integrated backward in time.

Along y' = f(t, y, args) the cotangent a of the state obeys a' = -a f_y, and those of the arguments grow by -a f_args.
The state is integrated backward beside them, from the solution at one output time to the one before. Steps are chosen
for the state and its cotangent; sums over time need none of their own. What f takes from outside, such as weights, is
found by tracing it, and then an argument like others.

References: Chen et al. 2018, *Neural ordinary differential equations*, appendix B; Kidger, Chen & Lyons 2021, *Hey,
that's not an ODE* (norms without sums).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dualtape import pytree
from dualtape.autodiff.rules import custom_derivative
from dualtape.autodiff.transforms import vjp
from dualtape.compiler.program import evaluate
from dualtape.control.bodies import close_body, close_unset
from dualtape.control.loops import scan
from dualtape.control.structured import value_spec
from dualtape.core.composite import replaced
from dualtape.core.interpreter import highest, value_of
from dualtape.errors import ArgumentError, TracingError
from dualtape.functions.conversion import cast_to
from dualtape.functions.creation import zeros_like
from dualtape.functions.shape import concat, flip, stack
from dualtape.ode.adaptive import Solved, StepControl, checked, in_adaptive_steps
from dualtape.ode.system import StateLeaves, System
from dualtape.tensor import Tensor
from dualtape.views import is_observed

SystemOf = Callable[[Sequence[Tensor]], System]
"""A system for the tensors that it depends on."""


def with_continuous_adjoint(system: System, y0: StateLeaves, ts: Tensor, control: StepControl) -> Solved:
    """The solution, whose reverse mode integrates backward."""
    given, tensors = _with_captures(*_of_tensors(system), y0, ts)

    def forward(ts: Tensor, y0: StateLeaves, tensors: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        stacks, where_it_is = in_adaptive_steps(given(tensors), y0, ts, control)
        return stacks, list(where_it_is)

    def backward(ts: Tensor, y0: StateLeaves, tensors: list[Tensor], output: Any, cotangent: Any) -> tuple[Any, ...]:
        return _pulled(given, ts, tensors, output[0], cotangent[0], control)

    forward.__name__ = "integrate(..., adjoint='continuous')"
    stacks, (status, t, h, count) = custom_derivative(forward, vjp=backward)(ts, y0, tensors)
    if highest(stacks).depth > highest([ts, *y0, *tensors]).depth:
        raise ArgumentError(
            "`f` of `integrate(..., adjoint='continuous')` uses a value that is being differentiated and is none of "
            "its arguments, and cannot be traced to find it; pass it as an argument"
        )
    return stacks, (status, t, h, count)


def _of_tensors(system: System) -> tuple[SystemOf, list[Tensor]]:
    """The system as a function of the tensors of floats among its arguments, and these."""
    leaves, structure = pytree.flatten(system.args)
    leaves = [value_of(x) for x in leaves]
    places = [i for i, x in enumerate(leaves) if isinstance(x, Tensor) and x.dtype.is_float]

    def given(tensors: Sequence[Tensor]) -> System:
        return system._replace(args=pytree.unflatten(structure, replaced(leaves, places, tensors)))

    return given, [leaves[i] for i in places]


def _with_captures(
    given: SystemOf, tensors: list[Tensor], y0: StateLeaves, ts: Tensor
) -> tuple[SystemOf, list[Tensor]]:
    """The same, of what the system takes from open levels as well: weights that are differentiated, jitted, mapped."""
    n, system = len(y0), given(tensors)
    specs = [value_spec(x) for x in (ts[0], *y0, *tensors)]
    slopes: Callable[..., StateLeaves] = lambda t, *x: given(x[n:])(t, x[:n])
    try:
        if is_observed():
            program, found = close_body("integrate", slopes, specs, ts.device)
        else:
            program, found = close_unset(slopes, specs, ts.device)
    except TracingError:
        return given, tensors  # It looks at its numbers; what it captures is an error.
    places = [i for i, x in enumerate(found) if x.dtype.is_float]
    if not places:
        return given, tensors

    def of_all(values: Sequence[Tensor]) -> System:
        own, captured = values[: len(tensors)], replaced(found, places, values[len(tensors) :])

        def written(t: Tensor, y: Any) -> Any:
            return pytree.unflatten(system.structure, evaluate(program, [t, *pytree.leaves(y), *own, *captured]))

        return system._replace(f=written, args=())

    return of_all, [*tensors, *(found[i] for i in places)]


def _pulled(
    given: SystemOf, ts: Tensor, tensors: list[Tensor], ys: list[Tensor], cotangents: list[Tensor], control: StepControl
) -> tuple[Tensor, StateLeaves, list[Tensor]]:
    """Cotangents of the times, the first state and the tensors among the arguments."""
    n = len(ys)
    kinds = [x.dtype for x in tensors]

    def slopes(t: Tensor, state: list[Tensor]) -> list[Tensor]:
        y, a = state[:n], state[n : 2 * n]
        slope, pull = vjp(lambda *values: tuple(given(values[n:])(t, values[:n])), *y, *tensors)
        found = [cast_to(-x, a[0].dtype) for x in pull(*a)]
        return [*slope, *found]

    adjoint = System(slopes, (), pytree.flatten([0] * (2 * n + len(tensors)))[1], ())
    adjoint = adjoint._replace(shapes=tuple(x.shape for x in [*(y[0] for y in ys), *(y[0] for y in ys), *tensors]))
    asked = control._replace(leaves=2 * n, first_step=None)

    def interval(carry: Any, row: Any) -> Any:
        a, sums = carry
        end, start, y, arrived = row
        a = [x + ct for x, ct in zip(a, arrived, strict=True)]
        by_time = _inner(arrived, given(tensors)(end, y))
        times = stack([end, start])
        solved = in_adaptive_steps(adjoint, [*y, *a, *sums], times, asked)
        found = [x[-1] for x in checked(solved, control)]
        return (found[n : 2 * n], found[2 * n :]), by_time

    rows = (_back(ts[1:]), _back(ts[:-1]), [_back(y[1:]) for y in ys], [_back(ct[1:]) for ct in cotangents])
    nothing = [zeros_like(y[0]) for y in ys], [cast_to(zeros_like(x), ts.dtype) for x in tensors]
    (a, sums), by_times = scan(interval, nothing, rows)
    first = -_inner(a, given(tensors)(ts[0], [y[0] for y in ys]))
    of_times = concat([first.reshape((1,)), _back(by_times)], 0)
    of_state = [x + ct[0] for x, ct in zip(a, cotangents, strict=True)]
    return of_times, of_state, [cast_to(x, kind) for x, kind in zip(sums, kinds, strict=True)]


def _back(x: Tensor) -> Tensor:
    return flip(x, (0,))


def _inner(x: StateLeaves, y: StateLeaves) -> Tensor:
    total = (x[0] * y[0]).sum()
    for a, b in zip(x[1:], y[1:], strict=True):
        total = total + (a * b).sum()
    return total
