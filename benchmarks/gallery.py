"""Solve the problems of examples/ in full, and write the page of the gallery, with pictures.

Each example is a program that names a `problem`, a `network` and `options`. For each: the error against its reference,
the error that others report, the seconds of cores that the training took (of all threads, kernels compiled in them
included; other programs of the machine do not count), and the lines of the program.
What was not run this time is kept from the last, in docs/gallery.json; so are the lines of DeepXDE's programs, which
`--deepxde` counts in a checkout.

    python benchmarks/gallery.py [--only heat wave ...] [--seconds 120] [--deepxde FOLDER] [--page-only]
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import math
import runpy
import statistics
import time
import tokenize
from pathlib import Path
from typing import Any

from error.published import PROGRAMS, REPORTED

import dualtape as dt
from dualtape import pinn

ROOT = Path(__file__).parents[1]
EXAMPLES = {path.stem: path for path in sorted((ROOT / "examples").glob("*.py"))}
KEPT = ROOT / "docs" / "gallery.json"
PICTURES = ROOT / "docs" / "gallery"

# Which unknown is drawn, where it is not the first one; several on a line are drawn together.
DRAWN = {"unknown_diffusivity": "k"}
# What the Parameters of inverse problems are in truth.
WANTED = {
    "eigenvalue": [math.pi**2 / 2],
    "inverse_burgers": [1.0, math.log(0.01 / math.pi)],
    "lorenz_inverse": [10.0, 15.0, 8 / 3],
}

PAGE = """# Gallery

Each problem is one program in [examples](../examples), with a reference that is a formula, or a solution by another
method that the program makes itself. `dualtape solve examples/heat.py` solves one. `python benchmarks/gallery.py` runs
them in full and writes this page; tests run all of them in short form.

{measured}

| | error | of others | core seconds | lines | DeepXDE's |
|---|---|---|---|---|---|
{rows}

{lines}

{sources}

{pictures}
"""


def measured(name: str, seconds: float) -> dict[str, Any]:
    """Solve one on the first device beside the host, and draw it."""
    with dt.device(dt.devices()[:2][-1]) as device:
        found = runpy.run_path(str(EXAMPLES[name]))
        began = time.process_time()

        def until(_: pinn.Solution) -> None:
            if time.process_time() - began > seconds:
                raise pinn.StopTraining

        if "solve" in found:
            solution = found["solve"](progress=False)
        else:
            sought = found["options"].get("parameters", ())
            watch = [until, *([pinn.Track(sought, every=20)] if sought else [])]
            options = {"watch": watch, "watch_every": 20, "progress": False} | found["options"]
            solution = pinn.solve(found["problem"], found["network"], **options)
        took = time.process_time() - began
        error = found["error"](solution) if "error" in found else solution.error()
        if solution.problem.domain.dimension <= 3:
            draw(name, solution, error)
    facts = {"error": error, "seconds": took, "steps": len(solution.history)}
    return facts | {"device": device.info.hardware}


def draw(name: str, solution: pinn.Solution, error: float) -> None:
    """The pictures of one: its solution, and what became of Parameters that it sought."""
    PICTURES.mkdir(exist_ok=True)
    several = solution.problem.domain.dimension == 1 and name not in DRAWN
    unknown = None if several else DRAWN.get(name, solution.problem.unknowns[0])
    figure = solution.plot(unknown=unknown)
    figure.suptitle(f"{len(solution.history)} steps, error {error:.1e}", fontsize=11)
    figure.savefig(PICTURES / f"{name}.png", dpi=70)
    for track in solution.tracks:
        track.plot(wanted=WANTED[name]).savefig(PICTURES / f"{name}_parameters.png", dpi=70)


def about(name: str) -> str:
    """The first line of a program, which says what it is."""
    return EXAMPLES[name].read_text(encoding="utf-8").splitlines()[0].strip('"')


def lines(program: str) -> int:
    """How many lines of a program hold a word of it: not those that are empty, or comments, or documentation."""
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    held: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(program).readline):
        if token.type not in skipped:
            held |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            held -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(held)


def deepxde_lines(folder: Path) -> dict[str, int]:
    """The lines of DeepXDE's programs in a checkout, counted by the same rule; of a notebook, those of its code."""
    counted = {}
    for name, place in PROGRAMS.items():
        text = (folder / "examples" / place).read_text(encoding="utf-8")
        counted[name] = lines(_code(text) if place.endswith(".ipynb") else text)
    return counted


