"""The table of faults: printed, and written into `docs/reliability.md`."""

from __future__ import annotations

from pathlib import Path

from faults.registry import Counts

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- table of faults: generated -->\n", "<!-- end of the table -->\n"
HEAD = "| kind of fault | injections | silent | lost | recovered |\n|---|---|---|---|---|\n"


def stated() -> dict[str, Counts]:
    """What the committed table says, by kind."""
    table = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {kind: Counts(*map(int, counts[1:])) for kind, *counts in cells if kind != "all"}


def rows(found: dict[str, Counts]) -> str:
    """The table, with a last row for all kinds."""
    every = {**found, "all": sum(found.values(), Counts())}
    return HEAD + "".join(f"| {kind} | {x.injections} | {' | '.join(map(str, x))} |\n" for kind, x in every.items())


def write(found: dict[str, Counts]) -> None:
    """Put these rows into the page, beside those of other kinds that are there."""
    head, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, tail = rest.partition(END)
    PAGE.write_text(head + begin + rows(dict(sorted((stated() | found).items()))) + end + tail, encoding="utf-8")
