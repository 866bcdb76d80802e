"""Marches in time that are watched, ended by force, and gone on with."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, pinn

# Also what the program runs that is killed.
DECAY = """
import os, signal
import dualtape as dt
from dualtape import nn, pinn

rate = dt.Parameter(dt.Tensor([0.5], dt.float64), name="rate")
decay = pinn.Problem(pinn.Interval(t=(0, 3)), lambda u, p: u.t + rate * u, [pinn.initial(1.0)])
network = lambda: nn.MLP(1, 1, width=4, depth=1, seed=0)
options = {"optimizer": pinn.Adam(4) >> pinn.SSBroyden(8), "points": 10, "parameters": [rate], "progress": False}
"""
KILLED = """
def kill(solution):
    if len(solution.history) == 30:
        os.kill(os.getpid(), signal.SIGKILL)

pinn.march(decay, network, 3, checkpoint=PATH, checkpoint_seconds=1e-9, watch=kill, watch_every=1, **options)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.safetensors"


def stated() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(DECAY, names)
    return names


def test_a_march_that_was_killed_ends_in_the_same_bits(path: Path) -> None:
    never_stopped = stated()
    whole = pinn.march(never_stopped["decay"], never_stopped["network"], 3, **never_stopped["options"])
    program = DECAY + KILLED.replace("PATH", repr(str(path)))
    ended = subprocess.run([sys.executable, "-c", program], timeout=120, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert sorted(file.name for file in path.parent.iterdir()) == ["run.safetensors", "run.window-3.safetensors"]
    resumed = stated()
    seen = pinn.Track(resumed["rate"], every=1)
    options = resumed["options"] | {"checkpoint": path, "resume": True}
    again = pinn.march(resumed["decay"], resumed["network"], 3, watch=seen, **options)
    times = np.linspace(0, 3, 31)
    assert again.u(t=times).tobytes() == whole.u(t=times).tobytes()
    assert resumed["rate"].asnumpy() == never_stopped["rate"].asnumpy()
    assert again.history.stages == whole.history.stages
    np.testing.assert_array_equal(again.history.terms, whole.history.terms)
    assert seen.steps[0] >= 30  # what was done was not done again
    assert sorted(file.name for file in path.parent.iterdir()) == ["run.safetensors"]
    # All of it is there now, and nothing is trained.
    last = stated()
    once_more = pinn.march(
        last["decay"], last["network"], 3, **(last["options"] | {"checkpoint": path, "resume": True})
    )
    assert once_more.u(t=times).tobytes() == whole.u(t=times).tobytes()
    assert last["rate"].asnumpy() == resumed["rate"].asnumpy()


def test_a_file_of_another_march_is_refused(path: Path) -> None:
    first = stated()
    pinn.march(first["decay"], first["network"], 3, **(first["options"] | {"checkpoint": path}))
    resume = {"checkpoint": path, "resume": True}
    with pytest.raises(
        errors.ArgumentError, match=r"begun with windows=\[.*\], and this one with windows=\[0.0, 1.5, 3.0\]"
    ):
        pinn.march(first["decay"], first["network"], 2, **(first["options"] | resume))
    with pytest.raises(errors.ArgumentError, match="points=10, and this one with points=11"):
        pinn.march(first["decay"], first["network"], 3, **(first["options"] | resume | {"points": 11}))
    with pytest.raises(errors.ArgumentError, match="steps=None, and this one with steps=7"):
        pinn.march(first["decay"], first["network"], 3, 7, **(first["options"] | resume))
    wider = lambda: nn.MLP(1, 1, width=5, depth=1, seed=0)
    with pytest.raises(errors.CheckpointError, match="are not those of this march"):
        pinn.march(first["decay"], wider, 3, **(first["options"] | resume))
    dt.save_checkpoint({"a": dt.ops.zeros(3)}, path)
    with pytest.raises(errors.CheckpointError, match="holds no windows of a march"):
        pinn.march(first["decay"], first["network"], 3, **(first["options"] | resume))
    with pytest.raises(errors.ArgumentError, match="`resume` needs `checkpoint`"):
        pinn.march(first["decay"], first["network"], 3, resume=True)


def test_who_watches_sees_all_windows_until_now() -> None:
    """They were refused, and a march could only be watched window by window."""
    march = stated()
    ends: list[float] = []

    def look(solution: pinn.Solution) -> None:
        ends.append(solution.problem.domain.upper[0])
        if len(solution.history) == 18:
            raise pinn.StopTraining  # the second window is good enough

    lengths = pinn.Track(lambda solution: len(solution.history), every=6)
    solution = pinn.march(march["decay"], march["network"], 3, watch=[lengths, look], watch_every=6, **march["options"])
    assert ends == [1.0, 1.0, 2.0, 3.0, 3.0]
    assert lengths.steps.tolist() == lengths.values.tolist() == [6, 12, 18, 24, 30]
    assert solution.tracks == (lengths,)
    assert solution.parameters == (march["rate"],)


def test_given_points_count_in_the_window_that_they_are_in() -> None:
    """They were refused as outside of every window but their own."""
    times = np.linspace(0.1, 0.9, 9)[:, None]
    seen = pinn.observations(times, np.exp(-times))
    conditions = [pinn.initial(1.0), seen, pinn.at((2.5,), lambda u, p: u - math.exp(-2.5))]
    decay = pinn.Problem(pinn.Interval(t=(0, 3)), lambda u, p: u.t + u, conditions)
    network = lambda: nn.MLP(1, 1, width=4, depth=1, dtype=dt.float64, seed=0)
    solution = pinn.march(decay, network, 3, optimizer=pinn.SSBroyden(40), points=10, progress=False)
    losses = {name: solution.history[name].reshape(3, 40) for name in ("observations", "at points")}
    assert losses["observations"][0].any()
    assert not losses["observations"][1:].any()
    assert not losses["at points"][:2].any()
    assert losses["at points"][2].any()
    assert abs(solution.u(t=2.5) - math.exp(-2.5)) < 0.05
    late = pinn.Problem(
        pinn.Interval(t=(0, 3)), lambda u, p: u.t + u, [pinn.initial(1.0), pinn.observations([[3.5]], [0.0])]
    )
    with pytest.raises(errors.ArgumentError, match="lie outside"):
        pinn.march(late, network, 3, progress=False)


def test_means_over_groups_are_of_one_window() -> None:
    points, groups = [[0.2], [0.4], [1.2], [1.4]], [0, 0, 1, 1]
    network = lambda: nn.MLP(1, 1, width=4, depth=1, dtype=dt.float64, seed=0)
    options: dict[str, Any] = {"optimizer": pinn.Adam(2), "points": 5, "progress": False}

    def problem(groups: list[int]) -> pinn.Problem:
        means = pinn.observations(points, [0.7, 0.3], groups=groups)
        return pinn.Problem(pinn.Interval(t=(0, 2)), lambda u, p: u.t + u, [pinn.initial(1.0), means])

    assert pinn.march(problem(groups), network, 2, **options).history["observations"].all()
    with pytest.raises(errors.ArgumentError, match="points in two windows"):
        pinn.march(problem([0, 1, 0, 1]), network, 2, **options)


def test_seconds_are_those_of_the_whole_march(monkeypatch: pytest.MonkeyPatch) -> None:
    """They were those of each window."""
    march = stated()
    shares = []

    def solve(*arguments: Any, **options: Any) -> pinn.Solution:
        shares.append(options["seconds"])
        return pinn.solve(*arguments, **options)

    monkeypatch.setattr("dualtape.pinn.marching.solve", solve)
    pinn.march(march["decay"], march["network"], 3, **march["options"], seconds=3_000)
    assert shares[0] <= 1_000
    assert shares[0] < shares[1] < shares[2] < 3_000  # what was left
    with pytest.raises(errors.ArgumentError, match="`seconds` must be positive"):
        pinn.march(march["decay"], march["network"], 3, **march["options"], seconds=0)


def test_what_would_give_another_solution_is_refused() -> None:
    """Each window ended as the whole should, and one network for all of them was changed by the last."""
    line, one = pinn.Interval(t=(0, 2)), nn.MLP(1, 1, width=3, depth=1)
    ends = [pinn.initial(1.0), pinn.dirichlet(0.0, on="t+")]
    options: dict[str, Any] = {"optimizer": pinn.Adam(2), "points": 5, "progress": False}
    with pytest.raises(errors.ArgumentError, match=r"`dirichlet t\+`, which holds where time ends"):
        pinn.march(pinn.Problem(line, lambda u, p: u.tt + u, ends), lambda: one, 2, **options)
    with pytest.raises(errors.ArgumentError, match="gave the same network again"):
        pinn.march(pinn.Problem(line, lambda u, p: u.t + u, ends[:1]), lambda: one, 2, **options)


@pytest.mark.parametrize(
    "equation",
    [
        lambda u, p: u.t + u.at(p.t - 0.5),
        lambda u, p: u.t + u.at(t=0.0),
        lambda u, p: u.t + p.integral(lambda s, p: u.at(s), 0.0, p.t),
        lambda u, p: pinn.caputo(u, p, "t", 0.5) + u,
        lambda u, p: (u * u.at(p.t * 0.5)).d("t") + u,
    ],
    ids=["delay", "beginning", "memory", "fractional", "derivative"],
)
def test_equations_that_ask_for_other_windows_are_refused(equation: Any) -> None:
    """The network of a window said what it happened to be there, and the solution was another one without a word."""
    problem = pinn.Problem(pinn.Interval(t=(0, 2)), equation, [pinn.initial(1.0)])
    network = lambda: nn.MLP(1, 1, width=3, depth=1)
    options: dict[str, Any] = {"optimizer": pinn.Adam(2), "points": 5, "progress": False}
    with pytest.raises(
        errors.ArgumentError, match=r"`equation`, which asks for an unknown at t=|`at` of t=0 is outside"
    ):
        pinn.march(
            problem, network, 2, **options, watch=lambda solution: pytest.fail("a window was trained"), watch_every=1
        )


def test_equations_may_ask_elsewhere_at_their_own_times() -> None:
    """And for times before all windows, where they have values of their own."""
    strip = pinn.Rectangle(x=(0, 1), t=(0, 2))

    def equation(u: Any, p: Any) -> Any:
        return u.t - u.at(p.x * 0.5, p.t) + p.integral(lambda s, p: u.at(s, p.t), 0.0, p.x)

    options: dict[str, Any] = {"optimizer": pinn.Adam(2), "points": 5, "progress": False}
    pinn.march(pinn.Problem(strip, equation, [pinn.initial(1.0)]), lambda: nn.MLP(2, 1, width=3, depth=1), 2, **options)
    late = pinn.Problem(pinn.Interval(t=(0, 1)), lambda u, p: u.t + u.at(p.t - 1.5), [pinn.initial(1.0)])
    pinn.march(late, lambda: nn.MLP(1, 1, width=3, depth=1), 2, **options)
    whole = pinn.Problem(strip, lambda u, p: u.t, [pinn.initial(1.0), pinn.integral(lambda u, p: u, 2.0, name="mass")])
    with pytest.raises(errors.ArgumentError, match="`march` cannot have `mass`, an integral over times"):
        pinn.march(whole, lambda: nn.MLP(2, 1, width=3, depth=1), 2, **options)


def test_regions_are_those_of_a_window() -> None:
    """Points were drawn at all times, also those that the network of a window is not for."""
    left = pinn.Rectangle(x=(0, 0.5), t=(0, 2))
    within = pinn.inside(lambda u, p: u.t + p.t, left, points=8)
    strip = pinn.Rectangle(x=(0, 1), t=(0, 2))
    points = within.sample(strip.during(1, 2), "sobol", (0,))["points"]
    assert points[:, 1].min() >= 1
    assert points[:, 0].max() <= 0.5
