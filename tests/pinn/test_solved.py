"""A trained solution as a function: derivatives, residuals, integrals, inside other problems; and saved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

import dualtape as dt
from dualtape import errors, nn, ops, pinn

BOX = pinn.Rectangle(x=(0, 1), t=(0, 2))


class Known(nn.Cell):
    """u = a x^2 t and v = x + t."""

    def __init__(self) -> None:
        super().__init__()
        self.a = dt.Parameter(dt.Tensor(1.0, dtype=dt.float64), name="a")

    def construct(self, X: dt.Tensor) -> dt.Tensor:
        x, t = X[:, 0:1], X[:, 1:2]
        return ops.cat([x * x * t * self.a, x + t], 1)


@pytest.fixture(scope="module")
def solution() -> pinn.Solution:
    with dt.device("host"):
        problem = pinn.Problem(
            BOX, lambda u, v, p: (u.t - p.x**2, v.x - u * 0.0 - 1), transform=lambda u, v, p: (2 * u, v)
        )
        return pinn.solve(problem, Known(), 0, lbfgs_steps=0, points=4, scaled=False, progress=False)


def test_values_and_derivatives_at_points(solution: pinn.Solution) -> None:
    x, t = np.linspace(0, 1, 5)[:, None], np.linspace(0, 2, 3)
    np.testing.assert_allclose(solution.u(x=x, t=t), 2 * x**2 * t)
    np.testing.assert_allclose(solution.u.xx(x=x, t=t), np.broadcast_to(4 * t, (5, 3)))
    np.testing.assert_allclose(solution["u"].xt([[0.5, 1.0]]), [2.0])
    np.testing.assert_allclose(solution.v.by("t")([0.5, 1.0]), 1.0)
    assert (repr(solution.u), repr(solution.u.xx)) == ("u", "u.xx")
    many = BOX.interior(40_000)
    np.testing.assert_allclose(solution.u.xxt(many), 4, rtol=1e-12)


def test_expressions_residuals_and_integrals(solution: pinn.Solution) -> None:
    points = BOX.interior(10)
    x, t = points.T
    np.testing.assert_allclose(solution.evaluate(lambda u, v, p: (p.x * u.x).d("x") + v, points), 8 * x * t + x + t)
    first, second = solution.residual(points)
    np.testing.assert_allclose(first, x**2)
    np.testing.assert_allclose(second, 0, atol=1e-15)
    assert solution.integral(lambda u, v, p: u * 1.0) == pytest.approx(4 / 3)
    assert solution.integral(lambda u, v, p: v * 1.0, pinn.Rectangle(x=(0, 1), t=(0, 1))) == pytest.approx(1)


def test_tensors_keep_their_derivatives(solution: pinn.Solution) -> None:
    point = dt.Tensor(np.array([[0.5, 1.0]]))
    slope = dt.grad(lambda q: solution.u.x(q).sum())(point)
    np.testing.assert_allclose(slope.asnumpy(), [[4.0, 2.0]])


def test_the_end_of_one_problem_is_the_beginning_of_the_next(solution: pinn.Solution) -> None:
    with dt.device("host"):
        after = pinn.Rectangle(x=(0, 1), t=(2, 3))
        problem = pinn.Problem(after, lambda w, p: w.t, [pinn.initial(lambda p: solution.u(p))])
        network = nn.MLP(2, 1, width=10, depth=2, seed=0)
        next_one = pinn.solve(problem, network, 50, lbfgs_steps=300, points=50, progress=False)
    x = np.linspace(0, 1, 9)
    np.testing.assert_allclose(next_one(x=x, t=2.5), 4 * x**2, atol=0.05)
    # At another time, of a problem without it, and as a coefficient whose derivative counts.
    steady = pinn.Interval(x=(0, 1))
    network = nn.MLP(1, 1, seed=0)
    at_rest = pinn.Problem(steady, lambda w, p: w - solution.u(p, t=1.0))
    found = pinn.solve(at_rest, network, 0, lbfgs_steps=0, points=4, progress=False)
    coefficient = found.evaluate(lambda w, p: p.d(solution.u(p, t=1.0), "x") + 0 * w, x=x)
    np.testing.assert_allclose(coefficient, 4 * x, rtol=1e-6)


def test_errors_in_other_norms_and_with_gaps(solution: pinn.Solution) -> None:
    points = BOX.interior(50)
    x, t = points.T
    exact = (2 * x**2 * t, x + t + 0.5)
    assert solution.error(lambda x, t: (2 * x**2 * t, x + t + 0.5), points, norm="max") == pytest.approx(
        0.5 / np.max(np.concatenate(exact))
    )
    gaps = np.where(x > 0.5, np.nan, x + t)
    assert solution.error(lambda x, t: (2 * x**2 * t, gaps), points) < 1e-12
    with pytest.raises(errors.ArgumentError, match="NaN at all points"):
        solution.error(lambda x, t: (x * np.nan, x * np.nan), points)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda s: s.w, AttributeError, r"no attribute 'w'; its unknowns are \('u', 'v'\)"),
        (lambda s: s["w"], errors.ArgumentError, "no unknown 'w'; there are u, v"),
        (lambda s: s.u.z, errors.ArgumentError, r"`u\.z` is no derivative: the coordinates are x, t"),
        (lambda s: s.u(x=1.0), errors.ArgumentError, "expected the coordinates x, t; got x"),
        (lambda s: s.u([[1.0]]), errors.ShapeError, "expected 2 coordinates on the last axis"),
        (lambda s: s.evaluate(lambda u, v, p: 1.0, [[0.0, 1.0]]), errors.ShapeError, "the expression gave float"),
        (lambda s: s.integral(), errors.ArgumentError, r"say of what, as in lambda u, v, p"),
        (lambda s: s.error(lambda x, t: (x, t), norm="l1"), errors.ArgumentError, "must be 'l2' or 'max', got 'l1'"),
    ],
)  # fmt: skip
def test_what_a_solution_does_not_have_is_refused(
    solution: pinn.Solution, call: Any, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        call(solution)


class Own(nn.Cell):
    """A network of a user's own class."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.inner = nn.Dense(2, 1, seed=seed)

    def construct(self, X: dt.Tensor) -> dt.Tensor:
        return ops.tanh(self.inner(X))


