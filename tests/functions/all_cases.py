"""Every public function, and every call of one that the tests know."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from dualtape import ops
from functions import (
    array_cases,
    cases,
    fourier_cases,
    matrix_cases,
    numeric_cases,
    ordering_cases,
    scattering_cases,
    special_cases,
)
from functions.cases import Case

FUNCTIONS: dict[str, Any] = {
    f"{prefix}{name}": function
    for prefix, module in (("", ops), ("fft.", ops.fft), ("linalg.", ops.linalg), ("special.", ops.special))
    for name, function in vars(module).items()
    if isinstance(function, FunctionType) and function.__module__.startswith("dualtape.functions")
}
CASES: dict[str, list[Case]] = {}
for part in (
    cases,
    array_cases,
    fourier_cases,
    matrix_cases,
    numeric_cases,
    ordering_cases,
    scattering_cases,
    special_cases,
):
    for name, several in part.CASES.items():
        CASES[name] = CASES.get(name, []) + several
