"""A domain of a user's own: one class, written with NumPy and the public face alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, pinn


class Disk(pinn.Domain):
    """A disk about (x, y) = (1, 2), whose rim has an upper and a lower half."""

    center = np.array([1.0, 2.0])

    def __init__(self, radius: float = 1.0) -> None:
        self.radius = radius
        bounds = {name: (float(c) - radius, float(c) + radius) for name, c in zip("xy", self.center, strict=True)}
        super().__init__({"above": ("x", "y"), "below": ("x", "y")}, **bounds)

    def interior(self, number: int, sampler: str = "sobol", seed: tuple[int, ...] = (0,)) -> np.ndarray:
        radius, turn = pinn.sample_cube(sampler, number, 2, seed).T
        return self.center + self.radius * np.sqrt(radius)[:, None] * self._directions(2 * np.pi * turn)

    def on_part(
        self, name: str, number: int, sampler: str = "sobol", seed: tuple[int, ...] = (0,)
    ) -> tuple[np.ndarray, np.ndarray]:
        begin = 0 if name == "above" else np.pi
        normals = self._directions(begin + np.pi * pinn.sample_cube(sampler, number, 1, seed)[:, 0])
        return self.center + self.radius * normals, normals

    def contains(self, points: np.ndarray) -> np.ndarray:
        inside: np.ndarray = np.linalg.norm(points - self.center, axis=-1) <= self.radius * (1 + 1e-12)
        return inside

    def measure(self) -> float:
        return float(np.pi * self.radius**2)

    def _directions(self, angle: np.ndarray) -> np.ndarray:
        return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def exact(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    squared: np.ndarray = (x - 1) ** 2 + (y - 2) ** 2
    assert squared.max() < 1.001, "asked outside the domain"
    return (1 - squared) / 4


def poisson(*conditions: pinn.Condition, domain: pinn.Domain | None = None) -> pinn.Problem:
    """u_xx + u_yy = -1, 0 on the rim."""
    return pinn.Problem(domain or Disk(), lambda u, p: u.xx + u.yy + 1, conditions, exact=exact)


def solved(problem: pinn.Problem, steps: int = 150) -> pinn.Solution:
    with dt.device("host"):
        network = nn.MLP(2, 1, width=12, depth=2, seed=0)
    return pinn.solve(problem, network, 20, lbfgs_steps=steps, points=128, progress=False)


def test_a_problem_on_a_users_domain_is_solved_measured_and_drawn(tmp_path: Path) -> None:
    solution = solved(poisson(pinn.dirichlet(0.0, on=("above", "below"), points=32)))
    assert solution.error() < 0.02
    figure = solution.plot(tmp_path / "disk.png")
    assert (tmp_path / "disk.png").read_bytes().startswith(b"\x89PNG")
    picture = next(axes for axes in figure.axes if axes.get_title() == "u").collections[0].get_array()
    inside = solution.problem.domain.contains(np.stack(solution.problem.domain.grid(257, 129), axis=-1))
    np.testing.assert_array_equal(np.ma.getmaskarray(picture).reshape(inside.shape), ~inside)


def test_a_flux_takes_the_derivative_along_oblique_normals() -> None:
    # du/dn = -1/2 on the rim.
    solution = solved(
        poisson(pinn.dirichlet(0.0, on="above", points=32), pinn.neumann(-0.5, on="below", points=32)), steps=300
    )
    assert solution.error() < 0.03


@pytest.mark.parametrize(
    "domain", [Disk(), Disk(0.3), pinn.Rectangle(x=(-1, 2), y=(0, 0.5)), pinn.Interval(x=(1, 3))], ids=repr
)
def test_points_lie_where_the_domain_says(domain: pinn.Domain) -> None:
    points = domain.interior(512, "sobol", (1,))
    assert points.shape == (512, domain.dimension)
    assert domain.contains(points).all()
    places, normals = domain.boundary(16, tuple(domain.parts), "uniform", (2,))
    np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1, rtol=1e-12)
    assert domain.contains(places - 1e-6 * normals).all()
    assert not domain.contains(places + 1e-6 * normals).any()


@pytest.mark.parametrize("domain", [Disk(), Disk(0.3), pinn.Rectangle(x=(-1, 2), y=(0, 0.5))], ids=repr)
def test_the_measure_is_the_part_of_the_box_that_it_contains(domain: pinn.Domain) -> None:
    box = domain.lower + np.random.default_rng(0).random((100_000, domain.dimension)) * (domain.upper - domain.lower)
    share = domain.measure() / np.prod(domain.upper - domain.lower)
    assert abs(domain.contains(box).mean() - share) < 0.01


def test_unusable_domains_are_refused() -> None:
    with pytest.raises(errors.ArgumentTypeError, match=r"a domain such as pinn\.Rectangle, got str"):
        pinn.Problem("disk", lambda u, p: u.xx)  # type: ignore[arg-type]
    with pytest.raises(errors.ArgumentError, match=r"no face 'rim'; the domain has above, below"):
        solved(poisson(pinn.dirichlet(0.0, on="rim")))
    with pytest.raises(errors.ArgumentError, match="no face 't-'"):
        solved(poisson(pinn.initial(0.0)))
    with pytest.raises(TypeError, match="abstract method"):
        pinn.Domain({}, x=(0, 1))  # type: ignore[abstract]

    class Numbers(Disk):
        def contains(self, points: np.ndarray) -> np.ndarray:
            return super().contains(points).astype(int)

    class Careless(Disk):
        def on_part(
            self, name: str, number: int, sampler: str = "", seed: tuple[int, ...] = ()
        ) -> tuple[np.ndarray, np.ndarray]:
            return np.zeros((number, 2)), np.zeros(number)

    with pytest.raises(errors.ShapeError, match=r"`on_part` of Careless.*\(3, 2\).*\(3,\)"):
        Careless().boundary(3, ["above"])
    # As positions, zeros and ones would choose the first points of the grid, again and again.
    solution = solved(poisson(pinn.dirichlet(0.0, on=("above", "below")), domain=Numbers()), steps=1)
    for use in (solution.error, solution.plot):
        with pytest.raises(
            errors.ShapeError, match=r"`contains` of Numbers returned int64 .*; expected bools of shape"
        ):
            use()