def _code(notebook: str) -> str:
    """Its cells of code, without commands of the notebook itself."""
    cells = ["".join(cell["source"]) for cell in json.loads(notebook)["cells"] if cell["cell_type"] == "code"]
    return "\n".join(line for cell in cells for line in cell.splitlines() if not line.lstrip().startswith(("!", "%")))


def page(known: dict[str, dict[str, Any]], peers: dict[str, int]) -> str:
    """The page, from what is known of each, and the lines of DeepXDE's programs."""
    rows, pictures = [], []
    sources: dict[str, list[str]] = {}
    own = {name: lines(path.read_text(encoding="utf-8")) for name, path in EXAMPLES.items()}
    for name in EXAMPLES:
        facts, others = known.get(name), REPORTED.get(name)
        error, seconds = "not yet run in full", ""
        if facts is not None:
            error, seconds = f"{facts['error']:.1e}", f"{facts['seconds']:.0f}"
        reported = "" if others is None else f"{others.error:.1e}"
        program = f"[{name}](../examples/{name}.py)"
        rows.append(f"| {program} | {error} | {reported} | {seconds} | {own[name]} | {peers.get(name, '')} |")
        if others is not None:
            sources.setdefault(others.source, []).append(name)
        drawn = [each for each in (name, f"{name}_parameters") if (PICTURES / f"{each}.png").exists()]
        shown = "".join(f"![{each}](gallery/{each}.png)\n" for each in drawn)
        pictures.append(f"## {name.replace('_', ' ')}\n\n{about(name)}\n\n{shown}")
    where = sorted({facts["device"] for facts in known.values()})
    said = "Core seconds are those of all threads. Errors are relative L2 errors unless the program says another"
    said += f"; measured on {', '.join(where)}." if where else ". None has been run in full yet."
    counted = "Lines are those that hold a word of the program: neither empty, nor comments, nor documentation."
    if common := sorted(own.keys() & peers.keys()):
        ours, theirs = (statistics.median(each[name] for name in common) for each in (own, peers))
        counted += f" The median of the {len(common)} that DeepXDE has, too, is {ours:g}; of DeepXDE's, {theirs:g}."
    return PAGE.format(
        measured=said,
        rows="\n".join(rows),
        lines=counted,
        sources="\n".join(
            ["Errors of others:\n", *(f"- {', '.join(names)}: {source}" for source, names in sources.items())]
        ),
        pictures="\n".join(pictures).rstrip(),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=EXAMPLES, default=list(EXAMPLES))
    parser.add_argument("--seconds", type=float, default=120.0, help="of cores, at most, for each")
    parser.add_argument("--deepxde", type=Path, help="a checkout, whose lines are counted")
    parser.add_argument("--page-only", action="store_true", help="write the page from what is known")
    options = parser.parse_args()
    if options.deepxde is not None:
        _keep("deepxde_lines", deepxde_lines(options.deepxde))
    for name in [] if options.page_only else options.only:
        found = measured(name, options.seconds)
        print(f"{name}: error {found['error']:.1e} in {found['seconds']:.0f} s of cores", flush=True)
        _keep("runs", {name: found})
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    (ROOT / "docs" / "gallery.md").write_text(page(kept["runs"], kept["deepxde_lines"]), encoding="utf-8")


def _keep(what: str, news: dict[str, Any]) -> None:
    """Beside what is there now: other processes may run other examples."""
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    kept[what] |= news
    KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
