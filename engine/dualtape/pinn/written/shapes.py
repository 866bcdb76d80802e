"""The domain of a problem in a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape.pinn.domains import (
    Ball,
    Cylinder,
    Disk,
    Domain,
    Ellipse,
    Interval,
    Polygon,
    Rectangle,
    Shell,
    from_mesh,
    from_surface,
    read_range,
)
from dualtape.pinn.written.entries import TomlValue
from dualtape.pinn.written.formulas import Formula, Vocabulary

# What each is made by, and what that is given.
_SHAPES: dict[str, tuple[Callable[..., Domain], tuple[str, ...]]] = {
    "disk": (Disk, ("center", "radius")),
    "ball": (Ball, ("center", "radius")),
    "ring": (Shell, ("center", "inner", "outer")),
    "ellipse": (Ellipse, ("center", "semi_axes")),
    "polygon": (Polygon, ("corners",)),
    "cylinder": (Cylinder, ("center", "radius", "height")),
}
_EVERY = ("shape", "name", "with", "without", "t")


def read_domain(entry: TomlValue, words: Vocabulary) -> Domain:
    """A box by its coordinates, or another shape, with or without others; times an interval of time."""
    given = entry.table()
    shape = given["shape"].choice(("box", "file", *_SHAPES)) if "shape" in given else "box"
    time = None
    if "t" in given and (shape != "box" or "without" in given or "with" in given):
        time = given.pop("t")
    with entry.located():
        domain = _named(_made(shape, entry, given, words), given)
        for other in given["with"].items() if "with" in given else []:
            domain = domain | read_domain(other, words)
        for other in given["without"].items() if "without" in given else []:
            domain = domain - read_domain(other, words)
        return domain if time is None else domain * Interval(t=_numbers(time, words))


def _made(shape: str, entry: TomlValue, given: dict[str, TomlValue], words: Vocabulary) -> Domain:
    if shape == "box":
        ranges = {name: one for name, one in given.items() if name not in ("shape", "name", "with", "without")}
        if not ranges:
            entry.fail("a box needs a range for each coordinate, as in x = [0, 1]")
        pairs = {}
        for name, one in ranges.items():
            with one.located():
                if not isinstance(one.value, list) or len(one.value) != 2:
                    one.fail(f"the range of `{name}` must be a pair, as in {name} = [0, 1], got {one.value!r}")
                pairs[name] = read_range(name, _numbers(one, words))
        return Interval(**pairs) if len(pairs) == 1 else Rectangle(**pairs)
    if shape == "file":
        path = entry.table((*_EVERY, "path"), ("path",))["path"].path()
        return from_mesh(path) if path.suffix == ".msh" else from_surface(path)
    made, arguments = _SHAPES[shape]
    entry.table((*_EVERY, *arguments), arguments)
    return made(*(_numbers(given[argument], words) for argument in arguments))


def _named(domain: Domain, given: dict[str, TomlValue]) -> Domain:
    return domain.named(given["name"].of_kind(str)) if "name" in given else domain


def _numbers(entry: TomlValue, words: Vocabulary) -> Any:
    """A number, or lists of numbers, each as it is or as a formula of constants."""
    if isinstance(entry.value, list):
        return tuple(_numbers(one, words) for one in entry.items())
    return Formula(entry, Vocabulary(constants=words.constants)).number()
