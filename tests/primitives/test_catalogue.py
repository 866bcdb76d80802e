"""Every primitive of the catalogue, on every device, in every mode: a new one is enrolled by being declared.

What has no kernel gives the same bits on all devices, for it runs on the host: it is tried there alone, and the copy
in `tests/devices/test_opencl_catalogue.py`; its derivatives in Float64 alone, in which they are computed, and functions
of elements in one shape, for how they broadcast is the business of their kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pytest

import dualtape as dt
from dualtape.autodiff.levels import jet, tape
from dualtape.core.lowering import OnHost
from dualtape.core.primitive import Elementwise, Implicit, NonDifferentiable, Primitive, Reduction
from dualtape.core.spec import Spec
from dualtape.devices.device import Device
from dualtape.devices.registry import HOST
from dualtape.dtypes import DType
from dualtape.errors import DeviceError, DTypeError
from dualtape.primitives import CATALOGUE
from dualtape.testing import check_derivatives
from dualtape.testing.modes import Tensors, gradient, inner, nested_duals, taylor
from dualtape.testing.operands import PrimitiveCall, draw, examples

PRIMITIVES = tuple(CATALOGUE.values())
DIFFERENTIABLE = tuple(p for p in PRIMITIVES if not isinstance(p, NonDifferentiable))
CONSTANT = tuple(p for p in PRIMITIVES if isinstance(p, NonDifferentiable))
# Those of two operands, of which one may be a Python number.
WITH_NUMBERS = tuple(
    p
    for p in DIFFERENTIABLE
    if (isinstance(p, Elementwise) and len(p.domain) == 2) or p.name in ("multiply", "strong_multiply")
)
# An order above the one that users ask for most; every rule is then used inside itself.
HIGH = 4


TYPES = (dt.float32, dt.float64)


def on_its_devices(
    primitives: Iterable[Primitive], types: Sequence[DType] = TYPES, on_host: Sequence[DType] | None = None
) -> pytest.MarkDecorator:
    """``primitive``, ``device`` and ``dtype``: each on all devices, or on the host if it has no kernel."""
    combined = [
        pytest.param(primitive, device, dtype, id=f"{primitive.name}-{device.name}-{dtype}")
        for primitive in primitives
        for device, dtypes in (
            [(HOST, on_host or types)] if is_on_host(primitive) else [(device, types) for device in dt.devices()]
        )
        for dtype in dtypes
    ]
    return pytest.mark.parametrize(("primitive", "device", "dtype"), combined, indirect=["device"])


each_primitive = pytest.mark.parametrize("primitive", PRIMITIVES, ids=lambda p: p.name)
each_differentiable = pytest.mark.parametrize("primitive", DIFFERENTIABLE, ids=lambda p: p.name)


def is_on_host(primitive: Primitive) -> bool:
    return isinstance(primitive.lowering, OnHost)


def calls(primitive: Primitive, device: Device = HOST) -> list[PrimitiveCall]:
    """All calls on the host; on other devices, where each shape compiles kernels, the first two."""
    found = examples(primitive)
    if isinstance(primitive, Elementwise) and is_on_host(primitive):
        found = found[:: len(found) // len(primitive.params)]
    return [draw(primitive, example) for example in found[: None if device is HOST else 2]]


def require(device: Device, dtype: DType) -> None:
    try:
        device.require(dtype)
    except (DTypeError, DeviceError) as reason:
        pytest.skip(str(reason))


def directions(inputs: Tensors, count: int) -> list[Tensors]:
    numbers = np.random.default_rng(1)
    return [
        [dt.Tensor((numbers.integers(-9, 10, x.shape) / 10).astype(x.dtype.numpy)) for x in inputs]
        for _ in range(count)
    ]


def assert_same(got: Sequence[dt.Tensor], expected: Sequence[dt.Tensor], rtol: float) -> None:
    for a, b in zip(got, expected, strict=True):
        scale = float(np.abs(b.asnumpy()).max(initial=0))
        np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=0, atol=rtol * max(scale, 1e-3))


# Structure: what cannot be wrong for lack of a rule.


@each_primitive
def test_primitive_has_calls_to_be_tried_on(primitive: Primitive) -> None:
    assert examples(primitive)


def test_every_kind_of_primitive_has_a_forward_and_a_reverse_rule() -> None:
    kinds = {type(p) for p in PRIMITIVES} - {NonDifferentiable, Implicit}
    assert callable(Implicit.rule)  # both modes in one
    in_place_of_one = {tape.KnownPower}
    assert kinds | in_place_of_one == set(jet._RULES) == set(tape._PULL_BACK) - {tape.Adjoint}


@each_differentiable
def test_rule_covers_every_float_input(primitive: Primitive) -> None:
    for call in calls(primitive):
        for i, array in enumerate(call.arrays):
            if isinstance(primitive, Elementwise):
                assert len(primitive.partials) == len(primitive.domain) == len(call.arrays)
            elif not isinstance(primitive, (Implicit, Reduction)):
                rules = getattr(primitive, "transposes", None)
                rule = primitive.transpose(i) if hasattr(primitive, "transpose") else rules[i]
                assert (rule is not None) == (array.dtype.kind in "fc")


# Values


@on_its_devices(PRIMITIVES)
def test_shape_rule_and_value(primitive: Primitive, dtype: DType, device: Device) -> None:
    require(device, dtype)
    for call in calls(primitive):
        inputs = call.tensors(dtype)
        got = primitive(*inputs, **call.params)
        inferred = primitive.infer(*(Spec(x.shape, x.dtype) for x in inputs), **call.params)
        assert (got.shape, got.dtype) == inferred
        expected = np.asarray(primitive.numpy(*call.arrays, **call.params))
        rtol = 2e-6 if dt.float32 in (dtype, got.dtype) else 1e-13
        np.testing.assert_allclose(np.asarray(got), expected, rtol=rtol, atol=rtol)


@each_primitive
def test_value_in_float16_on_the_host(primitive: Primitive) -> None:
    for call in calls(primitive):
        inputs = call.tensors(dt.float16)
        got = primitive(*inputs, **call.params)
        assert (got.shape, got.dtype) == primitive.infer(*(Spec(x.shape, x.dtype) for x in inputs), **call.params)
        rounded = [np.asarray(x).astype(a.dtype) for x, a in zip(inputs, call.arrays, strict=True)]
        expected = np.asarray(primitive.numpy(*rounded, **call.params))
        np.testing.assert_allclose(np.asarray(got), expected, rtol=4e-3, atol=4e-3)


@on_its_devices(PRIMITIVES, [dt.float32])
def test_operation_leaves_its_inputs_and_repeats_bit_by_bit(primitive: Primitive, dtype: DType, device: Device) -> None:
    call = calls(primitive)[0]
    inputs = call.tensors(dtype)
    before = [np.array(x) for x in inputs]
    first, second = (primitive(*inputs, **call.params) for _ in range(2))
    np.testing.assert_array_equal(np.asarray(first), np.asarray(second))
    for x, old in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(np.asarray(x), old)


# Derivatives


@on_its_devices(DIFFERENTIABLE, on_host=[dt.float64])
def test_all_modes_agree_with_finite_differences(primitive: Primitive, dtype: DType, device: Device) -> None:
    """Forward, reverse, Taylor, and both nested, at orders 1 and 2; float32 against the float64 derivative."""
    require(device, dtype)
    for call in calls(primitive, device):
        check_derivatives(lambda *x, p=call.params: primitive(*x, **p), *call.tensors(dtype), order=2)


@on_its_devices(DIFFERENTIABLE, on_host=[dt.float64])
def test_reverse_is_the_transpose_of_forward(primitive: Primitive, dtype: DType, device: Device) -> None:
    """<w, J v> = <J'w, v>, to rounding, with the tolerance relative to the sum of absolute products."""
    require(device, dtype)
    for call in calls(primitive, device):
        f, x = call.differentiable(dtype)
        (v,) = directions(x, 1)
        (tangent,) = nested_duals(lambda a, f=f: [f(*a)], x, [v])
        (w,) = directions([tangent], 1)
        cotangents = gradient(lambda a, f=f, w=w: inner([f(*a)], w), x)
        forward, backward = float(inner([tangent], w)), float(inner(cotangents, v))
        scale = sum(float((a * b).abs().sum()) for a, b in [(tangent, w[0]), *zip(cotangents, v, strict=True)])
        # A cast rounds to the coarser of its two types.
        rounding = max(float(np.finfo(a.dtype.numpy).eps) for a in [tangent, *x])
        assert abs(forward - backward) <= 16 * rounding * scale