NETWORKS: dict[str, Any] = {
    "MLP": lambda seed: nn.MLP(2, 1, width=6, depth=2, activation="sin", seed=seed),
    "linear": lambda seed: nn.MLP(2, 1, depth=0, dtype=dt.float64, seed=seed),
    "gated": lambda seed: pinn.GatedMLP(2, 1, width=6, depth=2, seed=seed),
    "residual": lambda seed: pinn.ResidualMLP(2, 1, width=6, depth=2, dtype=dt.float64, seed=seed),
    "fourier": lambda seed: pinn.FourierMLP(2, 1, width=6, depth=2, deviations=(0.5, 1.0), seed=seed),
    "kan": lambda seed: pinn.ChebyshevKAN(2, 1, width=6, depth=2, degree=3, seed=seed),
    "siren": lambda seed: pinn.SIREN(2, 1, width=6, depth=2, omega=3.0, seed=seed),
    "multiscale": lambda seed: pinn.MultiScaleMLP(2, 1, width=6, depth=2, scales=(1, 3), seed=seed),
    "adaptive": lambda seed: pinn.AdaptiveMLP(2, 1, width=6, depth=2, scale=2.0, each_unit=True, seed=seed),
    "separable": lambda seed: pinn.SeparableMLP(2, 1, width=6, depth=1, rank=3, activation="sin", seed=seed),
    "several": lambda seed: pinn.Networks(("x", "t"), u=(nn.MLP(1, 1, width=4, depth=1, seed=seed), ("t",))),
}


def trained(network: nn.Cell, **options: Any) -> pinn.Solution:
    problem = pinn.Problem(BOX, lambda u, p: u.t + u, [pinn.initial(1.0, points=4)], **options)
    return pinn.solve(problem, network, 3, lbfgs_steps=0, points=8, progress=False)


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_a_saved_solution_is_loaded_without_its_script(make: Any, tmp_path: Any) -> None:
    before = trained(make(0))
    before.save(tmp_path / "decay.safetensors")
    after = pinn.load(tmp_path / "decay.safetensors")
    points = BOX.interior(20)
    np.testing.assert_array_equal(after(points), before(points))
    np.testing.assert_array_equal(after.u.xt(points), before.u.xt(points))
    np.testing.assert_array_equal(after.history.terms, before.history.terms)
    assert (after.seconds, after.history.names, repr(after)) == (before.seconds, before.history.names, repr(before))


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_other_libraries_run_a_solution(make: Any, tmp_path: Any) -> None:
    solution = trained(make(0), transform=lambda u, p: 1 + p.t * ops.exp(-p.x) * u)
    solution.export_onnx(tmp_path / "decay.onnx")
    points = BOX.interior(20).astype(solution.network.trainable_params()[0].dtype.numpy)
    (found,) = ReferenceEvaluator(str(tmp_path / "decay.onnx")).run(None, {"points": points})
    np.testing.assert_allclose(found[:, 0], solution(points), rtol=1e-5, atol=1e-6)


def test_hard_conditions_and_several_unknowns_are_exported(tmp_path: Any) -> None:
    ends = [pinn.initial(lambda p: ops.sin(p.x), of="u", hard=True), pinn.periodic("x", hard=True)]
    problem = pinn.Problem(pinn.Rectangle(x=(0, 2 * np.pi), t=(0, 1)), lambda u, v, p: (u.t - v.x, v.t - u.x), ends)
    network = nn.MLP(3, 2, width=6, depth=1, dtype=dt.float64, seed=0)
    solution = pinn.solve(problem, network, 2, lbfgs_steps=0, points=8, progress=False)
    solution.export_onnx(tmp_path / "wave.onnx")
    points = problem.domain.interior(9)
    (found,) = ReferenceEvaluator(str(tmp_path / "wave.onnx")).run(None, {"points": points})
    np.testing.assert_allclose(found.T, solution(points), rtol=1e-12)


