"""What `jit` must not take for the same: zeros of either sign, NaN, and static values that are equal and differ."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.compiler.passes import compute_repeated_once, optimise
from dualtape.compiler.program import trace_program
from dualtape.compiler.replay import replayed
from dualtape.core.lowering import OnHost
from dualtape.core.primitive import NonDifferentiable
from dualtape.core.spec import Spec
from dualtape.devices.device import Device
from dualtape.devices.registry import HOST
from dualtape.primitives import CATALOGUE

NAN = np.array([0x7FF8000000000001, 0xFFF8000000000002], np.uint64).view(np.float64)
SPECIAL = {
    "zeros": np.array([-0.0, 0.0]),
    "zeros, the other way": np.array([0.0, -0.0]),
    "negative zeros": np.array([-0.0, -0.0]),
    "infinities": np.array([np.inf, -np.inf]),
    "nan of other bits": NAN,
    "subnormals": np.array([5e-324, -5e-324]),
}


def bits(x: dt.Tensor) -> list[int]:
    return x.asnumpy().view(f"u{x.itemsize}").ravel().tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", SPECIAL)
def test_constants_keep_their_bits(name: str, dtype: type, device: Device) -> None:
    constant = dt.Tensor(SPECIAL[name] if dtype is np.float64 else SPECIAL[name].astype(dtype))
    x = dt.Tensor(np.ones(2, dtype))
    functions: list[Callable[[dt.Tensor], Any]] = [
        lambda x: (x, constant),
        lambda x: (x, constant * x),
        lambda x: (x, x - constant),
        lambda x: (x, ops.where(x > 0, constant, x)),
        lambda x: (x, ops.atan2(constant, -x)),
        lambda x: (x, ops.reshape(ops.stack([constant, constant]), (4,))),
    ]
    for function in functions:
        assert bits(dt.jit(function)(x)[1]) == bits(function(x)[1])


@pytest.mark.parametrize("zero", [0.0, -0.0, 0, False])
def test_simplifying_keeps_the_sign_of_zero(zero: float, device: Device) -> None:
    x = dt.Tensor(np.array([-0.0, 0.0, -1.0, np.inf, -np.inf, 5e-324]))
    whole = dt.Tensor(np.full(6, zero, np.float64))
    for function in (
        lambda x: x - zero,
        lambda x: x + zero,
        lambda x: zero - x,
        lambda x: x - whole,
        lambda x: x + whole,
        lambda x: x * 1.0,
        lambda x: ops.neg(ops.neg(x)),
        lambda x: ((x + 0.0) * 3.0, (x + -0.0) * 3.0)[0] / (x + -0.0),
    ):
        assert bits(dt.jit(function)(x)) == bits(function(x))


def test_what_repeats_itself_has_the_same_bits() -> None:
    """The pass for block programs: a constant is thin along an axis if its slices do not differ by a sign of zero."""
    constant = dt.Tensor(np.array([[0.0, 1.0], [-0.0, 1.0], [0.0, 1.0]]))
    function = lambda x: [ops.atan2(constant, x)]
    program, _, _ = trace_program(function, [Spec((3, 2), dt.float64)], HOST)
    thin = optimise(compute_repeated_once(program))
    x = -np.ones((3, 2))
    np.testing.assert_array_equal(replayed(thin, HOST)([x])[0].asnumpy(), np.arctan2(constant.asnumpy(), x))


@dataclass(frozen=True)
class Options:
    slope: float
    rest: Any = ()


STATIC = {
    "zeros": (0.0, -0.0),
    "one": (1, 1.0, True, np.float64(1), np.float32(1), np.int64(1), np.bool_(True), 1 + 0j),
    "complex": (0j, complex(0.0, -0.0), complex(-0.0, 0.0)),
    "scalars": (np.float32(0.0), np.float32(-0.0), np.float64(0.0), np.longdouble(0.0), np.longdouble(-0.0)),
    "nan": (float("nan"), -float("nan"), np.float64("nan"), np.float32("nan"), complex("nan")),
    "payloads": (float(NAN[0]), float(NAN[1])),
    "dataclasses": (Options(0.0), Options(-0.0), Options(0), Options(False), Options(float("nan"))),
    "nested": (
        Options(1.0, (0.0, [1])),
        Options(1.0, (-0.0, [1])),
        Options(1.0, (0.0, [True])),
        Options(1.0, {1: 0.0}),
    ),
    "sets": (frozenset({1}), frozenset({1.0}), frozenset({True})),
}


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: (x,), lambda x: [x], lambda x: {"a": x}], ids="xtld")
@pytest.mark.parametrize("name", STATIC)
def test_static_values_have_programs_of_their_own(name: str, wrap: Callable[[Any], Any]) -> None:
    traced: list[Any] = []

    @dt.jit
    def f(x: dt.Tensor, static: Any) -> dt.Tensor:
        traced.append(static)
        return x * len(traced)

    x = dt.Tensor([1.0])
    for _ in range(2):
        assert [f(x, wrap(value)).item() for value in STATIC[name]] == list(range(1, len(STATIC[name]) + 1))


@pytest.mark.parametrize("make", [lambda x: x, np.float32, complex, Options, lambda x: (x, [x])])
def test_nan_finds_its_program(make: Callable[[float], Any]) -> None:
    traced = []
    f = dt.jit(lambda x, static: (x, traced.append(static)))
    for _ in range(3):
        f(dt.Tensor([1.0]), make(float("nan")))
    assert len(traced) == 1


def test_keys_of_dicts_too() -> None:
    keys = (1, True, 1.0, 0.0, -0.0, False)
    outside = dt.jit(lambda x, names: (x, [repr(key) for key in names]))
    inside = dt.jit(lambda x, names: (x, [repr(key) for key in names["inside"]]))
    x = dt.Tensor([1.0])
    for _ in range(2):
        assert [outside(x, {key: x})[1] for key in keys] == [[repr(key)] for key in keys]
        assert [inside(x, {"inside": {key: x}})[1] for key in keys] == [[repr(key)] for key in keys]


def test_a_static_zero_divides_by_its_own_sign() -> None:
    f = dt.jit(lambda x, zero: ops.atan2(x * zero, -x))
    x = dt.Tensor([1.0])
    assert [f(x, 0.0).item(), f(x, -0.0).item()] == pytest.approx([np.pi, -np.pi])


def test_no_primitive_takes_a_float_as_static_parameter() -> None:
    """Devices keep what they have prepared by the parameters as they are, and would take 0.0 for -0.0.

    For what runs on the host they prepare nothing.
    """
    for primitive in CATALOGUE.values():
        if isinstance(primitive.lowering, OnHost):
            continue
        given = [example.params for example in getattr(primitive, "examples", ())] + [*getattr(primitive, "params", ())]
        for value in (value for params in given for value in params.values()):
            parts = value if isinstance(value, tuple) else (value,)
            assert not any(isinstance(part, float) for part in parts), primitive


def test_on_the_host_zeros_of_either_sign_are_two_parameters(device: Device) -> None:
    signed = NonDifferentiable(
        name="signed",
        numpy=lambda x, sign: np.copysign(x, sign),
        lowering=OnHost(),
        infer=lambda x, sign: x,
        examples=(),
    )
    del CATALOGUE["signed"]
    both = lambda x: (signed(x, sign=0.0), signed(x, sign=-0.0))
    for run in (both, dt.jit(both)):
        assert [y.item() for y in run(dt.Tensor(1.0))] == [1.0, -1.0]


def test_statics_that_are_functions_or_strings_are_themselves() -> None:
    f = dt.jit(lambda x, g, name: g(x) if name == "go" else x)
    double = lambda x: x * 2
    x = dt.Tensor([1.0])
    assert f(x, double, "go").item() == 2
    assert f(x, functools.partial(double), "go").item() == 2
    assert f(x, double, "stop").item() == 1
