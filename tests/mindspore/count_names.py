"""How many names of MindSpore 2.10 are present, by area: before this room was there, and now.

``names.json`` holds, for each area, how many names MindSpore has there and which of them plain dualtape lacked (without
convolution, distribution and the like). ``PYTHONPATH=tests python tests/mindspore/count_names.py`` prints the table of
``docs/mindspore.md``, and with ``--write`` puts it there; with an area's name it lists what is absent there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import dualtape.mindspore as ms

NAMES: dict[str, Any] = json.loads((Path(__file__).parent / "names.json").read_text(encoding="utf-8"))
OWNERS: dict[str, list[Any]] = {
    "the top level": [ms], "functions of `ops`": [ms.ops], "operators of `ops`": [ms.ops], "`nn`": [ms.nn],
    "`amp`": [ms.amp], "`common.initializer`": [ms.common.initializer], "`train`": [ms.train],
    "methods of `Tensor`": [ms.Tensor], "methods of `Parameter`": [ms.Parameter], "methods of `nn.Cell`": [ms.nn.Cell],
    "methods of `nn.Optimizer`": [ms.nn.Optimizer], "`numpy`": [ms.numpy], "`mint`": [ms.mint],
    "`experimental.optim`": [ms.experimental.optim, ms.experimental.optim.lr_scheduler],
    "`scipy`": [],
}  # fmt: skip


def absent(area: str) -> list[str]:
    """The names that were absent and still are."""
    return [name for name in NAMES[area]["absent"] if not any(hasattr(owner, name) for owner in OWNERS[area])]


def table() -> str:
    """The table in Markdown."""
    rows = [
        "| area | names counted | present in plain `dualtape` | present in `dualtape.mindspore` |",
        "|---|---|---|---|",
    ]
    totals = [0, 0, 0]
    for area, found in NAMES.items():
        count = found["counted"]
        numbers = [count, count - len(found["absent"]), count - len(absent(area))]
        totals = [total + n for total, n in zip(totals, numbers, strict=True)]
        rows.append(f"| {area} | {count} | {_share(numbers[1], count)} | {_share(numbers[2], count)} |")
    rows.append(f"| all | {totals[0]} | {_share(totals[1], totals[0])} | {_share(totals[2], totals[0])} |")
    return "\n".join(rows)


def _share(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.0f}%)"


def write() -> None:
    """Put the table into the page, in the place of the one that is there."""
    page = Path(__file__).parents[2] / "docs" / "mindspore.md"
    before, head, rest = page.read_text(encoding="utf-8").partition(table().splitlines()[0])
    page.write_text(before + table() + rest[rest.index("\n\n") :] if head else before, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        print("\n".join(absent(sys.argv[1])) if len(sys.argv) > 1 else table())
