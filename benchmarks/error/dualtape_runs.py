"""Errors over seconds, by optimizer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import dualtape as dt
from dualtape import nn, pinn
from error.problems import Case

OPTIMIZERS: dict[str, Any] = {
    "default": None,
    "adam": pinn.Adam(100_000),
    "lbfgs": pinn.Adam(200) >> pinn.LBFGS(100_000),
    "ssbfgs": pinn.Adam(200) >> pinn.SSBFGS(100_000),
    "ssbroyden": pinn.Adam(200) >> pinn.SSBroyden(100_000),
    "levenberg_marquardt": pinn.LevenbergMarquardt(10_000),
}


class _Over(Exception):
    """The time is."""


def curve(case: Case, optimizer: str, seed: int, seconds: float, every: int = 100) -> Iterator[dict[str, float]]:
    """Steps, seconds and errors of a run."""
    points: list[dict[str, float]] = []

    def watch(solution: pinn.Solution) -> None:
        error = solution.error(case.reference, case.places)
        points.append({"steps": len(solution.history), "seconds": round(solution.seconds, 2), "error": error})
        if solution.seconds > seconds:
            raise _Over

    with dt.device(dt.devices()[:2][-1]):
        network = nn.MLP(len(case.problem.inputs), 1, width=20, depth=4, dtype=dt.float64, seed=seed)
        options: dict[str, Any] = {"optimizer": OPTIMIZERS[optimizer], "seed": seed, "progress": False}
        if optimizer == "levenberg_marquardt":
            every = 10
        with contextlib.suppress(_Over):
            watch(pinn.solve(case.problem, network, watch=watch, watch_every=every, **options))
    yield from points
