"""Calls of the functions that NumPy has besides: elementary ones, of samples, reductions that leave elements out."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import integrate

from functions.cases import Case, binary, numbers, of, unary

_x = numbers(3, 4)
_line = numbers(6)
_y = numbers(4)
_rising = np.array([-1.5, -0.2, 0.4, 1.7])
_mask = np.array([[1, 0, 0, 1], [0, 1, 1, 0], [0, 1, 0, 0]], np.bool_)
_integers = np.array([[12, 18, 7], [0, -6, 35]])
_tall = numbers(2, 3, 4)
_HOLES = np.where(np.array([[1, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]]), np.nan, _x)


def _of_samples(name: str, reference: Any) -> list[Case]:
    return [
        of(reference, _x),
        of(lambda y: reference(y, dx=0.5, axis=0), _x, dx=0.5, axis=0),
        of(reference, _x, _rising),
        of(reference, _x, np.sort(_x)),
    ]


def _without_nan(name: str) -> list[Case]:
    reference = getattr(np, name)
    return [
        of(lambda x, a=a, k=k: reference(x, axis=a, keepdims=k), _HOLES, axis=a, keepdims=k, smooth=False)
        for a in (None, 0, 1)
        for k in (False, True)
    ] + [of(reference, _x)]


def _where(name: str, **kwargs: Any) -> list[Case]:
    reference = getattr(np, name)
    return [
        of(lambda x, a=a, k=k: reference(x, axis=a, keepdims=k, where=_mask, **kwargs), _x, axis=a, keepdims=k,
           where=_mask, smooth=name not in ("any", "all"), **kwargs)
        for a in (None, 0, (0, 1))
        for k in (False, True)
    ]  # fmt: skip


CASES: dict[str, list[Case]] = {
    "log10": unary(np.log10, 0.2, 4.0),
    "cbrt": [*unary(np.cbrt, 0.2, 4.0), *unary(np.cbrt, -4.0, -0.2)],
    "hypot": [of(np.hypot, _x, numbers(4)), of(np.hypot, 1.5, _y), of(np.hypot, _y, 2)],
    "copysign": [of(np.copysign, _x, numbers(4)), of(np.copysign, np.array([1.0, -2.0]), np.array([-0.0, 0.0]))],
    "fmod": binary(np.fmod, 0.2),
    "nextafter": [of(np.nextafter, _x, numbers(4), smooth=False)],
    "signbit": [of(np.signbit, np.array([-0.0, 0.0, -1.0, 2.0])), of(np.signbit, _integers)],
    "frexp": [of(np.frexp, _x), of(np.frexp, np.array([0.0, 5e-324, 1.7e308, -np.inf]), smooth=False)],
    "ldexp": [
        of(np.ldexp, _x, np.array([1, -2, 0, 3])),
        of(np.ldexp, np.array([0.75, 1.5]), np.array([1024, -1074]), smooth=False),
    ],
    "gcd": [of(np.gcd, _integers, np.array([4, 9, 14])), of(np.gcd, _integers, 6)],
    "lcm": [of(np.lcm, _integers, np.array([4, 9, 14]))],
    "nan_to_num": [
        of(
            lambda x: np.nan_to_num(x, nan=1.0, posinf=2.0, neginf=3.0),
            np.array([1.0, np.nan, np.inf, -np.inf]),
            nan=1.0,
            posinf=2.0,
            neginf=3.0,
            smooth=False,
        ),
        of(np.nan_to_num, _integers),
        of(np.nan_to_num, _x),
        of(np.nan_to_num, np.array([1.0, np.nan, np.inf, -np.inf]), smooth=False),
    ],
    "moveaxis": [
        of(lambda x: np.moveaxis(x, 0, -1), _tall, source=0, destination=-1),
        of(lambda x: np.moveaxis(x, (2, 0), (0, 1)), _tall, source=(2, 0), destination=(0, 1)),
    ],
    "diagonal": [
        *(of(lambda x, k=k: np.diagonal(x, k), _x, offset=k) for k in (-3, -1, 0, 1, 3, 9)),
        *(
            of(lambda x, i=i, j=j: np.diagonal(x, 1, i, j), _tall, offset=1, axis1=i, axis2=j)
            for i, j in ((0, 2), (2, 0), (1, 2))
        ),
    ],
    "diff": [*(of(lambda x, n=n, a=a: np.diff(x, n, a), _x, n=n, axis=a) for n in (0, 1, 2) for a in (0, 1))],
    "gradient": [
        of(np.gradient, _line),
        of(np.gradient, _x),
        of(np.gradient, _x, 0.5),
        of(np.gradient, _x, 0.5, np.array([0.0, 0.5, 2.0, 2.25])),
        of(lambda x: np.gradient(x, axis=1), _x, axis=1),
        of(np.gradient, np.array([1.0, 4.0])),
        of(np.gradient, np.array([1.0, 2.0, np.inf, 5.0, 3.0]), smooth=False),
    ],
    "trapezoid": _of_samples("trapezoid", np.trapezoid),
    "cumulative_trapezoid": [
        *_of_samples("cumulative_trapezoid", integrate.cumulative_trapezoid),
        of(lambda y: integrate.cumulative_trapezoid(y, initial=0), _x, initial=0),
    ],
    "interp": [
        of(np.interp, numbers(2, 3, low=-1.4, high=1.6), _rising, _y),
        of(np.interp, np.array([-9.0, 9.0]), _rising, _y),
        of(
            lambda *a: np.interp(*a, left=-1.0, right=2.0),
            np.array([-9.0, 9.0, 0.1]),
            _rising,
            _y,
            left=-1.0,
            right=2.0,
        ),
        of(np.interp, _rising, _rising, _y, smooth=False),
        of(np.interp, np.array([0.3, 1.0]), np.array([1.0]), np.array([5.0]), smooth=False),
    ],
    "polyval": [of(np.polyval, _y, _x), of(np.polyval, [1.0, 2.0, 3.0], _x), of(np.polyval, _y, 0.5)],
    "convolve": [
        of(lambda a, v, m=m: np.convolve(a, v, m), a, v, mode=m)
        for m in ("full", "same", "valid")
        for a, v in ((_line, numbers(3)), (_line, numbers(4)), (numbers(2), _line), (_line, numbers(6)))
    ],
    "correlate": [
        of(lambda a, v, m=m: np.correlate(a, v, m), a, v, mode=m)
        for m in ("full", "same", "valid")
        for a, v in ((_line, numbers(3)), (_line, numbers(4)), (numbers(3), _line), (numbers(2), _line))
    ],
    **{name: _without_nan(name) for name in ("nansum", "nanprod", "nanmean", "nanmax", "nanmin", "nanvar", "nanstd")},
    "nancumsum": [
        of(lambda x: np.nancumsum(x, 1), _HOLES, axis=1, smooth=False),
        of(lambda x: np.nancumsum(x, 0), _x, axis=0),
    ],
    "sum": _where("sum"),
    "prod": _where("prod"),
    "mean": _where("mean"),
    "any": _where("any"),
    "all": _where("all"),
    "amax": [*_where("max", initial=-3.0), of(lambda x: np.max(x, initial=1.0), _x, initial=1.0)],
    "amin": [*_where("min", initial=3.0), of(lambda x: np.min(x, 0, initial=-1.0), _x, axis=0, initial=-1.0)],
}
