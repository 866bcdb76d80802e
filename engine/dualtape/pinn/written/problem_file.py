"""A whole problem in a TOML file: domain, equations, conditions, network and training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import dualtape as dt
from dualtape import nn
from dualtape.pinn.errors import ProblemFileError
from dualtape.pinn.precision import PRECISIONS
from dualtape.pinn.problem import Problem
from dualtape.pinn.sampling import SAMPLERS
from dualtape.pinn.schedules import default_schedule
from dualtape.pinn.solution import Solution
from dualtape.pinn.solver import solve
from dualtape.pinn.written.entries import TomlFile, TomlValue
from dualtape.pinn.written.formulas import CONSTANTS, FUNCTIONS, Formula, Vocabulary
from dualtape.pinn.written.shapes import read_domain
from dualtape.pinn.written.terms import read_condition

_TABLES = (
    "title",
    "unknowns",
    "equations",
    "domain",
    "constants",
    "parameters",
    "conditions",
    "exact",
    "network",
    "solve",
)
_ACTIVATIONS = ("tanh", "sin", "silu", "gelu", "sigmoid", "softplus")


@dataclass
class WrittenProblem:
    """What a file states: :meth:`solve` trains it.

    Attributes
    ----------
    title
        As the file says it, or the file's name.
    problem, network, parameters
        As :func:`dualtape.pinn.solve` takes them; ``parameters`` by their names.
    steps, curvature_steps
        Of the default schedule.
    options
        What else the file says of the training.
    """

    title: str
    problem: Problem
    network: nn.Cell
    parameters: dict[str, dt.Parameter]
    steps: int = 200
    curvature_steps: int = 20_000
    options: dict[str, Any] = field(default_factory=dict)

    def solve(self, **options: Any) -> Solution:
        """Train; ``options`` of :func:`dualtape.pinn.solve` go before those of the file."""
        return solve(self.problem, self.network, **{**self.options_of_solve(), **options})

    def options_of_solve(self) -> dict[str, Any]:
        """What :func:`dualtape.pinn.solve` is given beside problem and network."""
        weights = sum(parameter.size for parameter in self.network.trainable_params())
        schedule = default_schedule(weights, self.steps, self.curvature_steps)
        return {"optimizer": schedule, "parameters": [*self.parameters.values()], **self.options}


def from_toml(path: str | PathLike[str], changes: Mapping[str, Any] | None = None) -> WrittenProblem:
    """Read a problem that is written in TOML, for people who do not program.

    No text of the file is evaluated as a program: formulas are parsed, and its names and functions must be known.

    Parameters
    ----------
    path
        The file; the page "Problems in TOML" says what may stand in it.
    changes
        Values in place of the file's, by keys with dots: ``{"network.width": 30}``.

    Raises
    ------
    ProblemFileError
        The file has a mistake; the message says in which line and column, and what was expected.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from dualtape import pinn
    >>> text = '''
    ... equations = ["u_x = u"]
    ... [domain]
    ... x = [0, 1]
    ... [[conditions]]
    ... dirichlet = 1
    ... on = "x-"
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "growth.toml")
    ...     _ = file.write_text(text)
    ...     print(pinn.from_toml(file).problem)
    Problem(domain=Interval(x=(0, 1)), unknowns=('u',), conditions=['dirichlet x-'])
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")  # some editors put a mark before the text
    except (OSError, UnicodeDecodeError) as failure:
        reason = failure.strerror if isinstance(failure, OSError) else "it is no text in UTF-8"
        raise ProblemFileError(f"{fspath(path)!r} cannot be read: {reason}") from failure
    file = TomlValue(source := TomlFile(fspath(path), text, changes or {}), source.values)
    given = file.table(_TABLES, ("domain", "equations"))
    unknowns = _unknowns(given)
    constants: dict[str, float | dt.Parameter] = {}
    for name, entry in given["constants"].table().items() if "constants" in given else ():
        _check_free(name, entry, (*unknowns, *CONSTANTS))
        constants[name] = Formula(entry, Vocabulary(constants=constants)).number()
    domain = read_domain(given["domain"], Vocabulary(constants=constants))
    for name in unknowns:
        if name in domain.coordinates:
            given["unknowns" if "unknowns" in given else "equations"].fail(f"`{name}` is a coordinate, and no unknown")
    for name in constants:
        _check_free(name, TomlValue(source, 0, ("constants", name)), domain.coordinates)
    settings = given["solve"].table(_SOLVE) if "solve" in given else {}
    precision = settings["precision"].choice(PRECISIONS) if "precision" in settings else "float64"
    parameters = _parameters(given, (*unknowns, *CONSTANTS, *constants, *domain.coordinates), precision)
    words = Vocabulary(domain.coordinates, unknowns, {**constants, **parameters})
    equations = [_equation(entry, words) for entry in given["equations"].one_or_several()]
    conditions = (
        [read_condition(entry, words, domain) for entry in _several(given["conditions"])]
        if "conditions" in given
        else []
    )
    with file.located():
        problem = Problem(
            domain,
            lambda *fields_and_points: tuple(equation.in_equation(*fields_and_points) for equation in equations),
            conditions,
            outputs=unknowns,
            exact=_exact(given["exact"], words) if "exact" in given else None,
        )
    network = _network(given.get("network"), problem, precision)
    title = given["title"].of_kind(str) if "title" in given else Path(path).stem
    steps = {name: settings[name].count() for name in ("steps", "curvature_steps") if name in settings}
    return WrittenProblem(title, problem, network, parameters, **steps, options=_options(settings))


def _unknowns(given: dict[str, TomlValue]) -> tuple[str, ...]:
    if "unknowns" not in given:
        return ("u",)
    entries = given["unknowns"].items()
    for i, entry in enumerate(entries):
        name = entry.of_kind(str)
        if not name.isidentifier() or name in (*FUNCTIONS, *CONSTANTS):
            entry.fail(f"{name!r} cannot be the name of an unknown")
        if name in given["unknowns"].value[:i]:
            entry.fail(f"{name!r} is named twice")
    if not entries:
        given["unknowns"].fail("name an unknown at least, as in ['u']")
    return tuple(entry.value for entry in entries)


def _several(entry: TomlValue | None) -> list[TomlValue]:
    if entry is None:
        return []
    if isinstance(entry.value, dict):
        entry.fail("a condition is written under [[conditions]], with two brackets, as there may be several")
    return entry.items()


def _check_free(name: str, entry: TomlValue, taken: tuple[str, ...]) -> None:
    if name in (*taken, *FUNCTIONS) or not name.isidentifier():
        entry.fail(
            f"`{name}` cannot be a name here: {'it has a meaning already' if name.isidentifier() else 'use letters'}"
        )


def _parameters(given: dict[str, TomlValue], taken: tuple[str, ...], precision: str) -> dict[str, dt.Parameter]:
    found = {}
    for name, entry in given["parameters"].table().items() if "parameters" in given else ():
        _check_free(name, entry, taken)
        first = float(entry.of_kind(int, float))
        found[name] = dt.Parameter(dt.Tensor([first], getattr(dt, precision)), name=name)
    return found


def _equation(entry: TomlValue, words: Vocabulary) -> Formula:
    entry.of_kind(str)
    formula = Formula(entry, words)
    if not formula.asks_unknowns():
        entry.fail(f"there is no unknown in {entry.value!r}; the unknowns are {', '.join(words.unknowns)}")
    return formula


def _exact(entry: TomlValue, words: Vocabulary) -> Any:
    """A formula for each unknown, of the coordinates, as a function of arrays."""
    if len(words.unknowns) == 1 and not isinstance(entry.value, dict):
        texts = [entry]
    else:
        table = entry.table(words.unknowns, words.unknowns)
        texts = [table[name] for name in words.unknowns]
    plain = {name: x for name, x in words.constants.items() if not isinstance(x, dt.Parameter)}
    formulas = [Formula(one, Vocabulary(words.coordinates, constants=plain, known=True)) for one in texts]
    if len(formulas) == 1:
        return formulas[0].of_arrays
    return lambda *coordinates: tuple(formula.of_arrays(*coordinates) for formula in formulas)


def _network(entry: TomlValue | None, problem: Problem, precision: str) -> nn.Cell:
    given = {} if entry is None else entry.table(("width", "depth", "activation", "seed"))
    made: dict[str, Any] = {name: given[name].count(1) for name in ("width", "depth") if name in given}
    if "activation" in given:
        made["activation"] = given["activation"].choice(_ACTIVATIONS)
    seed = given["seed"].count() if "seed" in given else 0
    return nn.MLP(len(problem.inputs), len(problem.unknowns), **made, dtype=getattr(dt, precision), seed=seed)


_SOLVE = ("steps", "curvature_steps", "points", "sampler", "seed", "seconds", "precision")


def _options(settings: dict[str, TomlValue]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, lowest in (("points", 1), ("seed", 0)):
        if name in settings:
            found[name] = settings[name].count(lowest)
    if "seconds" in settings:
        found["seconds"] = settings["seconds"].positive()
    if "sampler" in settings:
        found["sampler"] = settings["sampler"].choice(SAMPLERS)
    return found
