"""What is made of domains and of files: names, refusals, physical groups."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest
import shapely
import trimesh

from dualtape import errors, pinn
from pinn.domains.domains_to_try import PLATE, SQUARE, L


def test_the_boundary_that_is_cut_out_has_names_of_its_own() -> None:
    domain = SQUARE - pinn.Rectangle(x=(-0.5, 0.5), y=(-0.5, 0.5))
    assert set(domain.boundary(20, ["x-"])[0][:, 0]) == {-1.0}
    points, normals = domain.boundary(20, ["cut x-"])
    assert set(points[:, 0]) == {-0.5}
    assert set(normals[:, 0]) == {1.0}
    assert domain.measure_of("cut x-") == 1.0
    two = domain - pinn.Rectangle(x=(0.6, 0.8), y=(0, 1)).named("slot")
    assert set(two.parts) == {"x-", "x+", "y-", "y+", "cut x-", "cut x+", "cut y-", "cut y+", "slot"}
    # The slot reaches the edge, and takes a piece of y+ along.
    assert two.measure_of("y+") == pytest.approx(1.8, rel=1e-2)


def test_a_part_of_which_nothing_is_left_is_none() -> None:
    domain = SQUARE - pinn.Rectangle(x=(0, 3), y=(-2, 2))
    assert "x+" not in domain.parts
    assert "cut x-" in domain.parts
    with pytest.raises(errors.ArgumentError, match=r"no face 'x\+'; the domain has x-, y-, y\+, cut x-"):
        domain.boundary(3, ["x+"])


def test_shared_faces_are_inside_a_union_and_counted_once_on_its_boundary() -> None:
    pair = pinn.Rectangle(x=(0, 1), y=(0, 1)) | pinn.Rectangle(x=(1, 2), y=(0, 1))
    assert {part: round(pair.measure_of(part), 2) for part in pair.parts} == {"x-": 1, "x+": 1, "y-": 2, "y+": 2}
    overlap = pinn.Rectangle(x=(0, 2), y=(0, 1)) | pinn.Rectangle(x=(1, 3), y=(0, 1))
    assert overlap.measure_of("y-") == pytest.approx(3, rel=1e-2)
    left = np.mean(overlap.boundary(3000, ["y-"])[0][:, 0] < 1)
    assert left == pytest.approx(1 / 3, abs=0.02)


def test_parts_of_ones_own() -> None:
    domain = pinn.Disk().with_parts(right=lambda p: p.x > 0.5, out=lambda p: p.normal[:, 1] > 0)
    assert tuple(domain.parts) == ("circle", "right", "out")
    points, _ = domain.boundary(50, ["right"])
    assert (points[:, 0] > 0.5).all()
    assert domain.measure_of("right") == pytest.approx(2 * np.pi / 3, rel=1e-3)
    # The whole boundary is counted once, and a hole of it too.
    assert domain.parts_of("boundary") == ("circle",)
    assert (SQUARE - domain.scaled(0.5)).parts_of("boundary") == ("x-", "x+", "y-", "y+", "circle")
    heated = domain * pinn.Interval(t=(0, 1))
    assert heated.parts_of("boundary") == ("circle",)
    assert heated.boundary(5, ["right"])[0].shape == (5, 3)
    assert heated.across(["initial"]) == ("t",)


def test_a_function_chooses_points_of_the_boundary() -> None:
    points, normals = SQUARE.boundary(40, [lambda p: (p.normal[:, 1] > 0.5) & (p.x < 0)])
    assert (points[:, 1] == 1).all()
    assert (normals == [0, 1]).all()
    with pytest.raises(errors.ArgumentError, match=r"Rectangle that a function in `on` chooses is empty or nearly so"):
        SQUARE.boundary(4, [lambda p: p.x > 2])
    with pytest.raises(errors.ShapeError, match=r"gave float64 of shape \(4,\) for 4 points; expected bools"):
        SQUARE.boundary(4, [lambda p: p.x])
    with pytest.raises(errors.ArgumentError, match=r"`p\.z`: these points have x, y, points, normal"):
        SQUARE.boundary(4, [lambda p: p.z > 0])
    with pytest.raises(errors.ArgumentError, match=r"the part 'far' holds at no point"):
        SQUARE.with_parts(far=lambda p: p.x > 2)


def test_time_may_have_another_name() -> None:
    domain = SQUARE * pinn.Time(tau=(1, 2))
    points, normals = domain.boundary(6, ["initial"])
    assert (points[:, 2] == 1).all()
    assert (normals == [0, 0, -1]).all()
    assert domain.space == ("x", "y")
    assert domain.named("walls").parts == {"walls": ("x", "y"), "tau-": ("tau",), "tau+": ("tau",)}
    with pytest.raises(errors.ArgumentError, match="both factors of a product have a time: 'tau' and 't'"):
        domain * pinn.Interval(t=(0, 1))


def test_bounds_of_what_is_turned() -> None:
    assert SQUARE.bounds == {"x": (-1, 1), "y": (-1, 1)}
    turned = SQUARE.rotated(np.pi / 4)
    np.testing.assert_allclose(turned.upper, np.sqrt(2))
    assert turned.parts["x-"] == ("x", "y")
    quarter = SQUARE.rotated(np.pi / 2).boundary(4, ["x+"])
    np.testing.assert_allclose(quarter[1], [[0, 1]] * 4, atol=1e-15)
    solid = pinn.Cylinder((0, 0), 1, (0, 2)).rotated(np.pi / 2, plane=("y", "z"))
    np.testing.assert_allclose(solid.bounds["y"], (-2, 0), atol=1e-12)


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: SQUARE & pinn.Disk((5, 5), 1.0), errors.ArgumentError, "is empty: the boxes .* do not overlap"),
        (lambda: SQUARE - pinn.Disk((0, 0), 3.0), errors.ArgumentError, "is empty or nearly so: none of"),
        (lambda: SQUARE | pinn.Ball((0, 0, 0), 1.0), errors.ArgumentError, "same coordinates; got x, y and x, y, z"),
        (lambda: SQUARE | 3, errors.ArgumentTypeError, "between two domains, got int"),
        (lambda: SQUARE * pinn.Disk(), errors.ArgumentError, "both factors of a product have the coordinate 'x'"),
        (
            lambda: pinn.Disk() * pinn.Disk(names=("a", "b")),
            errors.ArgumentError,
            "both factors of a product have the part 'circle'",
        ),
        (lambda: pinn.Disk((0, 0), -1), errors.ArgumentError, "`radius` must be positive and finite, got -1"),
        (lambda: pinn.Disk((0, 0, 0), 1), errors.ShapeError, r"`center` must hold 2 numbers, got shape \(3,\)"),
        (lambda: pinn.Disk(names=("x", "x")), errors.ArgumentError, "2 different names of coordinates"),
        (lambda: pinn.Ball((0,), 1), errors.ArgumentError, r"there is pinn\.Interval"),
        (lambda: pinn.Shell((0, 0), 2, 1), errors.ArgumentError, "`inner` must be less than `outer`"),
        (lambda: pinn.Ellipse((0, 0), (1, 0)), errors.ArgumentError, "`semi_axes` must be positive"),
        (lambda: pinn.Polygon([(0, 0), (1, 1)]), errors.ShapeError, r"shape \(n, 2\) with n > 2, got \(2, 2\)"),
        (lambda: pinn.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), errors.ArgumentError, "edge 1 meets edge 3"),
        (lambda: pinn.Polygon([(0, 0), (1, 1), (1, 1), (0, 1)]), errors.ArgumentError, "edge 2 has no length"),
        (lambda: pinn.Polyline([(0, 0)]), errors.ShapeError, r"got \(1, 2\)"),
        (lambda: SQUARE.translated(z=1), errors.ArgumentError, "no coordinate 'z'; the domain has x, y"),
        (lambda: SQUARE.rotated("x"), errors.ArgumentTypeError, "finite number of radians"),  # type: ignore[arg-type]
        (lambda: SQUARE.scaled(0), errors.ArgumentError, "`factor` must be positive"),
        (lambda: SQUARE.named("boundary"), errors.ArgumentError, "'boundary' stands for parts of every domain"),
        (lambda: SQUARE.with_parts(inlet="x-"), errors.ArgumentTypeError, "a function such as"),  # type: ignore[arg-type]
        (lambda: pinn.from_shapely("box"), errors.ArgumentTypeError, "shapely Polygon or MultiPolygon, got str"),
        (lambda: pinn.from_shapely(shapely.Polygon()), errors.ArgumentError, "is empty"),
        (
            lambda: pinn.from_shapely(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])),
            errors.ArgumentError,
            "is not valid: Self-intersection",
        ),
        (lambda: pinn.from_surface(3), errors.ArgumentTypeError, r"path of a file or a trimesh\.Trimesh, got int"),
        (lambda: pinn.from_surface(open_box()), errors.ArgumentError, "does not close around a region"),
        (lambda: pinn.PointCloud([[0.0, 0.0]]).interior(2), errors.ArgumentError, "has 1 points inside, and 2 are"),
        (lambda: pinn.PointCloud([[0.0, 0.0], [1.0, 1.0]]).measure(), errors.ArgumentError, "give it as `measure`"),
    ],
)  # fmt: skip
def test_domains_that_cannot_be_made_are_refused(make: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        make()


def open_box() -> trimesh.Trimesh:
    mesh = trimesh.creation.box((1, 1, 1))
    return trimesh.Trimesh(mesh.vertices, mesh.faces[1:], process=False)


def test_a_sliver_of_which_too_few_candidates_are_left_is_refused() -> None:
    sliver = SQUARE - pinn.Rectangle(x=(-2, 0.99995), y=(-2, 2))
    assert sliver.interior(10).shape == (10, 2)
    with pytest.raises(errors.ArgumentError, match=r"empty or nearly so: \d+ of 2097152 candidates lie there"):
        sliver.interior(5000)


def test_a_surface_from_a_file(tmp_path: Path) -> None:
    for name in ("ball.stl", "ball.obj"):
        trimesh.creation.icosphere(2, 2.0).export(tmp_path / name)
        domain = pinn.from_surface(tmp_path / name)
        assert domain.measure() == pytest.approx(trimesh.creation.icosphere(2, 2.0).volume, rel=1e-6)
        assert tuple(domain.parts) == ("surface",)


def test_a_mesh_from_gmsh_has_its_physical_groups(tmp_path: Path) -> None:
    points = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    mesh = meshio.Mesh(
        np.array(points, float),
        [("line", np.array([[0, 1], [1, 2]])), ("triangle", np.array([[0, 1, 2], [0, 3, 2]]))],
        cell_data={name: [np.array([1, 2]), np.array([9, 9])] for name in ("gmsh:physical", "gmsh:geometrical")},
        field_data={"inlet": np.array([1, 1]), "wall": np.array([2, 1]), "fluid": np.array([9, 2])},
    )  # fmt: skip
    mesh.write(tmp_path / "square.msh", file_format="gmsh22", binary=False)
    domain = pinn.from_mesh(tmp_path / "square.msh")
    assert set(domain.parts) == {"inlet", "wall", "rest"}
    assert domain.measure() == pytest.approx(1)
    assert domain.measure_of("rest") == pytest.approx(2)
    points_in, normals = domain.boundary(5, ["inlet"])
    assert (points_in[:, 1] == 0).all()
    np.testing.assert_allclose(normals, [[0, -1]] * 5)
    assert domain.contains(domain.interior(200)).all()


def test_a_mesh_of_tetrahedra() -> None:
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]], float)
    mesh = meshio.Mesh(corners, [("tetra", np.array([[0, 1, 2, 3], [1, 2, 3, 4]]))])
    domain = pinn.from_mesh(mesh)
    assert domain.measure() == pytest.approx(1 / 6 + 1 / 3)
    points, normals = domain.boundary(60, ("rest",))
    assert domain.contains(points - 1e-6 * normals).all()
    assert not domain.contains(points + 1e-6 * normals).any()
    assert domain.contains(domain.interior(200)).all()


@pytest.mark.parametrize(
    ("package", "make"),
    [
        ("shapely", lambda: pinn.from_shapely(PLATE)),
        ("trimesh", lambda: pinn.from_surface("a.stl")),
        ("meshio", lambda: pinn.from_mesh("a.msh")),
    ],
)
def test_a_missing_package_is_named(package: str, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any) -> Any:
        if name == package:
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(errors.MissingExtraError, match=rf'needs {package}, .* pip install "dualtape\[geometry\]"'):
        make()


def test_points_of_a_cloud_are_drawn_from_it() -> None:
    inside = pinn.Polygon(L).interior(400)
    cloud = pinn.PointCloud(inside, {"rim": pinn.Polygon(L).boundary(40)}, measure=3.0)
    drawn = cloud.interior(100)
    assert len(np.unique(drawn, axis=0)) == 100
    assert {tuple(point) for point in drawn} <= {tuple(point) for point in inside}
    assert cloud.contains(drawn).all()
    assert not cloud.contains(np.array([[0.5, 0.5]])).any()
    assert cloud.quadrature(100)[1].sum() == pytest.approx(3)


def test_quadrature_is_gauss_on_boxes_and_even_elsewhere() -> None:
    points, weights = pinn.Rectangle(x=(0, 1), y=(0, 2)).quadrature(64)
    assert weights @ (points[:, 0] ** 7 * points[:, 1] ** 3) == pytest.approx(1 / 8 * 4, rel=1e-14)
    points, weights = pinn.Interval(x=(0, 1)).quadrature(100_000)
    assert len(points) == pytest.approx(100_000, rel=0.01)
    assert weights @ np.abs(points[:, 0] - 1 / 3) == pytest.approx(5 / 18, rel=1e-9)
    points, weights = pinn.Disk().quadrature(4096)
    assert weights @ (points**2).sum(1) == pytest.approx(np.pi / 2, rel=1e-3)
    points, weights = (pinn.Disk() * pinn.Interval(t=(0, 2))).quadrature(8000)
    assert weights @ points[:, 2] ** 2 == pytest.approx(np.pi * 8 / 3, rel=1e-6)


def test_a_line_is_a_domain() -> None:
    line = pinn.Polyline([(0, 0), (3, 4), (3, 5)])
    points = line.interior(600, "uniform")
    assert np.mean(points[:, 1] > 4) == pytest.approx(1 / 6, abs=0.05)
    assert line.contains(points).all()
    ends, along = line.boundary(1, ("start", "end"))
    np.testing.assert_allclose(ends, [[0, 0], [3, 5]])
    np.testing.assert_allclose(along, [[-0.6, -0.8], [0, 1]])


def test_all_ends_of_separate_intervals_are_on_the_boundary() -> None:
    """The ends 1 and 2 between two intervals were left out, as each part of a line was asked for one point."""
    apart = pinn.Interval(x=(0, 1)) | pinn.Interval(x=(2, 3))
    points, normals = apart.boundary(8)
    assert sorted(zip(points.ravel(), normals.ravel(), strict=True)) == [(0, -1), (1, 1), (2, -1), (3, 1)]
    assert sorted(apart.boundary(8, ["x+"])[0].ravel()) == [1, 3]
    gap = pinn.Interval(x=(0, 3)) - pinn.Interval(x=(1, 2))
    assert sorted(gap.boundary(8)[0].ravel()) == [0, 1, 2, 3]
    places = (apart * pinn.Interval(t=(0, 1))).boundary(50, ["x+"])[0]
    assert set(places[:, 0]) == {1, 3}
    with pytest.raises(errors.ShapeError, match=r"points of shape \(2, 1\); expected points of shape \(1, 1\)"):
        apart.boundary(1, ["x+"])
