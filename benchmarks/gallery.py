"""Solve the problems of examples/ in full, and write the page of the gallery, with pictures.

Each example is a program that names a `problem`, a `network` and `options`. For each: the error against its reference,
the seconds of training (kernels compiled in them included), and the lines of the program. What was not run this time is
kept from the last, in docs/gallery.json.

    python benchmarks/gallery.py [--only heat wave ...] [--seconds 120] [--page-only]
"""

from __future__ import annotations

import argparse
import json
import runpy
from pathlib import Path
from typing import Any

import dualtape as dt
from dualtape import pinn

ROOT = Path(__file__).parents[1]
EXAMPLES = {path.stem: path for path in sorted((ROOT / "examples").glob("*.py"))}
KEPT = ROOT / "docs" / "gallery.json"
PICTURES = ROOT / "docs" / "gallery"

PAGE = """# Gallery

Each problem is one program in [examples](../examples), with a reference that is a formula, or a solution by another
method that the program makes itself. `dualtape solve examples/heat.py` solves one. `python benchmarks/gallery.py` runs
them in full and writes this page; tests run all of them in short form.

{measured}

| | error | seconds | steps | lines |
|---|---|---|---|---|
{rows}

{pictures}
"""


def measured(name: str, seconds: float) -> dict[str, Any]:
    """Solve one on the first device beside the host, and draw it."""
    with dt.device(dt.devices()[:2][-1]) as device:
        found = runpy.run_path(str(EXAMPLES[name]))
        if "solve" in found:
            solution = found["solve"](progress=False)
        else:
            options = {"seconds": seconds, "progress": False} | found["options"]
            solution = pinn.solve(found["problem"], found["network"], **options)
        error = found["error"](solution) if "error" in found else solution.error()
        if solution.problem.domain.dimension <= 3:
            PICTURES.mkdir(exist_ok=True)
            solution.plot(unknown=solution.problem.unknowns[0]).savefig(PICTURES / f"{name}.png", dpi=70)
    facts = {"error": error, "seconds": solution.seconds, "steps": len(solution.history)}
    return facts | {"device": device.info.hardware, "limit": seconds}


def about(name: str) -> str:
    """The first line of a program, which says what it is."""
    return EXAMPLES[name].read_text(encoding="utf-8").splitlines()[0].strip('"')


def lines(name: str) -> int:
    """How many lines a program has, but for empty ones and comments."""
    text = EXAMPLES[name].read_text(encoding="utf-8").splitlines()
    return sum(1 for line in text if line.strip() and not line.strip().startswith("#"))


def page(known: dict[str, dict[str, Any]]) -> str:
    """The page, from what is known of each."""
    rows, pictures = [], []
    for name in EXAMPLES:
        facts = known.get(name)
        if facts is None:
            numbers = "not yet run in full | |"
        else:  # seconds that were taken while others computed say nothing, and are left out by hand
            seconds = "" if facts["seconds"] is None else f"{facts['seconds']:.0f}"
            numbers = f"{facts['error']:.1e} | {seconds} | {facts['steps']}"
        rows.append(f"| [{name}](../examples/{name}.py) | {numbers} | {lines(name)} |")
        picture = f"![{name}](gallery/{name}.png)\n" if (PICTURES / f"{name}.png").exists() else ""
        pictures.append(f"## {name.replace('_', ' ')}\n\n{about(name)}\n\n{picture}")
    where = sorted({facts["device"] for facts in known.values()})
    said = "Errors are relative L2 errors unless the program says another"
    said += f"; measured on {', '.join(where)}." if where else ". None has been run in full yet."
    return PAGE.format(measured=said, rows="\n".join(rows), pictures="\n".join(pictures).rstrip())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=EXAMPLES, default=list(EXAMPLES))
    parser.add_argument("--seconds", type=float, default=120.0, help="at most, for each")
    parser.add_argument("--page-only", action="store_true", help="write the page from what is known")
    options = parser.parse_args()
    known = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    for name in [] if options.page_only else options.only:
        known[name] = measured(name, options.seconds)
        print(f"{name}: error {known[name]['error']:.1e} in {known[name]['seconds']:.0f} s", flush=True)
        KEPT.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    (ROOT / "docs" / "gallery.md").write_text(page(known), encoding="utf-8")


if __name__ == "__main__":
    main()
