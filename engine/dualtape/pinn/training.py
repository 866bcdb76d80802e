"""The state of a training run, and its course: stage after stage, on points that are redrawn."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import dualtape as dt
from dualtape.pinn.collocation import Drawing, Policy
from dualtape.pinn.descents import make_descent
from dualtape.pinn.division import DividedWork
from dualtape.pinn.errors import DivergedError
from dualtape.pinn.history import History
from dualtape.pinn.minibatches import MiniBatches
from dualtape.pinn.objective import WEIGHTS, Batch, Objective
from dualtape.pinn.precision import warn_of_float32
from dualtape.pinn.problem import Problem
from dualtape.pinn.progress import Progress
from dualtape.pinn.several_devices import Devices, SeveralDevices
from dualtape.pinn.stage import TrainingStage
from dualtape.pinn.stages import FirstOrder
from dualtape.pinn.unknowns import Network, check_network, unknown_fields
from dualtape.pinn.validation import validation_of
from dualtape.pinn.watching import StopTraining
from dualtape.pinn.weighting import TrainingFacts, Weighting
from dualtape.pinn.work import Work, weighed

# Where no way leads further down, the loss must have come this far below the last such place, or the stage ends.
_LOWER = 0.9


@dataclass(frozen=True)
class Settings:
    """How to train; see :func:`dualtape.pinn.solve`."""

    stages: tuple[TrainingStage, ...]
    points: int
    sampler: str
    policy: Policy
    weighting: Weighting | None
    scaled: bool
    seed: int
    devices: Devices | None = None

    def as_text(self) -> dict[str, str]:
        """For people, by the names that :func:`dualtape.pinn.solve` has for them."""
        return {
            "optimizer": " >> ".join(map(repr, self.stages)),
            "points": f"{self.points}, {self.sampler}",
            "resample": repr(self.policy),
            "weighting": repr(self.weighting),
            "scaled": str(self.scaled),
            "seed": str(self.seed),
        }


class Stopped(Exception):
    """Ctrl-C between two evaluations."""


class Training:
    """Everything that changes while a network is trained.

    Attributes
    ----------
    parameters
        What is trained.
    ranks
        The processes that do the work, each of which holds all of this.
    work
        What is computed of the loss.
    batches
        Points and data of each term of the loss: all of them, whatever the number of processes.
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
        Called between steps, where a checkpoint may be written; may raise :class:`Stopped`, or ``StopTraining``.
    """

    def __init__(
        self,
        problem: Problem,
        network: Network,
        parameters: tuple[dt.Parameter, ...],
        settings: Settings,
        ranks: dt.parallel.Ranks | None = None,
    ) -> None:
        self.ranks = ranks or dt.parallel.Ranks()
        self.problem = problem
        self.settings = settings
        self.parameters = dt.ParameterTuple(parameters)
        self._begin_as_first()
        self.device = parameters[0].device
        self.dtype = parameters[0].dtype
        self.draws = 0
        self.history = History(())
        self.batches = self._tensors([{"points": self._draw.even(settings.points)}, *self._draw.conditions()])
        check_network(problem, network, self.batches[0]["points"])
        field = unknown_fields(problem, network, parameters[0], settings.scaled)
        self.objective = Objective(problem, field, self.batches)
        self.work = Work(self.objective, self.parameters)
        if self.ranks.size > 1:
            self.work = DividedWork(self.objective, self.parameters, self.ranks)
        elif settings.devices is not None:
            self.work = SeveralDevices(self.objective, self.parameters, settings.devices)
        self._require_same_points()
        if settings.weighting is not None:
            self._set_weights([np.ones(shape) for shape in self.objective.weight_shapes(self.batches)])
        self._validation = validation_of(problem, self.objective.field, self.tensor)
        self.history = History(self.objective.names)
        self._begin(0)
        self.after_step: Callable[[], None] = lambda: None
        self.keep_values()

    def _begin_as_first(self) -> None:
        """Take what rank 0 begins with: networks may have been made at random."""
        if self.ranks.size == 1:
            return
        shapes = [(parameter.name, parameter.shape, str(parameter.dtype)) for parameter in self.parameters]
        self.ranks.require_same("a network or parameters", repr(shapes).encode())
        stages = [(stage.steps, stage.character()) for stage in self.settings.stages]
        s = self.settings
        told = (stages, s.points, s.sampler, s.policy, s.weighting, s.scaled, s.seed)
        self.ranks.require_same("arguments of `solve`", repr(told).encode())
        for parameter in self.parameters:
            array = self.ranks.of_first(np.asarray(parameter))
            parameter.set_data(dt.Tensor(array.astype(parameter.dtype.numpy), device=parameter.device))

    # Points

    @property
    def _draw(self) -> Drawing:
        s = self.settings
        return Drawing(self.problem, s.points, s.sampler, s.seed, self.draws, self.history.of_stage)

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
        before = self.batches
        self.batches = self._tensors([{"points": points}, *self._draw.conditions()])
        self._require_same_points()
        weighting = self.settings.weighting
        if weighting is not None:
            weights = [batch[WEIGHTS].asnumpy().astype(np.float64) for batch in before]
            self._set_weights(weighting.redrawn(weights, self.objective.weight_shapes(self.batches)))
        self.descent.loss_changed()

    def _require_same_points(self) -> None:
        """Each rank draws all points itself, and takes its share: draws that depend on the rank would be mixed."""
        if self.ranks.size > 1:
            for term, batch in zip(self.objective.terms, self.batches, strict=True):
                content = b"".join(np.asarray(batch[name]).tobytes() for name in sorted(batch))
                self.ranks.require_same(f"points or data of {term.condition.name!r}", content)

    def _set_weights(self, weights: list[np.ndarray]) -> None:
        self.batches = weighed(self.batches, weights)

    def weights(self) -> dict[str, float]:
        """What each term of the loss is multiplied by, in the mean over its points."""
        found: dict[str, float] = {}
        for term, batch in zip(self.objective.terms, self.batches, strict=True):
            now = batch[WEIGHTS].asnumpy().mean(axis=0) if WEIGHTS in batch else np.ones(len(term.names))
            found |= {n: w * float(x) for n, w, x in zip(term.names, term.weights, now, strict=True)}
        return found

    def _reweigh(self, weighting: Weighting) -> None:
        """Let the weights follow the training."""
        domain, batches = self.problem.domain, self.batches
        points = batches[0]["points"].asnumpy()
        present = TrainingFacts(
            [batch[WEIGHTS].asnumpy().astype(np.float64) for batch in batches],
            None if domain.time is None else points[:, domain.axis(domain.time)].astype(np.float64),
            lambda: [residuals.astype(np.float64) for residuals in self.work.residuals(batches)],
            lambda: self.work.gradient_norms(batches),
            lambda: self.work.traces(batches),
            len(self.history),
            tuple(term.balanced for term in self.objective.terms),
        )
        self._set_weights(weighting.updated(present))
        self.descent.loss_changed()

    def _residuals(self, points: np.ndarray) -> np.ndarray:
        """How far the equations are from holding at other points, of shape (N, 1)."""
        parts = np.split(points, points.shape[0] // self.settings.points)  # as many points at a time as a step takes
        return np.concatenate([self.work.residual_size(self.tensor(part), self.batches) for part in parts])

    # Stages

    def enter(self, stage: int) -> None:
        """Make the optimizer of a stage."""
        self.stage = stage
        present = self.settings.stages[stage]
        # Those of earlier stages, too, for a run that goes on from a file begins here.
        for begun in self.settings.stages[: stage + 1]:
            for parameter, value in begun.holds.items():
                parameter.set_data(dt.ops.full_like(parameter.value(), value))
        self.descent = make_descent(present, self.parameters, self.work)
        self._minibatches: MiniBatches | None = None
        self.lowest: float | None = None
        self.seconds = 0.0

    def _begin(self, stage: int) -> None:
        self.enter(stage)
        self.history.begin(self.settings.stages[stage].label)

    def run(self, progress: Progress) -> None:
        """All stages, from where it is."""
        try:
            self._run_stage(progress)
            while self.stage + 1 < len(self.settings.stages):
                self._begin(self.stage + 1)
                self._run_stage(progress)
        except StopTraining:
            pass
        self._require_finite(self.losses())  # the last step of Adam may have gone too far

    def _run_stage(self, progress: Progress) -> None:
        stage = self.settings.stages[self.stage]
        policy = self.settings.policy if stage.points is None else stage.points
        if self.history.steps >= stage.steps:
            return
        progress.begin(stage.label, stage.steps, self.history.steps)
        began = time.perf_counter() - self.seconds
        drawn = -1 if self.stage or policy.begins_anew else 0
        weighed = -1
        while self.history.steps < stage.steps and not stage.is_over(self.history, self.seconds):
            done = self.history.steps
            if policy.is_over(self.history):
                return
            if drawn != done and policy.every and done % policy.every == 0:
                self._redraw(policy)
                drawn = done
            weighting = self.settings.weighting
            if weighting is not None and weighed != done and done % weighting.every == 0:
                self._reweigh(weighting)
                weighed = done
            before = self.values()
            terms = self.descent.step(self._of_step(stage))
            if terms is not None:
                self._require_finite(terms)
                self._finite = before
                self.history.append(terms)
                progress.step(done + 1, self.history.names, terms, self._validation)
                self.seconds = self._agreed(time.perf_counter() - began)
            ended = False
            if terms is None or self.descent.restarted:
                # There is a way on, by the gradient alone or on other points.
                ended = self._has_ended(terms is not None or policy.every > 0)
            if terms is not None:
                looked = time.perf_counter()
                self.after_step()
                began += time.perf_counter() - looked
            elif not ended:
                self._redraw(policy)
            if ended:
                return

    def _agreed(self, seconds: float) -> float:
        """The clock of rank 0: stages may end by time, and must end for all ranks."""
        return float(self.ranks.of_first(np.array([seconds]))[0]) if self.ranks.size > 1 else seconds

    def _has_ended(self, goes_on: bool) -> bool:
        """Whether a stage has come as far down as it can, now that what was learned leads no further."""
        terms = self._finite_losses()
        loss = float(terms.sum())
        if goes_on and (self.lowest is None or loss < _LOWER * self.lowest):
            self.lowest = loss
            return False
        if self.ranks.is_first:
            warn_of_float32(self.dtype, loss)
        return True

    def _of_step(self, stage: TrainingStage) -> list[Batch]:
        """The points of the next step: all, or those of a mini-batch."""
        if not isinstance(stage, FirstOrder) or stage.batch is None:
            return self.batches
        if self._minibatches is None or self._minibatches.whole is not self.batches:
            self._minibatches = MiniBatches(self.batches, self.objective, stage.batch, self.settings.seed)
        return self._minibatches.of_step(self.history.steps)

    def go_back_if_lost(self) -> None:
        """Take the last good parameters if the last step went too far."""
        if not np.isfinite(self.losses()).all():
            self.parameters.set_data(self._finite)

    def keep_values(self) -> None:
        """Go back to the present parameters when the loss becomes infinite."""
        self._finite = self.values()

    def losses(self) -> np.ndarray:
        """The terms of the loss at the present parameters and points."""
        (_, terms), _ = self.work.evaluate(self.batches)
        return np.asarray(terms)

    def _finite_losses(self) -> np.ndarray:
        """The same; it is an error if one of them, or a gradient, is not finite."""
        (_, stacked), gradients = self.work.evaluate(self.batches)
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
        if not len(self.history):
            return DivergedError(
                f"{what} at step 1, {where}{self._first_place()}, before anything was learned: look for a NaN in a "
                "coefficient, a table or a value, a root or logarithm of what is negative, and a division by 0"
            )
        return DivergedError(
            f"{what} at step {len(self.history) + 1}, {where}; the network holds the parameters of the step before. "
            "Try a smaller learning_rate, and look for a division or root at 0 in the equation"
        )

    def _first_place(self) -> str:
        """The first point at which a residual is infinite or NaN, and how many others there are."""
        names = self.problem.domain.coordinates
        for batch, residuals in zip(self.batches, self.work.residuals(self.batches), strict=True):
            bad = np.flatnonzero(~np.isfinite(residuals).all(axis=1))
            if len(bad) and len(residuals) == len(batch["points"]):
                point = batch["points"].asnumpy()[bad[0]]
                place = ", ".join(f"{name}={x:.4g}" for name, x in zip(names, point, strict=True))
                return f" at {place} and {len(bad) - 1} more of {len(residuals)} points"
        return ""

    def values(self) -> list[dt.Tensor]:
        """The values of all parameters."""
        return [parameter.value() for parameter in self.parameters]
