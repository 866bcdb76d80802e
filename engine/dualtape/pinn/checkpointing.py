"""A training run in one safetensors file, from which it goes on as if it had never stopped.

The network's parameters have their own names in it, so that ``dt.load_checkpoint(path, network,
unmatched="ignore")`` reads it too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, CheckpointError
from dualtape.pinn.training import Training

COUNTERS = ("adam_done", "lbfgs_done", "draws")
HISTORY = "training.history"
# The losses at the parameters and points in the file: another equation has others there.
LOSSES = "training.losses"
# With these, points and steps would be others. How many steps there are may change.
ARGUMENTS = ("sampler", "learning_rate", "resample", "scaled", "seed")


def prepare_saving(training: Training, path: Path) -> None:
    """Refuse, before hours of work, a place that cannot be written to and parameters that would not be found again."""
    for parameter in training.parameters:
        if parameter.has_default_name:
            raise ArgumentError(
                f"a trained parameter of shape {parameter.shape} has no name by which a resumed run would find it in "
                "the checkpoint; make it as in Parameter(..., name='speed')"
            )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise CheckpointError(f"cannot write {str(path)!r}: no folder can be made for it: {failure}") from failure
    dt.check_checkpoint_path(path)


def save_training(training: Training, path: Path) -> None:
    """Write everything that a run needs to go on; the file changes in one instant, or not at all."""
    tensors: dict[str, dt.Tensor] = {**_parameters(training), **_points(training)}
    tensors[HISTORY] = dt.Tensor(training.history.terms, device="host")
    tensors[LOSSES] = dt.Tensor(training.losses(), device="host")
    counters = {name: getattr(training, name) for name in COUNTERS}
    facts = {"terms": list(training.history.names), "arguments": _arguments(training)}
    dt.save_checkpoint(tensors, path, metadata=counters | facts)


def load_training(training: Training, path: Path) -> None:
    """Put a run, made with the same arguments, into the state that was saved; or leave it as it is, with an error."""
    with dt.device("host"):
        saved = dt.load_checkpoint(path)
    parameters, points = _parameters(training), _points(training)
    if saved.metadata.get("terms") != list(training.history.names) or HISTORY not in saved:
        raise ArgumentError(
            f"the checkpoint {path} has the terms {saved.metadata.get('terms')}; this problem has "
            f"{list(training.history.names)}: go on with the problem that the run was begun with"
        )
    for name, present in (parameters | points).items():
        _check_same(path, name, saved.get(name), present)
    unknown = saved.keys() - {*parameters, *points, HISTORY, LOSSES}
    if unknown:
        raise ArgumentError(f"this run has no {min(unknown)!r}, which the checkpoint {path} has; it is of another run")
    arguments = saved.metadata.get("arguments")
    if not isinstance(arguments, dict):
        raise CheckpointError(f"the checkpoint {path} does not say with which arguments it was begun")
    for name, now in _arguments(training).items():
        before = arguments.get(name)
        if before != now:
            raise ArgumentError(
                f"the run in the checkpoint {path} was begun with {name}={before}, and this one with {name}={now}: "
                "go on with the same, or begin another run"
            )
    counters, rows = _read_progress(path, saved.metadata, saved, len(training.history.names))
    # What needs memory is made before anything changes.
    values = {name: saved[name].to(training.device) for name in parameters | points}
    _take_over(training, parameters, values, lambda: _check_losses(path, training, saved.get(LOSSES)))
    for name, count in counters.items():
        setattr(training, name, count)
    training.keep_values()
    for row in rows:
        training.history.append(row)
    training.history.adam_steps = training.adam_done


def _read_progress(
    path: Path, metadata: dict[str, Any], saved: Mapping[str, dt.Tensor], terms: int
) -> tuple[dict[str, int], np.ndarray]:
    """How far the run was, and its losses: one row for each step."""
    counters = {name: metadata.get(name, -1) for name in COUNTERS}
    rows, losses = saved[HISTORY].asnumpy(), saved.get(LOSSES)
    if any(type(count) is not int or count < 0 for count in counters.values()):
        raise CheckpointError(f"the checkpoint {path} does not say how far the run was: {counters}")
    if rows.shape != (counters["adam_done"] + counters["lbfgs_done"], terms) or rows.dtype != np.float64:
        raise CheckpointError(
            f"the checkpoint {path} tells of {counters['adam_done']} steps of Adam and {counters['lbfgs_done']} of "
            f"L-BFGS with {terms} terms of the loss, but its history is {rows.dtype} of shape {rows.shape}"
        )
    if losses is None or losses.shape != (terms,) or not losses.dtype.is_float:
        raise CheckpointError(f"the checkpoint {path} does not have the losses of its {terms} terms")
    return counters, rows


def _take_over(
    training: Training,
    parameters: dict[str, dt.Parameter],
    values: dict[str, dt.Tensor],
    check: Callable[[], None],
) -> None:
    """Give parameters and points their values, and have them back if the check, or anything else, fails."""
    changing = dt.ParameterTuple(parameters.values())
    held, batches = [parameter.value() for parameter in changing], training.batches
    try:
        changing.set_data(values[name] for name in parameters)
        training.batches = [{k: values[f"training.points.{i}.{k}"] for k in batch} for i, batch in enumerate(batches)]
        check()
    except BaseException:
        training.batches = batches
        changing.set_data(held)
        raise


def _check_same(path: Path, name: str, saved: dt.Tensor | None, present: dt.Tensor) -> None:
    if saved is None:
        raise ArgumentError(f"the checkpoint {path} has no {name!r}; it is of another network or program")
    if saved.shape != present.shape or saved.dtype is not present.dtype:
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
    settings = asdict(training.settings)
    return {name: settings[name] for name in ARGUMENTS} | {"domain": repr(training.problem.domain)}


def _parameters(training: Training) -> dict[str, dt.Parameter]:
    trained = {parameter.name: parameter for parameter in training.parameters}
    moments = [p for p in training.optimizer.get_parameters() if p.name not in trained]
    return trained | {f"training.adam.{moment.name}": moment for moment in moments}


def _points(training: Training) -> dict[str, dt.Tensor]:
    return {f"training.points.{i}.{key}": x for i, batch in enumerate(training.batches) for key, x in batch.items()}
