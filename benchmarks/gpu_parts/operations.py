"""Part: products, reductions, chains of elementwise operations and bandwidth, beside PyTorch."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

import dualtape as dt
from gpu_parts.part import Spec, tell
from gpu_parts.peer import has_torch, synchronizer, torch_place

Run = Callable[[], Any]
Make = Callable[["Operation", list[np.ndarray], str], tuple[Run, Run]]
"""From an operation, its inputs and this library's device to what begins it once, and what waits for all begun."""


class Operation(NamedTuple):
    """Something to compute.

    Attributes
    ----------
    name
        For people.
    shapes
        Of the inputs, uniform from 0 to 1 in Float32: no sum of them is small beside its terms.
    function
        Of a module with `tanh` and `exp` (this library's, PyTorch's, NumPy) and the inputs.
    flops
        Of a product; 0 where what counts are bytes.
    elements
        How many are read and written at least.
    chain
        Whether it is several operations, which a compiler can make one of.
    """

    name: str
    shapes: tuple[tuple[int, ...], ...]
    function: Callable[..., Any]
    flops: int = 0
    elements: int = 0
    chain: bool = False


def _product(rows: int, inner: int, columns: int) -> Operation:
    name = f"({rows}, {inner}) @ ({inner}, {columns})"
    return Operation(name, ((rows, inner), (inner, columns)), lambda m, a, b: a @ b, flops=2 * rows * inner * columns)


def operations(quick: bool) -> list[Operation]:
    """What is measured; at small sizes for a rehearsal."""
    sides = (128, 256) if quick else (1024, 2048, 4096)
    points, side = (2048, 512) if quick else (65_536, 4096)
    n = side * side
    square, flat = (side, side), (n,)
    return [
        *(_product(n, n, n) for n in sides),
        _product(points, 32, 32),
        _product(points, 128, 128),
        _product(128, points, 128),
        _product(1, side, side),
        Operation("sum of all", (square,), lambda m, x: x.sum(), elements=n),
        Operation("sum of columns", (square,), lambda m, x: x.sum(0), elements=n),
        Operation("sum of rows", (square,), lambda m, x: x.sum(1), elements=n),
        Operation("largest of all", (square,), lambda m, x: x.max(), elements=n),
        Operation("2 x", (flat,), lambda m, x: x * 2.0, elements=2 * n),
        Operation("x + y", (flat, flat), lambda m, x, y: x + y, elements=3 * n),
        Operation("exp(x)", (flat,), lambda m, x: m.exp(x), elements=2 * n),
        Operation("x + 2 y", (flat, flat), lambda m, x, y: x + y * 2.0, elements=3 * n, chain=True),
        Operation(
            "tanh(x y + z) x",
            (flat, flat, flat),
            lambda m, x, y, z: m.tanh(x * y + z) * x,
            elements=4 * n,
            chain=True,
        ),
        Operation("sum of tanh(x)^2", (square,), lambda m, x: (m.tanh(x) * m.tanh(x)).sum(), elements=n, chain=True),
    ]


def run(spec: Spec) -> None:
    measure(spec, compiled=False)


def measure(spec: Spec, compiled: bool) -> None:
    """All operations eagerly and, of this library, compiled; or chains by `torch.compile` alone."""
    rng = np.random.default_rng(0)
    for operation in operations(spec.quick):
        if compiled and not operation.chain:
            continue
        if spec.is_over(operation.name):
            break
        arrays = [rng.random(shape, np.float32) for shape in operation.shapes]
        expected = np.asarray(operation.function(np, *arrays))
        makers: dict[str, Make] = (
            {"torch.compile": _torch_compiled} if compiled else {"dualtape": _jitted, "eager": _eager}
        )
        if not compiled and has_torch():
            makers["torch"] = _torch
        runs: dict[str, tuple[Run, Run]] = {}
        for engine, make in makers.items():
            try:
                once, wait = make(operation, arrays, spec.device)
                _compare(once(), expected)
                runs[engine] = once, wait
            except Exception as reason:  # a driver may refuse in many ways, and the others are still to be measured
                said = [*str(reason).strip().splitlines(), ""]
                tell({"operation": operation.name, "engine": engine, "error": f"{type(reason).__name__}: {said[0]}"})
        for engine, times in _in_turns(runs, 0.1 if spec.quick else 0.5).items():
            tell({"operation": operation.name, "engine": engine, **_summary(operation, times)})


def _eager(operation: Operation, arrays: list[np.ndarray], device: str) -> tuple[Run, Run]:
    place = next(found for found in dt.devices() if found.name == device)
    given = [dt.Tensor(array, device=device) for array in arrays]
    return lambda: operation.function(dt.ops, *given), place.synchronize


def _jitted(operation: Operation, arrays: list[np.ndarray], device: str) -> tuple[Run, Run]:
    compiled = dt.jit(lambda *xs: operation.function(dt.ops, *xs))
    return _eager(operation._replace(function=lambda m, *xs: compiled(*xs)), arrays, device)


def _torch(operation: Operation, arrays: list[np.ndarray], _device: str) -> tuple[Run, Run]:
    import torch

    given = [torch.tensor(array, device=torch_place()) for array in arrays]
    return lambda: operation.function(torch, *given), synchronizer()


def _torch_compiled(operation: Operation, arrays: list[np.ndarray], device: str) -> tuple[Run, Run]:
    import torch

    compiled: Any = torch.compile(lambda *xs: operation.function(torch, *xs))
    return _torch(operation._replace(function=lambda m, *xs: compiled(*xs)), arrays, device)


def _compare(found: Any, expected: np.ndarray) -> None:
    array = found.asnumpy() if isinstance(found, dt.Tensor) else found.cpu().numpy()
    error = float(np.linalg.norm(array.astype(np.float64) - expected) / np.linalg.norm(expected.astype(np.float64)))
    if not error <= 1e-3:
        raise ArithmeticError(f"differs by {error:.1e} from NumPy")


def _in_turns(runs: Mapping[str, tuple[Run, Run]], seconds: float) -> dict[str, list[float]]:
    """Milliseconds of one run, from batches that take about 20 and are waited for together."""
    counts = {engine: _batch(*run) for engine, run in runs.items()}
    times: dict[str, list[float]] = {engine: [] for engine in runs}
    end = time.perf_counter() + seconds * len(runs)
    while runs and (time.perf_counter() < end or min(map(len, times.values())) < 3):
        for engine, run in runs.items():
            times[engine].append(1e3 * _seconds(*run, counts[engine]) / counts[engine])
    return times


def _batch(once: Run, wait: Run) -> int:
    """How many runs take about 20 ms, at most 100: a launch is not waited for, nor are too many begun."""
    _seconds(once, wait, 2)
    return max(1, min(100, int(0.02 / max(1e-6, _seconds(once, wait, 1)))))


def _seconds(once: Run, wait: Run, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        once()
    wait()
    return time.perf_counter() - start


def _summary(operation: Operation, times: list[float]) -> dict[str, float]:
    median = statistics.median(times)
    figure = {"median_ms": round(median, 5), "min_ms": round(min(times), 5)}
    if operation.flops:
        return {**figure, "gflop_s": round(operation.flops / median / 1e6, 1)}
    return {**figure, "gb_s": round(4 * operation.elements / median / 1e6, 1)}
