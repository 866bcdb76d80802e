"""A domain of a user's own: one class, written with NumPy and the public face alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    picture = next(axes for axes in figure.axes if axes.get_title() == "u").collections[0]
    centres = np.array([path.vertices[:3].mean(axis=0) for path in picture.get_paths()])
    assert len(centres) > 1_000
    assert solution.problem.domain.contains(centres).all()


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
    np.testing.assert_array_equal(domain.points_inside(512, "sobol", (1,)), points)
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
    with pytest.raises(errors.ArgumentError, match="has no time, and so no beginning of it"):
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

    with pytest.raises(
        errors.ShapeError, match=r"`on_part` of Careless returned normals of shape \(3,\); expected .* \(3, 2\)"
    ):
        Careless().boundary(3, ["above"])
    # As positions, zeros and ones would choose the first points of the grid, again and again.
    with pytest.raises(errors.ShapeError, match=r"`contains` of Numbers returned int64 .*; expected bools of shape"):
        solved(poisson(pinn.dirichlet(0.0, on=("above", "below")), domain=Numbers()), steps=1)


def answering(**answers: Callable[[np.ndarray], Any]) -> pinn.Domain:
    """A disk whose methods give what functions make of their arrays."""

    class Odd(Disk):
        def interior(self, number: int, sampler: str = "sobol", seed: tuple[int, ...] = (0,)) -> np.ndarray:
            found: np.ndarray = answers.get("interior", same)(super().interior(number, sampler, seed))
            return found

        def on_part(
            self, name: str, number: int, sampler: str = "sobol", seed: tuple[int, ...] = (0,)
        ) -> tuple[np.ndarray, np.ndarray]:
            places, normals = super().on_part(name, number, sampler, seed)
            pair = answers.get("points", same)(places), answers.get("normals", same)(normals)
            found: tuple[np.ndarray, np.ndarray] = answers.get("on_part", same)(pair)
            return found

        def contains(self, points: np.ndarray) -> np.ndarray:
            found: np.ndarray = answers.get("contains", same)(super().contains(points))
            return found

    return Odd()


def same(x: Any) -> Any:
    return x


ARRAYS = [
    (lambda x: x[::2], errors.ShapeError, r"%s of shape \((64|16), 2\); expected %s of shape \((128|32), 2\)"),
    (lambda x: np.concatenate([x, x]), errors.ShapeError, r"%s of shape \((256|64), 2\); expected %s of shape"),
    (lambda x: x[:0], errors.ShapeError, r"%s of shape \(0, 2\); expected %s of shape"),
    (lambda x: x[:, :1], errors.ShapeError, r"%s of shape \((128|32), 1\); expected %s of shape"),
    (lambda x: np.where(x > x.mean(), np.nan, x), errors.ArgumentError, r"%s with infinities or NaNs; expected %s"),
    (np.ndarray.tolist, errors.ArgumentTypeError, r"%s as list; expected %s as a NumPy array of numbers"),
    (lambda x: None, errors.ArgumentTypeError, r"%s as NoneType; expected %s as a NumPy array of numbers"),
    (dt.Tensor, errors.ArgumentTypeError, r"%s as Tensor; expected %s as a NumPy array of numbers"),
    (lambda x: x.astype(str), errors.ArgumentTypeError, r"%s as ndarray of <U\d+; expected %s as a NumPy array"),
]


@pytest.mark.parametrize("changed", ["interior", "points", "normals"])
@pytest.mark.parametrize(("change", "error", "message"), ARRAYS)
def test_points_and_normals_are_checked_before_training(
    changed: str, change: Any, error: type[Exception], message: str
) -> None:
    method, what = ("interior", "points") if changed == "interior" else ("on_part", changed)
    with pytest.raises(error, match=f"`{method}` of Odd returned {message % (what, what)}"):
        solved(poisson(pinn.dirichlet(0.0, on="above", points=32), domain=answering(**{changed: change})))


@pytest.mark.parametrize("answer", [None, [1, 2, 3], "ab"])
def test_a_part_gives_a_pair(answer: Any) -> None:
    domain = answering(on_part=lambda pair: answer)
    with pytest.raises(errors.ArgumentTypeError, match=r"`on_part` of Odd returned .*; expected a pair"):
        solved(poisson(pinn.dirichlet(0.0, on="above"), domain=domain))


def test_a_domain_that_contains_nothing_of_its_interior_is_refused() -> None:
    with pytest.raises(
        errors.ArgumentError, match=r"`contains` of Odd is False at all 128 points that `interior` gave"
    ):
        solved(poisson(domain=answering(contains=np.zeros_like)))


def test_a_domain_between_the_points_of_the_grid_is_measured_but_not_drawn() -> None:
    class Speck(Disk):
        def __init__(self) -> None:
            super().__init__(1e-3)
            self.lower, self.upper = self.lower - 1.23, self.upper + 1.0

    solution = solved(poisson(domain=Speck()), steps=1)
    assert np.isfinite(solution.error())
    with pytest.raises(errors.ArgumentError, match=r"none of the 257 x 129 points .* lie inside Speck"):
        solution.plot()


@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        (["rim"], errors.ArgumentTypeError, r"`parts` of Given must be a mapping .*; got \['rim'\]"),
        (None, errors.ArgumentTypeError, r"`parts` of Given must be a mapping .*; got None"),
        ({"rim": None}, errors.ArgumentTypeError, r"`parts` of Given must be a mapping .*; got \{'rim': None\}"),
        ({"rim": ("q",)}, errors.ArgumentError, r"`parts` of Given gives 'rim' \('q',\); the coordinates are x, y"),
    ],
)
def test_parts_are_read(parts: Any, error: type[Exception], message: str) -> None:
    class Given(Disk):
        def __init__(self) -> None:
            pinn.Domain.__init__(self, parts, x=(0, 1), y=(0, 1))

    with pytest.raises(error, match=message):
        Given()


def test_a_domain_that_was_not_made_is_refused() -> None:
    class Unmade(Disk):
        def __init__(self) -> None:
            pass

    with pytest.raises(errors.ArgumentError, match=r"`__init__` of Unmade must call `super\(\).__init__\(parts, "):
        poisson(domain=Unmade())


@pytest.mark.parametrize("condition", [pinn.neumann(0.0, on="rim"), pinn.robin(1.0, 1.0, 0.0, on="rim")])
def test_a_flux_needs_the_coordinates_of_its_normals(condition: pinn.Condition) -> None:
    class Plain(Disk):
        def __init__(self) -> None:
            super().__init__()
            self.parts = {"rim": ()}

    assert solved(poisson(pinn.dirichlet(0.0, on="rim"), domain=Plain()), steps=1)
    with pytest.raises(errors.ArgumentError, match=r"rim` .* `parts` of Plain gives 'rim' no coordinates"):
        solved(poisson(condition, domain=Plain()))


def test_a_part_of_a_line_may_have_fewer_points() -> None:
    class Ends(pinn.Interval):
        def __init__(self) -> None:
            super().__init__(x=(0, 1))
            self.parts = {"ends": ("x",)}

        def on_part(
            self, name: str, number: int, sampler: str = "sobol", seed: tuple[int, ...] = (0,)
        ) -> tuple[np.ndarray, np.ndarray]:
            return np.array([[0.0], [1.0]]), np.array([[-1.0], [1.0]])

    assert Ends().boundary(5, ["ends"])[0].tolist() == [[0], [1]]
    with pytest.raises(errors.ShapeError, match=r"\(2, 1\); expected points of shape \(1, 1\)"):
        Ends().boundary(1, ["ends"])
