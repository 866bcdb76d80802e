"""Cotangents of a solution by an equation of their own, which is integrated backward in time.

Along y' = f(t, y, args) the cotangent a of the state obeys a' = -a f_y, and those of the arguments grow by -a f_args.
The state is integrated backward beside them, from the solution at one output time to the one before. Steps are chosen
for the state and its cotangent; sums over time need none of their own.

References: Chen et al. 2018, *Neural ordinary differential equations*, appendix B; Kidger, Chen & Lyons 2021, *Hey,
that's not an ODE* (norms without sums).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dualtape import pytree
from dualtape.autodiff.rules import custom_derivative
from dualtape.autodiff.transforms import vjp
from dualtape.control.loops import scan
from dualtape.core.composite import replaced
from dualtape.core.interpreter import value_of
from dualtape.functions.conversion import cast_to
from dualtape.functions.creation import zeros_like
from dualtape.functions.shape import concat, flip, stack
from dualtape.ode.adaptive import Solved, StepControl, checked, in_adaptive_steps
from dualtape.ode.system import StateLeaves, System
from dualtape.tensor import Tensor


def with_continuous_adjoint(system: System, y0: StateLeaves, ts: Tensor, control: StepControl) -> Solved:
    """The solution, whose reverse mode integrates backward."""
    leaves, structure = pytree.flatten(system.args)
    leaves = [value_of(x) for x in leaves]
    places = [i for i, x in enumerate(leaves) if isinstance(x, Tensor) and x.dtype.is_float]

    def given(tensors: Sequence[Tensor]) -> System:
        return system._replace(args=pytree.unflatten(structure, replaced(leaves, places, tensors)))

    def forward(ts: Tensor, y0: StateLeaves, tensors: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        stacks, where_it_is = in_adaptive_steps(given(tensors), y0, ts, control)
        return stacks, list(where_it_is)

    def backward(ts: Tensor, y0: StateLeaves, tensors: list[Tensor], output: Any, cotangent: Any) -> tuple[Any, ...]:
        return _pulled(given, ts, tensors, output[0], cotangent[0], control)

    forward.__name__ = "integrate(..., adjoint='continuous')"
    stacks, (status, t, h, count) = custom_derivative(forward, vjp=backward)(ts, y0, [leaves[i] for i in places])
    return stacks, (status, t, h, count)


def _pulled(
    given: Any, ts: Tensor, tensors: list[Tensor], ys: list[Tensor], cotangents: list[Tensor], control: StepControl
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
