"""What each rank of a job does in the tests: ``mpiexec -n 2 python of_all_ranks.py what folder``."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import nn, pinn
from dualtape.pinn.collocation import Fixed
from dualtape.pinn.objective import WEIGHTS
from dualtape.pinn.training import Settings, Training

COMM = dt.parallel.world()
RANKS = dt.parallel.Ranks(COMM)


def problem(equation: Callable[..., Any] = lambda u, p: u.x - u) -> pinn.Problem:
    """With terms of all kinds: of many points and of one, in pairs, and of many points at once."""
    conditions = [pinn.dirichlet(1.0, on="x-"), pinn.periodic("x"), pinn.integral(lambda u, p: u, 1.7)]
    return pinn.Problem(pinn.Interval(x=(0, 1)), equation, conditions)


def network(seed: int = 0) -> nn.MLP:
    return nn.MLP(1, 1, width=6, depth=1, dtype=dt.float64, seed=seed)


def training(ranks: dt.parallel.Ranks, points: int) -> Training:
    made = network()
    settings = Settings((pinn.Adam(1),), points, "sobol", Fixed(), pinn.Balanced(), True, 0)
    return Training(problem(), made, tuple(made.trainable_params()), settings, ranks)


def check_what_ranks_tell_each_other() -> None:
    n, rank = RANKS.size, RANKS.rank
    for length in (3, 30_011):  # in one message, and in two
        numbers = [np.random.default_rng(i).normal(size=length) for i in range(n)]
        in_order = numbers[0].copy()
        for other in numbers[1:]:
            in_order += other
        assert (RANKS.sum(numbers[rank]) == in_order).all()
    rows = RANKS.rows(np.full((rank, 2), rank))
    assert rows.shape == (n * (n - 1) // 2, 2)
    assert rows[:, 0].tolist() == sorted(rows[:, 0])
    assert sum(np.arange(10)[RANKS.share(10)]) <= 45
    assert RANKS.of_first(np.array([rank + 5.0]))[0] == 5
    with pytest.raises(dt.errors.ArgumentError, match="rank 1 has a seed other than"):
        RANKS.require_same("a seed", bytes([rank]))
    with pytest.raises(dt.parallel.OtherRankError if rank else ZeroDivisionError, match="rank 0 has"):
        RANKS.on_first(_fail)
    # Two versions of a driver are no two processors, and one of them is slower.
    RANKS.require_same("a driver", repr(dt.parallel.own_device(COMM).info[:2]).encode())


def _fail() -> None:
    raise ZeroDivisionError("rank 0 has divided")


def check_that_the_work_is_that_of_one() -> None:
    for points in (37, 11)[: 2 if RANKS.size == 2 else 1]:  # more residuals than weights, and fewer
        alone, together = (training(ranks, points) for ranks in (dt.parallel.Ranks(), RANKS))
        batches = alone.batches
        for compute in (lambda work: work.rows(batches), lambda work: work.linearise(batches, whole=True)):  # noqa: B023
            one, all_ = (compute(x.work) for x in (alone, together))
            if together.work.total_over_rows(batches) is None:
                same(one, all_)
        gradients = [
            np.concatenate([np.asarray(g).ravel() for g in x.work.evaluate(batches)[1]]) for x in (alone, together)
        ]
        close(*gradients)
        close(*(np.asarray(x.work.evaluate(batches)[0][1]) for x in (alone, together)))
        for name in ("residuals", "gradient_norms", "traces"):
            same(*(getattr(x.work, name)(batches) for x in (alone, together)))
        vectors = tuple(parameter.value() for parameter in alone.parameters)
        same(*([np.asarray(v) for v in x.work.product(vectors, batches)] for x in (alone, together)))
        same(*(x.work.residual_size(batches[0]["points"], batches) for x in (alone, together)))
        assert WEIGHTS in batches[0]


def same(one: Any, other: Any) -> None:
    """Arrays, or sequences of them."""
    pairs = zip(one, other, strict=True) if isinstance(one, (list, tuple)) else [(one, other)]
    for a, b in pairs:
        close(a, b)


def close(one: np.ndarray, other: np.ndarray) -> None:
    np.testing.assert_allclose(other, one, rtol=1e-12, atol=1e-13 * np.abs(one).max())


def losses() -> dict[str, np.ndarray]:
    """The losses of trainings with optimizers of all kinds; of more than two ranks with one of them."""
    stages = {
        "Adam": pinn.Adam(50),
        "mini-batches": pinn.Adam(4, batch=16),
        "LevenbergMarquardt": pinn.LevenbergMarquardt(3),
    }
    found = {}
    for name, stage in list(stages.items())[: 1 if RANKS.size > 2 else None]:
        # Rank 0 has the first word on where all begin.
        begun = network(seed=RANKS.rank)
        solution = pinn.solve(problem(), begun, optimizer=stage, points=37, progress=False, comm=COMM)
        found[name] = solution.history.total
    if RANKS.size <= 2:
        found["burgers"] = burgers()
    return found


def burgers() -> np.ndarray:
    """The error of the example, after a short training on points that are redrawn."""
    begun = nn.MLP(2, 1, width=8, depth=1, dtype=dt.float64, seed=0)
    schedule = pinn.Adam(10) >> pinn.SSBroyden(20, points=pinn.RAD(10))
    solution = pinn.solve(pinn.burgers(), begun, optimizer=schedule, points=100, progress=False, comm=COMM)
    return np.array([solution.error()])


def own_loop() -> np.ndarray:
    points = dt.ops.linspace(0.0, 1.0, 10)[RANKS.share(10)]
    w = dt.Parameter(dt.Tensor([2.0]), name="w")
    step = dt.parallel.summed_value_and_grad(lambda x: (w * x).square().sum() / 10, COMM, None, weights=w)
    return np.array([float(x.sum()) for x in step(points)])


def check_who_is_watched() -> None:
    """Only rank 0 is watched, and it ends the training of all."""
    seen = []

    def look(solution: pinn.Solution) -> None:
        seen.append(len(solution.history))
        if len(seen) == 2:
            raise pinn.StopTraining

    options: dict[str, Any] = {"watch_every": 3, "progress": False, "comm": COMM}
    if RANKS.is_first:
        options["watch"] = look
    solution = pinn.solve(problem(), network(), optimizer=pinn.Adam(100), points=37, **options)
    assert len(solution.history) == 6
    assert seen == ([3, 6] if RANKS.is_first else [])
    # Told to all, it is called by one.
    options["watch"] = look
    pinn.solve(problem(), network(), optimizer=pinn.Adam(3), points=37, **options)
    assert seen == ([3, 6, 3] if RANKS.is_first else [])
    with pytest.raises(dt.errors.ArgumentError, match="rank 1 has arguments of `solve` other than those of rank 0"):
        pinn.solve(problem(), network(), optimizer=pinn.Adam(3 + RANKS.rank), points=37, comm=COMM, progress=False)


def found() -> dict[str, np.ndarray]:
    """What must be the same for any number of ranks."""
    return losses() | {"own loop": own_loop()}


def compare(folder: Path) -> None:
    if RANKS.size > 1:
        check_what_ranks_tell_each_other()
        check_that_the_work_is_that_of_one()
        check_who_is_watched()
    values = found()
    if RANKS.is_first:
        np.savez(folder / f"{RANKS.size}.npz", **values)


def fail(folder: Path) -> None:
    """Rank 1 alone comes upon an error in its equation."""

    def equation(u: Any, p: Any) -> Any:
        if RANKS.rank == 1:
            raise LookupError("no such coefficient")
        return u.x - u

    pinn.solve(problem(equation), network(), optimizer=pinn.Adam(5), points=37, comm=COMM)


def train(folder: Path) -> None:
    """From where the checkpoint is, if there is one."""
    pinn.solve(
        problem(),
        network(),
        optimizer=pinn.Adam(400),
        points=37,
        resume=True,
        checkpoint=folder / "run.safetensors",
        checkpoint_seconds=0.1,
        comm=COMM,
    )


def train_and_be_killed(folder: Path) -> None:
    """Rank 1 ends, without a word, when there is a checkpoint."""

    def kill() -> None:
        while not (folder / "run.safetensors").exists():
            time.sleep(0.002)
        os.kill(os.getpid(), signal.SIGKILL)

    if RANKS.rank == 1:
        threading.Thread(target=kill, daemon=True).start()
    train(folder)


if __name__ == "__main__":
    acts = {"compare": compare, "fail": fail, "train": train, "train_and_be_killed": train_and_be_killed}
    acts[sys.argv[1]](Path(sys.argv[2]))
