"""Points and normals on every kind of domain: inside, uniform, exactly on the boundary, outward and of unit length."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from dualtape import pinn
from pinn.domains.domains_to_try import DOMAINS

each_domain = pytest.mark.parametrize(("domain", "measure"), DOMAINS.values(), ids=DOMAINS)
SIGNIFICANCE = 1e-4


@each_domain
def test_measure(domain: pinn.Domain, measure: float) -> None:
    exact = not isinstance(
        domain, (type(DOMAINS["union"][0]), type(DOMAINS["hole"][0]), type(DOMAINS["intersection"][0]))
    )
    assert domain.measure() == pytest.approx(measure, rel=1e-12 if exact else 1e-3)


@each_domain
@pytest.mark.parametrize("sampler", ["sobol", "uniform", "halton", "latin"])
def test_points_are_inside(domain: pinn.Domain, measure: float, sampler: str) -> None:
    points = domain.points_inside(200, sampler, (3,))
    assert domain.contains(points).all()
    assert (points >= domain.lower).all() and (points <= domain.upper).all()  # noqa: PT018
    np.testing.assert_array_equal(domain.points_inside(200, sampler, (3,)), points)
    assert (domain.points_inside(200, sampler, (4,)) != points).any()


@each_domain
def test_points_inside_are_uniform(domain: pinn.Domain, measure: float) -> None:
    """Counts in the cells of a grid, against the share of each cell by points of the box, chi-square."""
    number, each = 4000, max(2, round(40 ** (1 / domain.dimension)))

    def counts(points: np.ndarray) -> np.ndarray:
        cells = np.floor((points - domain.lower) / (domain.upper - domain.lower) * each).astype(int).clip(0, each - 1)
        flat = np.ravel_multi_index(tuple(cells.T), (each,) * domain.dimension)
        return np.bincount(flat, minlength=each**domain.dimension)

    box = domain.lower + pinn.sample_cube("sobol", 1 << 17, domain.dimension, (1,)) * (domain.upper - domain.lower)
    expected = counts(box[domain.contains(box)]).astype(float)
    expected *= number / expected.sum()
    assert_uniform(counts(domain.interior(number, "uniform", (7,))), expected)


def assert_uniform(found: np.ndarray, expected: np.ndarray) -> None:
    """A chi-square test; cells where less than five points are expected count as one."""
    rare = expected < 5
    found, expected = (np.append(x[~rare], x[rare].sum()) for x in (found, expected))
    found, expected = found[expected > 0], expected[expected > 0]
    statistic = ((found - expected) ** 2 / expected).sum()
    assert stats.chi2.sf(statistic, len(found) - 1) > SIGNIFICANCE


@each_domain
def test_normals_are_of_unit_length_and_outward(domain: pinn.Domain, measure: float) -> None:
    size = np.linalg.norm(domain.upper - domain.lower)
    for part in domain.parts:
        points, normals = domain.boundary(150, [part], "uniform", (2,))
        np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1, rtol=1e-12)
        assert domain.contains(points - 1e-6 * size * normals).all()
        assert not domain.contains(points + 1e-6 * size * normals).any()
        beside = [domain.axis(name) for name in domain.coordinates if name not in domain.parts[part]]
        assert not normals[:, beside].any()


# The boundary of a product with time does not close, without its beginning and end.
@pytest.mark.parametrize("name", [name for name, (domain, _) in DOMAINS.items() if domain.time is None])
def test_the_whole_boundary_is_drawn_evenly(name: str) -> None:
    """The divergence theorem: the mean of x_i n_i over a boundary is the measure inside, over the boundary's."""
    domain, measure = DOMAINS[name]
    number = 40_000 if domain.dimension > 1 else 2
    points, normals = domain.boundary(number, ("boundary",), "sobol", (5,))
    assert len(points) == number
    around = sum(domain.measure_of(part) for part in domain.whole)
    flux = (points - domain.lower) * normals * around
    np.testing.assert_allclose(flux.mean(0), measure, rtol=0.02)
    # And the normals of a closed boundary add up to nothing.
    np.testing.assert_allclose(normals.mean(0), 0, atol=0.01)


@each_domain
def test_points_of_a_part_are_uniform(domain: pinn.Domain, measure: float) -> None:
    """As many in every part of a fine net of places on it, as by a sequence that is even: compared in halves."""
    if domain.dimension == 1:
        return
    for part in domain.parts:
        found = domain.on_part(part, 2000, "uniform", (1,))[0]
        even = domain.on_part(part, 1 << 14, "sobol", (9,))[0]
        for direction in np.random.default_rng(0).normal(size=(3, domain.dimension)):
            edges = np.quantile(even @ direction, np.linspace(0, 1, 11)[1:-1])
            if np.ptp(even @ direction) > 0:
                counts = np.bincount(np.searchsorted(edges, found @ direction), minlength=10)
                assert stats.chi2.sf(((counts - 200) ** 2 / 200).sum(), 9) > SIGNIFICANCE


@pytest.mark.parametrize("angle_of", [lambda p: np.arctan2(p[:, 1], p[:, 0])])
def test_points_on_an_ellipse_are_even_by_arc(angle_of: object) -> None:
    """Against arcs by adaptive quadrature."""
    from scipy.integrate import quad

    ellipse = pinn.Ellipse((0, 0), (3.0, 1.0))
    points = ellipse.on_part("ellipse", 4000, "uniform", (1,))[0]
    angle = np.arctan2(points[:, 1], points[:, 0] / 3) % (2 * np.pi)
    edges = np.linspace(0, 2 * np.pi, 17)
    arcs = [quad(lambda s: np.hypot(3 * np.sin(s), np.cos(s)), *pair)[0] for pair in itertools.pairwise(edges)]
    expected = np.array(arcs) / np.sum(arcs) * 4000
    assert_uniform(np.histogram(angle, edges)[0], expected)
    assert ellipse.measure_of("ellipse") == pytest.approx(np.sum(arcs))


def test_a_product_pairs_points_that_do_not_go_side_by_side() -> None:
    """Two sequences of one kind are the same but for scrambling, and would leave most of the product empty."""
    domain = pinn.Interval(x=(0, 1)) * pinn.Interval(t=(0, 1))
    points = domain.interior(1024, "sobol", (0,))
    cells = np.floor(points * 8).astype(int) @ [8, 1]
    assert np.bincount(cells, minlength=64).min() > 4
