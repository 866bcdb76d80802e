"""Long times in windows: a network for each, which begins where the one before has ended."""

from __future__ import annotations

import time
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
from dualtape.pinn.own_times import require_own_times
from dualtape.pinn.pictures import check_target
from dualtape.pinn.problem import Problem
from dualtape.pinn.report import REPORTS
from dualtape.pinn.sampling import read_count
from dualtape.pinn.solution import Solution
from dualtape.pinn.solver import read_path, read_seconds, solve
from dualtape.pinn.watching import through, tracks_of
from dualtape.pinn.windows import WindowsFile

# With another one of these the windows would be others.
_SAME = (
    "optimizer",
    "lbfgs_steps",
    "learning_rate",
    "points",
    "sampler",
    "resample",
    "weighting",
    "scaled",
    "precision",
    "seed",
)


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
        As of :func:`solve`, for each window, but ``seconds``, which are those of the whole march: each window has an
        equal share of what is left. Equations that ask for an unknown at times of another window, as delays and
        integrals over time do, are not for a march, and refused. Observations and other points
        that are given count in the window that they are in. ``watch`` sees the solution of all windows up to the
        present one, and ``StopTraining`` ends that window. Finished windows are in the file ``checkpoint``, the present
        one in another beside it, as ``run.window-2.safetensors``; with ``resume`` a march goes on from both, and ends
        in the same bits as one that was never stopped.

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
    edges = _read_windows(problem, windows)
    for condition in problem.conditions:
        if condition.within is not None:
            condition.sample(problem.domain, "sobol", (0,))  # refuses points that are in no window
    budget = _Budget(options.pop("seconds", None))
    reported = options.pop("report", None)
    target = None if reported is None else check_target(reported, REPORTS)
    watch = options.pop("watch", None)
    file, resume = _read_file(problem, edges, steps, options), options.pop("resume", False)
    if resume and file is None:
        raise ArgumentError("`resume` needs `checkpoint`, the file to go on from")
    if file is not None and not resume:
        file.begin()

    def window(number: int, before: Solution | None) -> Problem:
        return _window(problem, edges[number], edges[number + 1], before)

    def until_now(solution: Solution) -> Solution:
        """The windows that are solved and the present one."""
        whole = _window(problem, edges[0], edges[len(solved) + 1], None)
        return _joined(whole, [*solved, solution], edges[: len(solved) + 2], renames=False)

    solved: list[Solution] = [] if file is None or not resume else file.load(window, network)
    done = len(solved)
    for number in range(done, len(edges) - 1):
        part = window(number, solved[-1] if solved else None)
        if file is not None:
            if number > done or not resume:
                file.forget(number)
            options |= {"checkpoint": file.of_window(number), "resume": bool(resume) and number == done}
        options["seconds"] = budget.share(len(edges) - 1 - number)
        made = network()
        if any(made is solution.network for solution in solved):
            raise ArgumentError(
                "`network` of `march` gave the same network again, whose training would change the window before; make "
                "one at each call, as in lambda: nn.MLP(2, 1)"
            )
        if number == done and isinstance(made, dt.nn.Cell) and (weights := made.trainable_params()):
            for start, end in pairwise(edges[done:]):
                require_own_times(_window(problem, start, end, None), (edges[0], edges[-1]), weights[0])
        solved.append(solve(part, made, steps, watch=through(watch, until_now), **options))
        if file is not None:
            file.save(solved)
            file.forget(number)
    joined = _joined(problem, solved, edges)
    joined.parameters, joined.tracks = solved[0].parameters, tracks_of(watch)
    if target is not None and dt.parallel.Ranks(options.get("comm")).is_first:
        joined.report(target)
    return joined


class _Budget:
    """The seconds of a march, divided among its windows: what one does not need is for later ones."""

    def __init__(self, seconds: object) -> None:
        self._end = None if seconds is None else time.perf_counter() + read_seconds("seconds", seconds)

    def share(self, windows: int) -> float | None:
        """Of a window, after which there are others; ``windows`` in all."""
        return None if self._end is None else max(self._end - time.perf_counter(), 1e-9) / windows


