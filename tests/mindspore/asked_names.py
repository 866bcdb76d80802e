"""Names that programs ask for most, and whether a record of the real MindSpore holds each of them.

A record is an expression of `expressions.txt` with its value in `values.json`, or in `left_out.json` with MindSpore's
reason why there is none; a program of `programs/` and of the pages beside; a training; a run of an optimizer.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from mindspore import count_names

HERE = Path(__file__).parent

# Contexts and paths, training and data, layers and losses, operators and functions, hooks, first values, loss scaling.
MOST_ASKED = (HERE / "asked_names.txt").read_text(encoding="utf-8").split()

# Why there is no record of a name that is here.
UNRECORDED = {
    "data_sink": "it raises on MindSpore's CPU",
    "connect_network_with_dataset": "it raises on MindSpore's CPU, as all of its sink mode",
    "ms_function": "MindSpore 2.10 has it no longer; test_jit.py tries it",
    "TrainOneStepWithLossScaleCell": "it raises on MindSpore's CPU; trainings.py scales losses in other ways",
    "set_device": "in the process of MindSpore's that records, it comes too late",
    "lazy_inline": "a decorator for MindSpore's compiler, which changes no result",
    "no_inline": "a decorator for MindSpore's compiler, which changes no result",
    "uint": "MindSpore's is a kind of numbers without a size, which no tensor is of",
    "tensor_type": "MindSpore's is a kind of values for its compiler",
    "RootMeanSquareDistance": "a metric of images, whose name alone is kept",
    "print_": "it prints what Print prints",
}


@cache
def _records() -> str:
    """The code of all records."""
    pages = [*HERE.glob("*.md"), *HERE.glob("programs/*.md"), *(HERE.parent / "tutorials").glob("*.md")]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    texts += [(HERE / name).read_text(encoding="utf-8") for name in ("trainings.py", "optimizer_runs.py")]
    for name in ("values.json", "left_out.json"):
        texts += json.loads((HERE / name).read_text(encoding="utf-8"))
    return "\n".join(texts)


@cache
def _words() -> frozenset[str]:
    return frozenset(re.findall(r"\w+", _records()))


def has_record(name: str) -> bool:
    """Whether the last word of a name occurs in a record."""
    return name.rpartition(".")[2] in _words()


def present_names(area: str) -> list[str]:
    """Those of an area of `names.json` that plain dualtape lacks and that are here."""
    gone = set(count_names.absent(area))
    return [name for name in count_names.NAMES[area]["absent"] if name not in gone]


# How a name is written in a record where the word alone would say too little: other areas have it as well.
PATTERNS = {
    "methods of `Tensor`": r"\.{}\b", "`numpy`": r"\b(?:mnp|numpy|np)\.{}\b", "`mint`": r"\bmint\.{}\b",
}  # fmt: skip


def without_record() -> dict[str, list[str]]:
    """The names of each area that no record holds and no reason excuses."""
    found = {"most asked": [name for name in MOST_ASKED if not has_record(name)]}
    for area in count_names.NAMES:
        pattern = PATTERNS.get(area)
        found[area] = [
            name
            for name in present_names(area)
            if not (re.search(pattern.format(re.escape(name)), _records()) if pattern else has_record(name))
        ]
    return {area: [n for n in names if n.rpartition(".")[2] not in UNRECORDED] for area, names in found.items()}
