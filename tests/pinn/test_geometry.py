"""Boxes, their faces, and points in them."""

from __future__ import annotations

import numpy as np
import pytest

from dualtape import errors, pinn
from dualtape.pinn.sampling import SAMPLERS

BOX = pinn.Rectangle(x=(-1, 1), y=(2, 3), t=(0, 0.5))


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("number", [1, 7, 64])
def test_points_lie_inside_and_repeat_with_the_seed(sampler: str, number: int) -> None:
    points = BOX.interior(number, sampler, (3, 1))
    assert points.shape == (number, 3)
    assert (points > BOX.lower).all()
    assert (points < BOX.upper).all()
    np.testing.assert_array_equal(points, BOX.interior(number, sampler, (3, 1)))
    assert not np.array_equal(points, BOX.interior(number, sampler, (3, 2)))


def test_sobol_points_are_spread_evenly() -> None:
    counts, _ = np.histogram(BOX.interior(256, "sobol")[:, 0], bins=16, range=(-1, 1))
    assert counts.min() == counts.max() == 16


def test_faces_have_points_on_them_and_outward_normals() -> None:
    points, normals = BOX.boundary(5, ["x-", "t+"])
    assert points.shape == normals.shape == (10, 3)
    assert (points[:5, 0] == -1).all()
    assert (points[5:, 2] == 0.5).all()
    np.testing.assert_array_equal(normals[0], [-1, 0, 0])
    np.testing.assert_array_equal(normals[9], [0, 0, 1])


def test_a_face_of_an_interval_is_one_point() -> None:
    points, normals = pinn.Interval(x=(0, 2)).boundary(50, ["x-", "x+"])
    np.testing.assert_array_equal(points, [[0], [2]])
    np.testing.assert_array_equal(normals, [[-1], [1]])


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({}, "named range"),
        ({"x": (1, 1)}, "lower < upper"),
        ({"x": (0, float("inf"))}, "finite"),
        ({"x": (0, 1), "xx": (0, 1)}, "reads as a derivative"),
        ({"points": (0, 1)}, "cannot be named"),
    ],
)
def test_unusable_ranges_are_refused(ranges: dict[str, tuple[float, float]], message: str) -> None:
    with pytest.raises(errors.ArgumentError, match=message):
        pinn.Rectangle(**ranges)


def test_a_range_that_is_no_pair_is_refused() -> None:
    with pytest.raises(errors.ArgumentTypeError, match="pair"):
        pinn.Rectangle(x=3)  # type: ignore[arg-type]


def test_unknown_faces_samplers_and_empty_sets_are_refused() -> None:
    with pytest.raises(errors.ArgumentError, match=r"no face 'z-'.*x-, x\+"):
        BOX.boundary(3, ["z-"])
    with pytest.raises(errors.ArgumentError, match="sobol, halton"):
        BOX.interior(3, "grid")
    with pytest.raises(errors.ArgumentError, match="1 or more, got 0"):
        pinn.dirichlet(0.0, on="x-", points=0)
