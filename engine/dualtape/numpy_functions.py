"""Functions of NumPy's that are here too: which one it is, and what its parameters are called.

Those of them that a function has and this library's has not are refused by name, if they are given.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError
from dualtape.functions import (
    activation,
    calculus,
    complex_numbers,
    creation,
    decompositions,
    elementary,
    fourier,
    indexing,
    linear_algebra,
    linear_systems,
    nan_reductions,
    norms,
    products,
    reduction,
    shape,
    sorting,
    special,
    statistics,
)
from dualtape.functions.conversion import as_tensor

_REDUCED = "a=input axis dtype! out! keepdims"

_OF_ONE_AXIS = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
_OF_AXES = ("fft2", "ifft2", "fftn", "ifftn", "rfft2", "irfft2", "rfftn", "irfftn")

# NumPy's name, where it is here, and NumPy's parameters in their order: `theirs=ours` where the names differ, and with
# an exclamation mark what is not offered.
_STATED: dict[str, tuple[Any, str]] = {
    "sum": (reduction, f"{_REDUCED} initial! where"),
    "prod": (reduction, f"{_REDUCED} initial! where"),
    "mean": (reduction, f"{_REDUCED} where"),
    "max": (reduction.amax, "a=input axis out! keepdims initial where"),
    "amax": (reduction, "a=input axis out! keepdims initial where"),
    "min": (reduction.amin, "a=input axis out! keepdims initial where"),
    "amin": (reduction, "a=input axis out! keepdims initial where"),
    "any": (reduction, "a=input axis out! keepdims where"),
    "all": (reduction, "a=input axis out! keepdims where"),
    "var": (reduction, "a=input axis dtype! out! ddof keepdims where! mean! correction!"),
    "std": (reduction, "a=input axis dtype! out! ddof keepdims where! mean! correction!"),
    "argmax": (reduction, "a=input axis out! keepdims"),
    "argmin": (reduction, "a=input axis out! keepdims"),
    "nansum": (nan_reductions, f"{_REDUCED} initial! where!"),
    "nanprod": (nan_reductions, f"{_REDUCED} initial! where!"),
    "nanmean": (nan_reductions, f"{_REDUCED} where!"),
    "nanmax": (nan_reductions, "a=input axis out! keepdims initial! where!"),
    "nanmin": (nan_reductions, "a=input axis out! keepdims initial! where!"),
    "real": (complex_numbers, "val=input"),
    "imag": (complex_numbers, "val=input"),
    "angle": (complex_numbers, "z=input deg!"),
    "where": (indexing, "condition x y"),
    "diag": (indexing, "v=input k!"),
    "diagonal": (indexing, "a=input offset axis1 axis2"),
    "tril": (indexing, "m=input k=diagonal"),
    "triu": (indexing, "m=input k=diagonal"),
    "take_along_axis": (sorting, "arr=x indices axis"),
    "searchsorted": (sorting, "a=sorted_sequence v=values side sorter!"),
    "argsort": (sorting, "a=input axis kind! order! stable!"),
    "stack": (shape, "arrays=tensors axis out! dtype! casting!"),
    "concatenate": (shape.cat, "arrays=tensors axis out! dtype! casting!"),
    "transpose": (shape, "a=input axes=input_perm"),
    "reshape": (shape, "a=input shape order! copy!"),
    "ravel": (shape.flatten, "a=input order!"),
    "squeeze": (shape, "a=input axis"),
    "expand_dims": (shape, "a=input axis"),
    "swapaxes": (shape, "a=input axis1=axis0 axis2=axis1"),
    "moveaxis": (shape, "a=input source destination"),
    "broadcast_to": (shape, "array=input shape subok!"),
    "tile": (shape, "A=input reps=dims"),
    "clip": (activation.clamp, "a=input a_min=min a_max=max out! min max"),
    "zeros_like": (creation, "a=input dtype! order! subok! shape! device!"),
    "ones_like": (creation, "a=input dtype! order! subok! shape! device!"),
    "full_like": (creation, "a=input fill_value dtype! order! subok! shape! device!"),
    "dot": (linear_algebra, "a=input b=other out!"),
    "outer": (linear_algebra, "a=input b=vec2 out!"),
    "tensordot": (linear_algebra, "a=x1 b=x2 axes"),
    "inner": (products, "a=x b=y"),
    "kron": (products, "a=x b=y"),
    "cross": (products, "a=x b=y axisa! axisb! axisc! axis"),
    "vander": (products, "x N increasing"),
    "nan_to_num": (elementary, "x=input copy! nan posinf neginf"),
    "sinc": (special, "x"),
    "median": (statistics, "a=input axis out! overwrite_input! keepdims"),
    "quantile": (statistics, "a=input q axis out! overwrite_input! method keepdims weights!"),
    "percentile": (statistics, "a=input q axis out! overwrite_input! method keepdims weights!"),
    "diff": (calculus, "a=input n axis prepend! append!"),
    "trapezoid": (calculus, "y x dx axis"),
    "interp": (calculus, "x xp fp left right period!"),
    "polyval": (calculus, "p x"),
    "convolve": (calculus, "a v mode"),
    "correlate": (calculus, "a v mode"),
    **{f"fft.{name}": (fourier, "a=input n axis norm out!") for name in _OF_ONE_AXIS},
    **{f"fft.{name}": (fourier, "a=input s axes norm out!") for name in _OF_AXES},
    **{f"fft.{name}": (fourier, "x=input axes") for name in ("fftshift", "ifftshift")},
    "linalg.solve": (linear_systems, "a b"),
    "linalg.inv": (linear_systems, "a"),
    "linalg.det": (linear_systems, "a"),
    "linalg.slogdet": (linear_systems, "a"),
    "linalg.cholesky": (decompositions, "a upper"),
    "linalg.qr": (decompositions, "a mode"),
    "linalg.eigh": (decompositions, "a UPLO!"),
    "linalg.eigvalsh": (decompositions, "a UPLO!"),
    "linalg.svdvals": (decompositions, "x=a"),
    "linalg.pinv": (decompositions, "a rcond hermitian!"),
    "linalg.lstsq": (decompositions, "a b rcond"),
    "linalg.cond": (decompositions, "x p"),
    "linalg.matrix_power": (products, "a n"),
    "linalg.multi_dot": (products, "arrays out!"),
    "linalg.norm": (norms, "x ord axis keepdims"),
}


@cache
def _by_function() -> dict[Any, Callable[..., Any]]:
    found: dict[Any, Callable[..., Any]] = {np.sort: _sort, np.cumsum: _cumsum, np.cumprod: _cumprod}
    for name, (place, parameters) in _STATED.items():
        theirs: Any = np
        for part in name.split("."):
            theirs = getattr(theirs, part)
        ours = place if callable(place) else getattr(place, name.rpartition(".")[2])
        found[theirs] = _translated(name, ours, parameters.split())
    return found


def of_numpy(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """This library's function with NumPy's parameters, or None where it has none."""
    return _by_function().get(function)


def _translated(name: str, ours: Callable[..., Any], parameters: list[str]) -> Callable[..., Any]:
    order = [parameter.partition("=")[0].rstrip("!") for parameter in parameters]
    renamed = {p.partition("=")[0]: p.partition("=")[2] or p for p in parameters if not p.endswith("!")}

    def call(*args: Any, **kwargs: Any) -> Any:
        given = {**dict(zip(order, args, strict=False)), **kwargs}
        refused = [key for key, value in given.items() if key not in renamed and value is not None]
        if refused or len(args) > len(order):
            named = ", ".join(f"`{key}`" for key in refused) or "so many arguments"
            raise ArgumentError(
                f"`{name}` of NumPy, of a value that is being differentiated, mapped or traced, takes no {named} here; "
                f"use `dualtape.ops` instead"
            )
        return ours(**{renamed[key]: value for key, value in given.items() if key in renamed})

    return call


def _sort(a: Any, axis: int | None = -1, **options: Any) -> Any:
    _refuse("sort", options)
    return sorting.sort(shape.flatten(a), -1).values if axis is None else sorting.sort(a, axis).values


def _cumsum(a: Any, axis: int | None = None, **options: Any) -> Any:
    _refuse("cumsum", options)
    return reduction.cumsum(shape.reshape(as_tensor(a, "cumsum"), (-1,)) if axis is None else a, axis or 0)


def _cumprod(a: Any, axis: int | None = None, **options: Any) -> Any:
    _refuse("cumprod", options)
    return reduction.cumprod(shape.reshape(as_tensor(a, "cumprod"), (-1,)) if axis is None else a, axis or 0)


def _refuse(name: str, options: dict[str, Any]) -> None:
    if named := [key for key, value in options.items() if value is not None]:
        raise ArgumentError(f"`{name}` of NumPy takes no `{named[0]}` here; use `dualtape.ops.{name}` instead")
