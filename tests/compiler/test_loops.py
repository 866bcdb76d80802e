"""Loop nests compute what the equations do that they are made of, on every device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings

import dualtape as dt
from compiler.loop_programs import built, functions, run
from devices.catalogue_calls import calls
from dualtape import ops
from dualtape.compiler.loops import NestBuilder, NotLoops, Place, loop_kernels
from dualtape.compiler.program import Equation, Node, Program, trace_program
from dualtape.compiler.replay import replayed
from dualtape.core.example import Reals
from dualtape.core.lowering import Fold
from dualtape.core.primitive import CATALOGUE
from dualtape.core.spec import Spec
from dualtape.devices.opencl import opencl_devices
from dualtape.devices.registry import HOST
from dualtape.dtypes import dtype_of
from dualtape.primitives.contraction import matmul

X, Y = np.array([[3.0, -1.0, 2.0], [0.0, 5.0, -4.0]]), np.array([2.0, 0.0, -3.0])


@given(functions())
@settings(deadline=None, max_examples=300)
def test_random_programs_element_by_element(function: Callable[..., list[Any]]) -> None:
    program, _, _ = trace_program(function, [Spec(x.shape, dt.float64) for x in (X, Y)], HOST)
    try:
        nests, copies = built(program)
    except NotLoops:  # of no elements
        reject()
    memory = run(nests, program, [X, Y])
    for copy, expected in zip(copies, replayed(program, HOST).run([X, Y], []), strict=True):
        np.testing.assert_array_equal(memory[copy].reshape(expected.shape), expected)


def test_what_is_computed_for_each_element_shares_loops() -> None:
    def update(w: Any, m: Any, v: Any, g: Any, rate: Any) -> list[Any]:
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
        return [w - rate * m / (ops.sqrt(v) + 1e-8), m, v]

    def updates(rate: Any, *given: Any) -> list[Any]:
        return [x for i in range(0, len(given), 4) for x in update(*given[i : i + 4], rate)]

    specs = [Spec(shape, dt.float32) for shape in ((20, 20), (20,), (7,)) for _ in range(4)]
    program, _, _ = trace_program(updates, [Spec((), dt.float32), *specs], HOST)
    nests, _ = built(program)
    assert [nest.shape for nest in nests] == [(20, 20), (20,), (7,)]
    (kernel,) = _kernels(nests, program, 1)
    assert kernel.source.count("static void dt_n") == 1
    assert kernel.source.count("dt_n0(") == 2  # where it is written, and where it is called
    assert len(kernel.table) == 3


def test_loops_that_wait_for_each_other_stay_apart() -> None:
    def softmax(x: Any) -> list[Any]:
        shifted = ops.exp(x - ops.amax(x, -1, keepdims=True))
        return [shifted / shifted.sum(-1, keepdims=True)]

    program, _, _ = trace_program(softmax, [Spec((4, 5), dt.float32)], HOST)
    nests, _ = built(program)
    assert [nest.shape for nest in nests] == [(4,), (4, 5), (4,), (4, 5)]


@pytest.mark.parametrize("primitive", ["argmax", "cumsum", "take", "scatter_sum"])
def test_what_has_no_loops_says_so(primitive: str) -> None:
    example = CATALOGUE[primitive].examples[0]  # type: ignore[attr-defined]
    with pytest.raises(NotLoops, match=primitive):
        NestBuilder().visit(_equation(primitive, _specs(example.inputs), example.params))


def test_floats_that_the_device_lacks_have_no_loops() -> None:
    equation = _equation("exp", [Spec((3,), dt.float64)], {})
    NestBuilder().visit(equation)
    with pytest.raises(NotLoops, match="`exp` is of Float64"):
        NestBuilder((dt.float32,)).visit(equation)


@pytest.mark.opencl
@pytest.mark.parametrize(("number", "dtype", "work_items"), [(0, "float32", 1), (-1, "float32", 32), (0, "float64", 1)])
def test_every_primitive_has_the_bits_of_the_device(number: int, dtype: str, work_items: int) -> None:
    """All that have loops, in one kernel; sums are in another order than on the device."""
    device: Any = opencl_devices()[number]
    equations, arrays = [], {}
    for name, primitive in sorted(CATALOGUE.items()):
        for inputs, params in calls(primitive, dtype):
            equation = _equation(name, [Spec(x.shape, dtype_of(x.dtype)) for x in inputs], params)
            try:
                NestBuilder().visit(equation)
            except NotLoops:
                continue
            equations.append(equation)
            arrays |= zip(equation.reads, inputs, strict=True)
    assert len({equation.primitive.name for equation in equations}) > 50
    program = Program(tuple(arrays), tuple(equations), tuple(equation.output for equation in equations))
    nests, copies = built(program)
    storages = {node: device.put(array) for node, array in arrays.items()}
    found = _launched(device, nests, program, storages, work_items)
    for equation, copy in zip(equations, copies, strict=True):
        given = [storages[node] for node in equation.reads]
        expected = device.get(device.execute(equation.primitive, given, equation.params))
        sums = isinstance(equation.primitive.lowering, Fold) or equation.primitive is matmul
        tolerance = (4 * np.finfo(dtype).eps if sums else 0) if expected.dtype.kind == "f" else 0
        got = device.get(found[copy])
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance, err_msg=equation.primitive.name)
        if not sums and expected.dtype.kind == "f":
            np.testing.assert_array_equal(np.signbit(got), np.signbit(expected), err_msg=equation.primitive.name)


def _specs(inputs: Any) -> list[Spec]:
    return [Spec(x.shape, dt.float64 if isinstance(x, Reals) else dt.int64) for x in inputs]


def _equation(name: str, specs: list[Spec], params: dict[str, Any]) -> Equation:
    return Equation.inferred(CATALOGUE[name], tuple(map(Node, specs)), params)


def _kernels(nests: Any, program: Program, work_items: int) -> Any:
    nodes = {source.node for nest in nests for source in nest.sources()}
    nodes |= {store.target.node for nest in nests for store in nest.stores}
    (kernels,) = loop_kernels([nests], {node: Place(node) for node in nodes | set(program.inputs)}, work_items)
    return kernels


def _launched(device: Any, nests: Any, program: Program, storages: dict[Any, Any], work_items: int) -> dict[Any, Any]:
    memory = dict(storages)
    for kernel in _kernels(nests, program, work_items):
        for node in kernel.buffers:
            if node not in memory:
                memory[node] = device.allocate(node.spec.shape, node.spec.dtype)
        launch = device.build(kernel.name, kernel.source, (None, dt.int32, *[None] * len(kernel.buffers)))
        table = device.put(np.array(kernel.table, np.int32))
        launch(1, kernel.work_items, table, len(kernel.table), *(memory[node] for node in kernel.buffers))
    return memory


@pytest.mark.parametrize("shape", [(0,), (2, 0)])
def test_a_program_of_many_operations_without_elements(shape: tuple[int, ...], device: dt.Device) -> None:
    function = lambda x: dt.ops.concat([x * n + 1.0 for n in range(60)], 0)  # as many as are worth a kernel
    found = dt.jit(function)(dt.ops.zeros(shape))
    assert found.shape == function(dt.ops.zeros(shape)).shape
