"""The conditions of a problem in a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from dualtape.pinn.condition import Condition
from dualtape.pinn.conditions import boundary, dirichlet, initial, neumann, periodic, robin
from dualtape.pinn.domains import Domain
from dualtape.pinn.inside import at
from dualtape.pinn.observations import observations
from dualtape.pinn.written.entries import TomlValue
from dualtape.pinn.written.formulas import Formula, Vocabulary

_OPTIONS = {
    "initial": ("of", "order", "hard", "points", "weight"),
    "dirichlet": ("on", "of", "hard", "points", "weight"),
    "neumann": ("on", "of", "points", "weight"),
    "robin": ("on", "of", "points", "weight"),
    "periodic": ("of", "derivatives", "hard", "points", "weight"),
    "equation": ("on", "at", "points", "weight"),
    "observations": ("of", "weight"),
}


def read_condition(entry: TomlValue, words: Vocabulary, domain: Domain) -> Condition:
    """One of ``[[conditions]]``: its kind is the key that says its value."""
    given = entry.table()
    kinds = [kind for kind in _OPTIONS if kind in given]
    if len(kinds) != 1:
        entry.fail(f"a condition is one of {', '.join(_OPTIONS)}; this one is {' and '.join(kinds) or 'none of them'}")
    (kind,) = kinds
    needed = ("on",) if kind in ("dirichlet", "neumann", "robin") else ()
    given = entry.table((kind, *_OPTIONS[kind]), needed)
    if kind == "initial" and domain.time is None:
        given[kind].fail("an initial value needs a time, as in t = [0, 1] under [domain]", at_key=True)
    options = _options(given, words, domain)
    with entry.located():
        return _MADE[kind](given[kind], options, words, given)


def _options(given: dict[str, TomlValue], words: Vocabulary, domain: Domain) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "of" in given:
        found["of"] = given["of"].choice(words.unknowns)
    elif len(words.unknowns) > 1 and (one := _about_one(given)) is not None:
        one.fail(f"say which unknown it is on, as in of = {words.unknowns[0]!r}", at_key=True)
    if "on" in given:
        parts = (*domain.parts, "boundary", "initial")
        found["on"] = tuple(one.choice(parts) for one in given["on"].one_or_several())
    if "hard" in given:
        found["hard"] = given["hard"].of_kind(bool)
    for name, lowest in (("points", 1), ("order", 0), ("derivatives", 0)):
        if name in given:
            found[name] = given[name].count(lowest)
    if "weight" in given:
        found["weight"] = float(given["weight"].of_kind(int, float))
    return found


def _about_one(given: dict[str, TomlValue]) -> TomlValue | None:
    return next((given[kind] for kind in given if kind not in ("periodic", "equation") and kind in _OPTIONS), None)


def _datum(entry: TomlValue, words: Vocabulary) -> Any:
    """A number, or a function of the points."""
    formula = Formula(entry, replace(words, unknowns=()))
    return formula.at_points if formula.names - words.constants.keys() - {"pi", "e"} else formula.number()


def _robin(entry: TomlValue, options: dict[str, Any], words: Vocabulary, given: dict[str, TomlValue]) -> Condition:
    factors = entry.items()
    if len(factors) != 3:
        entry.fail("`robin` must be [a, b, value], for a u + b du/dn = value")
    a, b = (Formula(one, Vocabulary(constants=words.constants)).number() for one in factors[:2])
    return robin(a, b, _datum(factors[2], words), **options)


def _equation(entry: TomlValue, options: dict[str, Any], words: Vocabulary, given: dict[str, TomlValue]) -> Condition:
    if ("on" in given) == ("at" in given):
        entry.fail("an equation needs `on`, parts of the boundary, or `at`, points", at_key=True)
    formula = Formula(entry, replace(words, normals="on" in given))
    if not formula.asks_unknowns():
        entry.fail(f"there is no unknown in {entry.value!r}; the unknowns are {', '.join(words.unknowns)}")
    if "on" in given:
        return boundary(formula.in_equation, **options, name=entry.value.strip())
    places = [[float(x.of_kind(int, float)) for x in point.items()] for point in given["at"].items()]
    with given["at"].located():
        return at(places, formula.in_equation, **options, name=entry.value.strip())


def _observations(
    entry: TomlValue, options: dict[str, Any], words: Vocabulary, given: dict[str, TomlValue]
) -> Condition:
    """A file of comma-separated values whose first line names the coordinates and the unknown."""
    path, of = entry.path(), options.get("of", words.unknowns[0])
    with path.open(encoding="utf-8") as file:
        names = [name.strip() for name in file.readline().split(",")]
        try:
            rows = np.loadtxt(file, delimiter=",", ndmin=2)
        except ValueError as failure:
            entry.fail(f"{str(path)!r}: {failure}")
    if lacking := [name for name in (*words.coordinates, of) if name not in names]:
        entry.fail(f"the first line of {str(path)!r} names {', '.join(names)}; {lacking[0]!r} lacks")
    if rows.shape[1] != len(names):
        entry.fail(f"{str(path)!r} has {rows.shape[1]} columns; its first line names {len(names)}")
    columns = dict(zip(names, rows.T, strict=True))
    places = np.stack([columns[name] for name in words.coordinates], axis=-1)
    return observations(places, columns[of], of=of, **{name: x for name, x in options.items() if name != "of"})


_MADE: dict[str, Callable[[TomlValue, dict[str, Any], Vocabulary, dict[str, TomlValue]], Condition]] = {
    "initial": lambda entry, options, words, given: initial(_datum(entry, words), **options),
    "dirichlet": lambda entry, options, words, given: dirichlet(_datum(entry, words), options.pop("on"), **options),
    "neumann": lambda entry, options, words, given: neumann(
        _datum(entry, replace(words, normals=True)), options.pop("on"), **options
    ),
    "robin": _robin,
    "periodic": lambda entry, options, words, given: periodic(entry.choice(words.coordinates), **options),
    "equation": _equation,
    "observations": _observations,
}
