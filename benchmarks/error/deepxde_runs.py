"""Errors over seconds of DeepXDE on PyTorch: 2,500 points, Adam and then L-BFGS, in float64, on two threads."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from error.peer_problems import PEER_PROBLEMS, PeerProblem, SoftTerm, as_tuple, error_of, points_inside, soft_terms
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
    found = [dde.Variable(float(parameter), dtype=torch.float64) for parameter in case.parameters]
    model = _model(dde, torch, PEER_PROBLEMS[name], case, seed, found)
    points: list[dict[str, float]] = []

    def predict(places: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return np.asarray(model.net(torch.as_tensor(places)).numpy())

    class Watch(dde.callbacks.Callback):  # type: ignore[misc]
        """Takes errors from time to time; that is not counted."""

        def __init__(self, until: float) -> None:
            super().__init__()
            self.began, self.watching, self.until, self.next = time.perf_counter(), 0.0, until, 0.0

        def on_batch_end(self) -> None:
            now = time.perf_counter()
            spent = now - self.began - self.watching
            if spent >= self.next:
                error = error_of(case, predict, [variable.item() for variable in found])
                points.append({"steps": model.train_state.step, "seconds": round(spent, 2), "error": error})
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


def _model(dde: Any, torch: Any, problem: PeerProblem, case: Case, seed: int, found: list[Any]) -> Any:
    """A network with its loss, of which ``compile`` knows the coefficients that are found."""
    domain, unknowns = case.problem.domain, range(len(case.problem.unknowns))
    lower, upper = (torch.as_tensor(np.asarray(ends, float)) for ends in (domain.lower, domain.upper))

    def derivatives(x: Any, outputs: Any, component: int) -> Any:
        def derivative(names: str = "") -> Any:
            axes = [problem.names.index(name) for name in names]
            value, i = outputs, component
            # DeepXDE keeps first and second derivatives; higher ones are derivatives of those.
            while len(axes) >= 2:
                value, i = dde.grad.hessian(value, x, component=i, i=axes[0], j=axes[1]), 0
                axes = axes[2:]
            return dde.grad.jacobian(value, x, i=i, j=axes[0]) if axes else value[:, i : i + 1]

        return derivative

    def residual(x: Any, outputs: Any) -> list[Any]:
        fields = (derivatives(x, outputs, i) for i in unknowns)
        return list(as_tuple(problem.residual(torch, *fields, _columns(x), *found)))

    def weighted(term: SoftTerm) -> Any:
        root = math.sqrt(term.weight)

        def quantity(x: Any, outputs: Any, _: Any) -> Any:
            return root * term.quantity(torch, *(derivatives(x, outputs, i) for i in unknowns), _columns(x))

        return dde.icbc.PointSetOperatorBC(term.places, root * term.values, quantity)

    conditions = [weighted(term) for term in soft_terms(problem, case, seed)]
    box = dde.geometry.Hypercube(list(domain.lower), list(domain.upper))
    data = dde.data.PDE(box, residual, conditions, anchors=points_inside(case, seed))
    inputs = len(problem.features(math, (0.0,) * len(problem.names)))
    network = dde.nn.FNN([inputs, 20, 20, 20, 20, len(unknowns)], "tanh", "Glorot normal")

    def features(x: Any) -> Any:
        return torch.cat(problem.features(torch, _columns(2 * (x - lower) / (upper - lower) - 1)), dim=1)

    network.apply_feature_transform(features)
    network.apply_output_transform(
        lambda x, outputs: torch.cat(as_tuple(problem.held(torch, *_columns(outputs), _columns(x))), dim=1)
    )
    model = dde.Model(data, network)
    compile_model = model.compile
    model.compile = lambda *args, **kwargs: compile_model(*args, **kwargs, external_trainable_variables=found or None)
    return model


def _columns(x: Any) -> tuple[Any, ...]:
    return tuple(x[:, i : i + 1] for i in range(x.shape[1]))
