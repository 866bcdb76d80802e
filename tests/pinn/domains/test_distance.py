"""Signed distances and membership against shapely and trimesh."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import trimesh

import dualtape as dt
from dualtape import pinn
from pinn.domains.domains_to_try import DOMAINS, PLATE, L

CIRCLE = 20_000  # corners of a polygon that stands for a curve

ROUND = shapely.Point(0, 0).buffer(1, CIRCLE)

FLAT = {
    "rectangle": (pinn.Rectangle(x=(0, 2), y=(0, 1)), shapely.box(0, 0, 2, 1)),
    "disk": (pinn.Disk((1, 2), 0.5), shapely.Point(1, 2).buffer(0.5, CIRCLE)),
    "ring": (pinn.Shell((0, 0), 0.5, 1), ROUND - shapely.Point(0, 0).buffer(0.5, CIRCLE)),
    "ellipse": (
        pinn.Ellipse((1, 0), (2, 0.5)),
        shapely.affinity.translate(shapely.affinity.scale(ROUND, 2, 0.5), 1, 0),
    ),
    "high ellipse": (
        pinn.Ellipse((0, 0), (0.5, 2)), shapely.affinity.scale(ROUND, 0.5, 2)
    ),
    "triangle": (pinn.Triangle((0, 0), (2, 0), (0, 1)), shapely.Polygon([(0, 0), (2, 0), (0, 1)])),
    "L": (pinn.Polygon(L[::-1]), shapely.Polygon(L)),
    "shapely": (pinn.from_shapely(PLATE), PLATE),
    "several": (
        pinn.from_shapely(shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)])),
        shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)]),
    ),
    "placed": (
        pinn.Rectangle(x=(0, 2), y=(0, 1)).rotated(0.5, about=(1, 1)).scaled(1.5).translated(y=2),
        shapely.affinity.translate(
            shapely.affinity.scale(
                shapely.affinity.rotate(shapely.box(0, 0, 2, 1), 0.5, origin=(1, 1), use_radians=True),
                1.5, 1.5, origin=(0, 0),
            ),
            0, 2,
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("domain", "geometry"), FLAT.values(), ids=FLAT)
def test_distances_in_the_plane_are_those_of_shapely(domain: pinn.Domain, geometry: shapely.Geometry) -> None:
    middle, half = (domain.lower + domain.upper) / 2, (domain.upper - domain.lower) / 2
    points = middle + 1.7 * half * np.random.default_rng(0).uniform(-1, 1, (500, 2))
    inside = shapely.contains_xy(geometry, *points.T)
    distance = shapely.distance(geometry.boundary, shapely.points(points))
    np.testing.assert_allclose(domain.signed_distance(points), np.where(inside, -distance, distance), atol=2e-8)
    clear = distance > 1e-6
    np.testing.assert_array_equal(domain.contains(points)[clear], inside[clear])


def test_an_ellipse_at_its_axes() -> None:
    ellipse = pinn.Ellipse((0, 0), (2, 1))
    points = np.array([[0, 0], [1, 0], [1.9, 0], [3, 0], [0, 0.5], [0, 2], [2, 0]], float)
    np.testing.assert_allclose(ellipse.signed_distance(points), [-1, -np.sqrt(2 / 3), -0.1, 1, -0.5, 1, 0], atol=1e-12)
    circle = pinn.Ellipse((0, 0), (1, 1))
    np.testing.assert_allclose(circle.signed_distance(points[:4]), [-1, 0, 0.9, 2], atol=1e-12)


@pytest.mark.parametrize(
    "mesh", [trimesh.creation.box((1, 2, 3)), trimesh.creation.icosphere(2), trimesh.creation.torus(1.0, 0.3)]
)
def test_distances_in_space_are_those_of_trimesh(mesh: trimesh.Trimesh) -> None:
    domain = pinn.from_surface(mesh)
    points = np.random.default_rng(1).uniform(1.5 * mesh.bounds[0], 1.5 * mesh.bounds[1], (200, 3))
    expected = -trimesh.proximity.signed_distance(mesh, points)  # positive inside, there
    np.testing.assert_allclose(domain.signed_distance(points), expected, atol=1e-9)
    assert domain.measure() == pytest.approx(mesh.volume)
    assert domain.measure_of("surface") == pytest.approx(mesh.area)


@pytest.mark.parametrize("name", [name for name in DOMAINS if "by difference" not in name])
def test_the_boundary_is_where_the_distance_is_zero(name: str) -> None:
    domain, _ = DOMAINS[name]
    if domain.dimension == 1:
        assert domain.signed_distance(np.array([[-1.0], [2.0], [0.0]])).tolist() == [0, 0, -1]
        return
    points, normals = domain.boundary(200, tuple(domain.parts))
    np.testing.assert_allclose(domain.signed_distance(points), 0, atol=1e-9)
    if "parts" not in name:  # at corners, where two parts meet, a step along one normal is no distance
        step = 1e-7
        np.testing.assert_allclose(domain.signed_distance(points + step * normals), step, rtol=1e-4)


@pytest.mark.parametrize("name", ["box", "disk", "ball", "ring", "cylinder", "union", "hole", "product with time"])
def test_distances_of_tensors_have_derivatives_of_unit_length(name: str) -> None:
    domain, _ = DOMAINS[name]
    points = domain.interior(50)
    found = domain.signed_distance(dt.Tensor(points))
    np.testing.assert_allclose(found.asnumpy(), domain.signed_distance(points), rtol=1e-12, atol=1e-14)
    slopes = dt.grad(lambda x: domain.signed_distance(x).sum())(dt.Tensor(points)).asnumpy()
    np.testing.assert_allclose(np.linalg.norm(slopes, axis=1), 1, rtol=1e-9)


def test_a_placed_box_has_the_distance_of_tensors_too() -> None:
    domain = pinn.Rectangle(x=(0, 2), y=(0, 1)).rotated(0.5).translated(x=1)
    points = domain.interior(20).astype(np.float32)
    np.testing.assert_allclose(
        domain.signed_distance(dt.Tensor(points)).asnumpy(), domain.signed_distance(points), atol=1e-6
    )


def test_many_points_are_decided_by_cells_as_by_all_facets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A grid of 41^3 points in a surface of some thousand facets took minutes."""
    dented = trimesh.creation.icosphere(2)
    dented.vertices *= 1 + 0.3 * np.sin(4 * dented.vertices[:, :1])
    domain = pinn.from_surface(dented)
    grid = np.stack(domain.grid(9, 9, 9), axis=-1)
    points = np.concatenate([grid.reshape(-1, 3), domain.on_part("surface", 50)[0], dented.vertices])
    every = domain.contains(points)
    assert every[729:].all()
    monkeypatch.setattr("dualtape.pinn.domains.facets.PAIRS", 1)
    np.testing.assert_array_equal(domain.contains(points), every)
    np.testing.assert_array_equal(domain.interior(30), pinn.from_surface(dented).interior(30))


