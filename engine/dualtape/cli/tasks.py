"""What there is to solve: a problem by its name, in a TOML file, or in a program."""

from __future__ import annotations

import inspect
import runpy
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

import dualtape as dt

if TYPE_CHECKING:
    from dualtape import nn, pinn

KNOWN = ("burgers", "poisson", "heat", "wave")
HINT = "PROBLEM"
# Which key of a TOML file an option of the command line stands for.
_KEYS = {
    "steps": "solve.steps",
    "curvature_steps": "solve.curvature_steps",
    "points": "solve.points",
    "seed": "solve.seed",
    "seconds": "solve.seconds",
    "dtype": "solve.precision",
    "width": "network.width",
    "depth": "network.depth",
}


@dataclass
class Task:
    """A problem with what is needed to train it.

    Attributes
    ----------
    name
        What its files are called by.
    title
        For people.
    problem, network, options
        As :func:`dualtape.pinn.solve` takes them.
    solution
        Of a program that has trained by itself.
    reference
        What the error is measured against.
    error, solve
        Functions of a program that measures the error, or trains, in a way of its own.
    """

    name: str
    title: str
    problem: pinn.Problem
    network: nn.Cell
    options: dict[str, Any] = field(default_factory=dict)
    solution: pinn.Solution | None = None
    reference: str = "exact"
    error: Callable[[pinn.Solution], float] | None = None
    solve: Callable[..., pinn.Solution] | None = None


def known_problem(name: str) -> Callable[..., pinn.Problem]:
    """The function that makes a problem of :mod:`dualtape.pinn`."""
    from dualtape import pinn

    found: Callable[..., pinn.Problem] = getattr(pinn, name)
    return found


def read_settings(pairs: Sequence[str]) -> dict[str, Any]:
    """``key=value`` as TOML has values; what is none of those is text."""
    found = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise typer.BadParameter(f"expected key=value, got {pair!r}", param_hint="--set")
        try:
            found[key.strip()] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            found[key.strip()] = text.strip()
    return found


def read_task(what: str, settings: Mapping[str, Any], given: Mapping[str, Any]) -> Task:
    """What ``dualtape solve`` was given.

    Parameters
    ----------
    what
        A name of :data:`KNOWN`, or a file that ends in ``.toml`` or ``.py``.
    settings
        By ``--set``.
    given
        Options of the command line that were given: ``width``, ``depth``, ``points``, ...
    """
    if what in KNOWN:
        return _by_name(what, settings, given)
    path = Path(what)
    if path.suffix not in (".toml", ".py"):
        raise typer.BadParameter(
            f"{what!r} is neither a file that ends in .toml or .py nor one of {', '.join(KNOWN)}", param_hint=HINT
        )
    if not path.is_file():
        raise typer.BadParameter(f"there is no file {what!r}", param_hint=HINT)
    return (_from_toml if path.suffix == ".toml" else _from_program)(path, settings, given)


def _by_name(name: str, settings: Mapping[str, Any], given: Mapping[str, Any]) -> Task:
    made = known_problem(name)
    task = _trained(name, name, _called(made, name, settings), given)
    task.reference = "Cole-Hopf" if name == "burgers" else "exact"
    return task


def _called(made: Callable[..., pinn.Problem], name: str, settings: Mapping[str, Any]) -> pinn.Problem:
    known = inspect.signature(made).parameters
    for key, value in settings.items():
        if key not in known:
            there = f"; there are {', '.join(known)}" if known else "; nothing may be set"
            raise typer.BadParameter(f"{name} has no {key!r}{there}", param_hint="--set")
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise typer.BadParameter(f"{key} must be a number, got {value!r}", param_hint="--set")
    return made(**settings)


def _trained(name: str, title: str, problem: pinn.Problem, given: Mapping[str, Any], network: Any = None) -> Task:
    """With a network and a schedule of the usual sizes, unless the options say others."""
    from dualtape import nn, pinn

    if network is None:
        network = nn.MLP(
            len(problem.inputs),
            len(problem.unknowns),
            width=given.get("width", 20),
            depth=given.get("depth", 4),
            dtype=getattr(dt, given.get("dtype", "float64")),
            seed=given.get("seed", 0),
        )
    weights = sum(parameter.size for parameter in network.trainable_params())
    schedule = pinn.default_schedule(weights, given.get("steps", 200), given.get("curvature_steps", 20_000))
    options = {name: given[name] for name in ("points", "seed", "seconds") if name in given}
    return Task(name, title, problem, network, {"optimizer": schedule, **options})


def _from_toml(path: Path, settings: Mapping[str, Any], given: Mapping[str, Any]) -> Task:
    from dualtape import pinn

    options = {_KEYS[name]: value for name, value in given.items()}
    if "seed" in given:
        options["network.seed"] = given["seed"]
    written = pinn.from_toml(path, {**options, **settings})
    return Task(path.stem, written.title, written.problem, written.network, written.options_of_solve())


def _from_program(path: Path, settings: Mapping[str, Any], given: Mapping[str, Any]) -> Task:
    """What a program names ``problem`` and, if it likes, ``network``, ``options``, ``error`` and ``solve``.

    Or the ``solution`` it made. What the command line says comes before what the program does.
    """
    from dualtape import pinn

    names = runpy.run_path(str(path), run_name="__dualtape__")
    solution, problem = names.get("solution"), names.get("problem")
    if isinstance(solution, pinn.Solution):
        if unused := [*settings, *given]:
            raise typer.BadParameter(
                f"{str(path)!r} trains by itself, and takes no {unused[0]!r}; let it name `problem` alone",
                param_hint=HINT,
            )
        return Task(path.stem, path.stem, solution.problem, solution.network, solution=solution)
    if callable(problem) and not isinstance(problem, pinn.Problem):
        problem = _called(problem, "`problem`", settings)
    elif settings:
        raise typer.BadParameter("`problem` of the file must be a function of what is set", param_hint="--set")
    if not isinstance(problem, pinn.Problem):
        raise typer.BadParameter(
            f"{str(path)!r} must name a `problem`, a pinn.Problem or a function that returns one, or a `solution`",
            param_hint=HINT,
        )
    has_network = "network" in names or "solve" in names
    if has_network and (unused := [name for name in ("width", "depth", "dtype") if name in given]):
        raise typer.BadParameter(f"{str(path)!r} has a network of its own", param_hint=f"--{unused[0]}")
    task = _trained(path.stem, path.stem, problem, given, names.get("network"))
    own = names.get("options", {})
    kept = own.keys() - given.keys() - ({"optimizer"} if {"steps", "curvature_steps"} & given.keys() else set())
    task.options |= {name: own[name] for name in kept}
    task.error, task.solve = names.get("error"), names.get("solve")
    return task
