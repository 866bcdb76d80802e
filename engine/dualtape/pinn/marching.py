"""Long times in windows: a network for each, which begins where the one before has ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.condition import Arrays, Condition, unknown_of
from dualtape.pinn.conditions import initial
from dualtape.pinn.domains import Domain, Seed
from dualtape.pinn.history import History
from dualtape.pinn.problem import Problem
from dualtape.pinn.sampling import read_count
from dualtape.pinn.solution import Solution
from dualtape.pinn.solver import solve


def march(
    problem: Problem,
    network: Callable[[], dt.nn.Cell],
    windows: int | Sequence[float],
    steps: int | None = None,
    **options: Any,
) -> Solution:
    """Solve a problem window after window in time: the end of one is the beginning of the next.

    Long times are hard for one network: it settles on what is easy later before it knows what happens first.
    Krishnapriyan et al. 2021, *Characterizing possible failure modes in physics-informed neural networks*, NeurIPS 34,
    section 4.2.

    Parameters
    ----------
    problem
        With a time, on a box or on ``region * pinn.Interval(t=...)``, and with initial values by :func:`initial` of all
        unknowns that develop in time. Its other conditions hold in each window. Hard initial values are those of a
        formula that has all windows before in it, and grows with them.
    network
        A function that makes a network, called once for each window: ``lambda: nn.MLP(2, 1, seed=0)``.
    windows
        How many of equal length, or where they end: ``(0.1, 0.5, 1.0)``.
    steps, **options
        As of :func:`solve`, for each window.

    Returns
    -------
    Solution
        Of the whole time, with the losses of all windows one after the other; ``network`` is a list of theirs.

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import nn, pinn
    >>> decay = pinn.Problem(pinn.Interval(t=(0, 2)), lambda u, p: u.t + u, [pinn.initial(1.0)])
    >>> network = lambda: nn.MLP(1, 1, width=8, depth=1, dtype=dt.float64, seed=0)
    >>> solution = pinn.march(decay, network, 2, optimizer=pinn.SSBroyden(60), points=20, progress=False)
    >>> bool(abs(solution.u(t=2.0) - 0.1353) < 1e-3)
    True
    """
    if not isinstance(problem, Problem):
        raise ArgumentTypeError(f"`problem` must be a pinn.Problem, got {type(problem).__name__}")
    if isinstance(network, dt.nn.Cell) or not callable(network):
        raise ArgumentTypeError("`network` of `march` must be a function that makes one, as in lambda: nn.MLP(2, 1)")
    if given := {"checkpoint", "resume", "watch", "report"} & options.keys():
        raise ArgumentError(f"`march` takes no `{min(given)}`; solve the windows one by one for it")
    edges = _read_windows(problem, windows)
    solved: list[Solution] = []
    for start, end in pairwise(edges):
        part = _window(problem, start, end, solved[-1] if solved else None)
        solved.append(solve(part, network(), steps, **options))
    return _joined(problem, solved, edges)


def _read_windows(problem: Problem, windows: int | Sequence[float]) -> list[float]:
    domain = problem.domain
    if domain.time is None:
        raise ArgumentError(f"`march` needs a time, and {domain} has none: the coordinate `t`, or a `pinn.Time`")
    if not any(condition.initial_order is not None for condition in (*problem.conditions, *problem.hard)):
        raise ArgumentError("`march` needs conditions by `pinn.initial`: later windows take them from earlier ones")
    low, up = domain.bounds[domain.time]
    if isinstance(windows, Sequence):
        edges = [low, *map(float, windows)]
        if edges[-1] != up or any(not a < b for a, b in pairwise(edges)):
            raise ArgumentError(f"`windows` must rise from above {low:g} to {up:g}, where time ends; got {windows}")
        return edges
    return [float(x) for x in np.linspace(low, up, read_count("windows", windows) + 1)]


def _window(problem: Problem, start: float, end: float, before: Solution | None) -> Problem:
    """The problem in a part of its time, which begins where a solution has ended."""
    conditions = [*problem.conditions, *problem.hard]
    if before is not None:
        conditions = [_continued(condition, before) for condition in conditions]
    return Problem(
        problem.domain.during(start, end),
        problem.equations,
        conditions,
        outputs=problem.unknowns,
        transform=problem.transform,
        weight=problem.weights,
        exact=problem.exact,
    )


def _continued(condition: Condition, before: Solution) -> Condition:
    """An initial condition with the values of an earlier solution; others as they are."""
    order, time = condition.initial_order, before.problem.domain.time
    if order is None:
        return condition
    assert time is not None
    of, times = condition.of, [time] * order
    unknown = before[of or before.problem.unknowns[0]]
    value = unknown.by(*times) if order else unknown
    made = initial(value, order=order, of=of, points=condition.points, weight=condition.weight, hard=condition.is_hard)
    if condition.is_hard:
        return made

    def equation(*fields_and_points: Any) -> Any:
        u = unknown_of(fields_and_points, of)
        return (u.by(*times) if times else u) - fields_and_points[-1].values

    def sample(domain: Domain, sampler: str, seed: Seed) -> Arrays:
        # The values are data: the loss has nothing of the window before in it.
        points = made.sample(domain, sampler, seed)["points"]
        return {"points": points, "values": np.asarray(value(points), np.float64).reshape(-1, 1)}

    # What was learned fulfils other conditions nearly: no contradiction to warn of.
    return replace(made, equation=equation, sample=sample, datum=None)


def _joined(problem: Problem, solved: list[Solution], edges: list[float]) -> Solution:
    """One solution, in each window that of the window."""
    time = problem.domain.axis(problem.domain.time or "")

    def field(points: dt.Tensor) -> dt.Tensor:
        t = points[:, time : time + 1]
        found = solved[0].field(points)
        for solution, start in zip(solved[1:], edges[1:-1], strict=True):
            found = dt.ops.where(t > start, solution.field(points), found)
        return found

    history = History(solved[0].history.names)
    for i, solution in enumerate(solved):
        for stage, rows in solution.history.stages:
            history.stages.append((f"{stage}, window {i + 1}", rows))
        history.extend(solution.history)
    history.weights = solved[-1].history.weights
    networks = dt.nn.CellList([solution.network for solution in solved])
    seconds = sum(solution.seconds for solution in solved)
    like = solved[0].network.trainable_params()[0]
    joined = Solution(problem, networks, field, like, history, seconds, solved[0].scaled)
    joined.settings = {"windows": str(len(solved)), **solved[0].settings}
    return joined
