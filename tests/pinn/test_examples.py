"""The programs in examples/: each states a problem in few lines, can be trained, and knows its error."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

import dualtape as dt
from dualtape import nn, pinn
from dualtape.pinn.objective import Objective
from dualtape.pinn.unknowns import unknown_fields

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
each_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


@each_example
def test_an_example_runs_in_short_form(path: Path) -> None:
    """Operation by operation, as nothing is trained: its loss has a gradient, and its error is a number."""
    with dt.device("host"):
        found = runpy.run_path(str(path))
        problem: pinn.Problem = found["problem"]
        network: nn.Cell = found["network"] if "network" in found else found["make_network"]()
        arrays = [{"points": problem.domain.points_inside(8)}]
        arrays += [condition.sample(problem.domain, "sobol", (0,)) for condition in problem.conditions]
        batches = [{name: dt.Tensor(array) for name, array in each.items()} for each in arrays]
        like = network.trainable_params()[0]
        field = unknown_fields(problem, network, like, True)
        weights = dt.ParameterTuple([*network.trainable_params(), *found["options"].get("parameters", [])])
        gradients, _ = dt.grad(Objective(problem, field, batches), None, weights=weights, has_aux=True)(batches)
        solution = pinn.Solution(problem, network, field, like, pinn.History([]), 0.0)
        error = found["error"](solution) if "error" in found else solution.error()
    assert np.isfinite(error)
    assert all(np.isfinite(gradient.asnumpy()).all() for gradient in gradients)
    assert any(gradient.asnumpy().any() for gradient in gradients)


@each_example
def test_an_example_is_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert sum(1 for line in lines if line.strip() and not line.strip().startswith("#")) < 60
    assert re.match(r'""".+\."""$', lines[0]), "the first line says what it is"