def _read_file(problem: Problem, edges: list[float], steps: int | None, options: dict[str, Any]) -> WindowsFile | None:
    path = read_path(options.pop("checkpoint", None))
    if path is None:
        return None
    facts = {"windows": edges, "domain": repr(problem.domain), "unknowns": list(problem.unknowns)}
    facts["steps"] = repr(steps)
    facts["conditions"] = [condition.name for condition in (*problem.conditions, *problem.hard)]
    facts |= {name: repr(options[name]) for name in _SAME if name in options}
    return WindowsFile(path, dt.parallel.Ranks(options.get("comm")), facts, options.get("parameters", ()))


def _read_windows(problem: Problem, windows: int | Sequence[float]) -> list[float]:
    domain = problem.domain
    if domain.time is None:
        raise ArgumentError(f"`march` needs a time, and {domain} has none: the coordinate `t`, or a `pinn.Time`")
    if not any(condition.initial_order is not None for condition in (*problem.conditions, *problem.hard)):
        raise ArgumentError("`march` needs conditions by `pinn.initial`: later windows take them from earlier ones")
    for condition in (*problem.conditions, *problem.hard):
        if condition.rows is not None and condition.within is None:
            raise ArgumentError(
                f"`march` cannot have `{condition.name}`, an integral over times of which a window has some alone. "
                "Solve the whole time at once, by `solve`"
            )
        named = [on for on in condition.parts if isinstance(on, str) and condition.region is None]
        if condition.period == domain.time or f"{domain.time}+" in [
            part for on in named for part in domain.parts_of(on)
        ]:
            raise ArgumentError(
                f"`march` cannot have `{condition.name}`, which holds where time ends: each window would end so. "
                "Solve the whole time at once, by `solve`"
            )
    low, up = domain.bounds[domain.time]
    if isinstance(windows, Sequence):
        edges = [low, *map(float, windows)]
        if edges[-1] != up or any(not a < b for a, b in pairwise(edges)):
            raise ArgumentError(f"`windows` must rise from above {low:g} to {up:g}, where time ends; got {windows}")
        return edges
    return [float(x) for x in np.linspace(low, up, read_count("windows", windows) + 1)]


def _window(problem: Problem, start: float, end: float, before: Solution | None) -> Problem:
    """The problem in a part of its time, which begins where a solution has ended."""
    part = problem.domain.during(start, end)
    conditions = [c if c.within is None else c.within(part) for c in (*problem.conditions, *problem.hard)]
    if before is not None:
        conditions = [_continued(condition, before) for condition in conditions]
    return Problem(
        part,
        problem.equations,
        conditions,
        outputs=problem.unknowns,
        transform=problem.transform,
        weight=problem.weights,
        exact=problem.exact,
    )


def _continued(condition: Condition, before: Solution) -> Condition:
    """An initial condition with the values of an earlier solution; others as they are."""
    order, moment = condition.initial_order, before.problem.domain.time
    if order is None:
        return condition
    assert moment is not None
    of, times = condition.of, [moment] * order
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


def _joined(problem: Problem, solved: list[Solution], edges: list[float], renames: bool = True) -> Solution:
    """One solution, in each window that of the window; whose parameters may be given names of the whole."""
    axis = problem.domain.axis(problem.domain.time or "")

    def field(points: dt.Tensor) -> dt.Tensor:
        t = points[:, axis : axis + 1]
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
    networks = dt.nn.CellList([solution.network for solution in solved], auto_prefix=renames)
    seconds = sum(solution.seconds for solution in solved)
    like = solved[0].network.trainable_params()[0]
    joined = Solution(problem, networks, field, like, history, seconds, solved[0].scaled)
    joined.settings = {"windows": str(len(solved)), **solved[0].settings}
    return joined
