"""Hard conditions hold exactly whatever the network gives, and train better than soft ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, ops, pinn

SHORT: dict[str, Any] = {"optimizer": pinn.Adam(1), "points": 20, "progress": False}


def network(inputs: int = 2, outputs: int = 1) -> nn.MLP:
    return nn.MLP(inputs, outputs, width=8, depth=1, dtype=dt.float64, seed=3)


def begun(domain: pinn.Domain, *conditions: pinn.Condition, inputs: int = 2) -> pinn.Solution:
    """A network that has hardly been trained."""
    problem = pinn.Problem(domain, lambda u, p: u - 1, conditions)
    assert len(problem.inputs) == inputs
    return pinn.solve(problem, network(inputs), **SHORT)


PLANE = pinn.Rectangle(x=(-1, 2), t=(1, 3))
ALONG = np.linspace(-1, 2, 11)


def test_values_on_opposite_faces_and_at_the_beginning() -> None:
    start = lambda p: ops.sin(p.x) + p.x**2
    left, right = float(np.sin(-1.0) + 1), float(np.sin(2.0) + 4)
    conditions = [
        pinn.dirichlet(lambda p: left + p.t - 1, on="x-", hard=True),
        pinn.dirichlet(right, on="x+", hard=True),
        pinn.initial(start, hard=True),
    ]
    solution = begun(PLANE, *conditions)
    np.testing.assert_allclose(solution(x=ALONG, t=1.0), np.sin(ALONG) + ALONG**2, atol=1e-13)
    np.testing.assert_allclose(solution(x=-1.0, t=[1.0, 2.0, 3.0]), left + np.array([0.0, 1, 2]), atol=1e-13)
    np.testing.assert_allclose(solution(x=2.0, t=[1.0, 2.0, 3.0]), right, atol=1e-13)
    assert abs(solution(x=0.5, t=2.0) - np.sin(0.5) - 0.25) > 1e-3
    assert solution.history.names == ("equation",)


def test_an_initial_rate() -> None:
    conditions = [pinn.initial(lambda p: p.x, hard=True), pinn.initial(lambda p: ops.cos(p.x), order=1, hard=True)]
    solution = begun(PLANE, *conditions)
    points = dt.Tensor(np.stack([ALONG, np.ones(11)], axis=1))
    value, rate = dt.partials(lambda x: solution(x).reshape(-1, 1), [(0, 0), (0, 1)])(points)
    np.testing.assert_allclose(value.asnumpy()[:, 0], ALONG, atol=1e-13)
    np.testing.assert_allclose(rate.asnumpy()[:, 0], np.cos(ALONG), atol=1e-13)


def test_all_faces_of_a_box_in_three_dimensions() -> None:
    box = pinn.Rectangle(x=(0, 1), y=(0, 2), z=(-1, 1))
    faces = ("x-", "x+", "y-", "y+", "z-", "z+")
    solution = begun(box, pinn.dirichlet(lambda p: p.x * p.y + p.z**2, on=faces, hard=True), inputs=3)
    points, _ = box.boundary(20, faces)
    np.testing.assert_allclose(solution(points), points[:, 0] * points[:, 1] + points[:, 2] ** 2, atol=1e-13)


REGIONS = {
    "disk": pinn.Disk((0, 0), 2.0),
    "plate with a hole": pinn.Rectangle(x=(-1, 1), y=(-1, 1)) - pinn.Disk((0, 0), 0.4).named("hole"),
    "polygon": pinn.Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]),
    "ellipse": pinn.Ellipse((1, 0), (2, 1)),
    "ball": pinn.Ball((0, 0, 0), 1.0),
}


@pytest.mark.parametrize("region", REGIONS.values(), ids=REGIONS)
def test_the_whole_boundary_of_any_domain(region: pinn.Domain) -> None:
    solution = begun(region, pinn.dirichlet(lambda p: p.x**2 - p.y, on="boundary", hard=True), inputs=region.dimension)
    points, _ = region.boundary(40)
    np.testing.assert_allclose(solution(points), points[:, 0] ** 2 - points[:, 1], atol=1e-6)
    inside = region.interior(20)
    assert np.abs(solution(inside) - inside[:, 0] ** 2 + inside[:, 1]).max() > 1e-3


HOLE = "plate with a hole"
SINGLE_PARTS = {
    "hole": (REGIONS[HOLE], [("hole",)]),
    "sides and hole": (REGIONS[HOLE], [("x-", "y+"), ("hole",), ("x+",)]),
    "edges": (REGIONS["polygon"], [("edge 1", "edge 4"), ("edge 2",)]),
    "a ring": (pinn.Shell((0, 0), 0.5, 1.0), [("inner",), ("outer",)]),
    "a cylinder": (pinn.Cylinder((0, 0), 1.0, (0, 2)), [("side",), ("z-",)]),
    "moved": (REGIONS[HOLE].rotated(0.5).translated(x=2.0), [("x-",), ("hole",)]),
    "a polygon cut out": (
        pinn.Disk((0, 0), 3.0) - pinn.Polygon([(0, 0), (1, 0), (1, 1)]),
        [("circle",), ("edge 1", "edge 3")],
    ),
}


@pytest.mark.parametrize(("region", "parts"), SINGLE_PARTS.values(), ids=SINGLE_PARTS)
def test_single_parts_of_any_domain(region: pinn.Domain, parts: list[tuple[str, ...]]) -> None:
    """They were refused but in boxes; each condition has a function of its own, and the rest of it is free."""
    value = lambda p: p.x**2 - p.y
    hard = [pinn.dirichlet(value, on=on, hard=True) for on in parts]
    solution = begun(region, *hard, inputs=region.dimension)
    given = [part for on in parts for part in on]
    points, _ = region.boundary(40, given)
    np.testing.assert_allclose(solution(points), points[:, 0] ** 2 - points[:, 1], atol=1e-9)
    free = [part for part in region.whole if part not in given]
    for places in [region.interior(20), *[region.boundary(20, [part])[0] for part in free]]:
        assert np.abs(solution(places) - places[:, 0] ** 2 + places[:, 1]).max() > 1e-5


def test_different_values_on_parts_of_a_region_in_time() -> None:
    """t on the sides and 2 t in the hole, from 0."""
    conditions = [
        pinn.dirichlet(lambda p: p.t, on=("x-", "x+", "y-", "y+"), hard=True),
        pinn.dirichlet(lambda p: 2 * p.t, on="hole", hard=True),
        pinn.initial(0.0, hard=True),
    ]
    heated = REGIONS[HOLE] * pinn.Interval(t=(0, 1))
    solution = pinn.solve(pinn.Problem(heated, lambda u, p: u - 1, conditions), network(3), **SHORT)
    for part, factor in (("y-", 1), ("hole", 2), ("t-", 0)):
        points, _ = heated.boundary(20, [part])
        np.testing.assert_allclose(solution(points), factor * points[:, 2], atol=1e-9)


def test_values_and_rates_of_a_region_in_time() -> None:
    """1 - x^2 - y^2 at first, and x t on the rim, where the rate is x."""
    heated = pinn.Disk() * pinn.Time(tau=(1, 3))
    conditions = [
        pinn.dirichlet(lambda p: p.x * p.tau, on="circle", hard=True),
        pinn.initial(lambda p: 1 - p.x**2 - p.y**2 + p.x, hard=True),
        pinn.initial(lambda p: p.x + (1 - p.x**2 - p.y**2) * p.y, order=1, hard=True),
    ]
    problem = pinn.Problem(heated, lambda u, p: u - 1, conditions)
    solution = pinn.solve(problem, network(3), **SHORT)
    points, _ = heated.boundary(30)
    np.testing.assert_allclose(solution(points), points[:, 0] * points[:, 2], atol=1e-12)
    x, y, _ = heated.interior(30).T
    np.testing.assert_allclose(solution(x=x, y=y, tau=1.0), 1 - x**2 - y**2 + x, atol=1e-12)
    np.testing.assert_allclose(solution.u.tau(x=x, y=y, tau=1.0), x + (1 - x**2 - y**2) * y, atol=1e-12)
    start = [pinn.initial(2.0, hard=True)]
    only = pinn.solve(pinn.Problem(heated, lambda u, p: u - 1, start), network(3), **SHORT)
    np.testing.assert_allclose(only(x=x, y=y, tau=1.0), 2.0)


@pytest.mark.parametrize("scaled", [True, False])
def test_periodicity_of_every_order(scaled: bool) -> None:
    problem = pinn.Problem(PLANE, lambda u, p: u - 1, [pinn.periodic("x", hard=True)])
    solution = pinn.solve(problem, network(3), scaled=scaled, **SHORT)
    ends = dt.Tensor(np.array([[-1.0, 1.7], [2.0, 1.7]]))
    orders = [(0, 0), (1, 0), (2, 0), (3, 1)]
    for derivative in dt.partials(lambda x: solution(x).reshape(-1, 1), orders)(ends):
        low, up = derivative.asnumpy()[:, 0]
        np.testing.assert_allclose(low, up, atol=1e-9)
    assert problem.inputs == ("cos x", "sin x", "t")
    with pytest.raises(errors.ShapeError, match="does not take the 3 inputs cos x, sin x, t"):
        pinn.solve(problem, network(2), **SHORT)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda p: p.x, "the values of other hard conditions differ by 3"),
        (lambda p: (p.x - 0.5) ** 2, "the derivatives of order 1 of other hard conditions differ by 6"),
    ],
)
def test_a_beginning_that_is_not_periodic_is_refused(value: Any, message: str) -> None:
    """The network cannot set right what the formula carries on from the first moment."""
    wave = pinn.initial(lambda p: ops.sin(2 * np.pi / 3 * (p.x + 1)), hard=True)
    solution = begun(PLANE, wave, pinn.periodic("x", hard=True), inputs=3)
    np.testing.assert_allclose(solution(x=-1.0, t=[1.0, 2.0]), solution(x=2.0, t=[1.0, 2.0]), atol=1e-13)
    with pytest.raises(errors.ArgumentError, match=message):
        begun(PLANE, pinn.initial(value, hard=True), pinn.periodic("x", hard=True), inputs=3)


def test_one_unknown_of_several() -> None:
    problem = pinn.Problem(
        pinn.Interval(t=(0, 1)), lambda c, s, p: (c.t + s, s.t - c), [pinn.initial(1.0, of="c", hard=True)]
    )
    c, s = pinn.solve(problem, network(1, 2), **SHORT)(t=0.0)
    assert c == 1.0 != s


def test_what_was_learned_comes_closer_to_the_solution_than_with_soft_conditions() -> None:
    def error(hard: bool) -> float:
        conditions = [
            pinn.initial(lambda p: ops.sin(np.pi * p.x), hard=hard),
            pinn.dirichlet(0.0, on=("x-", "x+"), points=20, hard=hard),
        ]
        exact = lambda x, t: np.exp(-0.1 * np.pi**2 * t) * np.sin(np.pi * x)
        domain = pinn.Rectangle(x=(0, 1), t=(0, 1))
        problem = pinn.Problem(domain, lambda u, p: u.t - 0.1 * u.xx, conditions, exact=exact)
        optimizer = pinn.Adam(20) >> pinn.SSBroyden(150)
        return pinn.solve(problem, network(), optimizer=optimizer, points=150, progress=False).error()

    assert error(hard=True) < 0.1 * error(hard=False)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: begun(PLANE, pinn.initial(1.0, hard=True), pinn.dirichlet(0.0, on="x-", hard=True)),
            "`initial` is hard, and disagrees with other hard conditions where their faces meet, by up to 1",
        ),
        (lambda: begun(PLANE, pinn.initial(0.0, order=1, hard=True)), "needs a hard initial value"),
        (lambda: pinn.initial(0.0, order=2, hard=True), "of order 2 cannot be hard"),
        (lambda: pinn.periodic("x", of="u", hard=True), "give no `of`"),
        (
            lambda: begun(
                pinn.Rectangle(x=(0, 2), y=(0, 1)) | pinn.Rectangle(x=(0, 1), y=(0, 2)),
                pinn.dirichlet(0.0, on="x-", hard=True),
            ),
            "no function vanishes on 'x-' of .* alone: make one polygon of both",
        ),
        (
            lambda: begun(pinn.Disk().with_parts(left=lambda p: p.x < 0), pinn.dirichlet(0.0, on="left", hard=True)),
            "no function vanishes on the part 'left', which a function chooses",
        ),
        (
            lambda: begun(REGIONS["disk"], *[pinn.dirichlet(0.0, on="circle", hard=True)] * 2),
            "two hard conditions give the same values",
        ),
        (
            lambda: begun(
                pinn.Interval(x=(0, 1)) * pinn.Interval(t=(0, 1)),
                pinn.dirichlet(0.0, on="boundary", hard=True),
                pinn.initial(1.0, hard=True),
            ),
            "disagrees with other hard conditions",
        ),
        (lambda: begun(PLANE, pinn.periodic("y", hard=True)), "no coordinate 'y'"),
        (
            lambda: begun(PLANE, *[pinn.dirichlet(0.0, on="x-", hard=True)] * 2),
            "two hard conditions give values on 'x-'",
        ),
    ],
)
def test_what_cannot_hold_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(errors.ArgumentError, match=message):
        make()


def test_a_domain_without_a_smooth_distance_is_refused() -> None:
    class Line(pinn.Domain):
        def __init__(self) -> None:
            super().__init__({"end": ("x",)}, x=(0, 1))

        def interior(self, number: int, sampler: str = "sobol", seed: Any = (0,)) -> np.ndarray:
            return pinn.sample_cube(sampler, number, 1, seed)

        def on_part(self, name: str, number: int, sampler: str = "sobol", seed: Any = (0,)) -> Any:
            return np.ones((1, 1)), np.ones((1, 1))

        def contains(self, points: np.ndarray) -> np.ndarray:
            return np.abs(points[..., 0]) <= 1

        def measure(self) -> float:
            return 1.0

    problem = pinn.Problem(Line(), lambda u, p: u.x, [pinn.dirichlet(0.0, on="end", hard=True)])
    with pytest.raises(errors.ArgumentError, match="Line has no smooth distance; define"):
        pinn.solve(problem, network(1), **SHORT)


def test_corners_of_a_polygon_have_their_values() -> None:
    corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.5)]
    hard = pinn.dirichlet(2.0, on="boundary", hard=True)
    problem = pinn.Problem(pinn.Polygon(corners), lambda u, p: u.xx + u.yy, [hard])
    network = nn.MLP(2, 1, width=5, depth=1, dtype=dt.float64, seed=0)
    solution = pinn.solve(problem, network, optimizer=pinn.Adam(1), points=30, progress=False)
    np.testing.assert_array_equal(solution(corners), [2.0] * 4)
