"""Networks of one shape that are trained together: one kernel computes the losses and gradients of all of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from dualtape.pinn.collocation import Fixed
from dualtape.pinn.errors import DivergedError
from dualtape.pinn.history import History
from dualtape.pinn.interruption import deferred_interrupt
from dualtape.pinn.problem import Problem
from dualtape.pinn.progress import make_progress
from dualtape.pinn.sampling import read_count, read_sampler
from dualtape.pinn.solution import Solution
from dualtape.pinn.stages import Adam
from dualtape.pinn.training import Settings, Training
from dualtape.pinn.unknowns import Network, unknown_fields

_TRIED = 16
"""Points at which networks are compared."""


def train_together(
    problem: Problem,
    networks: Sequence[dt.nn.Cell],
    stage: Adam,
    points: int,
    sampler: str,
    scaled: bool,
    seed: int,
    progress: bool | None,
) -> list[Solution]:
    """The solutions of networks that differ in their weights alone; see :meth:`dualtape.pinn.Ensemble.train`."""
    if not isinstance(problem, Problem):
        raise ArgumentTypeError(f"`problem` must be a pinn.Problem, got {type(problem).__name__}")
    members = _read_networks(networks)
    first = members[0]
    if not isinstance(stage, Adam) or stage.batch is not None or stage.holds:
        raise ArgumentTypeError(
            f"members are trained together by pinn.Adam(steps, learning_rate=...) alone, got {stage!r}; go on with "
            "each of them by pinn.solve(problem, member.network)"
        )
    number, sampler = read_count("points", points), read_sampler(sampler)
    settings = Settings((stage,), number, sampler, Fixed(), None, bool(scaled), read_count("seed", seed, 0))
    began = time.perf_counter()
    with dt.device(first[0].device), deferred_interrupt() as interruption, make_progress(progress) as shown:
        training = Training(problem, networks[0], first, settings)
        fields = [unknown_fields(problem, x, own[0], scaled) for x, own in zip(networks, members, strict=True)]
        _require_same_function(fields, members, training.batches[0]["points"][:_TRIED])
        names = training.objective.names
        stacked = [
            dt.Parameter(dt.ops.stack([x.value() for x in same]), name=same[0].name) for same in _across(members)
        ]
        step = _stepping(training, first, stacked, stage)
        histories = [History(names) for _ in members]
        for history in histories:
            history.begin(stage.label)
        shown.begin(stage.label, stage.steps)
        for done in range(stage.steps):
            terms = np.asarray(step(training.batches))
            _require_finite(terms, done)
            for history, own in zip(histories, terms, strict=True):
                history.append(own)
            shown.step(done + 1, names, terms.mean(axis=0))
            if interruption.is_set():
                break
        _hand_over(stacked, members, len(histories[0]))
        if interruption.is_set():
            raise KeyboardInterrupt(f"stopped at step {len(histories[0])}, where all networks are now")
    seconds = time.perf_counter() - began
    found = []
    for network, own, field, history in zip(networks, members, fields, histories, strict=True):
        found.append(Solution(problem, network, field, own[0], history, seconds, bool(scaled)))
        found[-1].settings = settings.as_text()
    return found


def _stepping(
    training: Training, parameters: tuple[dt.Parameter, ...], stacked: list[dt.Parameter], stage: Adam
) -> Any:
    """A function that takes a step of all members, and gives the terms of each before it."""
    rate = stage.learning_rate
    optimizer = dt.optim.Adam(stacked, dt.optim.CosineDecayLR(rate / 20, rate, max(stage.steps, 1)))
    loss = dt.functional(training.objective, parameters)

    def of_one(values: list[dt.Tensor], batches: Any) -> Any:
        (_, terms, _), gradients = dt.value_and_grad(loss, 0, has_aux=True)(values, batches)
        return terms, gradients

    def step(batches: Any) -> Any:
        values = [parameter.value() for parameter in stacked]
        terms, gradients = dt.vmap(of_one, in_axes=(0, None))(values, batches)
        optimizer(tuple(gradients))
        return terms

    return dt.jit(step)


def _hand_over(stacked: list[dt.Parameter], members: list[tuple[dt.Parameter, ...]], steps: int) -> None:
    """Give each network its weights."""
    if not all(np.isfinite(np.asarray(parameter)).all() for parameter in stacked):
        raise DivergedError(f"a weight of a member is infinite or NaN after step {steps}; no network has changed")
    for i, own in enumerate(members):
        dt.ParameterTuple(own).set_data(parameter.value()[i] for parameter in stacked)


def _across(members: list[tuple[dt.Parameter, ...]]) -> list[tuple[dt.Parameter, ...]]:
    """For each parameter of a network, that of every member."""
    return list(zip(*members, strict=True))


def _read_networks(networks: Sequence[dt.nn.Cell]) -> list[tuple[dt.Parameter, ...]]:
    """The parameters of each, which must be alike in all but their values."""
    if not isinstance(networks, (list, tuple)) or not all(isinstance(network, dt.nn.Cell) for network in networks):
        raise ArgumentTypeError("`networks` must be a list of cells such as nn.MLP(2, 1, seed=0)")
    if len(networks) < 2:
        raise ArgumentError(f"an Ensemble has two members or more, got {len(networks)} networks")
    members = [tuple(network.trainable_params()) for network in networks]
    if not members[0]:
        raise ArgumentError("network 0 has no trainable parameters")
    if len({id(parameter) for own in members for parameter in own}) < sum(map(len, members)):
        raise ArgumentError("two of the `networks` share a parameter, or are the same one")
    shapes = [[parameter.shape for parameter in own] for own in members]
    for i, own in enumerate(members):
        if shapes[i] != shapes[0]:
            raise ShapeError(
                f"members that are trained together have networks of one shape; the parameters of network {i} are of "
                f"{shapes[i]}, those of network 0 of {shapes[0]}"
            )
        for parameter in own:
            if parameter.dtype is not members[0][0].dtype:
                raise DTypeError(
                    f"parameter {parameter.name!r} of network {i} is of {parameter.dtype}, those of network 0 are of "
                    f"{members[0][0].dtype}"
                )
            if parameter.device is not members[0][0].device:
                raise ArgumentError(
                    f"network {i} is on {parameter.device.name}, and network 0 on {members[0][0].device.name}"
                )
    return members


def _require_same_function(fields: list[Network], members: list[tuple[dt.Parameter, ...]], points: dt.Tensor) -> None:
    """Shapes do not tell an activation: all networks must give the same with the same weights."""
    first = dt.functional(fields[0], members[0])
    for i, (field, own) in enumerate(zip(fields, members, strict=True)):
        ours, theirs = np.asarray(field(points)), np.asarray(first([x.value() for x in own], points))
        if ours.shape != theirs.shape or not np.allclose(ours, theirs, rtol=1e-3, atol=1e-6, equal_nan=True):
            raise ArgumentError(
                f"network {i} gives other values than network 0 with its weights: members that are trained together "
                "differ in their trainable weights alone"
            )


def _require_finite(terms: np.ndarray, done: int) -> None:
    bad = np.flatnonzero(~np.isfinite(terms).all(axis=1))
    if bad.size:
        raise DivergedError(
            f"the loss of member {bad[0]} became infinite or NaN at step {done + 1}: a smaller learning rate may help. "
            "No network has changed"
        )
