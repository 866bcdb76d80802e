"""A step of Adam as `pinn.solve` takes it, beside JAX with optax.

The network is 2-20x4-1 with tanh, 1,341 weights; 200 points are on the boundary, and 2,500 or 256 inside, where u_t + u
u_x - 0.01/pi u_xx is to vanish. Rows are, each with the weights on the host and on an OpenCL device,

- loss, gradient and Adam as one compiled function, with the loss read after each step, as the solver does;
- loss and gradient alone;
- 1,000 steps as one call, by a loop inside of the compiled function; for one of them;
- an evaluation in L-BFGS, and in brackets how much of it is neither loss nor gradient; ours alone.

Every engine starts from the same weights, and its losses of the first five steps (of a loop that of the last) are
compared with eager ones on the host before anything is timed; then engines take turns in one process. Figures are
medians in milliseconds, with the fastest step in brackets. What is not installed or refused is left out and says why.
Prints a JSON line for each figure, then a table.

    python benchmarks/training_step.py [--points 2500 256] [--device opencl:0] [--threads 2] [--seconds 5]
        [--loop-steps 1000] [--lbfgs-steps 300] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

from pinn.engines import limit_threads
from pinn.measuring import in_turns, summary
from pinn.report import table, write_lines
from training.rows import ADAM, GRADIENT, LBFGS, LOOP, Row

Figure = dict[str, Any]

CHECKED = 5
"""Steps of which the losses are compared."""
AGREEMENT = 1e-3
"""Relative: each step divides by the root of squares, which makes much of a little."""


def checked(row: Row, losses: list[float]) -> Row:
    """The row, if its losses agree."""
    expected = {ADAM: losses, GRADIENT: losses[:1] * CHECKED, LOOP: losses[-1:]}[row.work]
    found = [row.step() for _ in expected]
    error = max(abs(a - b) / b for a, b in zip(found, expected, strict=True))
    if not error <= AGREEMENT:
        raise AssertionError(f"{row.engine}, {row.work}: losses {found} differ by {error:.1e} from {expected}")
    return row


def makers(points: int, options: argparse.Namespace) -> dict[tuple[str, str], Callable[..., Row]]:
    """What makes each row, by engine and work; of a loop, from its number of steps."""
    from training import dualtape_steps as ours

    found: dict[tuple[str, str], Callable[..., Row]] = {}
    for device in ("host", options.device):
        engine = f"dualtape, {device}"
        found[engine, ADAM] = partial(ours.adam, points, device)
        found[engine, GRADIENT] = partial(ours.gradient, points, device)
        found[engine, LOOP] = partial(ours.loop, points, device)
    if find_spec("jax") is None or find_spec("optax") is None:
        print("# jax is left out: pip install jax optax")
        return found
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    from training.jax_steps import Steps

    jax = Steps(points)
    return {**found, ("jax", ADAM): jax.adam, ("jax", GRADIENT): jax.gradient, ("jax", LOOP): jax.loop}


def prepared(points: int, options: argparse.Namespace) -> tuple[list[Row], list[Figure]]:
    """The rows whose losses agree, and what is said of those that are refused."""
    from training.dualtape_steps import reference

    from dualtape.errors import DualtapeError

    losses = reference(points, CHECKED)
    rows: list[Row] = []
    refused: list[Figure] = []
    for (engine, work), make in makers(points, options).items():
        try:
            if work == LOOP:
                checked(make(CHECKED), losses)
                rows.append(make(options.loop_steps))
            else:
                rows.append(checked(make(), losses))
        except (DualtapeError, NotImplementedError) as reason:
            first = str(reason).splitlines()[0]
            print(f"# {points} points: {engine}, {work}: - {type(reason).__name__}: {first}", flush=True)
            refused.append({"points": points, "engine": engine, "work": work, "error": first})
    return rows, refused


def measured(points: int, options: argparse.Namespace) -> list[Figure]:
    from training.dualtape_steps import lbfgs

    rows, figures = prepared(points, options)
    # A loop takes seconds, and would leave steps few turns.
    for together in ([row for row in rows if row.work != LOOP], [row for row in rows if row.work == LOOP]):
        turns: Any = {row: row.step for row in together}
        timed: Any = in_turns(turns, options.seconds) if turns else {}
        for row, times in timed.items():
            each = summary([time / row.steps for time in times])
            figures.append({"points": points, "engine": row.engine, "work": row.work, "count": row.steps, **each})
    for device in ("host", options.device):
        found = lbfgs(points, device, options.lbfgs_steps)
        figures.append({"points": points, "engine": f"dualtape, {device}", "work": LBFGS, **found})
    for figure in figures:
        figure["threads"] = options.threads
        print(json.dumps(figure), flush=True)
    return figures


def cell(figure: Figure | None) -> str:
    if figure is None or "error" in figure:
        return "-"
    if "own_ms" in figure:
        return f"{figure['mean_ms']:.2f} ({figure['own_ms']:.2f})"
    return f"{figure['median_ms']:.2f} ({figure['min_ms']:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", nargs="*", type=int, default=[2500, 256], help="inside of the domain")
    parser.add_argument("--device", default="opencl:0", help="beside the host, for the weights")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0, help="of measuring, for each row")
    parser.add_argument("--loop-steps", type=int, default=1000, help="in one call")
    parser.add_argument("--lbfgs-steps", type=int, default=300, help="iterations")
    parser.add_argument("--json", help="write the figures to this file, one line each")
    options = parser.parse_args()
    limit_threads(options.threads)
    figures = [figure for points in options.points for figure in measured(points, options)]
    found = {(f["work"], f["engine"], f["points"]): f for f in figures}
    lines = []
    for work in (ADAM, GRADIENT, LOOP, LBFGS):
        for engine in ("dualtape, host", f"dualtape, {options.device}", *(["jax"] if work != LBFGS else [])):
            name = f"{options.loop_steps:,} {work}" if work == LOOP else work
            lines.append((f"{name}: {engine}", [cell(found.get((work, engine, n))) for n in options.points]))
    print(
        f"\n{options.threads} threads: median (fastest) ms of a step; of L-BFGS mean (of it neither loss nor gradient)"
    )
    print(table("", [f"{n:,} points" for n in options.points], lines))
    if options.json:
        write_lines(options.json, figures)


if __name__ == "__main__":
    main()
