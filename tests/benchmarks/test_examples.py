"""Problems of examples are stated so that their networks fit, and each has an error and a bound."""

from __future__ import annotations

from pathlib import Path

import pytest

import dualtape as dt


def test_networks_fit_the_problems_of_examples_and_each_has_an_error_and_a_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    from error.examples import STATEMENTS
    from examples_error import ERRORS, TARGETS

    assert set(STATEMENTS) == set(ERRORS) == set(TARGETS)
    for name, state in STATEMENTS.items():
        stated = state()
        points = dt.ops.zeros((5, len(stated.problem.inputs)))
        assert stated.network()(points).shape == (5, len(stated.problem.unknowns)), name
