"""``dualtape list`` and ``dualtape devices``: what there is."""

from __future__ import annotations

import inspect
import json
import sys
from typing import Annotated, Any

import typer

import dualtape as dt
from dualtape.cli.tasks import KNOWN, known_problem

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

INSTALL = """No OpenCL device was found; everything runs on the host. To add one, install a platform:
  Linux on x86-64   pip install pocl-binary-distribution
  Debian, Ubuntu    apt install pocl-opencl-icd
  a GPU             its vendor's driver, with OpenCL"""


def show_problems(as_json: AsJson = False) -> None:
    """List the problems that `solve` knows by name, with what may be set in each."""
    rows: list[dict[str, Any]] = []
    for name in KNOWN:
        made = known_problem(name)
        settings = {key: found.default for key, found in inspect.signature(made).parameters.items()}
        rows.append({"name": name, "about": (made.__doc__ or "").splitlines()[0], "settings": settings})
    if as_json:
        print(json.dumps(rows))
        return
    _print_table(
        ("name", "problem", "--set"),
        [(row["name"], row["about"], ", ".join(f"{k}={v:.4g}" for k, v in row["settings"].items())) for row in rows],
    )
    print("\nA file will do as well: `dualtape solve FILE.toml` or `dualtape solve FILE.py`.")


def devices(as_json: AsJson = False) -> None:
    """List the devices: the host, and every OpenCL device."""
    found = dt.devices()
    if as_json:
        facts = ("platform", "version", "hardware", "memory", "has_float64")
        print(json.dumps([{"name": x.name} | {fact: getattr(x.info, fact) for fact in facts} for x in found]))
        return
    rows: list[tuple[str, ...]] = []
    for device in found:
        info = device.info
        memory = f"{info.memory / 2**30:.1f} GiB" if info.memory else "?"
        float64 = "yes" if info.has_float64 else "no"
        rows.append((device.name, info.platform, info.version, info.hardware, memory, float64))
    _print_table(("device", "platform", "version", "processor", "memory", "fp64"), rows)
    if len(found) == 1:
        print(f"\n{INSTALL}")


def _print_table(names: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(*names, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(escape, row))
    Console(width=None if sys.stdout.isatty() else 160).print(table)
