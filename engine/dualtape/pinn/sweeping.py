"""Many trainings, over seeds, sizes and coefficients: on whatever runs functions elsewhere."""

from __future__ import annotations

import itertools
import queue
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.solution import Solution
from dualtape.pinn.table import FAILURE, PlainData, Table, TableFile, plain, run_key

Space = Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]]
_RESERVED = (FAILURE,)


def sweep(
    train: Callable[..., Any],
    space: Space,
    *,
    executor: Any = None,
    path: str | PathLike[str] | None = None,
    measure: Callable[[Solution], Mapping[str, Any]] | None = None,
    retry: bool = False,
    progress: bool | None = None,
) -> Table:
    """Train with all values of a space, and gather what came out in a table.

    A run that raises is a record with its failure, and the others go on.

    Parameters
    ----------
    train
        Called with values of the space by name, as in ``train(seed=0, width=20)``. It returns a :class:`Solution`, of
        which loss, steps, seconds and, where it is known, the error are taken; or a mapping of results of its own.
    space
        For each name the values that it takes, ``{"seed": range(4), "width": [10, 20]}``: all combinations are run, the
        last name changing fastest. Or the runs themselves, as a sequence of mappings. Values are numbers, strings,
        bools and ``None``.
    executor
        Anything with a ``submit`` as of :class:`concurrent.futures.Executor`: one of its own, loky's
        ``get_reusable_executor()``, Dask's ``Client``. ``None`` runs one after the other, in this process.
    path
        A file to which each run is added when it has ended, one JSON object a line; runs that are in it are not run
        again.
    measure
        Called with each solution, where it was trained, for further results.
    retry
        Run those again, too, that had raised. Those whose process was lost are run again in any case.
    progress
        A line for each run on the error output; ``False`` shows nothing.

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import nn, pinn
    >>> def train(seed, width):
    ...     problem = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x - u, [pinn.dirichlet(1.0, on="x-")])
    ...     network = nn.MLP(1, 1, width=width, depth=1, seed=seed)
    ...     return pinn.solve(problem, network, optimizer=pinn.Adam(2), points=10, progress=False)
    >>> table = pinn.sweep(train, {"seed": range(2), "width": [4, 8]}, progress=False)
    >>> table["seed"], table["width"], table["steps"]
    ([0, 0, 1, 1], [4, 8, 4, 8], [2, 2, 2, 2])
    """
    if not callable(train):
        raise ArgumentTypeError(f"`train` must be a function, got {type(train).__name__}")
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise ArgumentTypeError(
            f"`executor` must have a `submit`, as those of concurrent.futures, loky and Dask; got "
            f"{type(executor).__name__}"
        )
    runs = _read_space(space)
    file = None if path is None else TableFile(Path(path), list(runs[0]))
    results: list[PlainData | None] = [None if file is None else file.found.get(run_key(values)) for values in runs]
    results = [None if retry and found is not None and found[FAILURE] is not None else found for found in results]
    missing = [i for i, found in enumerate(results) if found is None]
    for i, found, lost in _finished(train, measure, runs, missing, executor):
        results[i] = found
        if file is not None and not lost:
            file.add(runs[i], found)
        if progress is not False:
            _show(len(runs) - sum(result is None for result in results), runs, i, found)
    return Table([{**values, **(found or {})} for values, found in zip(runs, results, strict=True)])


def _read_space(space: Space) -> list[PlainData]:
    if isinstance(space, Mapping):
        for name, values in space.items():
            if isinstance(values, str) or not hasattr(values, "__iter__"):
                raise ArgumentTypeError(
                    f"`space` must give a sequence of values for each name; {name!r} has {type(values).__name__}"
                )
        given = [dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())]
    elif isinstance(space, Sequence) and all(isinstance(values, Mapping) for values in space):
        given = [dict(values) for values in space]
    else:
        raise ArgumentTypeError(
            "`space` must be like {'seed': range(4), 'width': [10, 20]}, or a sequence of mappings; got "
            f"{type(space).__name__}"
        )
    runs = [plain("values of `space`", values) for values in given]
    if not runs or not runs[0]:
        raise ArgumentError("`space` has no runs")
    if bad := [values for values in runs if values.keys() != runs[0].keys()]:
        raise ArgumentError(f"all runs of `space` must have the same names; {bad[0]} differs from {runs[0]}")
    if used := runs[0].keys() & {*_RESERVED}:
        raise ArgumentError(f"{min(used)!r} is a column of every table; call the value of `space` otherwise")
    keys = [run_key(values) for values in runs]
    if len({*keys}) < len(keys):
        twice = next(values for i, values in enumerate(runs) if keys[i] in keys[:i])
        raise ArgumentError(f"`space` has a run twice: {twice}")
    return runs


def _finished(
    train: Callable[..., Any], measure: Any, runs: list[PlainData], missing: list[int], executor: Any
) -> Iterator[tuple[int, PlainData, bool]]:
    """The runs that are missing, as they end: number, results, and whether the process was lost that ran it."""
    if executor is None:
        for i in missing:
            yield i, run_one(train, measure, runs[i]), False
        return
    ended: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
    futures = []
    try:
        for i in missing:
            try:
                future = executor.submit(run_one, train, measure, runs[i])
            except Exception as failure:  # an executor whose processes were lost takes no more
                yield i, {FAILURE: _spelled(failure)}, True
                continue
            futures.append(future)
            future.add_done_callback(lambda done, i=i: ended.put((i, done)))
        for _ in futures:
            i, done = ended.get()
            try:
                yield i, done.result(), False
            except Exception as failure:
                yield i, {FAILURE: _spelled(failure)}, True
    finally:
        for future in futures:
            future.cancel()


def run_one(train: Callable[..., Any], measure: Any, values: PlainData) -> PlainData:
    """One run, where the executor has put it: its results, or its failure."""
    began = time.perf_counter()
    try:
        given = train(**values)
        if isinstance(given, Solution):
            found = _of_solution(given) | dict(measure(given) if measure is not None else {})
        elif isinstance(given, Mapping):
            found = {"seconds": time.perf_counter() - began, **given}
        else:
            raise ArgumentTypeError(
                f"`train` must return a Solution or a mapping of results, got {type(given).__name__}"
            )
        if used := found.keys() & {*values, *_RESERVED}:
            raise ArgumentError(f"a result is called {min(used)!r}, as a column that is there")
        return {**plain("results", found), FAILURE: None}
    except Exception as failure:
        return {"seconds": time.perf_counter() - began, FAILURE: _spelled(failure)}


def _of_solution(solution: Solution) -> PlainData:
    history = solution.history
    found: PlainData = {"loss": history.last, "steps": len(history), "seconds": solution.seconds}
    if solution.problem.exact is not None:
        found["error"] = solution.error()
    return found


def _spelled(failure: BaseException) -> str:
    return f"{type(failure).__name__}: {failure}"


def _show(done: int, runs: list[PlainData], i: int, found: PlainData) -> None:
    values = ", ".join(f"{name}={value}" for name, value in runs[i].items())
    if found[FAILURE] is not None:
        told = f"failed: {found[FAILURE].splitlines()[0]}"
    else:
        told = ", ".join(f"{n} {v:.3g}" for n, v in found.items() if isinstance(v, (int, float)))
    print(f"{done}/{len(runs)}  {values}  {told}", file=sys.stderr, flush=True)
