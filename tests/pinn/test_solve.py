"""Training: small problems converge, runs resume bit by bit, and what cannot work is refused."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, pinn

GROWTH = pinn.Problem(
    domain=pinn.Interval(x=(0, 1)),
    equations=lambda u, p: u.x - u,
    conditions=[pinn.dirichlet(1.0, on="x-", weight=1.0)],
    exact=np.exp,
)
TWO = pinn.dirichlet(2.0, on="x-", weight=1.0)
SMALL: dict[str, Any] = {"points": 30, "progress": False}


def network(inputs: int = 1, outputs: int = 1, **options: Any) -> nn.MLP:
    return nn.MLP(inputs, outputs, **({"width": 10, "depth": 2, "dtype": dt.float64, "seed": 0} | options))


def test_an_ordinary_equation() -> None:
    solution = pinn.solve(GROWTH, network(), 100, lbfgs_steps=200, **SMALL)
    assert solution.error() < 1e-4
    np.testing.assert_allclose(solution(np.array([[0.5], [1.0]])), np.exp([0.5, 1.0]), rtol=1e-3)
    assert solution(x=0.5).shape == ()
    assert len(solution.history) > 100
    assert solution.history["total"][-1] < 1e-6 < solution.history["total"][0]


def test_float32_and_no_scaling() -> None:
    with pytest.warns(RuntimeWarning, match="Float32"):
        solution = pinn.solve(
            GROWTH, network(dtype=dt.float32), 100, lbfgs_steps=150, scaled=False, precision="float32", **SMALL
        )
    assert solution.error(np.exp) < 1e-3


def test_precision_is_one_word() -> None:
    rate = dt.Parameter(dt.Tensor(1.0), name="rate")
    coarse, fine = network(dtype=dt.float32), network(dtype=dt.float32)
    problem = pinn.Problem(GROWTH.domain, lambda u, p: u.x - rate * u, GROWTH.conditions)
    pinn.solve(problem, coarse, 5, lbfgs_steps=5, parameters=[rate], precision="float32", **SMALL)
    assert coarse.trainable_params()[0].dtype is rate.dtype is dt.float32
    solution = pinn.solve(problem, fine, 5, lbfgs_steps=5, parameters=[rate], precision="float64", **SMALL)
    assert {p.dtype for p in fine.get_parameters()} == {rate.dtype} == {dt.float64}
    assert solution(x=0.5).dtype == np.float64


def test_curvature_is_in_float64_and_gradients_in_the_type_of_the_network(capfd: pytest.CaptureFixture[str]) -> None:
    """A network of float32 was trained as it was, and ended hundreds of times further from the solution."""
    of_first_order, of_curvature = network(dtype=dt.float32), network(dtype=dt.float32)
    pinn.solve(GROWTH, of_first_order, optimizer=pinn.Adam(2), points=5)
    assert "float64" not in capfd.readouterr().err
    pinn.solve(GROWTH, of_curvature, optimizer=pinn.Adam(2) >> pinn.SSBroyden(2), points=5)
    assert capfd.readouterr().err.splitlines()[0] == (
        "float64 for the sake of curvature; precision='float32' keeps to float32"
    )
    assert {p.dtype for p in of_first_order.get_parameters()} == {dt.float32}
    assert {p.dtype for p in of_curvature.get_parameters()} == {dt.float64}


def test_a_network_has_its_element_type_back_if_it_cannot_be_trained() -> None:
    unfit = network(2, dtype=dt.float32)
    before = [p.asnumpy() for p in unfit.get_parameters()]
    with pytest.raises(errors.ShapeError, match="does not take the 1 coordinates"):
        pinn.solve(GROWTH, unfit, 5, precision="float64", **SMALL)
    for parameter, values in zip(unfit.get_parameters(), before, strict=True):
        assert parameter.dtype is dt.float32
        np.testing.assert_array_equal(parameter.asnumpy(), values)


def test_poisson_on_each_device(device: Any) -> None:
    steps = 60 if device.name == "host" else 3
    solution = pinn.solve(
        pinn.poisson(), network(2), 20, lbfgs_steps=steps, points=60, progress=False, learning_rate=1e-2
    )
    assert solution.history.total[-1] < solution.history.total[0]
    if device.name == "host":
        assert solution.error() < 0.3


def test_several_unknowns() -> None:
    circle = pinn.Problem(
        domain=pinn.Interval(t=(0, 1)),
        equations=lambda c, s, p: (c.t + s, s.t - c),
        conditions=[pinn.initial(1.0, of="c"), pinn.initial(0.0, of="s")],
        exact=lambda t: (np.cos(t), np.sin(t)),
    )
    solution = pinn.solve(circle, network(1, 2), 50, lbfgs_steps=150, **SMALL)
    assert solution.error() < 1e-3
    cosine, sine = solution([[0.0], [1.0]])
    np.testing.assert_allclose([*cosine, *sine], [1, np.cos(1), 0, np.sin(1)], atol=1e-3)


def test_a_hard_constraint_holds_exactly() -> None:
    problem = pinn.Problem(GROWTH.domain, GROWTH.equations, transform=lambda u, p: 1 + p.x * u)
    solution = pinn.solve(problem, network(), 50, lbfgs_steps=100, **SMALL)
    assert solution(x=0.0) == 1.0
    assert solution.error(np.exp) < 1e-3


def test_an_inverse_problem_finds_its_coefficient() -> None:
    rate = dt.Parameter(dt.Tensor(0.2, dtype=dt.float64), name="rate")
    x = np.linspace(0, 1, 9)[:, None]
    problem = pinn.Problem(
        pinn.Interval(x=(0, 1)), lambda u, p: u.x - rate * u, [pinn.observations(x, np.exp(0.7 * x[:, 0]))]
    )
    pinn.solve(problem, network(), 100, lbfgs_steps=200, parameters=[rate], **SMALL)
    assert float(rate) == pytest.approx(0.7, abs=1e-2)


def test_the_same_seeds_give_the_same_bits() -> None:
    runs = [pinn.solve(GROWTH, network(), 12, lbfgs_steps=5, resample=5, **SMALL) for _ in range(2)]
    np.testing.assert_array_equal(runs[0].history.terms, runs[1].history.terms)
    other = pinn.solve(GROWTH, network(), 12, lbfgs_steps=5, resample=5, seed=1, **SMALL)
    assert not np.array_equal(runs[0].history.terms, other.history.terms)


class Interrupting:
    """An equation that sends Ctrl-C at one of its calls."""

    def __init__(self, at: int) -> None:
        self.calls = 0
        self.at = at

    def __call__(self, u: Any, p: Any) -> Any:
        self.calls += 1
        if self.calls == self.at:
            signal.raise_signal(signal.SIGINT)
        return u.x - u


@pytest.fixture
def call_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call the equation in every step, as a traced one is not, so that a test can fail in the middle of training."""
    monkeypatch.setattr(dt, "jit", lambda fn: fn)


