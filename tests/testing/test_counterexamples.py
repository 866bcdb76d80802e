"""What Hypothesis prints of a failure is pasted below three imports, and makes the same values again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.vendor.pretty import pretty

import dualtape as dt
from dualtape import ops
from dualtape.core.primitive import CATALOGUE, Primitive
from dualtape.devices.device import Device
from dualtape.testing import strategies as s

FEW = settings(max_examples=30, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
VERY_FEW = settings(FEW, max_examples=4)
NAMES = {"np": np, "dt": dt, "ops": ops}
DTYPES = (
    dt.float16, dt.float32, dt.float64, dt.bool_, dt.int8, dt.int16, dt.int32, dt.int64, dt.uint8, dt.uint16, dt.uint32,
    dt.uint64,
)  # fmt: skip


def bits(value: Any) -> Any:
    """What is equal only for values with the same bits."""
    if isinstance(value, (tuple, list)):
        return type(value), [bits(item) for item in value]
    if isinstance(value, dict):
        return {key: bits(item) for key, item in value.items()}
    if isinstance(value, (dt.Tensor, np.ndarray)):
        array = np.asarray(value)
        return type(value), array.dtype, array.shape, array.tobytes()
    return value


def numbers(dtype: dt.DType) -> st.SearchStrategy[Any]:
    """All numbers of a type: every NaN, infinity and -0.0 among them."""
    if dtype is dt.bool_:
        return st.booleans()
    if dtype.is_integer:
        return st.integers(int(np.iinfo(dtype.numpy).min), int(np.iinfo(dtype.numpy).max))
    return st.floats(width=8 * np.dtype(dtype.numpy).itemsize)


def pasted(printed: str) -> Any:
    return eval(printed, dict(NAMES))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_tensors_and_parameters(dtype: dt.DType) -> None:
    tensors = s.tensors(s.shapes(), dtype, numbers(dtype))
    parameters = tensors.map(lambda x: dt.Parameter(x, name="w"))

    @FEW
    @given(st.fixed_dictionaries({"a": tensors, "b": st.tuples(s.tensors(s.shapes(), dtype), st.lists(parameters))}))
    def is_read_back(drawn: Any) -> None:
        assert bits(pasted(pretty(drawn))) == bits(drawn)

    is_read_back()


@FEW
@given(s.directions({"a": dt.Tensor([[0.5, 1.0]]), "b": (dt.Tensor(np.zeros((0, 2))), dt.Tensor([1]), 3)}))
def test_directions(drawn: Any) -> None:
    assert bits(pasted(pretty(drawn))) == bits(drawn)


@FEW
@given(st.tuples(s.shapes(), s.broadcastable_shapes(min_size=0), s.multi_indices(3), st.sampled_from(DTYPES)))
def test_shapes_multi_indices_and_types(drawn: Any) -> None:
    assert pasted(pretty(drawn)) == drawn


@pytest.mark.parametrize("primitive", CATALOGUE.values(), ids=lambda p: p.name)
def test_operands_of_every_primitive(primitive: Primitive) -> None:
    @VERY_FEW
    @given(s.operands(primitive))
    def is_read_back(call: dt.testing.PrimitiveCall) -> None:
        again = pasted(pretty(call))
        assert again.primitive is primitive
        assert bits(again.arrays) == bits(call.arrays)
        assert bits(primitive(*again.tensors(), **again.params)) == bits(primitive(*call.tensors(), **call.params))

    is_read_back()


@pytest.mark.parametrize("dtype", [dt.float16, dt.float32, dt.float64], ids=str)
@pytest.mark.parametrize("primitive", CATALOGUE.values(), ids=lambda p: p.name)
def test_programs_of_every_primitive(primitive: Primitive, dtype: dt.DType) -> None:
    """Both texts: the one that a user prints, and the one that Hypothesis puts into a call."""

    @VERY_FEW
    @given(
        s.programs(smooth=False, max_steps=2, dtype=dtype, primitives=[primitive]).flatmap(
            lambda f: st.tuples(st.just(f), s.points(f))
        )
    )
    def gives_the_same_bits(call: tuple[s.Composition, tuple[dt.Tensor, ...]]) -> None:
        f, x = call
        names: dict[str, Any] = {}
        exec(repr(f), names)
        again, points = pasted(pretty(call))
        assert bits(points) == bits(x)
        assert bits(names["f"](*x)) == bits(again(*points)) == bits(f(*x))

    gives_the_same_bits()


def test_programs_stay_on_the_device_of_their_arguments(device: Device) -> None:
    @VERY_FEW
    @given(s.programs([(3,)], 2, dt.float32, primitives=[CATALOGUE["multiply"], CATALOGUE["where"]]))
    def gives_the_same_bits(f: s.Composition) -> None:
        x = dt.Tensor([0.5, 0.25, -1.0])
        with dt.device("host"):
            again, point = pasted(pretty((f, x)))
            assert point.device is x.device
            assert bits(again(point)) == bits(f(x))

    gives_the_same_bits()


def failure(strategy: st.SearchStrategy[Any], fails: Callable[[Any], bool]) -> tuple[Any, str]:
    """The counterexample that Hypothesis finds, and the call that it prints."""
    last = []

    @settings(FEW, max_examples=500)
    @given(strategy)
    def check(x: Any) -> None:
        last.append(x)
        assert not fails(x)

    with pytest.raises(AssertionError) as caught:
        check()
    return last[-1], caught.value.__notes__[0].partition(":")[2].strip()


@pytest.mark.parametrize(
    ("strategy", "fails"),
    [
        (s.tensors((2, 2), dt.float32, numbers(dt.float32)), lambda x: bool(np.isnan(x.asnumpy()).any())),
        (s.tensors(s.shapes(), dt.int8), lambda x: x.size == 0),
        (s.tensors(s.shapes()), lambda x: x.size > 9),
        (s.programs().flatmap(lambda f: st.tuples(st.just(f), s.points(f))), lambda call: len(call[0].steps) > 3),
        (s.scalar_functions().flatmap(lambda f: s.points(f)), lambda x: x[0].ndim > 1),
    ],
    ids=["nan", "empty", "many", "program", "points"],
)
def test_what_hypothesis_reports_is_pasted(strategy: Any, fails: Any) -> None:
    found, call = failure(strategy, fails)
    again = eval(call, {**NAMES, "check": lambda x: x})
    if isinstance(found, tuple) and isinstance(found[0], s.Composition):
        (f, x), (g, y) = found, again
        assert bits(g(*y)) == bits(f(*x))
        found, again = x, y
    assert bits(again) == bits(found)


OWN = """
import dualtape as dt
import numpy as np
from hypothesis import given, settings, strategies as st

@settings(database=None)
@given(st.integers(0, 3).flatmap(lambda n: st.just(dt.Tensor(np.full(2, n)))))
def test_own(x):
    assert int(x[0]) < 2
"""


def test_the_plugin_shows_code_to_those_who_draw_tensors_themselves(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(OWN)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_own.py"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert found.returncode == 1
    assert "x=dt.Tensor(np.array([2, 2]))," in found.stdout