@pytest.mark.parametrize("order", [(1, 1), (2, 1)], ids=str)
@each_differentiable
def test_mixed_partials_agree_and_commute(primitive: Primitive, order: tuple[int, int]) -> None:
    for call in calls(primitive):
        f, x = call.differentiable()
        first, second = directions(x, 2)
        along = [first] * order[0] + [second] * order[1]
        g = lambda a, f=f: [f(*a)]
        expected = nested_duals(g, x, along)
        assert_same(nested_duals(g, x, along[::-1]), expected, 1e-11)
        assert_same(taylor(g, x, along), expected, 1e-11)
        assert_same(taylor(g, x, along[::-1]), expected, 1e-11)


@each_differentiable
def test_taylor_of_high_order_is_nested_duals(primitive: Primitive) -> None:
    call = calls(primitive)[0]
    f, x = call.differentiable()
    (v,) = directions(x, 1)
    g = lambda a: [f(*a)]
    assert_same(taylor(g, x, [v] * HIGH), nested_duals(g, x, [v] * HIGH), 1e-11)


@pytest.mark.parametrize("primitive", CONSTANT, ids=lambda p: p.name)
def test_derivative_is_zero_by_statement(primitive: Primitive) -> None:
    for call in calls(primitive):
        f, x = call.differentiable()
        if not x:
            continue
        value = f(*x)
        (tangent,) = nested_duals(lambda a, f=f: [f(*a)], x, directions(x, 1))
        assert (tangent.shape, tangent.dtype) == (value.shape, value.dtype)
        assert not np.asarray(tangent).any()
        cotangents = dt.grad(lambda *a, f=f: f(*a), tuple(range(len(x))))(*x)
        for g, a in zip(cotangents if isinstance(cotangents, tuple) else (cotangents,), x, strict=True):
            assert (g.shape, g.dtype) == (a.shape, a.dtype)
            assert not np.asarray(g).any()


@pytest.mark.parametrize("number", [0, 1], ids=["first", "second"])
@pytest.mark.parametrize("primitive", WITH_NUMBERS, ids=lambda p: p.name)
def test_one_operand_may_be_a_python_number(primitive: Primitive, number: int) -> None:
    call = calls(primitive)[0]
    x, y = call.tensors()
    constant = 1.5 if number else 0.5
    if isinstance(primitive, Elementwise) and not primitive.domain[number][0] < constant < primitive.domain[number][1]:
        constant = sum(primitive.domain[number]) / 2
    check_derivatives(lambda a: primitive(*((constant, a) if number == 0 else (a, constant))), y if number == 0 else x)
