"""``dualtape bench``: how long a step of training takes on each device."""

from __future__ import annotations

import json
import statistics
import time
from itertools import pairwise
from typing import Annotated, Any

import typer

import dualtape as dt
from dualtape.cli.listing import AsJson
from dualtape.cli.solving import SetOption
from dualtape.cli.tasks import read_settings, read_task


def bench(
    problem: Annotated[str, typer.Argument(help="As for `solve`.")] = "burgers",
    steps: Annotated[int, typer.Option(min=5, help="How many steps of Adam are timed.")] = 50,
    points: Annotated[int, typer.Option(min=1, help="Points inside the domain.")] = 2_500,
    device: Annotated[str | None, typer.Option(help="One device.", show_default="each")] = None,
    set: SetOption = None,
    as_json: AsJson = False,
) -> None:
    """Time steps of training, loss and gradient and Adam: the first one, kernels included, and the median after it."""
    chosen = [device] if device is not None else [found.name for found in dt.devices()]
    rows = [_measured(problem, name, steps, points, read_settings(set or ())) for name in chosen]
    if as_json:
        print(json.dumps(rows))
        return
    print(f"{problem}, {points} points, medians of {steps} steps")
    for row in rows:
        low, up = row["quartiles_ms"]
        print(
            f"{row['device']:>10}  first step {row['first_s']:.2f} s, then {row['median_ms']:.2f} ms "
            f"(quartiles {low:.2f} to {up:.2f})"
        )


def _measured(problem: str, device: str, steps: int, points: int, settings: dict[str, Any]) -> dict[str, Any]:
    from dualtape import pinn

    with dt.device(device):
        task = read_task(problem, settings, {"points": points})
        times = [time.perf_counter()]
        options = {**task.options, "optimizer": pinn.Adam(steps + 1, points=pinn.Fixed()), "progress": False}
        watch = lambda solution: times.append(time.perf_counter())
        pinn.solve(task.problem, task.network, **options, watch=watch, watch_every=1)
    first, *later = (after - before for before, after in pairwise(times))
    low, median, up = (1e3 * x for x in statistics.quantiles(later, n=4))
    return {"device": device, "first_s": first, "median_ms": median, "quartiles_ms": [low, up], "steps": steps}
