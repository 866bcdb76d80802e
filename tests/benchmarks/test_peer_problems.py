"""Other engines are measured with the same problems: their loss, term by term, is that of a training of ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import sympy

import dualtape as dt
from dualtape import nn, pinn

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
NAMES = (
    "burgers",
    "allen_cahn",
    "klein_gordon",
    "helmholtz",
    "wave",
    "heat",
    "poisson",
    "poisson_10d",
    "kuramoto_sivashinsky",
    "cavity",
    "inverse_burgers",
)


@pytest.fixture
def error(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The package that `time_to_error.py` takes problems from, without their references."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    import error.peer_problems
    import error.problems

    monkeypatch.setattr(error.problems, "_kept", lambda path, compute: np.ones(0))
    monkeypatch.setattr(error.problems, "_known", lambda problem, *_: error.problems.Case(problem, lambda _: 0.0))
    monkeypatch.setattr(error.problems, "_compared", lambda problem, *_: error.problems.Case(problem, lambda _: 0.0))
    monkeypatch.setattr(error.peer_problems, "POINTS", 64)
    return error


class Sines(nn.Cell):
    """A network: for each unknown the sine of a combination of the inputs."""

    def __init__(self, matrix: np.ndarray) -> None:
        super().__init__()
        self.matrix = dt.Parameter(dt.Tensor(matrix, dt.float64), name="matrix")

    def construct(self, inputs: dt.Tensor) -> dt.Tensor:
        return dt.ops.sin(dt.ops.matmul(inputs, self.matrix))


class Symbols:
    """A peer's engine: SymPy, with the same network and derivatives by formulas."""

    def __init__(self, peer: Any, domain: pinn.Rectangle, matrix: np.ndarray) -> None:
        self.x = sympy.symbols(" ".join(peer.names))
        scaled = [2 * (x - a) / (b - a) - 1 for x, a, b in zip(self.x, domain.lower, domain.upper, strict=True)]
        inputs = peer.features(sympy, tuple(scaled))
        outputs = [sympy.sin(sum(c * x for c, x in zip(column, inputs, strict=True))) for column in matrix.T]
        held = peer.held(sympy, *outputs, self.x)
        self.unknowns = [self._derivatives(u) for u in (held if isinstance(held, tuple) else (held,))]

    def _derivatives(self, unknown: Any) -> Callable[..., Any]:
        return lambda names="": sympy.diff(unknown, *map(sympy.Symbol, names)) if names else unknown

    def values(self, function: Callable[..., Any], places: np.ndarray, *coefficients: float) -> list[np.ndarray]:
        """What one of a peer's functions gives at places of shape (N, d), each of shape (N, 1)."""
        found = function(sympy, *self.unknowns, self.x, *coefficients)
        compute = sympy.lambdify(self.x, found if isinstance(found, tuple) else (found,), "numpy", cse=True)
        return [np.broadcast_to(value, len(places))[:, None] for value in compute(*places.T)]


@pytest.mark.parametrize("name", NAMES)
def test_terms_of_the_loss_are_those_of_a_training(name: str, error: Any, tmp_path: Path) -> None:
    case, peer = error.problems.PROBLEMS[name](tmp_path), error.peer_problems.PEER_PROBLEMS[name]
    problem = case.problem
    matrix = np.random.default_rng(0).normal(size=(len(problem.inputs), len(problem.unknowns)))
    coefficients = [float(parameter) for parameter in case.parameters]
    engine = Symbols(peer, problem.domain, matrix)
    inside = error.peer_problems.points_inside(case, seed=3)
    found = [np.mean(x**2) for x in engine.values(peer.residual, inside, *coefficients)]
    for term in error.peer_problems.soft_terms(peer, case, seed=3):
        (quantity,) = engine.values(term.quantity, term.places)
        found.append(term.weight * np.mean((quantity - term.values) ** 2))

    with dt.device("host"):
        # Its first row is taken before the step.
        options = {"parameters": case.parameters, "weighting": pinn.Balanced(least=10.0, most=10.0), "seed": 3}
        solution = pinn.solve(problem, Sines(matrix), optimizer=pinn.Adam(1), points=64, progress=False, **options)
    np.testing.assert_allclose(found, solution.history.terms[0], rtol=1e-9)


def test_every_problem_has_peers(error: Any) -> None:
    assert set(error.peer_problems.PEER_PROBLEMS) == set(error.problems.PROBLEMS) == set(NAMES)


def test_coefficients_that_a_peer_found_have_its_error(error: Any, tmp_path: Path) -> None:
    case = error.problems.PROBLEMS["inverse_burgers"](tmp_path)
    found = error.peer_problems.error_of(case, lambda places: places, (1.02, np.log(0.01 / np.pi)))
    assert found == pytest.approx(0.02)
