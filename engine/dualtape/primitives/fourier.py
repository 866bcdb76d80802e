"""Discrete Fourier, cosine and sine transforms: SciPy's pocketfft, on the host.

A transform is a matrix. That of :data:`fft` is symmetric, so it is its own transpose. :data:`rfft` keeps one half of
the spectrum of a real signal, and :data:`irfft` reads one half for two: each is the transpose of the other with the
coefficients conjugated and weighted, twice or half where one stands for two, which is what ``adjoint`` asks for.
Orthonormal cosine and sine transforms have their inverses as transposes.

References: Van Loan, *Computational Frameworks for the Fast Fourier Transform*, 1992; Makhoul 1980, *A fast cosine
transform in one and two dimensions*.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.core.complex_rule import BY_NUMPY, BY_PARTS, ComplexRule
from dualtape.core.example import Choose, Complexes, Example, Reals
from dualtape.core.lowering import OnHost
from dualtape.core.primitive import Linear
from dualtape.core.spec import Shape, Spec
from dualtape.dtypes import complex_dtype, part_dtype

Ints = tuple[int, ...]
_CACHED = 1 << 20
"""Bytes up to which a copy stays in the cache, and costs next to nothing."""
OTHER_WAY = {"backward": "forward", "forward": "backward", "ortho": "ortho"}
"""The scaling that a transform has by a norm, as that of the transform in the other direction."""


def _fft(x: np.ndarray, axes: Ints, inverse: bool, norm: str) -> np.ndarray:
    from scipy import fft as pocketfft

    transform: Callable[..., np.ndarray] = pocketfft.ifftn if inverse else pocketfft.fftn
    return transform(x, axes=axes, norm=norm)


fft: Linear = Linear(
    name="fft",
    numpy=_fft,
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda x, axes, inverse, norm: x,
    batch=lambda size, x, axes, **way: fft(x, axes=tuple(axis + 1 for axis in axes), **way),
    transposes=(lambda ct, x, axes, inverse, norm: fft(ct, axes=axes, inverse=inverse, norm=norm),),
    examples=(
        Example((Complexes((2, 5)),), {"axes": (1,), "inverse": False, "norm": "backward"}),
        Example((Complexes((3, 4)),), {"axes": (0, 1), "inverse": True, "norm": "backward"}),
        Example((Complexes((4,)),), {"axes": (0,), "inverse": False, "norm": "ortho"}),
    ),
    written=lambda x, axes, inverse, norm: f"ops.fft.{'i' if inverse else ''}fftn({x}, None, {axes}, '{norm}')",
)


def _pairs_of(size: int, n: int, axis: int, rank: int) -> tuple[slice, ...]:
    """The coefficients that stand for two, of a signal of ``n`` elements: all but the first, and the last of even n."""
    return tuple(slice(1, size - (n % 2 == 0)) if i == axis else slice(None) for i in range(rank))


def _at(place: int, axis: int) -> tuple[Any, ...]:
    return (*(slice(None),) * axis, place)


def _rfft(x: np.ndarray, axis: int, norm: str, adjoint: bool) -> np.ndarray:
    from scipy import fft as pocketfft

    # The other direction of a real signal's transform gives the conjugates.
    transform: Any = pocketfft.ihfft if adjoint else pocketfft.rfft
    found: np.ndarray = transform(x, axis=axis, norm=norm)
    if adjoint:
        found[_pairs_of(found.shape[axis], x.shape[axis], axis, x.ndim)] *= 2
    return found


def _irfft(x: np.ndarray, n: int, axis: int, norm: str, adjoint: bool) -> np.ndarray:
    from scipy import fft as pocketfft

    backward: Any = pocketfft.irfft
    if not adjoint:
        return np.asarray(backward(x, n, axis=axis, norm=norm))
    # `hfft` is `irfft` of the conjugates, and counts those twice that stand for two.
    mirrored: Any = pocketfft.hfft
    ends = (0, *([x.shape[axis] - 1] if n % 2 == 0 else []))
    if x.nbytes < _CACHED:
        weighted = x * 0.5
        for alone in ends:
            weighted[_at(alone, axis)] = x[_at(alone, axis)]
        return np.asarray(mirrored(weighted, n, axis=axis, norm=norm))
    # Half of it, and of those at the ends alone. In place: new memory of that size costs more than the sums.
    found: np.ndarray = mirrored(x, n, axis=axis, norm=norm)
    found *= 0.5
    scale = 0.5 * {"backward": 1.0, "ortho": n**-0.5, "forward": 1 / n}[norm]
    first, *last = (np.expand_dims(x[_at(alone, axis)].real * scale, axis) for alone in ends)
    for start, sign in ((0, 1), (1, -1)):
        found[(*(slice(None),) * axis, slice(start, None, 2))] += sum((sign * end for end in last), start=first)
    return found


def _resized(shape: Shape, axis: int, size: int) -> Shape:
    return (*shape[:axis], size, *shape[axis + 1 :])


# The first half of the spectrum of real signals: coefficients 0 to n // 2.
rfft: Linear = Linear(
    name="rfft",
    numpy=_rfft,
    lowering=OnHost(),
    on_complex=ComplexRule(None, from_reals=True),
    infer=lambda x, axis, norm, adjoint: Spec(_resized(x.shape, axis, x.shape[axis] // 2 + 1), complex_dtype(x.dtype)),
    batch=lambda size, x, axis, **way: rfft(x, axis=axis + 1, **way),
    transposes=(
        lambda ct, x, axis, norm, adjoint: irfft(ct, n=x.shape[axis], axis=axis, norm=norm, adjoint=not adjoint),
    ),
    examples=(
        Example((Reals((2, 5)),), {"axis": 1, "norm": "backward", "adjoint": False}),
        Example((Reals((4, 2)),), {"axis": 0, "norm": "ortho", "adjoint": False}),
        Example((Reals((1,)),), {"axis": 0, "norm": "forward", "adjoint": False}),
        Example((Reals((6,)),), {"axis": 0, "norm": "backward", "adjoint": True}),
    ),
    written=lambda x, axis, norm, adjoint: None if adjoint else f"ops.fft.rfft({x}, None, {axis}, '{norm}')",
)

# Real signals of ``n`` elements from the first half of their spectrum.
irfft: Linear = Linear(
    name="irfft",
    numpy=_irfft,
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda x, n, axis, norm, adjoint: Spec(_resized(x.shape, axis, n), part_dtype(x.dtype)),
    batch=lambda size, x, axis, **way: irfft(x, axis=axis + 1, **way),
    transposes=(lambda ct, x, n, axis, norm, adjoint: rfft(ct, axis=axis, norm=norm, adjoint=not adjoint),),
    examples=(
        Example((Complexes((2, 3)),), {"n": 5, "axis": 1, "norm": "backward", "adjoint": False}),
        Example((Complexes((3, 2)),), {"n": 4, "axis": 0, "norm": "ortho", "adjoint": False}),
        Example((Complexes((4,)),), {"n": 6, "axis": 0, "norm": "forward", "adjoint": True}),
    ),
    written=lambda x, n, axis, norm, adjoint: None if adjoint else f"ops.fft.irfft({x}, {n}, {axis}, '{norm}')",
)

TRANSPOSED_TYPE = {1: 1, 2: 3, 3: 2, 4: 4}
"""Of a cosine or sine transform the type of its transpose, and inverse."""


def _orthonormal(name: str) -> Callable[..., np.ndarray]:
    def transform(x: np.ndarray, type: int, axis: int) -> np.ndarray:
        from scipy import fft as pocketfft

        return np.asarray(getattr(pocketfft, name)(x, type, axis=axis, norm="ortho")).astype(x.dtype, copy=False)

    return transform


def _of_type(choose: Choose, shape: Shape) -> Example | None:
    axes = [axis for axis, size in enumerate(shape) if size > 1]
    if not axes:
        return None
    return Example((Reals(shape),), {"type": choose(1, 4), "axis": axes[choose(0, len(axes) - 1)]})


def _trigonometric(name: str) -> Linear:
    """A transform with orthonormal rows, of type 1 to 4."""

    def transpose(ct: Any, x: Any, type: int, axis: int) -> Any:
        return transform(ct, type=TRANSPOSED_TYPE[type], axis=axis)

    transform: Linear = Linear(
        name=name,
        numpy=_orthonormal(name),
        lowering=OnHost(),
        on_complex=BY_PARTS,
        infer=lambda x, type, axis: x,
        batch=lambda size, x, type, axis: transform(x, type=type, axis=axis + 1),
        transposes=(transpose,),
        examples=tuple(Example((Reals((2, 4)),), {"type": type, "axis": 1}) for type in (1, 2, 3, 4)),
        written=f"ops.fft.{name}({{0}}, {{type}}, None, {{axis}}, 'ortho')",
        example_for=_of_type,
    )
    return transform


dct = _trigonometric("dct")
dst = _trigonometric("dst")