CURVATURE = [
    pinn.LBFGS(12),
    pinn.SSBFGS(12),
    pinn.SSBroyden(12, points=pinn.RARD(every=5, added=3)),
    pinn.LevenbergMarquardt(12),
    pinn.NaturalGradient(12),
    pinn.GaussNewtonCG(12, rank=5),
    pinn.SOAP(12),
]


@pytest.mark.usefixtures("call_every_step")
@pytest.mark.parametrize("stage", CURVATURE, ids=lambda stage: stage.label)
@pytest.mark.parametrize("at", [4, 12, 30, 40])
def test_ctrl_c_leaves_a_checkpoint_and_resume_is_exact(at: int, stage: pinn.TrainingStage, tmp_path: Path) -> None:
    optimizer = pinn.Adam(9) >> stage
    options = {"optimizer": optimizer, "resample": 6, "checkpoint": tmp_path / "run.safetensors", **SMALL}
    before = signal.getsignal(signal.SIGINT)

    def problem(equation: Any) -> pinn.Problem:
        return pinn.Problem(GROWTH.domain, equation, GROWTH.conditions)

    with pytest.raises(KeyboardInterrupt, match="stopped at step"):
        pinn.solve(problem(Interrupting(at)), network(), **options)
    resumed = pinn.solve(problem(Interrupting(0)), network(seed=5), resume=True, **options)
    whole = pinn.solve(problem(Interrupting(0)), network(), **(options | {"checkpoint": None}))
    np.testing.assert_array_equal(resumed.history.terms, whole.history.terms)
    assert resumed.history.stages == whole.history.stages == [("Adam", 9), (stage.label, 12)]
    points = np.linspace(0, 1, 7)[:, None]
    np.testing.assert_array_equal(resumed(points), whole(points))
    assert signal.getsignal(signal.SIGINT) is before


