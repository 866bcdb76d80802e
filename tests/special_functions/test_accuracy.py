"""The functions of `opencl_kernels/math_*.cl` against mpmath, on every OpenCL device, in both precisions."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualtape import opencl_kernels
from special_functions.cases import (
    all_functions,
    as_scalars_and_vectors,
    in_both_precisions,
    needs_device,
    on_every_device,
)
from special_functions.launch import evaluate, width_of
from special_functions.points import SIZES, cases, near_zeros, ulps
from special_functions.reference import FUNCTIONS, in_c


@needs_device
@on_every_device
@all_functions
@in_both_precisions
@as_scalars_and_vectors
def test_error_is_within_the_stated_bound(device: Any, names: tuple[str, ...], dtype: str, form: str) -> None:
    width = width_of(form, dtype, device)
    results = evaluate(device, dtype, width, {name: cases(name, dtype).arguments for name in names})
    for name in names:
        arguments, high, low = cases(name, dtype)
        error = ulps(results[name], high, low)
        if name in SIZES:
            error = near_zeros(name, arguments, results[name], error, FUNCTIONS[name].ulps)
        worst = int(np.argmax(error))
        values = [argument[worst] for argument in arguments]
        assert error[worst] <= FUNCTIONS[name].ulps, (
            f"{name}{tuple(values)} is {results[name][worst]!r}, should be {high[worst]!r}: {error[worst]:.2f} ulp"
        )


def test_every_function_is_tested() -> None:
    assert set(opencl_kernels.math_functions()) == set(map(in_c, FUNCTIONS))
