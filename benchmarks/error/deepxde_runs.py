"""Errors over seconds of DeepXDE on PyTorch: 2,500 points, Adam and then L-BFGS, in float64, on two threads."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

import dualtape as dt
from error.peer_problems import PEER_PROBLEMS, PeerProblem
from error.problems import Case

# DeepXDE's own recommendation for such problems: Adam first, with its usual rate.
ADAM_STEPS = 15_000


def curve(name: str, case: Case, seed: int, seconds: float) -> Iterator[dict[str, float]]:
    """Steps, seconds and errors of a run; half of the time, at most, for Adam."""
    os.environ.setdefault("DDE_BACKEND", "pytorch")
    import deepxde as dde
    import torch

    torch.set_num_threads(2)
    dde.config.set_default_float("float64")
    dde.config.set_random_seed(seed)
    problem = PEER_PROBLEMS[name]
    found = [dde.Variable(x, dtype=torch.float64) for x in problem.unknown]
    model, network = _model(dde, torch, problem, found)
    points: list[dict[str, float]] = []

    def predict(places: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return np.asarray(network(torch.as_tensor(places)).numpy())

    class Watch(dde.callbacks.Callback):  # type: ignore[misc]
        """Takes errors from time to time; that is not counted."""

        def __init__(self, until: float) -> None:
            super().__init__()
            self.began, self.watching, self.until, self.next = time.perf_counter(), 0.0, until, 0.0

        def on_batch_end(self) -> None:
            now = time.perf_counter()
            spent = now - self.began - self.watching
            if spent >= self.next:
                taken = {"steps": model.train_state.step, "seconds": round(spent, 2)}
                for parameter, variable in zip(case.parameters, found, strict=True):
                    parameter.set_data(dt.Tensor(variable.item(), dt.float64))
                points.append({**taken, "error": case.error(predict)})
                self.next = spent + seconds / 60
                self.watching += time.perf_counter() - now
            if spent >= self.until:
                model.stop_training = True

    watch = Watch(seconds / 2)
    model.compile("adam", lr=1e-3)
    model.train(iterations=ADAM_STEPS, display_every=10**9, callbacks=[watch], verbose=0)
    watch.until = seconds
    dde.optimizers.set_LBFGS_options(maxiter=10**6, ftol=0, gtol=1e-12)
    # It looks at the clock after so many iterations; the memory of gradients goes on.
    dde.optimizers.LBFGS_options["iter_per_step"] = 50
    model.compile("L-BFGS")
    model.stop_training = False
    model.train(display_every=10**9, callbacks=[watch], verbose=0)
    yield from points


def _model(dde: Any, torch: Any, problem: PeerProblem, unknown: list[Any]) -> tuple[Any, Any]:
    box = dde.geometry.Hypercube(list(problem.lower), list(problem.upper))

    def residual(x: Any, u: Any) -> Any:
        def derivative(names: str) -> Any:
            value = u
            # DeepXDE keeps first and second derivatives; higher ones are derivatives of those.
            axes = [problem.names.index(name) for name in names]
            while len(axes) >= 2:
                value = dde.grad.hessian(value, x, i=axes[0], j=axes[1])
                axes = axes[2:]
            return dde.grad.jacobian(value, x, i=0, j=axes[0]) if axes else value

        return problem.residual(torch, derivative, _columns(x), *unknown)

    conditions, weights = [], [1]
    if problem.begins is not None:
        begins = problem.begins
        start = np.linspace(problem.lower[0], problem.upper[0], 400)[:, None]
        values = begins(np, start)
        places = np.hstack([start, np.full_like(start, problem.lower[1])])
        conditions.append(dde.icbc.PointSetBC(places, values))
        weights.append(100)
    if problem.observed is not None:
        places, values = problem.observed()
        conditions.append(dde.icbc.PointSetBC(places, values[:, None]))
        weights.append(10)
    data = dde.data.PDE(box, residual, conditions, num_domain=2_500, train_distribution="Sobol")
    inputs = len(problem.features(math, (0.0,) * len(problem.names)))
    network = dde.nn.FNN([inputs, 20, 20, 20, 20, 1], "tanh", "Glorot normal")
    middle = torch.tensor([(a + b) / 2 for a, b in zip(problem.lower, problem.upper, strict=True)])
    half = torch.tensor([(b - a) / 2 for a, b in zip(problem.lower, problem.upper, strict=True)])
    network.apply_feature_transform(lambda x: torch.cat(problem.features(torch, _columns((x - middle) / half)), dim=1))
    network.apply_output_transform(lambda x, u: problem.held(torch, u, _columns(x)))
    model = dde.Model(data, network)
    compile_model = model.compile
    model.compile = lambda *args, **kwargs: compile_model(
        *args, **kwargs, loss_weights=weights, external_trainable_variables=unknown or None
    )
    return model, network


def _columns(x: Any) -> tuple[Any, ...]:
    return tuple(x[:, i : i + 1] for i in range(x.shape[1]))
