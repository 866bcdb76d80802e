"""Problems of examples are stated so that their networks fit."""

from __future__ import annotations

from pathlib import Path

import pytest

import dualtape as dt


def test_networks_fit_the_problems_of_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    from error.examples import STATEMENTS

    for name, state in STATEMENTS.items():
        stated = state()
        points = dt.ops.zeros((5, len(stated.problem.inputs)))
        assert stated.network()(points).shape == (5, len(stated.problem.unknowns)), name
