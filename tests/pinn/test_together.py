"""Networks of one shape that are trained together."""

from __future__ import annotations

import signal
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, pinn
from dualtape.pinn.history import History

PROBLEM = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x - u, [pinn.dirichlet(1.0, on="x-", weight=2.0)])


def networks(count: int = 3, **options: Any) -> list[Any]:
    with dt.device("host"):
        return [
            nn.MLP(1, 1, **{"width": 6, "depth": 1, "dtype": dt.float64, "seed": i} | options) for i in range(count)
        ]


def test_each_member_is_what_it_is_alone() -> None:
    ensemble = pinn.Ensemble.train(PROBLEM, networks(), pinn.Adam(4), points=40, progress=False)
    for member, network in zip(ensemble.members, networks(), strict=True):
        alone = pinn.solve(PROBLEM, network, optimizer=pinn.Adam(4), points=40, resample=0, progress=False)
        np.testing.assert_allclose(member.history.terms, alone.history.terms, rtol=1e-12)
        np.testing.assert_allclose(member(x=[0.2, 0.7]), alone(x=[0.2, 0.7]), rtol=1e-7)
        assert member.history.stages == [("Adam", 4)]
    assert ensemble.spread(x=0.5) > 0


def test_a_member_that_diverges_changes_no_network() -> None:
    members = networks()
    members[1].trainable_params()[0].set_data(dt.ops.full_like(members[1].trainable_params()[0].value(), np.nan))
    before = [np.asarray(p) for network in members for p in network.trainable_params()]
    with pytest.raises(pinn.DivergedError, match="member 1"):
        pinn.Ensemble.train(PROBLEM, members, pinn.Adam(2), points=10, progress=False)
    for array, parameter in zip(before, [p for network in members for p in network.trainable_params()], strict=True):
        np.testing.assert_array_equal(parameter, array)


def test_an_interrupt_leaves_all_networks_at_the_same_step(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, shown = [], History.append

    def interrupted(history: History, terms: np.ndarray) -> None:
        begun.append(shown(history, terms))
        if len(begun) == 4:  # of the second member in the second step
            signal.raise_signal(signal.SIGINT)

    members = networks()
    with monkeypatch.context() as patched:
        patched.setattr(History, "append", interrupted)
        with pytest.raises(KeyboardInterrupt, match="stopped at step 2, where all networks are now"):
            pinn.Ensemble.train(PROBLEM, members, pinn.Adam(9), points=10, progress=False)
    whole = pinn.Ensemble.train(PROBLEM, networks(), pinn.Adam(9), points=10, progress=False)
    further = pinn.Ensemble.train(PROBLEM, members, pinn.Adam(1), points=10, progress=False)
    for one, other in zip(further.members, whole.members, strict=True):
        np.testing.assert_allclose(one.history.total[0], other.history.total[2], rtol=1e-12)


def test_what_is_no_problem_is_refused() -> None:
    with pytest.raises(errors.ArgumentTypeError, match=r"`problem` must be a pinn\.Problem, got NoneType"):
        pinn.Ensemble.train(None, networks(), pinn.Adam(2), points=10, progress=False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        (networks(1), errors.ArgumentError, "two members or more, got 1"),
        (networks(1) * 2, errors.ArgumentError, "share a parameter"),
        ([*networks(1), *networks(1, width=7)], errors.ShapeError, "network 1 are of"),
        ([*networks(1), *networks(1, dtype=dt.float32)], errors.DTypeError, "network 1 is of Float32"),
        ([*networks(1), *networks(1, activation="sin")], errors.ArgumentError, "network 1 gives other values"),
        (networks(1)[0], errors.ArgumentTypeError, "must be a list of cells"),
    ],
)
def test_networks_that_are_not_of_one_kind_are_refused(given: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        pinn.Ensemble.train(PROBLEM, given, pinn.Adam(2), points=10, progress=False)


@pytest.mark.parametrize("optimizer", [pinn.LBFGS(3), pinn.Adam(2, batch=5), pinn.Adam(2) >> pinn.LBFGS(2)])
def test_other_optimizers_are_refused(optimizer: Any) -> None:
    with pytest.raises(errors.ArgumentTypeError, match=r"trained together by pinn\.Adam"):
        pinn.Ensemble.train(PROBLEM, networks(), optimizer, points=10, progress=False)
