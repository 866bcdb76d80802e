"""`solve`: train a network to satisfy a problem."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, CheckpointError, DTypeError
from dualtape.pinn.between_steps import BetweenSteps
from dualtape.pinn.checkpointing import load_training, prepare_saving, save_training
from dualtape.pinn.collocation import RAD, Fixed
from dualtape.pinn.corners import warn_of_contradictions
from dualtape.pinn.growing import Growing
from dualtape.pinn.interruption import deferred_interrupt
from dualtape.pinn.pictures import check_target
from dualtape.pinn.precision import chosen_precision, precision_of, read_precision
from dualtape.pinn.problem import Problem
from dualtape.pinn.progress import make_progress
from dualtape.pinn.report import REPORTS
from dualtape.pinn.sampling import read_count, read_sampler
from dualtape.pinn.schedules import default_points, default_schedule, has_initial_values_alone
from dualtape.pinn.several_devices import Devices, read_devices
from dualtape.pinn.solution import Solution
from dualtape.pinn.stage import Schedule, TrainingStage, read_schedule
from dualtape.pinn.stages import LBFGS, Adam
from dualtape.pinn.training import Settings, Stopped, Training
from dualtape.pinn.untrained import warn_of_untrained
from dualtape.pinn.watching import Watcher, Watchers
from dualtape.pinn.weighting import Balanced, Weighting

_KERNELS_FROM = 1 << 16
"""Points times weights from which a step surely is worth kernels."""


def solve(
    problem: Problem,
    network: dt.nn.Cell,
    steps: int | None = None,
    *,
    optimizer: TrainingStage | Schedule | None = None,
    lbfgs_steps: int | None = None,
    learning_rate: float = 5e-3,
    points: int | None = None,
    sampler: str = "sobol",
    resample: int = 200,
    weighting: Weighting | None = None,
    scaled: bool = True,
    precision: str | None = None,
    parameters: Sequence[dt.Parameter] = (),
    seed: int = 0,
    checkpoint: str | PathLike[str] | None = None,
    checkpoint_seconds: float = 60.0,
    resume: bool = False,
    watch: Watcher | Sequence[Watcher] | None = None,
    watch_every: int = 100,
    seconds: float | None = None,
    progress: bool | None = None,
    comm: Any = None,
    devices: Devices | None = None,
    report: str | PathLike[str] | None = None,
) -> Solution:
    """Train ``network`` until it satisfies ``problem``.

    It computes on the device of the network's parameters. Stages with curvature, as the default ones, are in float64.

    Parameters
    ----------
    problem
        Domain, equations and conditions.
    network
        A cell from points of shape (N, d) to unknowns of shape (N, m), such as ``nn.MLP(d, m)``; trained in place.
    optimizer
        A stage, or several: ``pinn.Adam(500) >> pinn.SSBroyden(5_000)``. By default 200 steps of :class:`Adam`, then
        20,000 of :class:`SSBroyden`, or of :class:`LBFGS` for networks of more than 4000 weights; with few weights and
        points 60 steps of :class:`LevenbergMarquardt` in the place of Adam, and for ordinary equations from initial
        values at most 800 on points that are :class:`Growing` in time: see :func:`default_schedule`.
    steps, lbfgs_steps, learning_rate
        Short for ``optimizer=Adam(steps, learning_rate=...) >> LBFGS(lbfgs_steps)``, with 500 and 3000 if but one of
        them is given.
    points
        How many points the equations are taken at; 2,500 by default, and 500 on a line. Those of conditions are their
        own matter.
    sampler
        ``'sobol'``, ``'halton'``, ``'latin'`` or ``'uniform'``.
    resample
        Draw new points after so many steps, and at the beginning of a further stage, more of them where the equations
        hold worst: ``points=RAD(resample)`` for each stage that does not say otherwise. 0 keeps the first ones.
    weighting
        Weights of the loss that follow the training: :class:`GradientNorm` or :class:`TangentKernel` of terms,
        :class:`Causal` in time, :class:`SelfAdaptive` of points. By default conditions that have no weight get one, by
        :class:`Balanced`.
    scaled
        Give the network coordinates that run from -1 to 1 over the domain, which trains better; equations, conditions
        and the solution are in the coordinates of the domain all the same.
    precision
        ``'float64'`` or ``'float32'``: convert network and parameters to it first. By default they are converted to
        float64 where a stage is of another kind than :class:`Adam` and :class:`SOAP` and the device can, and are left
        as they are elsewhere; the first line of the progress says so. With float32, errors seldom come below 1e-3,
        for the loss is lost in rounding; a warning says when that has ended the training.
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
        never stopped, in whatever stage it was; steps and further stages may be added.
    watch
        Called with the solution as it is, its history and its seconds so far, after each ``watch_every`` steps: a
        function, a :class:`Track` of values that change, or a list of these. What it takes is not counted. With
        :class:`StopTraining` it ends the training, and with any other exception, too, which then comes out of here; the
        network holds what it had learned, and so does the checkpoint.
    watch_every
        After how many steps.
    seconds
        End the training after so many, wherever it is. Stages have seconds of their own.
    progress
        A bar on a terminal, lines elsewhere; ``False`` shows nothing.
    comm
        Train by all processes of a communicator of mpi4py, each of which must call this with the same arguments: each
        computes with its share of the points. ``dt.parallel.world()`` is that of ``mpiexec``. All begin with the
        network of rank 0, which alone prints, writes and calls ``watch``; all end with the same one.
    devices
        Compute losses and gradients on several devices of this process at the same time, ``["opencl:0", "opencl:1"]``,
        of a network that is on the host. Each takes points as fast as it was at the first step; so that runs are the
        same bits, say the shares yourself: ``{"opencl:0": 0.7, "opencl:1": 0.3}``. Parts of a processor are devices,
        too: ``dt.parallel.sub_devices("opencl:0", 2)``. Jacobians, for least squares, are computed on one.
    report
        A file such as ``"run.html"`` for :meth:`Solution.report`, which is refused now if it could not be written then.

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
    >>> solution = pinn.solve(problem, network, 100, lbfgs_steps=100, points=20, precision="float64", progress=False)
    >>> bool(abs(solution([1.0]) - 2.718) < 0.01)
    True
    """
    if not isinstance(problem, Problem):
        raise ArgumentTypeError(f"`problem` must be a pinn.Problem, got {type(problem).__name__}")
    ranks = dt.parallel.Ranks(comm)
    if ranks.is_first:
        warn_of_contradictions(problem)
    wanted = read_precision(precision)
    trained = _read_parameters(network, parameters)
    weights = sum(parameter.size for parameter in trained)
    number = default_points(problem) if points is None else read_count("points", points)
    initial_values = not parameters and has_initial_values_alone(problem)
    stages = _read_stages(optimizer, steps, lbfgs_steps, learning_rate, weights, number, initial_values)
    chosen = chosen_precision(stages, trained) if wanted is None else None
    if wanted is None and chosen is None:
        _check_types(trained)
    held = [parameter for stage in stages for parameter in stage.holds]
    _check_held(held, trained)
    if ranks.is_first:
        warn_of_untrained(problem, (*trained, *held))
    settings = Settings(
        stages,
        number,
        read_sampler(sampler),
        RAD(resample) if read_count("resample", resample, 0) else Fixed(),
        _read_weighting(weighting, problem),
        bool(scaled),
        read_count("seed", seed, 0),
        _read_devices(devices, comm, trained[0]),
    )
    path = read_path(checkpoint)
    if resume and path is None:
        raise ArgumentError("`resume` needs `checkpoint`, the file to go on from")
    reported = None if report is None else check_target(report, REPORTS)
    pause = read_seconds("checkpoint_seconds", checkpoint_seconds)
    budget = math.inf if seconds is None else read_seconds("seconds", seconds)
    every = read_count("watch_every", watch_every)
    began = time.perf_counter()
    if ranks.size > 1:
        told = (path is None, bool(resume), budget, progress is False)
        ranks.require_same("arguments of `solve`", repr(told).encode())
    if progress is not False:
        ranks.introduce()

    def present() -> Solution:
        solution.history = training.history
        solution.history.weights = training.weights()
        solution.seconds = time.perf_counter() - began - watchers.seconds
        return solution

    if trained[0].device.name == "host" and number * weights >= _KERNELS_FROM:
        dt.warm_up()  # while points are drawn and the loss is traced
    watchers = Watchers(watch, every, present)
    shows = make_progress(progress if ranks.is_first else False)
    with dt.device(trained[0].device), deferred_interrupt() as interruption, shows as shown:
        with precision_of(network, parameters, wanted or chosen):
            if chosen is not None:
                shown.say(f"{chosen} for the sake of curvature; precision='float32' keeps to float32")
            if optimizer is None and isinstance(stages[0].points, Growing):
                shown.say("points grow in time, from the initial values on; `optimizer` says otherwise")
            training = Training(problem, network, trained, settings, ranks)
            field = training.objective.field
            solution = Solution(problem, network, field, trained[0], training.history, 0.0, bool(scaled))
            if path is not None:
                prepare_saving(training, path)
                if resume and ranks.of_first(np.array([path.exists()]))[0]:
                    load_training(training, path)
        solution.settings, solution.tracks = settings.as_text(), watchers.tracks
        solution.parameters = tuple(parameters)

        def is_over() -> bool:
            return time.perf_counter() - began - watchers.seconds > budget

        training.after_step = BetweenSteps(training, watchers, path, pause, interruption, is_over)
        try:
            training.run(shown)
        except Stopped:
            if path is not None:
                save_training(training, path)
            raise KeyboardInterrupt(f"stopped at step {len(training.history)}") from None
        if path is not None:
            save_training(training, path)
        ranks.on_first(lambda: watchers.at_end(len(training.history)))
        found = present()
    if reported is not None and ranks.is_first:
        found.report(reported)
    return found


def _read_parameters(network: Any, parameters: Sequence[dt.Parameter]) -> tuple[dt.Parameter, ...]:
    """The network's parameters and the equation's, all on one device."""
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
        if parameter.device is not first.device:
            raise ArgumentError(
                f"parameter {parameter.name!r} is on {parameter.device.name} but {first.name!r} on {first.device.name}"
            )
    return trained


def _check_types(trained: tuple[dt.Parameter, ...]) -> None:
    first = trained[0]
    for parameter in trained:
        if parameter.dtype is not first.dtype:
            raise DTypeError(
                f"parameter {parameter.name!r} is of {parameter.dtype} but {first.name!r} of {first.dtype}; "
                "all must have one element type"
            )


def _read_stages(
    optimizer: Any,
    steps: int | None,
    lbfgs_steps: int | None,
    learning_rate: float,
    weights: int,
    points: int,
    initial_values: bool,
) -> tuple[TrainingStage, ...]:
    if steps is None and lbfgs_steps is None:
        by_default = default_schedule(weights, points=points, initial_values=initial_values)
        return (by_default if optimizer is None else read_schedule(optimizer)).stages
    if optimizer is not None:
        given = "steps" if steps is not None else "lbfgs_steps"
        raise ArgumentError(f"`optimizer` says how many steps of what there are: give no `{given}` beside it")
    adam = read_count("steps", 500 if steps is None else steps, 0)
    lbfgs = read_count("lbfgs_steps", 3_000 if lbfgs_steps is None else lbfgs_steps, 0)
    begun: list[TrainingStage] = [Adam(adam, learning_rate=learning_rate)] if adam or not lbfgs else []
    return (*begun, LBFGS(lbfgs)) if lbfgs else tuple(begun)


def _read_devices(devices: Any, comm: Any, first: dt.Parameter) -> Any:
    if devices is None:
        return None
    read_devices(devices)
    if comm is not None:
        raise ArgumentError("`devices` are those of one process; with `comm` each process computes on its own device")
    if first.device.name != "host":
        raise ArgumentError(f"`devices` share the points of a network on the host; this one is on {first.device.name}")
    return devices


def _check_held(held: Sequence[dt.Parameter], trained: Sequence[dt.Parameter]) -> None:
    ids = {id(parameter) for parameter in trained}
    for parameter in held:
        if id(parameter) in ids:
            raise ArgumentError(f"a stage holds the parameter {parameter.name!r} at a value, and it is trained as well")


def _read_weighting(weighting: Any, problem: Problem) -> Weighting | None:
    if weighting is None:
        return Balanced() if any(condition.weight is None for condition in problem.conditions) else None
    if not isinstance(weighting, Weighting):
        raise ArgumentTypeError(
            "`weighting` must be Balanced(), GradientNorm(), TangentKernel(), Causal(), SelfAdaptive() or None, got "
            f"{type(weighting).__name__}"
        )
    return weighting


def read_path(checkpoint: Any) -> Path | None:
    """The file of ``checkpoint``, if there is to be one."""
    if checkpoint is None:
        return None
    if not isinstance(checkpoint, (str, PathLike)):
        raise ArgumentTypeError(f"`checkpoint` must be a str or a path, got {type(checkpoint).__name__}")
    if not fspath(checkpoint):
        raise CheckpointError("`checkpoint` is empty; expected the name of a file, or None for no checkpoint")
    return Path(checkpoint)


def read_seconds(argument: str, value: object) -> float:
    """A finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ArgumentTypeError(f"`{argument}` must be a number, got {type(value).__name__}")
    if not 0 < value < float("inf"):
        raise ArgumentError(f"`{argument}` must be positive and finite, got {value}")
    return float(value)
