"""The state of a training run and its two stages, Adam and L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import optim
from dualtape.pinn.collocation import draw_batches, draw_where_large
from dualtape.pinn.errors import DivergedError
from dualtape.pinn.history import History
from dualtape.pinn.lbfgs import descend
from dualtape.pinn.objective import Batch, Objective
from dualtape.pinn.precision import warn_of_float32
from dualtape.pinn.problem import Problem
from dualtape.pinn.progress import Progress
from dualtape.pinn.unknowns import Network, check_network, unknown_fields

# After each round L-BFGS starts afresh: points are redrawn, and the checkpoint left is an exact one.
ROUND = 1_000
# One that ends before, as no way leads down, must have come this far below the rounds before, or is the last one.
_LOWER = 0.9


@dataclass(frozen=True)
class Settings:
    """How to train; see :func:`dualtape.pinn.solve`."""

    steps: int
    lbfgs_steps: int
    points: int
    sampler: str
    learning_rate: float
    resample: int
    scaled: bool
    seed: int


class Stopped(Exception):
    """Ctrl-C between two evaluations."""


class Training:
    """Everything that changes while a network is trained.

    Attributes
    ----------
    parameters
        What is trained.
    batches
        Points and data of each term of the loss.
    optimizer
        Adam with its moments.
    adam_done, lbfgs_done, draws
        How far it is.
    history
        The losses so far.
    after_step
        Called between steps, where a checkpoint may be written; may raise :class:`Stopped`.
    """

    def __init__(
        self, problem: Problem, network: Network, parameters: tuple[dt.Parameter, ...], settings: Settings
    ) -> None:
        self.problem = problem
        self.settings = settings
        self.parameters = dt.ParameterTuple(parameters)
        self.device = parameters[0].device
        self.dtype = parameters[0].dtype
        self.draws = 0
        self.batches = self._draw()
        check_network(problem, network, self.batches[0]["points"])
        field = unknown_fields(problem, network, parameters[0], settings.scaled)
        self.objective = Objective(problem, field, self.batches)
        differentiate = dt.value_and_grad(self.objective, None, weights=self.parameters, has_aux=True)
        self.evaluate = dt.jit(differentiate)
        rate = settings.learning_rate
        self.optimizer = optim.Adam(self.parameters, optim.CosineDecayLR(rate / 20, rate, max(settings.steps, 1)))

        def step(batches: list[Batch]) -> Any:
            (_, terms), gradients = differentiate(batches)
            self.optimizer(gradients)
            return terms

        # One program, so that the update runs where the gradients are.
        self._step = dt.jit(step)
        self.history = History(self.objective.names)
        self.adam_done = 0
        self.lbfgs_done = 0
        self.after_step: Callable[[], None] = lambda: None
        self.keep_values()

    # Points

    def tensor(self, array: np.ndarray) -> dt.Tensor:
        """An array as the network takes it: in its element type, on its device."""
        return dt.Tensor(array.astype(self.dtype.numpy), device=self.device)

    def _draw(self) -> list[Batch]:
        s = self.settings
        sets = draw_batches(self.problem, s.points, s.sampler, s.seed, self.draws)
        return [{name: self.tensor(array) for name, array in arrays.items()} for arrays in sets]

    def _redraw(self) -> None:
        s = self.settings
        self.draws += 1
        self.batches = self._draw()
        chosen = draw_where_large(self.problem, s.points, s.sampler, s.seed, self.draws, self._residual_size)
        self.batches[0] = {"points": self.tensor(chosen)}

    def _residual_size(self, points: np.ndarray) -> np.ndarray:
        size = points.shape[0] // self.settings.points
        parts = np.split(points, size)  # as many points at a time as a step takes
        return np.concatenate([self.objective.residual_size(self.tensor(part)).asnumpy() for part in parts])

    # Stages

    def adam(self, progress: Progress) -> None:
        """Steps of Adam, on a learning rate that falls along a cosine to a twentieth."""
        s = self.settings
        if self.adam_done >= s.steps:
            return
        progress.begin("Adam", s.steps, self.adam_done)
        while self.adam_done < s.steps:
            if s.resample and self.adam_done and self.adam_done % s.resample == 0:
                self._redraw()
            before = self.values()
            terms = self._step(self.batches).asnumpy()
            self._require_finite(terms)
            self._finite = before
            self.adam_done += 1
            self.history.append(terms)
            self.history.adam_steps += 1
            progress.step(self.adam_done, self.history.names, terms)
            self.after_step()

    def lbfgs(self, progress: Progress) -> None:
        """Iterations of SciPy's L-BFGS in float64 on all parameters in one vector."""
        s = self.settings
        if self.lbfgs_done >= s.lbfgs_steps:
            self._loss_and_gradients()  # the last step of Adam may have gone too far
            return
        progress.begin("L-BFGS", s.lbfgs_steps, self.lbfgs_done)
        lowest = np.inf
        while self.lbfgs_done < s.lbfgs_steps:
            if s.resample and (self.lbfgs_done or self.adam_done):
                self._redraw()
            wanted = min(ROUND, s.lbfgs_steps - self.lbfgs_done)
            done = self._round(wanted, progress)
            loss = float(self.history.total[-1]) if done else np.inf
            if done < wanted and not loss < _LOWER * lowest:
                terms, _ = self._loss_and_gradients(finite_gradients=True)
                warn_of_float32(self.dtype, float(terms.sum()))
                break
            lowest = min(lowest, loss)
            self.after_step()

    def _round(self, iterations: int, progress: Progress) -> int:
        """How many iterations there were: fewer where no way leads further down."""
        terms = np.empty(0)
        accepted, before = self.vector(), self.lbfgs_done

        def evaluate(vector: np.ndarray) -> tuple[float, np.ndarray]:
            nonlocal terms
            self.set_vector(vector)
            (_, stacked), gradients = self.evaluate(self.batches)
            terms = stacked.asnumpy()
            flat = dt.ops.concat([g.reshape(-1) for g in gradients])
            return float(terms.sum()), flat.asnumpy().astype(np.float64)

        def after_iteration(vector: np.ndarray) -> None:
            nonlocal accepted
            accepted = vector
            self.keep_values()
            self.lbfgs_done += 1
            self.history.append(terms)
            progress.step(self.lbfgs_done, self.history.names, terms)
            self.after_step()

        try:
            descend(evaluate, accepted, iterations, after_iteration)
        finally:
            self.set_vector(accepted)
        return self.lbfgs_done - before

    def keep_values(self) -> None:
        """Go back to the present parameters when the loss becomes infinite."""
        self._finite = self.values()

    def losses(self) -> np.ndarray:
        """The terms of the loss at the present parameters and points."""
        (_, terms), _ = self.evaluate(self.batches)
        return np.asarray(terms)

    def _loss_and_gradients(self, finite_gradients: bool = False) -> tuple[np.ndarray, tuple[dt.Tensor, ...]]:
        (_, stacked), gradients = self.evaluate(self.batches)
        terms = stacked.asnumpy()
        self._require_finite(terms)
        if finite_gradients:
            for parameter, gradient in zip(self.parameters, gradients, strict=True):
                if not np.isfinite(gradient.asnumpy()).all():
                    raise self._diverged("the gradient is infinite or NaN", f"at {parameter.name}")
        return terms, gradients

    def _require_finite(self, terms: np.ndarray) -> None:
        bad = [name for name, value in zip(self.history.names, terms, strict=True) if not np.isfinite(value)]
        if bad:
            raise self._diverged(
                f"the loss became {terms.sum()}", f"in the term{'s' * (len(bad) > 1)} {', '.join(bad)}"
            )

    def _diverged(self, what: str, where: str) -> DivergedError:
        self.parameters.set_data(self._finite)
        return DivergedError(
            f"{what} at step {len(self.history) + 1}, {where}; the network holds the parameters of the step before. "
            "Try a smaller learning_rate, and look for a division or root at 0 in the equation"
        )

    # Parameters

    def values(self) -> list[dt.Tensor]:
        """The values of all parameters."""
        return [parameter.value() for parameter in self.parameters]

    def vector(self) -> np.ndarray:
        """All parameters in one vector of float64."""
        return np.concatenate([p.asnumpy().ravel() for p in self.parameters]).astype(np.float64)

    def set_vector(self, vector: np.ndarray) -> None:
        """Give all parameters the elements of one vector."""
        sizes = [parameter.size for parameter in self.parameters]
        parts: list[Any] = np.split(vector, np.cumsum(sizes)[:-1])
        self.parameters.set_data(
            [self.tensor(part.reshape(p.shape)) for part, p in zip(parts, self.parameters, strict=True)]
        )
