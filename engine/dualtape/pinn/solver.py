"""`solve`: train a network to satisfy a problem."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from os import PathLike, fspath
from pathlib import Path
from threading import Event
from typing import Any

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, CheckpointError, DTypeError
from dualtape.pinn.checkpointing import load_training, prepare_saving, save_training
from dualtape.pinn.corners import warn_of_contradictions
from dualtape.pinn.interruption import deferred_interrupt
from dualtape.pinn.problem import Problem
from dualtape.pinn.progress import make_progress
from dualtape.pinn.sampling import read_count, read_sampler
from dualtape.pinn.solution import Solution
from dualtape.pinn.training import Settings, Stopped, Training
from dualtape.pinn.untrained import warn_of_untrained


def solve(
    problem: Problem,
    network: dt.nn.Cell,
    steps: int = 500,
    *,
    lbfgs_steps: int = 3_000,
    points: int = 2_500,
    sampler: str = "sobol",
    learning_rate: float = 5e-3,
    resample: int = 500,
    scaled: bool = True,
    parameters: Sequence[dt.Parameter] = (),
    seed: int = 0,
    checkpoint: str | PathLike[str] | None = None,
    checkpoint_seconds: float = 60.0,
    resume: bool = False,
    progress: bool | None = None,
) -> Solution:
    """Train ``network`` until it satisfies ``problem``: Adam first, then L-BFGS.

    It computes on the device and in the element type of the network's parameters.

    Parameters
    ----------
    problem
        Domain, equations and conditions.
    network
        A cell from points of shape (N, d) to unknowns of shape (N, m), such as ``nn.MLP(d, m)``; trained in place.
    steps
        Steps of Adam, on a learning rate that falls along a cosine to a twentieth.
    lbfgs_steps
        Iterations of SciPy's L-BFGS after them, at most.
    points
        How many points the equations are taken at. Those of conditions are their own matter.
    sampler
        ``'sobol'``, ``'halton'``, ``'latin'`` or ``'uniform'``.
    learning_rate
        Of Adam.
    resample
        Draw new points after so many steps of Adam, and before each 1000 iterations of L-BFGS; more of them where the
        equations hold worst. 0 keeps the first ones.
    scaled
        Give the network coordinates that run from -1 to 1 over the domain, which trains better; equations, conditions
        and the solution are in the coordinates of the domain all the same.
    parameters
        Parameters in the equations to be trained as well: an inverse problem.
    seed
        Of the points. The network has its own.
    checkpoint
        A safetensors file to write parameters, optimizer, points and history to: from time to time, at the end, and
        when Ctrl-C or SIGTERM stops the run, between two steps; a second signal stops it at once.
    checkpoint_seconds
        How often.
    resume
        Go on from ``checkpoint`` if it exists. With the same arguments the run ends in the same bits as one that was
        never stopped; but where it was stopped among the iterations of L-BFGS, the memory of past gradients starts
        afresh.
    progress
        A bar on a terminal, lines elsewhere; ``False`` shows nothing.

    Returns
    -------
    Solution
        A function of points, with history, errors and plots.

    Raises
    ------
    DivergedError
        The loss became infinite or NaN. The network holds the last parameters whose loss was finite.

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import nn, pinn
    >>> problem = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x - u, [pinn.dirichlet(1.0, on="x-")])
    >>> network = nn.MLP(1, 1, width=8, depth=1, seed=0)
    >>> solution = pinn.solve(problem, network, 100, lbfgs_steps=100, points=20, progress=False)
    >>> bool(abs(solution([1.0]) - 2.718) < 0.01)
    True
    """
    if not isinstance(problem, Problem):
        raise ArgumentTypeError(f"`problem` must be a pinn.Problem, got {type(problem).__name__}")
    warn_of_contradictions(problem)
    settings = Settings(
        read_count("steps", steps, 0),
        read_count("lbfgs_steps", lbfgs_steps, 0),
        read_count("points", points),
        read_sampler(sampler),
        _read_positive("learning_rate", learning_rate),
        read_count("resample", resample, 0),
        bool(scaled),
        read_count("seed", seed, 0),
    )
    trained = _read_parameters(network, parameters)
    warn_of_untrained(problem, trained)
    path = _read_path(checkpoint)
    if resume and path is None:
        raise ArgumentError("`resume` needs `checkpoint`, the file to go on from")
    seconds = _read_positive("checkpoint_seconds", checkpoint_seconds)
    began = time.perf_counter()
    with dt.device(trained[0].device), deferred_interrupt() as interruption, make_progress(progress) as shown:
        training = Training(problem, network, trained, settings)
        if path is not None:
            prepare_saving(training, path)
            if resume and path.exists():
                load_training(training, path)
        training.after_step = _between_steps(training, path, seconds, interruption)
        try:
            training.adam(shown)
            training.lbfgs(shown)
        except Stopped:
            if path is not None:
                save_training(training, path)
            raise KeyboardInterrupt(f"stopped at step {len(training.history)}") from None
        if path is not None:
            save_training(training, path)
    took = time.perf_counter() - began
    return Solution(problem, network, training.objective.field, trained[0], training.history, took, settings.scaled)


def _between_steps(training: Training, path: Path | None, seconds: float, stop: Event) -> Callable[[], None]:
    """Write checkpoints when it is time, and stop on Ctrl-C and SIGTERM."""
    saved = time.monotonic()

    def after_step() -> None:
        nonlocal saved
        if stop.is_set():
            raise Stopped
        if path is not None and time.monotonic() - saved > seconds:
            try:
                save_training(training, path)
            except CheckpointError as failure:  # a disk that is full now may have room at the end
                warnings.warn(f"{failure}; training goes on, and will try again", RuntimeWarning, stacklevel=2)
            saved = time.monotonic()

    return after_step


def _read_parameters(network: Any, parameters: Sequence[dt.Parameter]) -> tuple[dt.Parameter, ...]:
    """The network's parameters and the equation's; all on one device, in one element type."""
    if not isinstance(network, dt.nn.Cell):
        raise ArgumentTypeError(f"`network` must be a Cell such as nn.MLP(2, 1), got {type(network).__name__}")
    for i, parameter in enumerate(parameters):
        if not isinstance(parameter, dt.Parameter):
            raise ArgumentTypeError(f"item {i} of `parameters` must be a Parameter, got {type(parameter).__name__}")
    trained = (*network.trainable_params(), *parameters)
    if not trained:
        raise ArgumentError("`network` has no trainable parameters")
    first = trained[0]
    for parameter in trained:
        if parameter.dtype is not first.dtype:
            raise DTypeError(
                f"parameter {parameter.name!r} is of {parameter.dtype} but {first.name!r} of {first.dtype}; "
                "all must have one element type"
            )
        if parameter.device is not first.device:
            raise ArgumentError(
                f"parameter {parameter.name!r} is on {parameter.device.name} but {first.name!r} on {first.device.name}"
            )
    return trained


def _read_path(checkpoint: Any) -> Path | None:
    if checkpoint is None:
        return None
    if not isinstance(checkpoint, (str, PathLike)):
        raise ArgumentTypeError(f"`checkpoint` must be a str or a path, got {type(checkpoint).__name__}")
    if not fspath(checkpoint):
        raise CheckpointError("`checkpoint` is empty; expected the name of a file, or None for no checkpoint")
    return Path(checkpoint)


def _read_positive(argument: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ArgumentTypeError(f"`{argument}` must be a number, got {type(value).__name__}")
    if not 0 < value < float("inf"):
        raise ArgumentError(f"`{argument}` must be positive and finite, got {value}")
    return float(value)
