"""What training gives: values, errors, history, pictures."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, ops, pinn
from dualtape.devices.device import Device


def solved(problem: pinn.Problem) -> pinn.Solution:
    network = nn.MLP(problem.domain.dimension, len(problem.unknowns), width=5, depth=1, seed=0)
    return pinn.solve(problem, network, 3, lbfgs_steps=2, points=20, progress=False)


@pytest.fixture(scope="module")
def heat() -> pinn.Solution:
    with dt.device("host"):
        return solved(pinn.heat())


def test_points_and_grids_agree(heat: pinn.Solution) -> None:
    x, t = np.linspace(0, 1, 5), np.linspace(0, 1, 3)
    grid = heat(x=x[:, None], t=t)
    assert grid.shape == (5, 3)
    points = np.stack(np.meshgrid(x, t, indexing="ij"), axis=-1)
    np.testing.assert_array_equal(heat(points), grid)
    np.testing.assert_allclose(heat(points[2, 1]), grid[2, 1], rtol=1e-6)
    assert heat(np.zeros((0, 2))).shape == (0,)


def test_errors_against_functions_and_arrays(heat: pinn.Solution) -> None:
    points = heat.problem.domain.interior(50)
    values = heat(points)
    assert heat.error(values, points) == 0
    assert heat.error(2 * values, points) == pytest.approx(0.5)
    assert heat.error(heat.problem.exact, points) == pytest.approx(heat.error(heat.problem.exact(*points.T), points))
    assert heat.error(lambda x, t: np.zeros_like(x) + 1e9) == pytest.approx(1, rel=1e-6)


def test_the_error_of_a_solution_that_is_zero_is_absolute(heat: pinn.Solution) -> None:
    points = heat.problem.domain.interior(50)
    assert heat.error(np.zeros(50), points) == pytest.approx(np.sqrt(np.mean(heat(points) ** 2)))
    still = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x, exact=np.zeros_like)
    solution = solved(still)
    x = np.linspace(0, 1, 1001)
    assert solution.error() == pytest.approx(np.sqrt(np.mean(solution(x[:, None]) ** 2)))
    assert re.search(r"steps in \d+ s, absolute \$L\^2\$ error", solution.plot().get_suptitle())
    assert ", relative $L^2$ error" in heat.plot().get_suptitle()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s(np.zeros((4, 3))), r"\(4, 3\).*2 coordinates"),
        (lambda s: s(x=1.0), "expected the coordinates x, t; got x"),
        (lambda s: s(np.zeros((4, 2)), x=1.0), "not both"),
        (lambda s: s.error(np.zeros(3), np.zeros((4, 2))), "3 values; expected 4"),
        (
            lambda s: s.error(np.zeros(0), np.zeros((0, 2))),
            r"`points` of `error` has shape \(0, 2\); expected at least",
        ),
        (lambda s: s.plot(unknown="v"), "unknowns are u"),
    ],
)
def test_unusable_arguments_are_refused(heat: pinn.Solution, call: object, message: str) -> None:
    with pytest.raises(errors.ArgumentError, match=message):
        call(heat)  # type: ignore[operator]


def test_history() -> None:
    conditions = [pinn.initial(lambda p: ops.sin(np.pi * p.x)), pinn.dirichlet(0.0, on=("x-", "x+"))]
    history = solved(pinn.Problem(pinn.heat().domain, pinn.heat().equations, conditions)).history
    assert history.names == ("equation", "initial", "dirichlet x- x+")
    assert len(history) == 5
    assert history.stages == [("Adam", 3), ("L-BFGS", 2)]
    np.testing.assert_allclose(history["initial"] + history["equation"] + history["dirichlet x- x+"], history.total)
    assert str(history).splitlines()[0].split() == ["step", "total", "equation", "initial", "dirichlet", "x-", "x+"]


def test_pictures(heat: pinn.Solution, tmp_path: Path) -> None:
    for name in ("heat.png", "heat.svg"):
        heat.plot(tmp_path / name)
    assert (tmp_path / "heat.png").read_bytes().startswith(b"\x89PNG\r\n")
    assert b"<svg" in (tmp_path / "heat.svg").read_bytes()
    titles = [axes.get_title() for axes in heat.plot().axes]
    assert {"u", "exact", "absolute error", "t = 0", "t = 1", "loss"} <= set(titles)


def test_a_picture_without_an_exact_solution_or_in_one_dimension(tmp_path: Path) -> None:
    free = pinn.Problem(pinn.Rectangle(x=(0, 1), y=(0, 1)), lambda u, v, p: (u.xx + v.yy, u - v))
    titles = [axes.get_title() for axes in solved(free).plot(tmp_path / "free.png", unknown="v").axes]
    assert "v" in titles
    assert "exact" not in titles
    line = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x, exact=np.zeros_like)
    line.exact = np.ones_like
    assert len(solved(line).plot(tmp_path / "line.png").axes) == 3
    hyper = pinn.Problem(pinn.Rectangle(x=(0, 1), y=(0, 1), z=(0, 1), w=(0, 1)), lambda u, p: u.xx + u.yy + u.zz)
    with pytest.raises(errors.ArgumentError, match="one to three coordinates; this one has 4"):
        solved(hyper).plot()


def test_importing_pinn_is_light() -> None:
    code = (
        "import sys, dualtape.pinn; print([m for m in ('scipy', 'matplotlib', 'rich', 'pyopencl') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_solution_is_a_function_of_tensors_too(heat: pinn.Solution) -> None:
    """Its derivative was cut, or an AttributeError."""
    points = np.array([[0.25, 0.125], [0.625, 0.5]])  # exact in both element types
    X = dt.Tensor(points, dt.float32)
    np.testing.assert_array_equal(heat(X), heat(points))
    h = np.array([1e-2, 0.0])
    by_x = (heat(points + h) - heat(points - h)) / 2e-2
    np.testing.assert_allclose(dt.grad(lambda X: heat(X).sum())(X)[:, 0], by_x, rtol=1e-2)
    jacobian = dt.jacrev(heat)(X)
    np.testing.assert_allclose([jacobian[i, i, 0].item() for i in range(2)], by_x, rtol=1e-2)
    np.testing.assert_allclose(dt.jacfwd(heat)(X), jacobian, rtol=1e-5, atol=1e-6)
    field = lambda X: dt.Tensor(heat(X)).reshape(-1, 1)
    np.testing.assert_allclose(dt.partials(field, [(0, 0), (1, 0)])(X)[1][:, 0], by_x, rtol=1e-2)
    one = dt.Tensor(np.float32(0.25))
    for f in (lambda x: heat(x=x, t=0.125), lambda x: heat([x, 0.125]), lambda x: dt.Tensor(heat([[x, 0.125]])).sum()):
        assert dt.grad(f)(one).item() == pytest.approx(by_x[0], rel=1e-2)
    for many in (dt.vmap(heat), dt.jit(heat)):
        np.testing.assert_allclose(many(X), heat(points), rtol=1e-5)
    grid = heat(x=dt.Tensor(points[:, :1]), t=[0.2, 0.5, 0.7])
    np.testing.assert_allclose(grid, heat(x=points[:, :1], t=[0.2, 0.5, 0.7]), rtol=1e-6)
    assert heat(ops.zeros((0, 2))).shape == (0,)
    with pytest.raises(ValueError, match="2 coordinates"):
        heat(ops.zeros((4, 3)))


def test_a_picture_that_cannot_be_drawn_leaves_the_old_one(tmp_path: Path) -> None:
    solution = solved(pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x))
    solution.plot(tmp_path / "line")
    before = (tmp_path / "line.png").read_bytes()
    assert before[1:4] == b"PNG"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("matplotlib.figure.Figure.savefig", lambda self, file, **options: (file.write(b"half"), 1 / 0))
        with pytest.raises(ZeroDivisionError):
            solution.plot(tmp_path / "line.png")
    assert (tmp_path / "line.png").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["line.png"]
    with pytest.raises(ValueError, match="Format 'xyz' is not supported"):
        solution.plot(tmp_path / "line.xyz")
    assert [path.name for path in tmp_path.iterdir()] == ["line.png"]


def test_values_at_arrays_are_those_at_tensors_though_a_transform_looks_at_all_points(device: Device) -> None:
    problem = pinn.Problem(
        pinn.Interval(x=(0, 1)), lambda u, p: u.x - u, transform=lambda u, p: scale[0] * (u - dt.ops.mean(u))
    )
    scale = [1.0]
    network = nn.MLP(1, 1, width=6, depth=1, dtype=dt.float64, seed=0)
    solution = pinn.solve(problem, network, optimizer=pinn.Adam(1), points=20, progress=False)
    for count in (1, 5, 64, 200):
        points = np.linspace(0, 1, count)[:, None]
        found = solution(points)
        np.testing.assert_allclose(found, solution(dt.Tensor(points)).asnumpy(), rtol=1e-12, atol=1e-14)
        scale[0] = 2.0
        np.testing.assert_allclose(solution(points), 2 * found, rtol=1e-12)
        scale[0] = 1.0
