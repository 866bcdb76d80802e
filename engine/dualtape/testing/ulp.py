"""Closeness in units in the last place."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualtape.errors import ArgumentTypeError


def assert_close_in_ulp(actual: Any, expected: Any, ulps: float) -> None:
    """Check that ``actual`` differs from ``expected`` by at most ``ulps`` units in the last place.

    Parameters
    ----------
    actual
        A Tensor or array of floats; its element type says what a unit is.
    expected
        Reference values, of this or a wider type; NaN matches NaN, and an infinity itself.
    ulps
        How many units of ``actual``'s type at ``expected`` are allowed.

    Examples
    --------
    >>> import numpy as np
    >>> assert_close_in_ulp(np.float32(0.1), 0.1, ulps=0.5)
    """
    got = np.asarray(actual)
    if got.dtype.kind != "f":
        raise ArgumentTypeError(f"`actual` of `assert_close_in_ulp` must hold floats, got {got.dtype}")
    got, wanted = np.broadcast_arrays(got, np.asarray(expected))
    exact = wanted.astype(np.longdouble)
    with np.errstate(all="ignore"):
        rounded = wanted.astype(got.dtype)
        unit = np.spacing(np.abs(rounded)).astype(np.longdouble)
        distance = np.abs(got.astype(np.longdouble) - exact) / unit
        # What overflows the type is right as an infinity; NaN is right as NaN.
        distance = np.where((got == rounded) | (np.isnan(got) & np.isnan(rounded)), np.minimum(distance, 0.5), distance)
        distance = np.where(np.isnan(distance), np.inf, distance)
        distance = np.where(np.isnan(got) & np.isnan(rounded) | (np.isinf(rounded) & (got == rounded)), 0, distance)
    if distance.size and distance.max() > ulps:
        worst = tuple(map(int, np.unravel_index(int(distance.argmax()), distance.shape)))
        raise AssertionError(
            f"element {worst}: got {got[worst]!r}, expected {exact[worst]!s}: "
            f"{float(distance[worst]):.2f} ulp of {got.dtype}, allowed {ulps}"
        )
