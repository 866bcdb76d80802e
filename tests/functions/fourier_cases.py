"""Calls of Fourier transforms and of functions of complex numbers, with what NumPy or SciPy makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import fft

import dualtape as dt
from functions.cases import Case, numbers, of, unary


def _transform(name: str, *shapes: tuple[int, ...], **options: Any) -> list[Case]:
    function = getattr(fft, name)
    return [of(lambda x, o=options: function(x, **o), numbers(*shape), **options) for shape in shapes]


def _of_one_axis(name: str) -> list[Case]:
    return [
        *_transform(name, (2, 4), (5,)),
        *_transform(name, (3, 4), n=5, axis=0, norm="ortho"),
        *_transform(name, (6,), n=4, norm="forward"),
    ]


def _of_axes(name: str) -> list[Case]:
    return [*_transform(name, (3, 4)), *_transform(name, (2, 3, 4), s=(4, 3), axes=(2, 0), norm="ortho")]


def _of_type(name: str) -> list[Case]:
    unscaled = (case for type in (1, 2, 3, 4) for case in _transform(name, (2, 4), type=type))
    return [*unscaled, *_transform(name, (5,), n=4, type=3, norm="forward")]


def _frequencies(function: Callable[..., Any]) -> list[Case]:
    return [
        of(lambda n: function(n).astype(np.float32), 5),
        of(lambda n, d: function(n, d).astype(np.float32), 4, 0.5),
        of(lambda n: function(n), 3, dtype=dt.float64),
    ]


CASES: dict[str, list[Case]] = {
    **{f"fft.{name}": _of_one_axis(name) for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")},
    **{
        f"fft.{name}": _of_axes(name)
        for name in ("fft2", "ifft2", "fftn", "ifftn", "rfft2", "irfft2", "rfftn", "irfftn")
    },
    **{f"fft.{name}": _of_type(name) for name in ("dct", "idct", "dst", "idst")},
    **{f"fft.{name}": _transform(name, (3, 4)) for name in ("dctn", "idctn", "dstn", "idstn")},
    **{
        f"fft.{name}": [*_transform(name, (5,), (2, 3)), *_transform(name, (3, 4), axes=1)]
        for name in ("fftshift", "ifftshift")
    },
    "fft.fftfreq": _frequencies(np.fft.fftfreq),
    "fft.rfftfreq": _frequencies(np.fft.rfftfreq),
    "angle": unary(np.angle, smooth=False),
    "complex": [
        of(lambda x, y: x + 1j * y, numbers(2, 3), numbers(2, 3)),
        of(lambda x, y: x + 1j * y, numbers(3), 2.0),
    ],
    "conj": unary(np.conj),
    "imag": unary(np.imag, smooth=False),
    "is_complex": [of(np.iscomplexobj, numbers(2))],
    "polar": [of(lambda r, t: r * np.exp(1j * t), numbers(2, 3, low=0.2), numbers(2, 3))],
    "real": unary(np.real),
    "view_as_complex": [of(lambda x: x[..., 0] + 1j * x[..., 1], numbers(3, 2))],
    "view_as_real": [of(lambda x: np.stack([x.real, x.imag], -1), numbers(2, 3) + 1j * numbers(2, 3))],
}
