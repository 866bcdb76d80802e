"""The kernels' functions at zeros, infinities, NaN, poles and the ends of the range: what NumPy gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from special_functions.cases import (
    all_functions,
    as_scalars_and_vectors,
    in_both_precisions,
    needs_device,
    on_every_device,
)
from special_functions.launch import evaluate, width_of
from special_functions.points import ulps
from special_functions.reference import FUNCTIONS, INFINITY, NAN, SPECIAL


@needs_device
@on_every_device
@all_functions
@in_both_precisions
@as_scalars_and_vectors
def test_special_values_are_numpys(device: Any, names: tuple[str, ...], dtype: str, form: str) -> None:
    width = width_of(form, dtype, device)
    if form == "vector":
        # Bessel functions only choose between lanes, and take long to compile.
        names = tuple(name for name in names if not name.startswith("dt_bessel"))
    limits = np.finfo(dtype)
    values = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 2.5, -2.5, INFINITY, -INFINITY, NAN, 16777218.0]
    extremes = [float(size) for size in (limits.max, limits.tiny, limits.smallest_subnormal)]
    values += extremes + [-size for size in extremes]
    one = np.array(values, dtype)
    one = np.resize(one, -(-one.size // width) * width)
    pair = tuple(np.resize(grid.ravel(), -(-grid.size // width) * width) for grid in np.meshgrid(one, one))
    inputs = {name: (one,) if FUNCTIONS[name].arguments == 1 else pair for name in names}
    size = max((array.size for arrays in inputs.values() for array in arrays), default=0)
    inputs = {name: tuple(np.resize(array, size) for array in arrays) for name, arrays in inputs.items()}
    results = evaluate(device, dtype, width, inputs) if names else {}
    for name in names:
        _check_special(name, inputs[name], results[name])


def _check_special(name: str, arguments: tuple[np.ndarray, ...], got: np.ndarray) -> None:
    expected = FUNCTIONS[name]
    if expected.numpy is None:
        # As text, for which -0.0 is not 0.0 and nan is nan
        results = {repr(tuple(map(float, x))): repr(float(y)) for *x, y in zip(*arguments, got, strict=True)}
        given = [x if isinstance(x, tuple) else (x,) for x, _ in SPECIAL[name]]
        assert [results[repr(x)] for x in given] == [repr(y) for _, y in SPECIAL[name]]
        return
    with np.errstate(all="ignore"):
        wanted = expected.numpy(*arguments)
    # Which zero is the larger one is nobody's business.
    signs = name not in ("dt_maximum", "dt_minimum")
    finite = np.isfinite(wanted) & np.isfinite(got)
    close = finite & (ulps(got, wanted.astype(float), np.zeros(wanted.size)) <= expected.ulps + 1)
    right = (close & (np.sign(got) == np.sign(wanted))) | (np.isnan(got) & np.isnan(wanted)) | (got == wanted)
    right &= np.isnan(wanted) | (np.signbit(got) == np.signbit(wanted)) | (not signs)
    wrong = np.flatnonzero(~right)
    assert wrong.size == 0, [(name, [a[i] for a in arguments], "is", got[i], "not", wanted[i]) for i in wrong[:5]]
