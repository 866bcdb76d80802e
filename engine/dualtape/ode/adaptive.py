"""Dormand and Prince's method with steps of its own choice, and its solution at times inside of steps.

A step is taken whose estimated error, in the norm of SciPy's `solve_ivp`, is below 1; the size of the next one follows
from this error and the one before (PI control). Sizes of steps are constants to derivatives, which are
those of the steps that were taken.

References: Hairer, Norsett & Wanner, *Solving Ordinary Differential Equations I*, 2nd ed., II.4 (first step, control)
and II.6 (dense output); Gustafsson 1991 (PI control).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dualtape.control.bounded import bounded_while_loop
from dualtape.control.loops import scan
from dualtape.functions.creation import zeros_like
from dualtape.functions.elementwise import abs as absolute
from dualtape.functions.elementwise import isfinite, maximum, minimum, sqrt
from dualtape.functions.indexing import where
from dualtape.functions.shape import concat
from dualtape.ode.fixed import slopes
from dualtape.ode.system import StateLeaves, System, weighted
from dualtape.ode.tableaus import DORMAND_PRINCE
from dualtape.primitives.arrival import require_arrival
from dualtape.primitives.rounding import stop_gradient
from dualtape.tensor import Tensor
from dualtape.views import is_observed

_SAFETY, _BETA, _LEAST, _MOST = 0.9, 0.04, 0.2, 10.0
_ORDER = 5
_AT_ONCE = 2
"""Steps in a turn of the loop inside `jit`: to launch a kernel costs as much as a step of some thousand examples."""

MANY_STEPS, TINY_STEP, NOT_FINITE, OUT_OF_ORDER = 1, 2, 3, 4
REASONS = (
    "there are more than `max_steps`; allow more, or larger tolerances, or a shorter time (a stiff equation needs "
    "another method)",
    "the step has become smaller than what two times can differ by; the solution or its slope may be unbounded there",
    "the right-hand side is not finite",
    "`ts` must go in one direction, each time after the one before",
)


Solved = tuple[list[Tensor], tuple[Tensor, Tensor, Tensor, Tensor]]
"""The states at all times, stacked; and status, time, size and number of the last step."""


class StepControl(NamedTuple):
    """What is asked of the steps: tolerances as SciPy has them, how many leaves of the state they are about, bounds.

    ``raises`` says what a failure does: raise its error, or give NaN.
    """

    rtol: float
    atol: float
    leaves: int
    max_steps: int
    first_step: float | None
    raises: bool = True


class Integration(NamedTuple):
    """Where an integration is: what the loop over steps carries.

    All of it is of the state's type, so that a kernel can make a whole step of every example.
    """

    t: Tensor
    y: StateLeaves
    slope: StateLeaves
    h: Tensor
    error: Tensor  # of the step before
    rejected: Tensor  # whether the last attempt was, 1 or 0
    attempts: Tensor
    status: Tensor  # 0, or the number of a reason
    last: Tensor  # where the last step began
    size: Tensor  # of the last step, in the direction of time
    before: StateLeaves  # the state there
    before_slope: StateLeaves
    bend: StateLeaves  # what the solution inside of it has beside a cubic polynomial, for each unit of time


def checked(solved: Solved, control: StepControl) -> list[Tensor]:
    """The states, if the last time was reached."""
    stacks, (status, *where_it_is) = solved
    failed = require_arrival(status, *where_it_is, reasons=REASONS) if control.raises else status != 0
    return [where(failed, float("nan"), x) for x in stacks]


def in_adaptive_steps(system: System, y0: StateLeaves, ts: Tensor, control: StepControl) -> Solved:
    """Solve it, from the first time to the last."""
    direction = where(ts[-1] < ts[0], zeros_like(ts[0]) - 1, 1.0)
    begin = _begun(system, y0, ts, direction, control)

    def interval(now: Integration, end: Tensor) -> tuple[Integration, StateLeaves]:
        early = where(now.status > 0, now.status, OUT_OF_ORDER)
        now = now._replace(status=where(direction * (end - now.last) < 0, early, now.status))

        def left(now: Integration) -> Tensor:
            return where(now.status > 0, 0.0, stop_gradient(direction * (end - now.t)))

        def step(state: tuple[Integration, Tensor]) -> tuple[Integration, Tensor]:
            now = _stepped(system, state[0], ts[-1], direction, control)
            for _ in range(_AT_ONCE - 1 if is_observed() else 0):
                now = _chosen(left(now) > 0, _stepped(system, now, ts[-1], direction, control), now)
            return now, left(now)

        now, _ = bounded_while_loop(lambda state: state[1] > 0, step, (now, left(now)), control.max_steps)
        return now, _at(now, end)

    if ts.shape[0] == 2:
        now, last = interval(begin, ts[1])
        found = [x.reshape((1, *x.shape)) for x in last]
    else:
        now, found = scan(interval, begin, ts[1:])
    stacks = [concat([x.reshape((1, *x.shape)), rows], 0) for x, rows in zip(y0, found, strict=True)]
    return stacks, (now.status, now.t, now.h, now.attempts)


def _begun(system: System, y0: StateLeaves, ts: Tensor, direction: Tensor, control: StepControl) -> Integration:
    t, none = ts[0], zeros_like(ts[0])
    slope = system(t, y0)
    if control.first_step is None:
        h = _first_step(system, t, y0, slope, direction, control)
    else:
        h = none + control.first_step
    status = where(isfinite(_nothing([*y0, *slope])), none, NOT_FINITE)
    zeros = [zeros_like(x) for x in y0]
    return Integration(t, y0, slope, stop_gradient(h), none + 1e-4, none, none, status, t, none + 1, y0, slope, zeros)


def _stepped(system: System, now: Integration, end: Tensor, direction: Tensor, control: StepControl) -> Integration:
    left = stop_gradient(direction * (end - now.t))
    is_last = now.h >= left * (1 - 1e-3)
    size = minimum(where(is_last, left, now.h), left)
    h = direction * size
    stages = slopes(DORMAND_PRINCE, system, now.t, now.y, h, now.slope)
    y = weighted(now.y, h, DORMAND_PRINCE.weights, stages)
    zero = [zeros_like(x) for x in y]
    estimate = weighted(zero, h, DORMAND_PRINCE.error, stages)
    error = stop_gradient(_norm(estimate, now.y, y, control)) + _nothing(stages[-1])
    accepted = error <= 1
    factor = _factor(error, now.error, now.rejected)
    t = where(is_last, end, now.t + h)
    moved = now._replace(
        t=t, y=y, slope=stages[-1], error=maximum(error, 1e-4), last=now.t, size=h, before=now.y,
        before_slope=now.slope, bend=weighted(zero, 1.0, DORMAND_PRINCE.dense, stages),
    )  # fmt: skip
    kept = _chosen(accepted, moved, now)
    count = now.attempts + 1
    h = size * factor
    eps = float(np.finfo(now.t.dtype.numpy).eps)
    least = 4 * eps * absolute(stop_gradient(now.t)) + float(np.finfo(now.t.dtype.numpy).tiny)
    reason = where(isfinite(error), now.status + TINY_STEP, NOT_FINITE)
    status = where(error <= 1, now.status, where(h <= least, reason, now.status))
    over = where(status > 0, status, MANY_STEPS)
    status = where(count < control.max_steps, status, where(direction * (end - kept.t) > 0, over, status))
    return kept._replace(h=h, rejected=where(accepted, 0.0 * count, 1.0), attempts=count, status=status)


def _factor(error: Tensor, before: Tensor, rejected: Tensor) -> Tensor:
    """By how much the next step is longer than this one."""
    by_error = _SAFETY * maximum(error, 1e-10) ** (0.75 * _BETA - 1 / _ORDER)
    longer = minimum(maximum(by_error * before**_BETA, _LEAST), _MOST)
    longer = where(rejected > 0, minimum(longer, 1.0), longer)
    shorter = maximum(where(isfinite(by_error), by_error, _LEAST), _LEAST)
    return where(error <= 1, longer, shorter)


def _chosen(condition: Tensor, moved: Integration, now: Integration) -> Integration:
    """One or the other."""

    def choose(x: Any, y: Any) -> Any:
        return [choose(a, b) for a, b in zip(x, y, strict=True)] if isinstance(x, list) else where(condition, x, y)

    pairs: Any = zip(moved, now, strict=True)
    return Integration(*(x if x is y else choose(x, y) for x, y in pairs))


def _at(now: Integration, time: Tensor) -> StateLeaves:
    """The solution at a time inside of the last step (Hairer, Norsett & Wanner, II.6, in the form of their DOPRI5)."""
    part = (time - now.last) / now.size
    rest = 1 - part
    found = []
    for x, y, first, last, bend in zip(now.before, now.y, now.before_slope, now.slope, now.bend, strict=True):
        change = y - x
        early = now.size * first - change
        late = change - now.size * last - early
        found.append(x + part * (change + rest * (early + part * (late + rest * (now.size * bend)))))
    return found


def _norm(x: StateLeaves, y: StateLeaves, z: StateLeaves, control: StepControl) -> Tensor:
    """The root mean square of ``x`` in units of the tolerance of states between ``y`` and ``z``."""
    scaled = [
        (a / (control.atol + control.rtol * maximum(absolute(b), absolute(c)))) ** 2
        for a, b, c in zip(x, y, z, strict=True)
    ][: control.leaves]
    total = scaled[0].sum()
    for square in scaled[1:]:
        total = total + square.sum()
    return sqrt(total / max(sum(square.size for square in scaled), 1))


def _first_step(
    system: System, t: Tensor, y: StateLeaves, slope: StateLeaves, direction: Tensor, control: StepControl
) -> Tensor:
    """As Hairer, Norsett & Wanner have it in II.4; the slope does not change much along it."""
    y, slope = [stop_gradient(x) for x in y], [stop_gradient(x) for x in slope]
    size, speed = _norm(y, y, y, control), _norm(slope, y, y, control)
    small = where(size < 1e-5, 1e-6, where(speed < 1e-5, 1e-6, 0.01 * size / maximum(speed, 1e-30)))
    after = [stop_gradient(x) for x in system(t + direction * small, weighted(y, direction * small, (1.0,), [slope]))]
    change = _norm([a - b for a, b in zip(after, slope, strict=True)], y, y, control) / small
    largest = maximum(speed, change)
    long = where(largest <= 1e-15, maximum(small * 1e-3, 1e-6), (0.01 / maximum(largest, 1e-30)) ** (1 / _ORDER))
    found = minimum(100 * small, long)
    return where(isfinite(found), found, small)


def _nothing(leaves: StateLeaves) -> Tensor:
    """Zero, or NaN where a leaf is not finite."""
    total = (stop_gradient(leaves[0]) * 0.0).sum()
    for x in leaves[1:]:
        total = total + (stop_gradient(x) * 0.0).sum()
    return total