def test_resume_with_more_steps_of_lbfgs_is_exact(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    pinn.solve(GROWTH, network(), 3, lbfgs_steps=12, checkpoint=path, **SMALL)
    resumed = pinn.solve(GROWTH, network(seed=5), 3, lbfgs_steps=18, checkpoint=path, resume=True, **SMALL)
    whole = pinn.solve(GROWTH, network(), 3, lbfgs_steps=18, **SMALL)
    np.testing.assert_array_equal(resumed.history.terms, whole.history.terms)


@pytest.mark.usefixtures("call_every_step")
def test_ctrl_c_in_lbfgs_keeps_what_was_reached(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    problem = pinn.Problem(GROWTH.domain, Interrupting(20), GROWTH.conditions)
    with pytest.raises(KeyboardInterrupt):
        pinn.solve(problem, network(), 3, lbfgs_steps=50, resample=0, checkpoint=path, **SMALL)
    problem = pinn.Problem(GROWTH.domain, GROWTH.equations, GROWTH.conditions)
    resumed = pinn.solve(problem, network(), 3, lbfgs_steps=50, resample=0, checkpoint=path, resume=True, **SMALL)
    totals = resumed.history.total
    assert len(totals) == 53
    assert (np.diff(totals[3:]) <= 0).all()


def test_the_network_alone_can_be_read_from_a_checkpoint(tmp_path: Path) -> None:
    path, trained, fresh = tmp_path / "run.safetensors", network(), network(seed=1)
    pinn.solve(GROWTH, trained, 3, lbfgs_steps=0, checkpoint=path, **SMALL)
    dt.load_checkpoint(path, fresh, unmatched="ignore")
    for a, b in zip(trained.trainable_params(), fresh.trainable_params(), strict=True):
        np.testing.assert_array_equal(a.asnumpy(), b.asnumpy())


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    pinn.solve(GROWTH, network(), 2, lbfgs_steps=0, checkpoint=path, **SMALL)
    again: dict[str, Any] = {"lbfgs_steps": 0, "checkpoint": path, "resume": True, "progress": False}
    with pytest.raises(errors.ArgumentError, match=r"training\.points\.0\.points"):
        pinn.solve(GROWTH, network(), 2, points=31, **again)
    with pytest.raises(errors.ArgumentError, match=r"of shape \(10, 1\).*\(11, 1\)"):
        pinn.solve(GROWTH, network(width=11), 2, points=30, **again)
    with pytest.raises(errors.ArgumentError, match="terms"):
        pinn.solve(pinn.Problem(GROWTH.domain, GROWTH.equations), network(), 2, points=30, **again)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "seed=0.*seed=1"),
        ({"sampler": "halton"}, "sampler=sobol.*sampler=halton"),
        ({"learning_rate": 1e-3}, "learning_rate"),
        ({"resample": 3}, "resample=RAD.*resample=RAD.every=3"),
        ({"scaled": False}, "scaled"),
        ({"problem": pinn.Problem(pinn.Interval(x=(0, 2)), GROWTH.equations, GROWTH.conditions)}, r"domain=Interval"),
        ({"problem": pinn.Problem(GROWTH.domain, lambda u, p: u.x + u, GROWTH.conditions)}, "equations that the run"),
        (
            {"problem": pinn.Problem(GROWTH.domain, GROWTH.equations, [pinn.dirichlet(2.0, on="x-", weight=1.0)])},
            "losses",
        ),
        ({"problem": pinn.Problem(GROWTH.domain, GROWTH.equations, GROWTH.conditions, weight=2.0)}, "losses"),
    ],
)
def test_another_run_was_resumed_in_silence(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    path, fresh = tmp_path / "run.safetensors", network(seed=1)
    pinn.solve(GROWTH, network(), 5, lbfgs_steps=0, checkpoint=path, **SMALL)
    before = [parameter.asnumpy().copy() for parameter in fresh.trainable_params()]
    again = {"problem": GROWTH, "lbfgs_steps": 0, "checkpoint": path, "resume": True, **SMALL} | change
    with pytest.raises(errors.ArgumentError, match=message):
        pinn.solve(network=fresh, steps=10, **again)
    for parameter, value in zip(fresh.trainable_params(), before, strict=True):
        np.testing.assert_array_equal(parameter.asnumpy(), value)


def test_a_thread_can_train() -> None:
    found: list[float] = []
    thread = threading.Thread(
        target=lambda: found.append(pinn.solve(GROWTH, network(), 5, lbfgs_steps=0, **SMALL).history.total[-1])
    )
    thread.start()
    thread.join()
    assert np.isfinite(found[0])


@pytest.mark.usefixtures("call_every_step")
@pytest.mark.parametrize("stage", [{"steps": 50, "lbfgs_steps": 0}, {"steps": 2, "lbfgs_steps": 50}])
def test_nan_stops_training_and_keeps_the_last_finite_parameters(stage: dict[str, int]) -> None:
    calls = []

    def equation(u: Any, p: Any) -> Any:
        calls.append(1)
        return u.x - u if len(calls) < 9 else (u.x - u) * float("nan")

    trained = network()
    problem = pinn.Problem(GROWTH.domain, equation, GROWTH.conditions)
    with pytest.raises(pinn.DivergedError, match=r"in the term equation; .* step before"):
        pinn.solve(problem, trained, **stage, **SMALL)
    assert all(np.isfinite(p.asnumpy()).all() for p in trained.trainable_params())


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"problem": 3}, errors.ArgumentTypeError, "pinn.Problem"),
        ({"network": lambda X: X}, errors.ArgumentTypeError, "must be a Cell"),
        ({"network": network(2)}, errors.ShapeError, "does not take the 1 coordinates x"),
        ({"network": network(1, 2)}, errors.ShapeError, r"returns shape \(30, 2\).*unknowns are u"),
        ({"points": 0}, errors.ArgumentError, "points.*1 or more"),
        ({"steps": -1}, errors.ArgumentError, "steps.*0 or more"),
        ({"steps": 1.5}, errors.ArgumentTypeError, "steps.*int"),
        ({"sampler": "grid"}, errors.ArgumentError, "sobol"),
        ({"precision": "double"}, errors.ArgumentError, "`precision` must be 'float32', 'float64' or None"),
        ({"precision": dt.float64}, errors.ArgumentTypeError, "`precision` must be 'float32', 'float64' or None"),
        ({"learning_rate": 0.0}, errors.ArgumentError, "learning_rate"),
        ({"resume": True}, errors.ArgumentError, "checkpoint"),
        ({"parameters": [3]}, errors.ArgumentTypeError, "item 0 of `parameters`"),
        (
            {"parameters": [dt.Parameter(dt.Tensor(1.0), name="c")]},
            errors.DTypeError,
            "'c' is of Float32.*Float64",
        ),
    ],
)
def test_unusable_arguments_are_refused(change: dict[str, Any], kind: type[Exception], message: str) -> None:
    arguments = {"problem": GROWTH, "network": network(), "steps": 1, "lbfgs_steps": 0, **SMALL} | change
    with pytest.raises(kind, match=message):
        pinn.solve(**arguments)


def test_progress_in_lines_where_there_is_no_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    pinn.solve(GROWTH, network(), 4, lbfgs_steps=3, points=30)
    lines = capfd.readouterr().err.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["Adam", "1/4"],
        ["Adam", "4/4"],
        ["L-BFGS", "1/3"],
        ["L-BFGS", "3/3"],
    ]
    assert all("loss" in line and "steps/s" in line and "left" in line and "dirichlet x-" in line for line in lines)


def test_a_bar_on_a_terminal(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    pinn.solve(GROWTH, network(), 4, lbfgs_steps=3, points=30)
    shown = capfd.readouterr().err
    assert "Adam" in shown
    assert "3/3" in shown