def test_a_transform_and_a_class_of_ones_own_are_given_again(tmp_path: Any) -> None:
    before = trained(Own(0), transform=lambda u, p: 1 + p.t * u)
    before.save(tmp_path / "own")
    with pytest.raises(
        errors.ArgumentError, match="has a `transform` or hard conditions, which are functions: give the problem"
    ):
        pinn.load(tmp_path / "own")
    with pytest.raises(errors.ArgumentError, match="or hard conditions, which the given problem has not"):
        pinn.load(tmp_path / "own", pinn.Problem(BOX, lambda u, p: u.t))
    with pytest.raises(errors.ArgumentError, match="that the file does not describe: give a network"):
        pinn.load(tmp_path / "own", before.problem)
    network = Own(1)
    after = pinn.load(tmp_path / "own", before.problem, network)
    points = BOX.interior(20)
    np.testing.assert_array_equal(after(points), before(points))
    np.testing.assert_array_equal(after.residual(points), before.residual(points))


def test_a_file_of_another_problem_is_refused_and_nothing_changes(tmp_path: Any) -> None:
    trained(Own(0)).save(tmp_path / "own")
    other = nn.MLP(2, 1, seed=0)
    values = [p.asnumpy() for p in other.trainable_params()]
    with pytest.raises(errors.ArgumentError, match=r"the network is not the one in .*: they differ in 'network\.inner"):
        pinn.load(tmp_path / "own", network=other)
    for parameter, value in zip(other.trainable_params(), values, strict=True):
        np.testing.assert_array_equal(parameter.asnumpy(), value)
    for problem, message in (
        (pinn.Problem(BOX, lambda w, p: w.t), "is of u in x, t; the problem has w in x, t"),
        (pinn.Problem(pinn.Rectangle(t=(0, 2), x=(0, 1)), lambda u, p: u.t), "the problem has u in t, x"),
        (pinn.Problem(pinn.Rectangle(x=(0, 2), t=(0, 2)), lambda u, p: u.t), "is of the box"),
    ):
        with pytest.raises(errors.ArgumentError, match=message):
            pinn.load(tmp_path / "own", problem, Own(0))
    dt.save_checkpoint({"a": dt.Tensor([1.0])}, tmp_path / "tensors")
    with pytest.raises(errors.CheckpointError, match=r"is no solution that `save` wrote\n"):
        pinn.load(tmp_path / "tensors")
    dt.save_checkpoint({"a": dt.Tensor([1.0])}, tmp_path / "tensors", metadata={"format": "dualtape pinn solution 1"})
    with pytest.raises(errors.CheckpointError, match="does not say its bounds"):
        pinn.load(tmp_path / "tensors")


def test_all_unknowns_are_drawn_and_planes_of_more_coordinates(tmp_path: Any) -> None:
    with dt.device("host"):
        domain = (pinn.Rectangle(x=(-1, 1), y=(-1, 1)) - pinn.Disk((0, 0), 0.5)) * pinn.Interval(t=(0, 1))
        problem = pinn.Problem(domain, lambda u, v, p: (u.t, v.t), exact=lambda x, y, t: (x + t, y))
        solution = pinn.solve(problem, nn.MLP(3, 2, width=4, depth=1), 1, lbfgs_steps=0, points=8, progress=False)
    figure = solution.plot(tmp_path / "both.png", at={"t": 0.5})
    titles = [axes.get_title() for axes in figure.axes]
    assert {"u, t = 0.5", "v, t = 0.5"} <= set(titles)
    exact = figure.axes[titles.index("exact")].collections[0]
    centres = np.array([path.vertices[:3].mean(axis=0) for path in exact.get_paths()])
    assert np.linalg.norm(centres, axis=1).min() > 0.49  # the hole is left out
    assert exact.get_array().max() == pytest.approx(1.5)
    assert "u, y = 0.75, t = 1" in [
        axes.get_title() for axes in solution.plot(unknown="u", at={"y": 0.75, "t": 1}).axes
    ]
    assert "u, t = 1" in [axes.get_title() for axes in solution.plot().axes]  # three coordinates, as planes
    for at, message in (
        ({"t": 2.0}, "`at` of `plot` has t=2.0, which lies outside"),
        ({"z": 2.0}, "no coordinate 'z'"),
        ({"x": 0, "y": 0, "t": 0}, "this one has 0 that `at` does not fix"),
    ):
        with pytest.raises(errors.ArgumentError, match=message):
            solution.plot(at=at)
