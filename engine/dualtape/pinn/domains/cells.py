"""Which side of many facets points are on: cells that no facet touches lie on one side, with all their neighbours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

MOST_CELLS = 1 << 21
_CUT = 0  # the number of cells that a facet may touch


class Cells:
    """A grid of equal cells in the box of facets, where cells between which no facet lies have one number.

    Parameters
    ----------
    facets
        Of shape (F, d, d): the corners of each.
    winds_around
        Which points of shape (n, d) the facets wind around: what is asked of one point for each number.
    """

    def __init__(
        self, facets: np.ndarray, lower: np.ndarray, upper: np.ndarray, winds_around: Callable[[np.ndarray], np.ndarray]
    ) -> None:
        from scipy import ndimage

        dimension = facets.shape[-1]
        # As long as facets are wide, so that a cell meets few of them.
        count = round(4 * len(facets) ** (1 / (dimension - 1)))
        self._count = int(np.clip(count, 8, MOST_CELLS ** (1 / dimension)))
        self._lower, self._width = lower, (upper - lower) / self._count
        touched = np.zeros([self._count] * dimension, bool)
        ends = [self._cell_of(corners(facets, axis=1) + shift) for corners, shift in self._reach(upper - lower)]
        for first, last in zip(*ends, strict=True):
            touched[tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))] = True
        # Neighbours across a face: what leads from one to the other crosses no facet.
        self._numbers, number = ndimage.label(~touched)
        where = ndimage.find_objects(self._numbers)
        one_of_each = [self._one_in(i + 1, place) for i, place in enumerate(where)]
        self._inside = np.zeros(number + 1, bool)
        if number:
            self._inside[1:] = winds_around(self._lower + (np.array(one_of_each) + 0.5) * self._width)

    def sides(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which points, of shape (n, d) within the box, are in a cell that facets touch; which of the others inside."""
        numbers = self._numbers[tuple(self._cell_of(points).T)]
        return numbers == _CUT, self._inside[numbers]

    def _cell_of(self, points: np.ndarray) -> np.ndarray:
        return np.asarray(np.clip((points - self._lower) / self._width, 0, self._count - 1).astype(int))

    def _reach(self, size: np.ndarray) -> list[tuple[Callable[..., np.ndarray], np.ndarray]]:
        """The lowest and highest corners, and how far beyond them a facet may seem to reach by rounding."""
        return [(np.min, -1e-9 * size), (np.max, 1e-9 * size)]

    def _one_in(self, number: int, place: tuple[slice, ...]) -> np.ndarray:
        first = np.argwhere(self._numbers[place] == number)[0]
        return np.array([first[i] + one.start for i, one in enumerate(place)])
