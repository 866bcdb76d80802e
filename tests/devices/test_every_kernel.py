"""Every file of `opencl_kernels` is run at least once, at small odd sizes: short enough for a simulator.

`.ci/oclgrind` runs this file under oclgrind, which reports accesses out of bounds, races and uninitialised values.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from devices.architectures import with_lanes, with_work_items
from dualtape import ops, pytree
from dualtape.compiler.blocks import planning, policy
from dualtape.compiler.loops import building, cutting
from dualtape.core.primitive import CATALOGUE
from dualtape.devices.opencl.device import OpenCLDevice

Call = tuple[str, list[Any], dict[str, Any]]
RNG = np.random.default_rng(11)
FILES = [file for file in files("dualtape.opencl_kernels").iterdir() if file.is_file()]
KERNELS = {file.name: file.read_text(encoding="utf-8") for file in FILES}
KERNELS = {name: text for name, text in KERNELS.items() if name.endswith(".cl")}


def normal(*shape: int, dtype: str = "float32") -> np.ndarray:
    return np.asarray(RNG.normal(size=shape)).astype(dtype)


def positive(*shape: int) -> np.ndarray:
    return np.abs(normal(*shape)) + np.float32(0.1)


def whole(*shape: int, high: int = 9) -> np.ndarray:
    return RNG.integers(1, high, shape)


CALLS: dict[str, list[Call]] = {
    "map": [
        ("add", [normal(7, 13), normal(13)], {}),
        ("less", [normal(5, 1), normal(3)], {}),
        ("cast", [normal(3, 11)], {"dtype": dt.float16}),
        ("cast", [normal(3, 11)], {"dtype": dt.int32}),
        ("multiply", [normal(33, dtype="float16"), 0.5], {}),
        ("where", [normal(3, 5) > 0, normal(5), normal(3, 1)], {}),
        ("permute", [normal(7, 5, 3)], {"axes": (2, 0, 1)}),
        ("permute", [normal(3, 9, 131)], {"axes": (0, 2, 1)}),
        ("cut", [normal(7, 9)], {"starts": (1, 8), "sizes": (3, 4), "steps": (2, -2)}),
        ("embed", [normal(2, 3)], {"shape": (4, 9), "starts": (1, 8), "steps": (2, -3)}),
        ("broadcast_to", [normal(3, 1)], {"shape": (2, 3, 5)}),
        ("concatenate", [normal(3, 2), normal(3, 5)], {"axis": 1}),
    ],
    "fold": [
        ("sum", [normal(3, 701)], {"axes": (1,)}),
        ("sum", [normal(701, 3)], {"axes": (0,)}),
        ("maximum_along", [normal(5, 33)], {"axes": (0, 1)}),
        ("any", [normal(17, 3) > 1], {"axes": (0,)}),
        ("sum", [normal(3, 37, dtype="float16")], {"axes": (1,)}),
    ],
    "matmul": [
        ("matmul", [normal(13, 17), normal(17, 33)], {}),
        ("matmul", [normal(5, 1030), normal(1030, 3)], {}),
        ("matmul", [normal(13, 17), normal(17, 20)], {}),
        ("matmul", [normal(13, 17), normal(17, 50)], {}),
        ("matmul", [normal(2, 3, 4), normal(2, 4, 16)], {}),
        ("matmul", [normal(7, 1030), normal(1030, 1)], {}),
        ("matmul", [whole(3, 5), whole(5, 7)], {}),
    ],
    "indexing": [
        ("take", [normal(4, 11, 3), np.array([[3, 0], [10, -1]])], {"axis": 1}),
        ("scatter_sum", [normal(3, 21, 5), RNG.integers(0, 7, 21)], {"axis": 1, "size": 7}),
        ("inside_axis", [RNG.integers(-7, 7, (9, 1001))], {"size": 7, "axis": 0}),
        ("argmax", [normal(13, 7)], {"axis": 0}),
        ("argmin", [normal(13, 7)], {"axis": 1}),
        ("cumsum", [normal(3, 17, 5)], {"axis": 1, "reverse": True}),
    ],
    "random words": [
        ("philox", [*np.uint32([[7], [2**32 - 5]]), np.arange(3, 40, dtype=np.uint32)], {"stream": 1}),
        ("philox", [whole(3, 1, high=2**31), whole(3, 1, high=2**31), whole(5)], {"stream": 0}),
    ],
    "functions": [
        *((name, [normal(19)], {}) for name in ("exp", "tanh", "sin", "atan", "erf", "erfc", "sigmoid", "round")),
        *((name, [positive(19)], {}) for name in ("log", "log2", "lgamma", "digamma", "sinh")),
        ("polygamma", [positive(19)], {"n": 2}),
        ("power", [positive(19), normal(19)], {}),
        ("power", [whole(19), 3], {}),
        ("mod", [normal(19), positive(19)], {}),
        ("floor_divide", [whole(19) - 5, whole(19)], {}),
    ],
    # By themselves, for oclgrind 21.10 crashes on them when it looks for uninitialised values.
    "roots and far angles": [
        ("sqrt", [positive(19)], {}),
        ("asinh", [positive(19)], {}),
        ("asin", [np.tanh(normal(19))], {}),
        ("erfinv", [np.tanh(normal(19))], {}),
        ("sin", [np.float32([1e6, -3e9, 1e20])], {}),
        *((f"bessel_{kind}", [3 * positive(19)], {"n": n}) for kind in ("j", "y", "i", "k", "ke") for n in (1, 3)),
        *((f"gammainc{kind}", [4 * positive(19), 3 * positive(19)], {}) for kind in ("", "c")),
        *((f"gammainc{kind}", [300 * positive(19), 300 * positive(19)], {}) for kind in ("", "c")),
    ],
}


def simulated(opencl: Any, group: int | None) -> OpenCLDevice:
    device = OpenCLDevice("opencl:other", opencl._handle)
    if group is not None:
        device.runtime.group = group
        device.runtime.is_cpu = False
    return device


def check(device: OpenCLDevice, call: Call) -> None:
    name, inputs, params = call
    primitive = CATALOGUE[name]
    operands = [device.put(x) if isinstance(x, np.ndarray) else x for x in inputs]
    got = device.get(device.execute(primitive, operands, params))
    expected = np.asarray(primitive.numpy(*inputs, **params))
    tolerance = 4e-3 if got.dtype == np.float16 else 1e-4
    np.testing.assert_allclose(got.astype(float), expected.astype(float), rtol=tolerance, atol=tolerance)


# None is what the device prefers; with 5 no size here is a multiple of it.
@pytest.mark.parametrize("group", [None, 5], ids=["preferred group", "group of 5"])
@pytest.mark.parametrize("theme", CALLS)
def test_kernels_compute_what_the_host_does(opencl: Any, theme: str, group: int | None) -> None:
    device = simulated(opencl, group)
    for call in CALLS[theme]:
        check(device, call)


@pytest.mark.parametrize("laid", [with_lanes, with_work_items], ids=["vectors", "work-items"])
@pytest.mark.parametrize("points", [3, 21])
def test_block_kernel(opencl: Any, points: int, laid: Callable[[Any, int], dt.Device]) -> None:
    """One or several tiles, the last of them with fewer points than lanes, on vectors and on work-items."""
    weights = [dt.Tensor(normal(2, 5)), dt.Tensor(normal(5)), dt.Tensor(normal(5, 1))]

    def loss(weights: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
        field = lambda z: ops.tanh(z @ weights[0] + weights[1]) @ weights[2]
        u, u_x, u_xx = dt.partials(field, [(0, 0), (1, 0), (2, 0)])(x)
        return ops.square(u * u_x - u_xx).mean()

    x = dt.Tensor(normal(points, 2))
    value, gradients = dt.value_and_grad(loss)(weights, x)
    device = laid(opencl, 4)
    weights, x = [w.to(device) for w in weights], x.to(device)
    jitted = dt.jit(dt.value_and_grad(loss), device=device)
    assert {"dt_block(", "dt_loops("} <= set(re.findall(r"dt_(?:block|loops)\(", jitted.lower(weights, x).kernels()))
    got, got_gradients = jitted(weights, x)
    for a, b in zip((got, *got_gradients), (value, *gradients), strict=True):
        np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("laid", [with_lanes, with_work_items], ids=["vectors", "work-items"])
def test_block_kernel_of_members(opencl: Any, laid: Callable[[Any, int], dt.Device]) -> None:
    """Weights and points of their own for each of three members, and values at the points besides sums."""

    def loss(weights: list[dt.Tensor], x: dt.Tensor) -> tuple[dt.Tensor, dt.Tensor]:
        u = ops.tanh(x @ weights[0]) @ weights[1]
        return ops.square(u - x[:, :1]).mean(), u

    given = [dt.Tensor(normal(3, 2, 5)), dt.Tensor(normal(3, 5, 1))], dt.Tensor(normal(3, 21, 2))
    step = dt.vmap(dt.value_and_grad(loss, has_aux=True))
    expected = pytree.flatten(step(*given))[0]
    device = laid(opencl, 4)
    jitted, given = dt.jit(step, device=device), pytree.map(lambda x: x.to(device), given)
    assert "at 21 points for each of 3 members" in jitted.lower(*given).explanation
    for a, b in zip(pytree.flatten(jitted(*given))[0], expected, strict=True):
        np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("laid", [with_lanes, with_work_items], ids=["vectors", "work-items"])
def test_loops_in_pieces(opencl: Any, laid: Callable[[Any, int], dt.Device], monkeypatch: pytest.MonkeyPatch) -> None:
    """Elementwise chains read along and across memory, reductions, rows that read theirs, and a product."""
    for module, name in ((building, "LEAST_SPREAD"), (cutting, "LEAST_SPREAD"), (policy, "WORTHWHILE")):
        monkeypatch.setattr(module, name, 8)
    monkeypatch.setattr(planning, "MUCH_MOVED", 8)

    def function(a: dt.Tensor, b: dt.Tensor) -> tuple[dt.Tensor, ...]:
        y = ops.where(a > 0, a[:, ::-1] + 1, a * b)
        product = (a.permute(1, 0) @ b - 1) * 2
        return y, y.sum(), (y * 2).sum(0), ops.softmax(y, 1), product, product.sum(1), a.T * 2 + 1

    given = [dt.Tensor(normal(13, 7)), dt.Tensor(normal(13, 7))]
    device = laid(opencl, 4)
    jitted = dt.jit(function)
    found = jitted(*(x.to(device) for x in given))
    assert "runs as" in str(dt.explain(jitted, *(x.to(device) for x in given)))
    for got, expected in zip(found, function(*given), strict=True):
        np.testing.assert_allclose(got.asnumpy(), expected.asnumpy(), rtol=1e-4, atol=1e-5)


def test_no_kernel_is_left_out(opencl: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sources: list[str] = []
    device = simulated(opencl, None)
    build = device.runtime.programs._build

    def listen(name: str, source: str, scalars: tuple[Any, ...]) -> Any:
        sources.append(source)
        return build(name, source, scalars)

    monkeypatch.setattr(device.runtime.programs, "_build", listen)
    for calls in CALLS.values():
        for call in calls:
            check(device, call)
    built = "\n".join(sources)
    # What the tests above this one run, the kernel that measures the device before it is used, and no kernel.
    apart = {"block.cl", "block_lanes.cl", "block_items.cl", "loops.cl", "vectors.cl", "product.cl"}
    apart |= {"probe.cl", "builtins.cl"}
    missing = [name for name, text in KERNELS.items() if name not in apart and not _is_in(text, built)]
    assert missing == []


def _is_in(text: str, built: str) -> bool:
    """Whether a kernel of a file was built; for files of small functions, whether one of them was."""
    kernels = re.findall(r"__kernel void (\w+)\(", text)
    functions = re.findall(r"^(?:FUNCTION|HELPER)\w* \w+ (\w+)\(|^\S.*\b(dt_\w+)\(", text, re.MULTILINE)
    names = kernels or [name for pair in functions for name in pair if name]
    return any(f" {name}(" in built for name in names)
