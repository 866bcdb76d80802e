"""Methods of fixed steps: so many of one size between each two output times, one after the other by `scan`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape.control.loops import scan
from dualtape.errors import ArgumentTypeError
from dualtape.functions.creation import arange
from dualtape.functions.shape import concat
from dualtape.ode.system import StateLeaves, System, weighted
from dualtape.ode.tableaus import EULER, MIDPOINT, RK4, Tableau
from dualtape.tensor import Tensor

StepFunction = Callable[[System, Tensor, StateLeaves, Any], StateLeaves]
"""The state after a step, of the system, the time, the state and the size of the step."""


def runge_kutta(tableau: Tableau) -> StepFunction:
    """A step of an explicit Runge-Kutta method."""
    return lambda system, t, y, h: weighted(y, h, tableau.weights, slopes(tableau, system, t, y, h))


def slopes(
    tableau: Tableau, system: System, t: Tensor, y: StateLeaves, h: Any, first: StateLeaves | None = None
) -> list[StateLeaves]:
    """Those of all stages; the ``first`` one may be known."""
    found = [system(t, y) if first is None else first]
    for time, row in zip(tableau.times[1:], tableau.stages[1:], strict=True):
        found.append(system(t + time * h, weighted(y, h, row, found)))
    return found


def leapfrog(system: System, t: Tensor, y: StateLeaves, h: Any) -> StateLeaves:
    """Stoermer & Verlet's step of q' = v(t, p), p' = F(t, q), which is symplectic (Hairer, Lubich & Wanner, I.1.4)."""
    half = len(y) // 2
    force = system(t, y)[half:]
    middle = weighted(y[half:], 0.5 * h, (1.0,), [force])
    places = weighted(y[:half], h, (1.0,), [system(t + 0.5 * h, [*y[:half], *middle])[:half]])
    force = system(t + h, [*places, *middle])[half:]
    return [*places, *weighted(middle, 0.5 * h, (1.0,), [force])]


STEPS: dict[str, StepFunction] = {
    "euler": runge_kutta(EULER),
    "midpoint": runge_kutta(MIDPOINT),
    "rk4": runge_kutta(RK4),
    "leapfrog": leapfrog,
}


def in_fixed_steps(step: StepFunction, system: System, y0: StateLeaves, ts: Tensor, steps: int) -> list[Tensor]:
    """The states at all times, stacked; ``steps`` in each interval between two of them."""

    def interval(carry: tuple[Tensor, StateLeaves], end: Tensor) -> tuple[tuple[Tensor, StateLeaves], StateLeaves]:
        start, y = carry
        h = (end - start) / steps

        def one(y: StateLeaves, i: Tensor) -> tuple[StateLeaves, tuple[()]]:
            return step(system, start + i.astype(start.dtype) * h, y, h), ()

        y, _ = scan(one, y, arange(steps).to(start.device))
        return (end, y), y

    _, found = scan(interval, (ts[0], y0), ts[1:])
    return [concat([x.reshape((1, *x.shape)), rows], 0) for x, rows in zip(y0, found, strict=True)]


def require_halves(structure: Any) -> None:
    """The state of `leapfrog` is a pair of places and momenta."""
    if structure.type is not tuple or structure.num_children != 2:
        raise ArgumentTypeError("`y0` of `method='leapfrog'` must be a pair (q, p) of places and momenta")
