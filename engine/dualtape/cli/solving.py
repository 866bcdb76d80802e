"""``dualtape solve``: train a network on a problem; a picture, a checkpoint and the error are left."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from enum import StrEnum
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import dualtape as dt
from dualtape.cli.listing import AsJson
from dualtape.cli.targets import require_target
from dualtape.cli.tasks import Task, read_settings, read_task

if TYPE_CHECKING:
    from dualtape import pinn

# The kind of an error that a program measures in a way of its own.
OWN = "own"
# The exit code of a program that Ctrl-C has ended.
_INTERRUPTED = 130
# The element types to train in.
Precision = StrEnum("Precision", ["float32", "float64"])

ProblemArgument = Annotated[str, typer.Argument(help="A name that `dualtape list` shows, or a file: .toml or .py.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value of the problem or of its file.")
]
DeviceOption = Annotated[
    str | None, typer.Option(help="As `dualtape devices` names it.", show_default="opencl if there is one")
]


def solve(
    problem: ProblemArgument,
    steps: Annotated[int | None, typer.Option(min=0, help="Steps of Adam.", show_default="200")] = None,
    curvature_steps: Annotated[
        int | None,
        typer.Option(
            min=0,
            show_default="20000",
            help="Steps after them, at most, of SSBroyden; of L-BFGS for a large network.",
        ),
    ] = None,
    width: Annotated[int | None, typer.Option(min=1, help="Units of a hidden layer.", show_default="20")] = None,
    depth: Annotated[int | None, typer.Option(min=1, help="Number of hidden layers.", show_default="4")] = None,
    points: Annotated[int | None, typer.Option(min=1, help="Points inside the domain.", show_default="2500")] = None,
    seconds: Annotated[float | None, typer.Option(help="End the training after so many.")] = None,
    device: DeviceOption = None,
    dtype: Annotated[Precision | None, typer.Option(help="Element type.", show_default="float64")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of network and points.", show_default="0")] = None,
    set: SetOption = None,
    output: Annotated[Path | None, typer.Option(help="The picture.", show_default="PROBLEM.png")] = None,
    report: Annotated[Path | None, typer.Option(help="One page with everything, .html.")] = None,
    save: Annotated[Path | None, typer.Option(help="The solution, for `dualtape report` and pinn.load.")] = None,
    log: Annotated[Path | None, typer.Option(help="Losses and errors over the steps, .csv.")] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Where to save the run.", show_default="PROBLEM.safetensors")
    ] = None,
    no_checkpoint: Annotated[bool, typer.Option("--no-checkpoint", help="Save no run.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint, if it exists.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of the work: to see that it runs.")] = False,
    progress: Annotated[bool, typer.Option(help="Show how it goes.")] = True,
    as_json: AsJson = False,
) -> None:
    """Train a network on a known problem, or one in a file; save a picture and a checkpoint; print the error.

    By all processes of `mpiexec -n 4 dualtape solve ...`, if it is started so.
    """
    from dualtape import pinn
    from dualtape.pinn.pictures import PICTURES

    comm = dt.parallel.world()
    dt.parallel.divide_cores(comm)
    ranks = dt.parallel.Ranks(comm)

    if no_checkpoint and (checkpoint or resume):
        other = "--checkpoint" if checkpoint else "--resume"
        raise typer.BadParameter(f"goes together with no {other}", param_hint="--no-checkpoint")
    picture = output or Path(f"{Path(problem).stem}.png")
    for path, endings, option in (
        (picture, PICTURES, "--output"),
        (report, (".html", ".htm"), "--report"),
        (save, (".safetensors",), "--save"),
        (log, (".csv",), "--log"),
    ):
        require_target(path, endings, option)
    options: dict[str, Any] = {
        "steps": steps,
        "curvature_steps": curvature_steps,
        "width": width,
        "depth": depth,
        "points": points,
    }
    options |= {"seconds": seconds, "dtype": None if dtype is None else str(dtype), "seed": seed}
    given = {name: value for name, value in options.items() if value is not None}
    chosen = device if device is not None else dt.parallel.own_device(comm).name
    with dt.device(chosen) as where:
        task = read_task(problem, read_settings(set or ()), given)
        if quick:
            _shorten(task)
        by_itself = task.solution is not None or task.solve is not None
        if by_itself and (checkpoint or resume):
            other = "--checkpoint" if checkpoint else "--resume"
            raise typer.BadParameter(f"{problem!r} trains by itself", param_hint=other)
        saved = None if no_checkpoint or by_itself else checkpoint or Path(f"{task.name}.safetensors")
        if not as_json and ranks.is_first:
            print(f"{task.title} on {where}" + (f", by {ranks.size} processes" if ranks.size > 1 else ""))
        if task.solution is None:
            watch = [] if log is None else [pinn.CSVLog(log)]
            shown = None if progress else False
            solution = _train(task, saved, resume=resume, watch=watch, progress=shown, comm=comm)
        else:
            solution = task.solution
        if not ranks.is_first:
            return
        drawn = _draw(solution, picture)
        if report is not None:
            solution.report(report, task.title)
        if save is not None:
            solution.save(save)
        places = {"picture": drawn, "checkpoint": saved, "report": report, "solution": save, "log": log}
        _tell(task, solution, str(where), {name: str(path) for name, path in places.items() if path}, as_json)


def _shorten(task: Task) -> None:
    """A tenth of each stage's steps, at a quarter of the points."""
    optimizer = task.options.get("optimizer")
    if optimizer is not None:
        stages = [replace(one, steps=one.steps // 10) for one in getattr(optimizer, "stages", (optimizer,))]
        task.options["optimizer"] = reduce(lambda before, after: before >> after, stages)
    task.options["points"] = max(task.options.get("points", 2_500) // 4, 1)


def _train(task: Task, saved: Path | None, **options: Any) -> pinn.Solution:
    from dualtape import pinn

    if task.solve is not None:
        said = {name: value for name, value in options.items() if value or name == "progress"}
        return task.solve(**task.options, **said)
    try:
        return pinn.solve(task.problem, task.network, checkpoint=saved, **task.options, **options)
    except KeyboardInterrupt as stop:
        hint = f"; the checkpoint is in {saved}: go on from there with --resume" if saved else ""
        print(f"dualtape: {stop}{hint}", file=sys.stderr)  # which typer would end without a word
        raise typer.Exit(_INTERRUPTED) from None


def _draw(solution: pinn.Solution, picture: Path) -> Path | None:
    """The picture, if the problem has few enough coordinates to be drawn."""
    if solution.problem.domain.dimension > 3:
        print(f"no picture: the problem has {solution.problem.domain.dimension} coordinates", file=sys.stderr)
        return None
    solution.plot(picture)
    return picture


def _error_of(task: Task, solution: pinn.Solution) -> tuple[float | None, str | None]:
    """The error and its kind, if there is something to measure it against."""
    if task.error is not None:
        return task.error(solution), OWN
    return (None, None) if solution.problem.exact is None else solution.measured()


def _tell(task: Task, solution: pinn.Solution, device: str, places: dict[str, str], as_json: bool) -> None:
    error, kind = _error_of(task, solution)
    parameters = {parameter.name: parameter.asnumpy().ravel().tolist() for parameter in solution.parameters}
    if as_json:
        facts: dict[str, Any] = {
            "problem": task.title,
            "device": device,
            "error": error,
            "kind": kind,
            "loss": solution.history.last,
        }
        facts |= {"steps": len(solution.history), "seconds": solution.seconds, "parameters": parameters, **places}
        print(json.dumps(facts))
        return
    if kind == OWN:
        print(f"error, as the program measures it: {error:.1e}")
    elif error is not None:
        print(f"{kind} L2 error against the {task.reference} solution: {error:.1e}")
    else:
        print(f"loss: {solution.history.last:.1e}; no exact solution is known")
    for name, values in parameters.items():
        print(f"{name}: {', '.join(f'{value:.6g}' for value in values)}")
    print(f"{solution.seconds:.0f} s" + "".join(f"; {what} in {path}" for what, path in places.items()))
