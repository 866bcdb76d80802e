"""The problems of other libraries can be stated: each is traced, and its loss and gradient are finite."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import nn, pinn
from dualtape.pinn.objective import Objective
from dualtape.pinn.unknowns import unknown_fields

FOLDER = Path(__file__).parents[2] / "examples" / "problems"


def module(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


DEEPXDE, PINNACLE = module("deepxde"), module("pinnacle")
PROBLEMS = {**DEEPXDE.FORWARD, **DEEPXDE.INVERSE, **PINNACLE.PROBLEMS}


@pytest.mark.parametrize("make", PROBLEMS.values(), ids=PROBLEMS)
def test_a_problem_is_stated(make: Callable[[], pinn.Problem]) -> None:
    problem = make()
    network = nn.MLP(problem.domain.dimension, len(problem.unknowns), width=5, depth=1, dtype=dt.float64, seed=0)
    arrays = [{"points": problem.domain.points_inside(16)}]
    arrays += [condition.sample(problem.domain, "sobol", (0,)) for condition in problem.conditions]
    with dt.device("host"):
        batches = [{name: dt.Tensor(array) for name, array in each.items()} for each in arrays]
        field = unknown_fields(problem, network, network.trainable_params()[0], scaled=True)
        objective = Objective(problem, field, batches)
        weights = dt.ParameterTuple(network.trainable_params())
        (loss, terms, _), gradients = dt.value_and_grad(objective, None, weights=weights, has_aux=True)(batches)
    assert np.isfinite(loss.asnumpy())
    assert np.isfinite(terms.asnumpy()).all()
    assert any(gradient.asnumpy().any() for gradient in gradients)


def test_as_many_problems_are_stated_as_the_page_says() -> None:
    page = (FOLDER.parents[1] / "docs" / "pinn.md").read_text(encoding="utf-8")
    assert f"{len(DEEPXDE.FORWARD) + len(DEEPXDE.INVERSE)} of DeepXDE's examples" in page
    assert f"all {len(PINNACLE.PROBLEMS)} of PINNacle" in page


def test_the_table_has_every_problem_by_name() -> None:
    page = (FOLDER.parents[1] / "docs" / "problems.md").read_text(encoding="utf-8")
    theirs, others = page.split("## The problems of DeepXDE")[1].split("## The problems of PINNacle")
    for table, problems in ((theirs, {**DEEPXDE.FORWARD, **DEEPXDE.INVERSE}), (others, PINNACLE.PROBLEMS)):
        assert re.findall(r"^\| (\S+) \| yes \|", table, re.MULTILINE) == list(problems)
