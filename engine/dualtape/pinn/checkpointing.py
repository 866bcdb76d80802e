"""A training run in one safetensors file, from which it goes on as if it had never stopped.

The network's parameters have their own names in it, so that ``dt.load_checkpoint(path, network)`` reads it too.
"""

from __future__ import annotations

from pathlib import Path

import dualtape as dt
from dualtape.errors import ArgumentError
from dualtape.pinn.training import Training

COUNTERS = ("adam_done", "lbfgs_done", "draws")
HISTORY = "training.history"


def save_training(training: Training, path: Path) -> None:
    """Write everything that a run needs to go on; the file changes in one instant, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, dt.Tensor] = {**_parameters(training), **_points(training)}
    tensors[HISTORY] = dt.Tensor(training.history.terms, device="host")
    counters = {name: getattr(training, name) for name in COUNTERS}
    dt.save_checkpoint(tensors, path, metadata=counters | {"terms": list(training.history.names)})


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
    for name, parameter in parameters.items():
        parameter.set_data(saved[name])
    training.batches = [
        {key: saved[f"training.points.{i}.{key}"].to(training.device) for key in batch}
        for i, batch in enumerate(training.batches)
    ]
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


def _parameters(training: Training) -> dict[str, dt.Parameter]:
    trained = {parameter.name: parameter for parameter in training.parameters}
    return trained | {
        f"training.adam.{p.name}": p for p in training.optimizer.get_parameters() if p.name not in trained
    }


def _points(training: Training) -> dict[str, dt.Tensor]:
    return {
        f"training.points.{i}.{key}": tensor
        for i, batch in enumerate(training.batches)
        for key, tensor in batch.items()
    }
