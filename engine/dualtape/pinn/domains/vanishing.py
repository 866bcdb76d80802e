"""Functions that are 0 on parts of a polygon's boundary and positive elsewhere in it, as smooth as its corners allow.

What vanishes on both edges of a corner behaves there like ``r^(pi/omega)``, with ``omega`` the angle inside:
solutions of Laplace's equation do (Grisvard 1985, *Elliptic Problems in Nonsmooth Domains*, chapter 4). Of lines that
meet at a convex corner the product is smooth, where an R-function of them has second derivatives like 1/r; at a
reentrant corner the harmonic function of the wedge, ``r^(pi/omega) sin(pi theta/omega)``, is as singular as a solution.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from operator import mul
from typing import Any

import numpy as np

from dualtape.pinn.domains.smooth import segments_together

Vanishing = Callable[[Any, Any], Any]
_MOST_FACTORS = 8
_BENT = math.radians(30)
"""Edges that meet at a smaller angle are pieces of one curve."""


def vanishing_on_segments(segments: np.ndarray, contains: Callable[[np.ndarray], np.ndarray], size: float) -> Vanishing:
    """A function of x and y that is 0 on segments and positive elsewhere in a polygon.

    Parameters
    ----------
    segments
        Of shape (F, 2, 2), parts of the polygon's boundary, with the polygon on the left.
    contains
        Which points are in the polygon.
    size
        Of the polygon, in its units.
    """
    chains = _chains(_straightened(segments))
    if len(chains) > _MOST_FACTORS:
        return lambda x, y: segments_together(x, y, segments)
    factors = [_of_chain(chain, contains, size) for chain in chains]
    return lambda x, y: reduce(mul, [factor(x, y) for factor in factors])


def _of_chain(chain: np.ndarray, contains: Callable[[np.ndarray], np.ndarray], size: float) -> Vanishing:
    ahead = np.linspace(1e-6, 1, 256)[:, None] * size
    (start, end), along = chain[0], _direction(chain)
    if len(chain) == 1:
        beyond = np.concatenate([start - ahead * along[0], end + ahead * along[0]])
        if not contains(beyond).any():
            normal = np.array([-along[0][1], along[0][0]])
            return lambda x, y: ((x - start[0]) * normal[0] + (y - start[1]) * normal[1]) * (1 / size)
    if len(chain) == 2:
        beyond = np.concatenate([chain[0, 0] - ahead * along[0], chain[1, 1] + ahead * along[1]])
        if not contains(beyond).any():
            return _wedge(chain[0, 1], -along[0], along[1], size)
    return lambda x, y: segments_together(x, y, chain) * (1 / size)


def _wedge(corner: np.ndarray, up: np.ndarray, low: np.ndarray, size: float) -> Vanishing:
    """Of the wedge that goes to the left from one direction to another: r^(pi/omega) cos(pi theta/omega).

    The angle theta is taken from the middle of the wedge, so that it has its jump outside.
    """
    first = math.atan2(low[1], low[0])
    omega = (math.atan2(up[1], up[0]) - first) % (2 * math.pi)
    middle, power = first + omega / 2, math.pi / omega
    c, s = math.cos(middle), math.sin(middle)

    def harmonic(x: Any, y: Any) -> Any:
        u, v = (x - float(corner[0])) * (1 / size), (y - float(corner[1])) * (1 / size)
        a, b = u * c + v * s, v * c - u * s
        squared = np.maximum(a * a + b * b, 1e-30)
        return squared ** (power / 2) * np.cos(power * np.arctan2(b, a))

    return harmonic


def _chains(segments: np.ndarray) -> list[np.ndarray]:
    """Segments that follow each other around reentrant corners or bends of a curve."""
    follower = {}
    for i, (_, end) in enumerate(segments):
        for j in np.flatnonzero((np.abs(segments[:, 0] - end) < 1e-12 * np.abs(segments).max()).all(-1)):
            if i != j and _turn(segments[i], segments[j]) < _BENT:
                follower[i] = int(j)
    chains, left = [], dict.fromkeys(range(len(segments)))
    starts = [i for i in left if i not in follower.values()]
    for first in (*starts, *left):  # what is left behind the starts goes round
        chain, i = [], first
        while i in left:
            chain.append(i)
            del left[i]
            if i not in follower:
                break
            i = follower[i]
        if chain:
            chains.append(segments[chain])
        if not left:
            break
    return chains


def _straightened(segments: np.ndarray) -> np.ndarray:
    """Segments that go on in one direction are one."""
    whole = list(segments)
    merged = len(whole) <= 64  # of more, most are pieces of curves
    while merged:
        merged = False
        for i, one in enumerate(whole):
            for j, other in enumerate(whole):
                if i != j and np.array_equal(one[1], other[0]) and abs(_turn(one, other)) < 1e-9:
                    whole[i] = np.stack([one[0], other[1]])
                    del whole[j]
                    merged = True
                    break
            if merged:
                break
    return np.array(whole)


def _direction(segments: np.ndarray) -> np.ndarray:
    along = segments[..., 1, :] - segments[..., 0, :]
    return np.asarray(along / np.linalg.norm(along, axis=-1, keepdims=True))


def _turn(one: np.ndarray, other: np.ndarray) -> float:
    """The angle to the left from one segment to the next; negative at a reentrant corner."""
    (a, b), (c, d) = _direction(one), _direction(other)
    return math.atan2(a * d - b * c, a * c + b * d)
