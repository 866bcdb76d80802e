"""The state of a training run, and its course: stage after stage, on points that are redrawn."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import dualtape as dt
from dualtape.pinn.collocation import Drawing, Policy
from dualtape.pinn.descents import make_descent
from dualtape.pinn.errors import DivergedError
from dualtape.pinn.history import History
from dualtape.pinn.objective import Batch, Objective
from dualtape.pinn.precision import warn_of_float32
from dualtape.pinn.problem import Problem
from dualtape.pinn.progress import Progress
from dualtape.pinn.stages import TrainingStage
from dualtape.pinn.unknowns import Network, check_network, unknown_fields

# Where no way leads further down, the loss must have come this far below the last such place, or the stage ends.
_LOWER = 0.9


@dataclass(frozen=True)
class Settings:
    """How to train; see :func:`dualtape.pinn.solve`."""

    stages: tuple[TrainingStage, ...]
    points: int
    sampler: str
    policy: Policy
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
    stage, descent
        Which of the stages it is in, and the optimizer at work there.
    draws
        How often points have been drawn anew.
    lowest
        The loss where no way led further down for the last time, in this stage; ``None`` if there was always one.
    seconds
        How long it has been in this stage.
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
        self.batches = self._tensors([{"points": self._draw.even(settings.points)}, *self._draw.conditions()])
        check_network(problem, network, self.batches[0]["points"])
        field = unknown_fields(problem, network, parameters[0], settings.scaled)
        self.objective = Objective(problem, field, self.batches)
        self._differentiate = dt.value_and_grad(self.objective, None, weights=self.parameters, has_aux=True)
        self.evaluate = dt.jit(self._differentiate)
        self._residual_size = dt.jit(self.objective.residual_size)
        self.history = History(self.objective.names)
        self._begin(0)
        self.after_step: Callable[[], None] = lambda: None
        self.keep_values()

    # Points

    @property
    def _draw(self) -> Drawing:
        s = self.settings
        return Drawing(self.problem, s.points, s.sampler, s.seed, self.draws)

    def tensor(self, array: np.ndarray) -> dt.Tensor:
        """An array as the network takes it: in its element type, on its device."""
        return dt.Tensor(array.astype(self.dtype.numpy), device=self.device)

    def _tensors(self, sets: list[dict[str, np.ndarray]]) -> list[Batch]:
        return [{name: self.tensor(array) for name, array in arrays.items()} for arrays in sets]

    def _redraw(self, policy: Policy) -> None:
        if not policy.every:
            return
        self.draws += 1
        present = self.batches[0]["points"].asnumpy().astype(np.float64)
        points = policy.redrawn(self._draw, present, self._residuals)
        self.batches = self._tensors([{"points": points}, *self._draw.conditions()])
        self.descent.loss_changed()

    def _residuals(self, points: np.ndarray) -> np.ndarray:
        size = points.shape[0] // self.settings.points
        parts = np.split(points, size)  # as many points at a time as a step takes
        return np.concatenate([self._residual_size(self.tensor(part)).asnumpy() for part in parts])

    # Stages

    def enter(self, stage: int) -> None:
        """Make the optimizer of a stage."""
        self.stage = stage
        present = self.settings.stages[stage]
        self.descent = make_descent(present, self.parameters, self.objective, self._differentiate, self.evaluate)
        self.lowest: float | None = None
        self.seconds = 0.0

    def _begin(self, stage: int) -> None:
        self.enter(stage)
        self.history.begin(self.settings.stages[stage].label)

    def run(self, progress: Progress) -> None:
        """All stages, from where it is."""
        self._run_stage(progress)
        while self.stage + 1 < len(self.settings.stages):
            self._begin(self.stage + 1)
            self._run_stage(progress)
        self._require_finite(self.losses())  # the last step of Adam may have gone too far

    def _run_stage(self, progress: Progress) -> None:
        stage = self.settings.stages[self.stage]
        policy = self.settings.policy if stage.points is None else stage.points
        if self.history.steps >= stage.steps:
            return
        progress.begin(stage.label, stage.steps, self.history.steps)
        began = time.perf_counter() - self.seconds
        drawn = -1 if self.stage else 0
        while self.history.steps < stage.steps and not stage.is_over(self.history, self.seconds):
            done = self.history.steps
            if drawn != done and policy.every and done % policy.every == 0:
                self._redraw(policy)
                drawn = done
            before = self.values()
            terms = self.descent.step(self.batches)
            if terms is not None:
                self._require_finite(terms)
                self._finite = before
                self.history.append(terms)
                progress.step(done + 1, self.history.names, terms)
                self.seconds = time.perf_counter() - began
            ended = (terms is None or self.descent.restarted) and self._has_ended(policy)
            if terms is not None:
                self.after_step()
            elif not ended:
                self._redraw(policy)
            if ended:
                return

    def _has_ended(self, policy: Policy) -> bool:
        """Whether a stage has come as far down as it can, now that no way led further down from some place."""
        terms = self._finite_losses()
        loss = float(terms.sum())
        if policy.every and (self.lowest is None or loss < _LOWER * self.lowest):
            self.lowest = loss
            return False
        warn_of_float32(self.dtype, loss)
        return True

    def keep_values(self) -> None:
        """Go back to the present parameters when the loss becomes infinite."""
        self._finite = self.values()

    def losses(self) -> np.ndarray:
        """The terms of the loss at the present parameters and points."""
        (_, terms), _ = self.evaluate(self.batches)
        return np.asarray(terms)

    def _finite_losses(self) -> np.ndarray:
        """The same; it is an error if one of them, or a gradient, is not finite."""
        (_, stacked), gradients = self.evaluate(self.batches)
        terms: np.ndarray = stacked.asnumpy()
        self._require_finite(terms)
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            if not np.isfinite(gradient.asnumpy()).all():
                raise self._diverged("the gradient is infinite or NaN", f"at {parameter.name}")
        return terms

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

    def values(self) -> list[dt.Tensor]:
        """The values of all parameters."""
        return [parameter.value() for parameter in self.parameters]