@pytest.mark.parametrize("name", ["dented", "box", "star"])
def test_distances_of_many_points_are_those_from_all_facets(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """41^3 points around a surface of 5,120 triangles took minutes, each with all of them."""
    if name == "dented":  # with saddles, and the middle as far from all
        mesh = trimesh.creation.icosphere(2)
        mesh.vertices *= 1 + 0.3 * np.sin(4 * mesh.vertices[:, :1])
        domain = pinn.from_surface(mesh)
    elif name == "box":  # in whose planes points lie, and whose triangles are cut
        domain = pinn.from_surface(trimesh.creation.box((1, 2, 3)))
    else:
        turn = np.pi * np.arange(10) / 5
        corners = np.where(np.arange(10) % 2, 0.3, 1.0)[:, None] * np.stack([np.cos(turn), np.sin(turn)], 1)
        domain = pinn.Polygon(corners.tolist())
    middle, half = (domain.lower + domain.upper) / 2, (domain.upper - domain.lower) / 2
    ends = np.meshgrid(*[np.linspace(-1.5, 1.5, 7)] * domain.dimension)
    points = middle + half * np.stack(ends, -1).reshape(-1, domain.dimension)
    points = np.concatenate([points, domain.boundary(30)[0]])
    every = domain.signed_distance(points)
    monkeypatch.setattr("dualtape.pinn.domains.facets.PAIRS", 1)
    found = domain.signed_distance(points)
    np.testing.assert_allclose(abs(found), abs(every), atol=1e-12)
    clear = abs(every) > 1e-9
    np.testing.assert_array_equal(np.sign(found[clear]), np.sign(every[clear]))
