"""The functions of `opencl_kernels/math_*.cl` against mpmath, on every OpenCL device, in both precisions."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest

from dualtape import opencl_kernels

cl = pytest.importorskip("pyopencl", reason="pyopencl is not installed")

POINTS = 2048
VECTOR_WIDTH = {"float32": 16, "float64": 8}
INFINITY = math.inf
# Past this an exponential of either precision has overflowed, and mpmath would need forever.
FAR = 2000


def _devices() -> list[Any]:
    try:
        return [device for platform in cl.get_platforms() for device in platform.get_devices()]
    except cl.Error:
        return []


DEVICES = _devices()
needs_device = pytest.mark.skipif(not DEVICES, reason="there is no OpenCL device")


# ---- what is expected of each function ----


class Expected(NamedTuple):
    exact: Callable[..., Any]  # on mpmath numbers, where it may return a complex number for "undefined"
    ulps: float  # the bound that the function's comment states; 0 means equal bits
    numpy: Callable[..., Any] | None = None  # for the special values
    arguments: int = 1
    order: int | None = None  # a leading integer argument; the name here then ends in it


def _clamped(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: function(min(max(x, -FAR), FAR))


def _power(x: Any, y: Any) -> Any:
    size = abs(y * mpmath.log(abs(x))) if x != 0 else 0
    if size > FAR:
        value = mpmath.mpf(INFINITY) if (abs(x) > 1) == (y > 0) else mpmath.mpf(0)
        return mpmath.nan if x < 0 and y != mpmath.floor(y) else -value if x < 0 and y % 2 == 1 else value
    return mpmath.power(x, y)


def _lgamma(x: Any) -> Any:
    pole = x <= 0 and x == mpmath.floor(x)
    return mpmath.mpf(INFINITY) if pole else mpmath.re(mpmath.loggamma(x))


def _polygamma(n: int) -> Callable[[Any], Any]:
    def exact(x: Any) -> Any:
        f = x - mpmath.floor(x)
        if x <= 0 and f == 0:
            return (-1) ** (n + 1) * mpmath.mpf(INFINITY)
        if x > -10:
            return mpmath.polygamma(n, x)
        # By itself, mpmath would go from x up to 0 in steps of 1.
        reflected = mpmath.polygamma(n, 1 - x) - mpmath.polygamma(n, 1 - f)
        return mpmath.polygamma(n, f) + (-1) ** n * reflected

    return exact


POLYGAMMA_ORDERS = (1, 2, 3, 5)

FUNCTIONS: dict[str, Expected] = {
    "dt_exp": Expected(_clamped(mpmath.exp), 1.2, np.exp),
    "dt_exp2": Expected(_clamped(lambda x: mpmath.mpf(2) ** x), 1.2, np.exp2),
    "dt_expm1": Expected(_clamped(mpmath.expm1), 2.5, np.expm1),
    "dt_log": Expected(mpmath.log, 1, np.log),
    "dt_log2": Expected(lambda x: mpmath.log(x) / mpmath.log(2), 2, np.log2),
    "dt_log1p": Expected(mpmath.log1p, 2, np.log1p),
    "dt_sin": Expected(mpmath.sin, 1, np.sin),
    "dt_cos": Expected(mpmath.cos, 1, np.cos),
    "dt_tan": Expected(mpmath.tan, 3, np.tan),
    "dt_asin": Expected(mpmath.asin, 3, np.arcsin),
    "dt_acos": Expected(mpmath.acos, 2, np.arccos),
    "dt_atan": Expected(mpmath.atan, 2, np.arctan),
    "dt_atan2": Expected(mpmath.atan2, 2, np.arctan2, 2),
    "dt_sinh": Expected(_clamped(mpmath.sinh), 2, np.sinh),
    "dt_cosh": Expected(_clamped(mpmath.cosh), 2, np.cosh),
    "dt_tanh": Expected(_clamped(mpmath.tanh), 3, np.tanh),
    "dt_asinh": Expected(mpmath.asinh, 3, np.arcsinh),
    "dt_acosh": Expected(mpmath.acosh, 3, np.arccosh),
    "dt_atanh": Expected(mpmath.atanh, 3, np.arctanh),
    "dt_sigmoid": Expected(_clamped(lambda x: 1 / (1 + mpmath.exp(-x))), 3),
    "dt_softplus": Expected(lambda x: max(x, 0) + mpmath.log1p(mpmath.exp(-min(abs(x), FAR))), 2),
    "dt_erf": Expected(lambda x: mpmath.erf(min(max(x, -100), 100)), 1.5),
    "dt_erfc": Expected(lambda x: mpmath.erfc(min(max(x, -100), 100)), 4),
    "dt_lgamma": Expected(_lgamma, 4),
    "dt_digamma": Expected(mpmath.digamma, 4),
    "dt_pow": Expected(_power, 2, np.power, 2),
    "dt_sqrt": Expected(mpmath.sqrt, 0.5, np.sqrt),
    "dt_rsqrt": Expected(lambda x: 1 / mpmath.sqrt(x), 2, lambda x: 1 / np.sqrt(x)),
    "dt_floor": Expected(mpmath.floor, 0, np.floor),
    "dt_ceil": Expected(mpmath.ceil, 0, np.ceil),
    "dt_round": Expected(mpmath.nint, 0, np.rint),
    "dt_trunc": Expected(lambda x: mpmath.sign(x) * mpmath.floor(abs(x)), 0, np.trunc),
    "dt_abs": Expected(abs, 0, np.abs),
    "dt_sign": Expected(mpmath.sign, 0, np.sign),
    "dt_mod": Expected(lambda x, y: x - y * mpmath.floor(x / y), 0.5, np.mod, 2),
    "dt_maximum": Expected(max, 0, np.maximum, 2),
    "dt_minimum": Expected(min, 0, np.minimum, 2),
}
FUNCTIONS |= {f"dt_polygamma_{n}": Expected(_polygamma(n), 5 if n <= 3 else 7, order=n) for n in POLYGAMMA_ORDERS}


def _function(name: str) -> str:
    """The name in OpenCL C."""
    return name.removesuffix(f"_{FUNCTIONS[name].order}")


# What NumPy has no function for, at special values: (x, f(x)).
NAN = math.nan
SPECIAL: dict[str, list[tuple[float, float]]] = {
    "dt_sigmoid": [(0.0, 0.5), (-0.0, 0.5), (INFINITY, 1.0), (-INFINITY, 0.0), (NAN, NAN)],
    "dt_softplus": [(INFINITY, INFINITY), (-INFINITY, 0.0), (NAN, NAN)],
    "dt_erf": [(0.0, 0.0), (-0.0, -0.0), (INFINITY, 1.0), (-INFINITY, -1.0), (NAN, NAN)],
    "dt_erfc": [(0.0, 1.0), (-0.0, 1.0), (INFINITY, 0.0), (-INFINITY, 2.0), (NAN, NAN)],
    "dt_lgamma": [(pole, INFINITY) for pole in (0.0, -0.0, -1.0, -2.0, -3.0)]
    + [(1.0, 0.0), (2.0, 0.0), (INFINITY, INFINITY), (-INFINITY, INFINITY), (NAN, NAN)],
    "dt_digamma": [(pole, NAN) for pole in (-1.0, -2.0, -3.0, -INFINITY, NAN)]
    + [(0.0, -INFINITY), (-0.0, INFINITY), (INFINITY, INFINITY)],
}
for n in POLYGAMMA_ORDERS:
    sign = 1.0 if n % 2 else -1.0
    SPECIAL[f"dt_polygamma_{n}"] = [(pole, sign * INFINITY) for pole in (0.0, -0.0, -1.0, -2.0, -3.0, -INFINITY)]
    SPECIAL[f"dt_polygamma_{n}"] += [(INFINITY, sign * 0.0), (NAN, NAN)]

# Where a function is hard to get right, or changes from one formula to another.
HARD: dict[str, Sequence[float]] = {
    "dt_exp": (88.72, -87.3, -103.9, 709.78, -708.4, -745.1),
    "dt_expm1": (0.34657, -0.34657, 88.72, 709.78, -17.3, -37.4),
    "dt_exp2": (128, -126, -149, 1024, -1022, -1074, 0.5),
    "dt_log": (1, math.sqrt(0.5), math.sqrt(2)),
    "dt_log2": (1, math.sqrt(0.5), math.sqrt(2)),
    "dt_log1p": (-1, math.sqrt(0.5) - 1, math.sqrt(2) - 1, 1),
    "dt_asin": (0.5, 1, -1),
    "dt_acos": (0.5, 1, -1),
    "dt_atan": (math.tan(math.pi / 8), 1, 1 / math.tan(math.pi / 8)),
    "dt_sinh": (1, 89.4, 710.47),
    "dt_cosh": (1, 89.4, 710.47),
    "dt_tanh": (0.17, 9.01, 19.06),
    "dt_acosh": (1, 2**30),
    "dt_atanh": (1, -1, 0.17, 0.5),
    "dt_asinh": (0.41, 2**30),
    "dt_erf": (0.5, 1, 3.9, 5.9),
    "dt_erfc": (0.5, 1, -0.5, 9.2, 10.05, 26.5, 27.2),
    "dt_lgamma": (1, 2, 1.5, 2.5, 8, 0.5, -2.457, -2.7476, -0.5, -3.1436),
    "dt_digamma": (1.4616321, 1, 2, 3, 8, -0.504083, -1.573498),
    "dt_pow": (1, 1.41, 1.4142, 0.7072, 0.71, 2.82),
    "dt_softplus": (0, -87, -103, -745),
    "dt_sigmoid": (0, -87, -103, -745),
}
TURNS = [k * math.pi / 2 for k in (1, 2, 3, 4, 7, 100, 63661, 63663, 10**6, 636619771, 636619773, 10**12)]
# The float64 and float32 that come closest to a multiple of pi/2.
CLOSEST = [6381956970095103 * 2.0**797, 16367173 * 2.0**72]
HARD |= dict.fromkeys(("dt_sin", "dt_cos", "dt_tan"), TURNS + CLOSEST)
HARD |= {f"dt_polygamma_{n}": (1, 2, n + 3, n + 8, -0.5, -1.5, -2.5, -3.001) for n in POLYGAMMA_ORDERS}


# ---- arguments and reference values ----


class Cases(NamedTuple):
    arguments: tuple[np.ndarray, ...]
    high: np.ndarray  # the exact values, each as the sum of two float64
    low: np.ndarray


def _argument(name: str, dtype: str, generator: np.random.Generator) -> np.ndarray:
    """Finite arguments of every size and kind, the same on every run."""
    limits = np.finfo(dtype)
    some = POINTS // 5
    decades = np.log10(float(limits.smallest_subnormal)), np.log10(float(limits.max))
    hard = np.repeat(np.array(HARD.get(name, (1.0, -1.0, 0.5, 3.0))), 16)
    with np.errstate(over="ignore"):
        hard = hard.astype(dtype)
    hard = hard[np.isfinite(hard)]
    parts = [
        10.0 ** generator.uniform(*decades, some) * generator.choice([-1, 1], some),
        generator.integers(0, 2**limits.bits, some, dtype=f"uint{limits.bits}").view(dtype),
        generator.uniform(-12, 12, some),
        generator.uniform(-1.5, 1.5, some),
        (hard.view(f"int{limits.bits}") + generator.integers(-3, 4, hard.size)).view(dtype),
        hard * (1 + generator.normal(0, 1, hard.size) * 10.0 ** generator.uniform(-6, -1, hard.size)),
    ]
    with np.errstate(all="ignore"):
        values = np.concatenate([part.astype(dtype) for part in parts])
    values = values[np.isfinite(values) & (values != 0)]
    return np.resize(generator.permutation(values), POINTS)


def _arguments(name: str, dtype: str) -> tuple[np.ndarray, ...]:
    generator = np.random.default_rng(list(name.encode()))
    first = _argument(name, dtype, generator)
    if FUNCTIONS[name].arguments == 1:
        return (first,)
    second = _argument(name, dtype, generator)
    if name == "dt_pow":
        # Exponents that make the most of the range of results, and small integers
        largest = np.log(float(np.finfo(dtype).max))
        with np.errstate(all="ignore"):
            scaled = generator.uniform(-1.1, 1.05, POINTS) * largest / np.abs(np.log(np.abs(first.astype(float))))
            integers = generator.integers(-6, 7, POINTS)
            second = np.where(np.arange(POINTS) % 3 == 0, integers, np.nan_to_num(scaled)).astype(dtype)
            second = np.nan_to_num(second)
        first = np.where(np.arange(POINTS) % 3 == 0, first, np.abs(first))
    return first, second


@cache
def cases(name: str, dtype: str) -> Cases:
    arguments = _arguments(name, dtype)
    high, low = np.empty(POINTS), np.zeros(POINTS)
    with mpmath.workdps(50 if name != "dt_mod" else 700):
        for i, values in enumerate(zip(*arguments, strict=True)):
            try:
                exact = FUNCTIONS[name].exact(*(mpmath.mpf(float(value)) for value in values))
            except (ValueError, ZeroDivisionError):  # a pole
                exact = mpmath.nan
            if isinstance(exact, mpmath.mpc):
                exact = exact.real if exact.imag == 0 else mpmath.nan
            high[i] = float(exact)
            if math.isfinite(high[i]):
                low[i] = float(exact - high[i])
    return Cases(arguments, high, low)


def ulps(got: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """The error of `got` in units of the last place of the exact value."""
    limits = np.finfo(got.dtype)
    largest = float(limits.max)
    with np.errstate(all="ignore"):
        rounded = high.astype(got.dtype)
        same = (got == rounded) & ~np.isfinite(rounded) | np.isnan(got) & np.isnan(high)
        # Just below the largest number an error of an ulp may overflow, and just above it may not.
        edge = (np.abs(high) >= largest * (1 - 4 * limits.eps)) & (np.abs(got) >= largest * (1 - 4 * limits.eps))
        unit = np.spacing(np.minimum(np.abs(rounded), limits.max)).astype(float)
        error = np.abs((got.astype(float) - high) - low) / unit
    error[same | edge & (np.sign(got) == np.sign(high))] = 0
    return np.where(np.isnan(error), INFINITY, error)


# ---- running on a device ----


@cache
def _queue(device: Any) -> Any:
    return cl.CommandQueue(cl.Context([device]))


def evaluate(device: Any, dtype: str, width: int, calls: dict[str, tuple[np.ndarray, ...]]) -> dict[str, np.ndarray]:
    """Each function on its arguments, all in one kernel: on PoCL a program costs more than a function."""
    scalar = {"float32": "float", "float64": "double"}[dtype]
    real = scalar if width == 1 else f"{scalar}{width}"
    parameters: list[str] = []
    statements: list[str] = []
    arrays: list[np.ndarray] = []
    for name, arguments in calls.items():
        inputs = [f"{name}_{i}" for i in range(len(arguments))]
        parameters += [f"__global const {real} *{item}" for item in inputs] + [f"__global {real} *{name}_y"]
        order = FUNCTIONS[name].order
        values = [*([] if order is None else [str(order)]), *(f"{item}[i]" for item in inputs)]
        statements.append(f"{name}_y[i] = {_function(name)}({', '.join(values)});")
        arrays += [np.ascontiguousarray(argument, dtype) for argument in arguments]
        arrays.append(np.empty_like(arrays[-1]))
    text = opencl_kernels.math_source(map(_function, calls), dtype, [width]) + (
        f"__kernel void test_functions({', '.join(parameters)})\n"
        f"{{\n    size_t i = get_global_id(0);\n    {' '.join(statements)}\n}}\n"
    )
    queue = _queue(device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cl.CompilerWarning)
        kernel = cl.Kernel(cl.Program(queue.context, text).build(), "test_functions")
    flags = cl.mem_flags
    buffers = [cl.Buffer(queue.context, flags.READ_WRITE | flags.COPY_HOST_PTR, hostbuf=array) for array in arrays]
    kernel.set_args(*buffers)
    cl.enqueue_nd_range_kernel(queue, kernel, (arrays[0].size // width,), None)
    results = {}
    position = 0
    for name, arguments in calls.items():
        position += len(arguments)
        cl.enqueue_copy(queue, arrays[position], buffers[position])
        results[name] = arrays[position]
        position += 1
    return results


def _groups(size: int) -> list[tuple[str, ...]]:
    names = sorted(FUNCTIONS)
    return [tuple(names[i : i + size]) for i in range(0, len(names), size)]


on_every_device = pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.platform.version.split()[3])
in_both_precisions = pytest.mark.parametrize("dtype", ["float32", "float64"])
as_scalars_and_vectors = pytest.mark.parametrize("form", ["scalar", "vector"])
all_functions = pytest.mark.parametrize("names", _groups(5), ids=lambda names: "-".join(names).replace("dt_", ""))


def _width(form: str, dtype: str, device: Any) -> int:
    if dtype == "float64" and not device.double_fp_config:
        pytest.skip("the device has no float64")
    return VECTOR_WIDTH[dtype] if form == "vector" else 1


# ---- the tests ----


@needs_device
@on_every_device
@all_functions
@in_both_precisions
@as_scalars_and_vectors
def test_error_is_within_the_stated_bound(device: Any, names: tuple[str, ...], dtype: str, form: str) -> None:
    width = _width(form, dtype, device)
    results = evaluate(device, dtype, width, {name: cases(name, dtype).arguments for name in names})
    for name in names:
        arguments, high, low = cases(name, dtype)
        error = ulps(results[name], high, low)
        if name in MIRRORED:
            error = _near_zeros(name, arguments[0], results[name], error)
        worst = int(np.argmax(error))
        values = [argument[worst] for argument in arguments]
        assert error[worst] <= FUNCTIONS[name].ulps, (
            f"{name}{tuple(values)} is {results[name][worst]!r}, should be {high[worst]!r}: {error[worst]:.2f} ulp"
        )


MIRRORED: dict[str, Callable[[Any], Any]] = {
    "dt_lgamma": lambda x: mpmath.loggamma(1 - x),
    "dt_digamma": lambda x: mpmath.digamma(1 - x),
    "dt_polygamma_2": lambda x: -mpmath.polygamma(2, abs(x - mpmath.nint(x))),
}


def _near_zeros(name: str, x: np.ndarray, got: np.ndarray, error: np.ndarray) -> np.ndarray:
    """For negative x, in units of the last place of what the function is a difference of, or of 1, where larger."""
    rescaled = error.copy()
    for i in np.flatnonzero((x < 0) & (error > FUNCTIONS[name].ulps)):
        with np.errstate(over="ignore"):
            other = np.array(max(1.0, float(MIRRORED[name](mpmath.mpf(float(x[i]))))), got.dtype)
        rescaled[i] *= min(1.0, float(np.spacing(np.abs(got[i])) / np.spacing(other)))
    return rescaled


@needs_device
@on_every_device
@all_functions
@in_both_precisions
@as_scalars_and_vectors
def test_special_values_are_numpys(device: Any, names: tuple[str, ...], dtype: str, form: str) -> None:
    width = _width(form, dtype, device)
    limits = np.finfo(dtype)
    values = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 2.5, -2.5, INFINITY, -INFINITY, NAN, 16777218.0]
    extremes = [float(size) for size in (limits.max, limits.tiny, limits.smallest_subnormal)]
    values += extremes + [-size for size in extremes]
    one = np.array(values, dtype)
    one = np.resize(one, -(-one.size // width) * width)
    pair = tuple(np.resize(grid.ravel(), -(-grid.size // width) * width) for grid in np.meshgrid(one, one))
    inputs = {name: (one,) if FUNCTIONS[name].arguments == 1 else pair for name in names}
    size = max(array.size for arrays in inputs.values() for array in arrays)
    inputs = {name: tuple(np.resize(array, size) for array in arrays) for name, arrays in inputs.items()}
    results = evaluate(device, dtype, width, inputs)
    for name in names:
        _check_special(name, inputs[name], results[name])


def _check_special(name: str, arguments: tuple[np.ndarray, ...], got: np.ndarray) -> None:
    expected = FUNCTIONS[name]
    if expected.numpy is None:
        # As text, for which -0.0 is not 0.0 and nan is nan
        results = {repr(float(x)): repr(float(y)) for x, y in zip(arguments[0], got, strict=True)}
        assert [results[repr(x)] for x, _ in SPECIAL[name]] == [repr(y) for _, y in SPECIAL[name]]
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


def test_every_function_is_tested() -> None:
    assert set(opencl_kernels.math_functions()) == set(map(_function, FUNCTIONS))


def test_source_holds_only_what_is_called() -> None:
    text = opencl_kernels.math_source(["dt_tanh"], "float32", [1, 16])
    assert "dt_expm1" in text
    assert not re.search("dt_lgamma|dt_sin|double|//", text)
    assert text == opencl_kernels.math_source({"dt_tanh"}, "float32", (16, 1))


def test_unknown_requests_are_named() -> None:
    with pytest.raises(ValueError, match="no function 'dt_bessel'"):
        opencl_kernels.math_source(["dt_bessel"], "float32")
    with pytest.raises(ValueError, match="not 'float16'"):
        opencl_kernels.math_source(["dt_exp"], "float16")
    with pytest.raises(ValueError, match="widths"):
        opencl_kernels.math_source(["dt_exp"], "float32", [3])


@needs_device
@on_every_device
def test_texts_of_two_dtypes_and_several_widths_live_in_one_program(device: Any) -> None:
    if not device.double_fp_config:
        pytest.skip("the device has no float64")
    text = opencl_kernels.math_source(["dt_tanh"], "float32", [1, 2, 4, 8, 16])
    text += opencl_kernels.math_source(["dt_tanh", "dt_sqrt"], "float64", [1, 2, 4, 8, 16])
    text += (
        "__kernel void test_mixture(__global const float4 *x, __global double *y)\n"
        "{\n    size_t i = get_global_id(0);\n    float4 t = dt_tanh(x[i]);\n"
        "    y[i] = dt_tanh((double)t.x) + dt_sqrt((double16)(4.0)).sf;\n}\n"
    )
    queue = _queue(device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cl.CompilerWarning)
        kernel = cl.Kernel(cl.Program(queue.context, text).build(), "test_mixture")
    x = np.linspace(-2, 2, 16, dtype=np.float32)
    y = np.empty(4)
    inputs = cl.Buffer(queue.context, cl.mem_flags.COPY_HOST_PTR, hostbuf=x)
    output = cl.Buffer(queue.context, cl.mem_flags.WRITE_ONLY, y.nbytes)
    kernel.set_args(inputs, output)
    cl.enqueue_nd_range_kernel(queue, kernel, (4,), None)
    cl.enqueue_copy(queue, y, output)
    np.testing.assert_allclose(y, np.tanh(np.tanh(x[::4].astype(float))) + 2, rtol=3e-7)
