"""A training run in one safetensors file, from which it goes on as if it had never stopped.

The network's parameters have their own names in it, so that ``dt.load_checkpoint(path, network,
unmatched="ignore")`` reads it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, CheckpointError
from dualtape.pinn.collocation import RARD
from dualtape.pinn.history import History
from dualtape.pinn.objective import WEIGHTS
from dualtape.pinn.training import Training

HISTORY = "training.history"
# The losses at the parameters and points in the file: another equation has others there.
LOSSES = "training.losses"
POINTS, DESCENT = "training.points.", "training.descent."
# With these, points and steps would be others. How many steps there are may change.
ARGUMENTS = ("sampler", "scaled", "seed")


def prepare_saving(training: Training, path: Path) -> None:
    """Refuse, before hours of work, a place that cannot be written to and parameters that would not be found again."""
    for parameter in training.parameters:
        if parameter.has_default_name:
            raise ArgumentError(
                f"a trained parameter of shape {parameter.shape} has no name by which a resumed run would find it in "
                "the checkpoint; make it as in Parameter(..., name='speed')"
            )

    def prepare() -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as failure:
            raise CheckpointError(f"cannot write {str(path)!r}: no folder can be made for it: {failure}") from failure
        dt.check_checkpoint_path(path)

    training.ranks.on_first(prepare)


def save_training(training: Training, path: Path) -> None:
    """Write everything that a run needs to go on; the file changes in one instant, or not at all.

    Of several ranks all must call it, and rank 0 writes: nothing in the file depends on how many there are.
    """
    losses = training.losses()
    training.ranks.on_first(lambda: _write(training, losses, path))


def _write(training: Training, losses: np.ndarray, path: Path) -> None:
    tensors = {name: p.value() for name, p in _parameters(training).items()} | _points(training)
    tensors |= {DESCENT + name: tensor for name, tensor in training.descent.state().items()}
    tensors[HISTORY] = dt.Tensor(training.history.terms, device="host")
    tensors[LOSSES] = dt.Tensor(losses, device="host")
    progress = {
        "steps": [steps for _, steps in training.history.stages],
        "draws": training.draws,
        "lowest": training.lowest,
        "seconds": training.seconds,
    }
    facts = {"terms": list(training.history.names), "arguments": _arguments(training)}
    dt.save_checkpoint(tensors, path, metadata=progress | facts)


def load_training(training: Training, path: Path) -> None:
    """Put a run, made with the same arguments, into the state that was saved; or leave it as it is, with an error."""
    with dt.device("host"):
        saved = dt.load_checkpoint(path)
    if saved.metadata.get("terms") != list(training.history.names) or HISTORY not in saved:
        raise ArgumentError(
            f"the checkpoint {path} has the terms {saved.metadata.get('terms')}; this problem has "
            f"{list(training.history.names)}: go on with the problem that the run was begun with"
        )
    _check_arguments(path, training, saved.metadata.get("arguments"))
    progress = _read_progress(path, training, saved, saved.metadata)
    history, stage = training.history, training.stage
    try:
        training.history = progress.history
        training.enter(len(progress.history.stages) - 1)
        _load_tensors(training, path, saved)
    except BaseException:
        training.history = history
        training.enter(stage)
        raise
    training.draws, training.lowest, training.seconds = progress.draws, progress.lowest, progress.seconds
    training.keep_values()


class _Progress(NamedTuple):
    """How far a run was."""

    history: History
    draws: int
    lowest: float | None
    seconds: float


def _read_progress(path: Path, training: Training, saved: Mapping[str, dt.Tensor], facts: dict[str, Any]) -> _Progress:
    terms = len(training.history.names)
    steps, draws, lowest, seconds = (facts.get(name, -1) for name in ("steps", "draws", "lowest", "seconds"))
    counts = [draws, *steps] if isinstance(steps, list) and steps else [-1]
    floats = [seconds] if lowest is None else [seconds, lowest]
    if any(type(n) is not int or n < 0 for n in counts) or any(type(x) is not float or not x >= 0 for x in floats):
        raise CheckpointError(
            f"the checkpoint {path} does not say how far the run was: steps {steps}, draws {draws}, lowest {lowest}, "
            f"seconds {seconds}"
        )
    rows, losses = saved[HISTORY].asnumpy(), saved.get(LOSSES)
    if rows.shape != (sum(steps), terms) or rows.dtype != np.float64:
        raise CheckpointError(
            f"the checkpoint {path} tells of {sum(steps)} steps with {terms} terms of the loss, but its history is "
            f"{rows.dtype} of shape {rows.shape}"
        )
    if losses is None or losses.shape != (terms,) or not losses.dtype.is_float:
        raise CheckpointError(f"the checkpoint {path} does not have the losses of its {terms} terms")
    history, remaining = History(training.history.names), iter(rows)
    for stage, count in zip(training.settings.stages, steps, strict=False):
        history.begin(stage.label)
        for row in islice(remaining, count):
            history.append(row)
    return _Progress(history, draws, lowest, seconds)


def _load_tensors(training: Training, path: Path, saved: Mapping[str, dt.Tensor]) -> None:
    """Give parameters, points and optimizer their values, and have them back if anything fails."""
    parameters, points = _parameters(training), _points(training)
    descent = {DESCENT + name: tensor for name, tensor in training.descent.state().items()}
    for name, present in (parameters | points | descent).items():
        grows = name in (POINTS + "0.points", f"{POINTS}0.{WEIGHTS}") and _has_growing_points(training)
        _check_same(path, name, saved.get(name), present, grows)
    unknown = saved.keys() - {*parameters, *points, *descent, HISTORY, LOSSES}
    if unknown:
        raise ArgumentError(f"this run has no {min(unknown)!r}, which the checkpoint {path} has; it is of another run")
    # What needs memory is made before anything changes.
    values = {name: saved[name].to(training.device) for name in parameters | points}
    changing = dt.ParameterTuple(parameters.values())
    held, batches = [parameter.value() for parameter in changing], training.batches
    try:
        training.descent.load_state({name.removeprefix(DESCENT): saved[name] for name in descent})
        changing.set_data(values[name] for name in parameters)
        training.batches = [{k: values[f"{POINTS}{i}.{k}"] for k in batch} for i, batch in enumerate(batches)]
        _check_losses(path, training, saved.get(LOSSES))
    except BaseException:
        training.batches = batches
        changing.set_data(held)
        raise


def _check_arguments(path: Path, training: Training, arguments: object) -> None:
    if not isinstance(arguments, dict):
        raise CheckpointError(f"the checkpoint {path} does not say with which arguments it was begun")
    now = _arguments(training)
    # Stages may have been put behind those that were begun.
    begun = arguments.get("stages")
    if isinstance(begun, list):
        now["stages"] = [stage.character() for stage in training.settings.stages][: len(begun)]
    for name, present in now.items():
        before = arguments.get(name)
        if before != present:
            raise ArgumentError(
                f"the run in the checkpoint {path} was begun with {name}={before}, and this one with {name}={present}: "
                "go on with the same, or begin another run"
            )


def _has_growing_points(training: Training) -> bool:
    return any(isinstance(stage.points or training.settings.policy, RARD) for stage in training.settings.stages)


def _check_same(path: Path, name: str, saved: dt.Tensor | None, present: dt.Tensor, grows: bool) -> None:
    if saved is None:
        raise ArgumentError(f"the checkpoint {path} has no {name!r}; it is of another network or program")
    shape = (saved.shape[:1] if grows else present.shape[:1]) + present.shape[1:]
    if saved.shape != shape or saved.dtype is not present.dtype:
        raise ArgumentError(
            f"{name!r} is {saved.dtype} of shape {saved.shape} in the checkpoint {path}, and {present.dtype} of shape "
            f"{present.shape} in this run: go on with the network and the numbers of points that it was begun with"
        )


def _check_losses(path: Path, training: Training, saved: dt.Tensor | None) -> None:
    """Refuse a problem that has other losses than those saved, beyond what another device's rounding may change."""
    before, now = np.asarray(saved), training.losses()
    if not np.allclose(now, before, rtol=1e-2, atol=1e-3 * float(np.sum(before)), equal_nan=True):
        names = ", ".join(training.history.names)
        raise ArgumentError(
            f"at the parameters and points of the checkpoint {path} the losses {names} of this problem are {now}, and "
            f"were {before}: go on with the equations that the run was begun with"
        )


def _arguments(training: Training) -> dict[str, Any]:
    settings = training.settings
    arguments = {name: getattr(settings, name) for name in ARGUMENTS} | {"domain": repr(training.problem.domain)}
    stages = settings.stages[: training.stage + 1]
    arguments |= {"resample": repr(settings.policy), "weighting": repr(settings.weighting)}
    return arguments | {"stages": [stage.character() for stage in stages]}


def _parameters(training: Training) -> dict[str, dt.Parameter]:
    return {parameter.name: parameter for parameter in training.parameters}


def _points(training: Training) -> dict[str, dt.Tensor]:
    return {f"{POINTS}{i}.{key}": x for i, batch in enumerate(training.batches) for key, x in batch.items()}
