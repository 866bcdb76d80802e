"""Smooth distances: 0 on the boundary, positive inside, a slope of 1, and with derivatives of every order inside."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, pinn
from pinn.domains.domains_to_try import DOMAINS

FLAT_FACETS = ("surface", "sphere of facets")
NAMES = [name for name in DOMAINS if name not in (*FLAT_FACETS, "union side by side")]


@pytest.mark.parametrize("name", NAMES)
def test_it_vanishes_on_the_boundary_and_rises_with_a_slope_of_one(name: str) -> None:
    domain, _ = DOMAINS[name]
    points, normals = domain.boundary(400, ("boundary",), "sobol", (1,))
    step = 1e-5
    assert np.abs(domain.smooth_distance(points)).max() < 1e-7
    slopes = domain.smooth_distance(points - step * normals) / step
    assert (slopes > 0.5).all()
    if name != "union":  # whose parts have two sides in common
        assert np.quantile(np.abs(slopes - 1), 0.9) < 1e-2  # but near corners
    inside = domain.interior(300)
    assert (domain.smooth_distance(inside) > 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_of_tensors_it_has_finite_second_derivatives(name: str) -> None:
    domain, _ = DOMAINS[name]
    points = domain.interior(30)
    field = lambda X: domain.smooth_distance(X).reshape(-1, 1)
    np.testing.assert_allclose(field(dt.Tensor(points)).asnumpy().ravel(), domain.smooth_distance(points), rtol=1e-9)
    second = tuple(2 if i == 0 else 0 for i in range(domain.dimension))
    assert np.isfinite(dt.partials(field, [second])(dt.Tensor(points))[0].asnumpy()).all()


def test_time_has_no_part_in_it() -> None:
    domain = pinn.Disk() * pinn.Time(tau=(0, 2))
    points = domain.interior(20)
    np.testing.assert_allclose(domain.smooth_distance(points), (1 - (points[:, :2] ** 2).sum(1)) / 2)
    box = pinn.Rectangle(x=(0, 1), t=(0, 5)).smooth_distance(np.array([[0.25, 0.0], [0.25, 5.0]]))
    np.testing.assert_allclose(box, 0.1875)


def test_boundary_values_hold_exactly_on_a_ring() -> None:
    """u = 1 - r^2 + log2(r), which is 0 where r = 1 and -1/4 where r = 1/2."""
    ring = pinn.Shell((0, 0), 0.5, 1.0)
    exact = lambda x, y: 1 - x**2 - y**2 + np.log(np.hypot(x, y)) / np.log(2)
    given = lambda p: (p.x**2 + p.y**2 - 1) * (1 / 3)  # 0 where r = 1, -1/4 where r = 1/2
    ends = [pinn.dirichlet(given, on="boundary", hard=True)]
    problem = pinn.Problem(ring, lambda u, p: u.laplacian() + 4, ends, exact=exact)
    with dt.device("host"):
        network = nn.MLP(2, 1, width=12, depth=2, seed=0)
    solution = pinn.solve(problem, network, 20, lbfgs_steps=400, points=200, progress=False)
    points, _ = ring.boundary(50)
    np.testing.assert_allclose(solution(points), exact(*points.T), atol=1e-6)
    assert solution.error() < 5e-3


def test_what_has_no_smooth_distance_says_so() -> None:
    for name in FLAT_FACETS:
        with pytest.raises(errors.ArgumentError, match="in the plane, and not in space"):
            DOMAINS[name][0].smooth_distance(np.zeros((1, 3)))
    with pytest.raises(errors.ArgumentError, match="make one polygon of the whole, as by shapely"):
        (pinn.Triangle((0, 0), (2, 0), (0, 2)) - pinn.Disk((0.5, 0.5), 0.2)).smooth_distance(np.zeros((1, 2)))
    with pytest.raises(errors.ArgumentError, match="would vanish where the two meet along a face"):
        DOMAINS["union side by side"][0].smooth_distance(np.zeros((1, 2)))
    with pytest.raises(errors.ArgumentError, match="no boundary but where time begins"):
        pinn.Interval(t=(0, 1)).smooth_distance(np.zeros((1, 1)))
    with pytest.raises(errors.ArgumentError, match="Polyline has no smooth distance"):
        pinn.Polyline([(0, 0), (1, 1)]).smooth_distance(np.zeros((1, 2)))


def test_what_vanishes_at_the_corners_of_a_polygon_is_as_smooth_as_a_solution() -> None:
    """Its Laplacian was like 1/r at each corner of an L, where a network had to be 0 for it: errors of 0.2."""
    bent = pinn.Polygon([(0, 0), (1, 0), (1, -1), (-1, -1), (-1, 1), (0, 1)])
    factor = lambda X: bent.vanishing_on(tuple(bent.parts), X).reshape(-1, 1)

    def laplacian(points: np.ndarray) -> np.ndarray:
        second = dt.partials(factor, [(2, 0), (0, 2)])(dt.Tensor(points))
        return np.asarray(second[0] + second[1])[:, 0]

    near = np.array([[1.0, 0.0], [1.0, -1.0], [-1.0, -1.0], [-1.0, 1.0], [0.0, 1.0]])
    inward = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    far, close = (np.abs(laplacian(near + distance * inward)) for distance in (1e-2, 1e-5))
    assert (close < 2 * far + 1e-3).all()
    # At the reentrant corner it goes like r^(2/3), and its Laplacian like r^(-1/3), with no part like r^(-4/3).
    along = np.array([[-1.0, -1.0]]) / np.sqrt(2)
    values = [float(bent.vanishing_on(tuple(bent.parts), r * along)[0]) for r in (1e-3, 1e-6)]
    np.testing.assert_allclose(values[0] / values[1], 1e3 ** (2 / 3), rtol=1e-2)
    slow = np.abs(laplacian(1e-3 * along) / laplacian(1e-6 * along))
    assert slow > 0.05
