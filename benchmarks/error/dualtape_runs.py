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
    "soap": pinn.SOAP(100_000),
    "lbfgs": pinn.Adam(200) >> pinn.LBFGS(100_000),
    "ssbfgs": pinn.Adam(200) >> pinn.SSBFGS(100_000),
    "ssbroyden": pinn.Adam(200) >> pinn.SSBroyden(100_000),
    "levenberg_marquardt": pinn.LevenbergMarquardt(10_000),
    "levenberg_marquardt_accelerated": pinn.LevenbergMarquardt(10_000, acceleration=True),
    "natural_gradient": pinn.NaturalGradient(10_000),
    "gauss_newton_cg": pinn.GaussNewtonCG(10_000),
}


class _Over(Exception):
    """The time is."""


def curve(case: Case, optimizer: str, seed: int, seconds: float, every: int = 25) -> Iterator[dict[str, float]]:
    """Steps, seconds and errors of a run."""
    points: list[dict[str, float]] = []

    def watch(solution: pinn.Solution) -> None:
        taken = {"steps": len(solution.history), "seconds": round(solution.seconds, 2)}
        points.append({**taken, "error": case.error(solution)})
        if solution.seconds > seconds:
            raise _Over

    with dt.device(dt.devices()[:2][-1]):
        unknowns = len(case.problem.unknowns)
        network = nn.MLP(len(case.problem.inputs), unknowns, width=20, depth=4, dtype=dt.float64, seed=seed)
        options: dict[str, Any] = {"optimizer": OPTIMIZERS[optimizer], "seed": seed, "progress": False}
        for parameter in case.parameters:
            parameter.move_to(network.trainable_params()[0].device)
        options["parameters"] = case.parameters
        if optimizer == "levenberg_marquardt":
            every = 10
        with contextlib.suppress(_Over):
            watch(pinn.solve(case.problem, network, watch=watch, watch_every=every, **options))
    yield from points
