"""A training run in one safetensors file, from which it goes on as if it had never stopped.

The network's parameters have their own names in it, so that ``dt.load_checkpoint(path, network)`` reads it too.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError
from dualtape.pinn.training import Training

COUNTERS = ("adam_done", "lbfgs_done", "draws")
HISTORY = "training.history"
# The losses at the parameters and points in the file: another equation has others there.
LOSSES = "training.losses"
# With these, points and steps would be others. How many steps there are may change.
ARGUMENTS = ("sampler", "learning_rate", "resample", "scaled", "seed")


def save_training(training: Training, path: Path) -> None:
    """Write everything that a run needs to go on; the file changes in one instant, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, dt.Tensor] = {**_parameters(training), **_points(training)}
    tensors[HISTORY] = dt.Tensor(training.history.terms, device="host")
    tensors[LOSSES] = dt.Tensor(training.losses(), device="host")
    counters = {name: getattr(training, name) for name in COUNTERS}
    facts = {"terms": list(training.history.names), "arguments": _arguments(training)}
    dt.save_checkpoint(tensors, path, metadata=counters | facts)


def load_training(training: Training, path: Path) -> None:
    """Put a run, made with the same arguments, into the state that was saved."""
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
    for name, now in _arguments(training).items():
        before = saved.metadata.get("arguments", {}).get(name)
        if before != now:
            raise ArgumentError(
                f"the run in the checkpoint {path} was begun with {name}={before}, and this one with {name}={now}: "
                "go on with the same, or begin another run"
            )
    values = training.values()
    for name, parameter in parameters.items():
        parameter.set_data(saved[name])
    for i, batch in enumerate(training.batches):
        batch.update({key: saved[f"training.points.{i}.{key}"].to(training.device) for key in batch})
    _check_losses(path, training, saved.get(LOSSES), values)
    for name in COUNTERS:
        setattr(training, name, saved.metadata[name])
    for row in saved[HISTORY].asnumpy():
        training.history.append(row)
    training.history.adam_steps = training.adam_done


def _check_same(path: Path, name: str, saved: dt.Tensor | None, present: dt.Tensor) -> None:
    if saved is None:
        raise ArgumentError(f"the checkpoint {path} has no {name!r}; it is of another network or program")
    if saved.shape != present.shape or saved.dtype is not present.dtype:
        raise ArgumentError(
            f"{name!r} is {saved.dtype} of shape {saved.shape} in the checkpoint {path}, and {present.dtype} of shape "
            f"{present.shape} in this run: go on with the network and the numbers of points that it was begun with"
        )


def _check_losses(path: Path, training: Training, saved: dt.Tensor | None, values: list[dt.Tensor]) -> None:
    """Refuse a problem that has other losses than those saved, beyond what another device's rounding may change."""
    before, now = np.asarray(saved), training.losses()
    if saved is None or not np.allclose(now, before, rtol=1e-2, atol=1e-3 * float(np.sum(before)), equal_nan=True):
        for parameter, value in zip(training.parameters, values, strict=True):
            parameter.set_data(value)
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
