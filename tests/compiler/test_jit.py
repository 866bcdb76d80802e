"""`jit` changes how a function runs, never what it gives."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.errors import TracingError


def mlp(weights: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    for i in range(0, len(weights) - 2, 2):
        x = ops.tanh(x @ weights[i] + weights[i + 1])
    return x @ weights[-2] + weights[-1]


def burgers_loss(weights: list[dt.Tensor], points: dt.Tensor) -> dt.Tensor:
    u, u_x, u_t, u_xx = dt.partials(lambda z: mlp(weights, z), [(0, 0), (1, 0), (0, 1), (2, 0)])(points)
    return ops.square(u_t + u * u_x - 0.01 * u_xx).mean()


@pytest.fixture
def network() -> tuple[list[dt.Tensor], dt.Tensor]:
    rng = np.random.default_rng(0)
    sizes = [2, 8, 8, 1]
    weights = []
    for rows, columns in itertools.pairwise(sizes):
        weights += [dt.Tensor(rng.normal(size=(rows, columns))), dt.Tensor(rng.normal(size=columns))]
    return weights, dt.Tensor(rng.uniform(-1, 1, (17, 2)))


def test_a_training_step_has_the_same_bits_as_eager(network) -> None:
    step = dt.value_and_grad(burgers_loss)
    loss, gradients = step(*network)
    jitted = dt.jit(step)
    for _ in range(2):
        jitted_loss, jitted_gradients = jitted(*network)
        assert isinstance(jitted_gradients, list)
        for eager, compiled in zip([loss, *gradients], [jitted_loss, *jitted_gradients], strict=True):
            np.testing.assert_array_equal(eager.asnumpy(), compiled.asnumpy())


def test_optimising_leaves_fewer_equations(network) -> None:
    lowered = dt.jit(dt.value_and_grad(burgers_loss)).lower(*network)
    assert 0 < len(lowered.optimised.equations) < len(lowered.program.equations)


def test_parameters_are_inputs() -> None:
    w = dt.Parameter(dt.Tensor([2.0]), name="w")
    scaled = dt.jit(lambda x: x * w)
    x = dt.Tensor([3.0])
    assert scaled(x).item() == 6
    w.set_data(dt.Tensor([5.0]))
    assert scaled(x).item() == 15


def test_new_values_of_parameters_are_outputs() -> None:
    w = dt.Parameter(dt.Tensor([2.0]), name="w")

    def descend(x: dt.Tensor) -> dt.Tensor:
        loss, (slope,) = dt.value_and_grad(lambda: (w * x).sum(), None, [w])()
        w.set_data(w - 0.5 * slope)
        return loss + 0 * w

    jitted = dt.jit(descend)
    assert jitted(dt.Tensor([4.0])).item() == 8
    assert w.value().item() == 0
    assert jitted(dt.Tensor([4.0])).item() == 0
    assert w.value().item() == -2


def test_a_failing_trace_leaves_parameters_alone() -> None:
    w = dt.Parameter(dt.Tensor([2.0]), name="w")

    def fails(x: dt.Tensor) -> dt.Tensor:
        w.set_data(w + x)
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        dt.jit(fails)(dt.Tensor([1.0]))
    assert w.value().item() == 2
    assert (w + 1).item() == 3


def test_weights_in_grad_inside_jit() -> None:
    w = dt.Parameter(dt.Tensor([2.0]), name="w")
    jitted = dt.jit(dt.grad(lambda x: (x * w * w).sum(), 0, [w]))
    by_input, (by_weight,) = jitted(dt.Tensor([3.0]))
    assert by_input.item() == 4
    assert by_weight.item() == 12


def test_jit_inside_every_transformation() -> None:
    cube = dt.jit(lambda x: x * x * x)
    x = dt.Tensor([2.0])
    assert dt.grad(cube)(x).item() == 12
    assert dt.jvp(cube, x, dt.Tensor([1.0]))[1].item() == 12
    assert dt.jit(lambda x: cube(x) + 1)(x).item() == 9
    assert dt.jit(dt.grad(dt.grad(cube)))(x).item() == 12


def test_one_trace_for_each_kind_of_arguments() -> None:
    traces = []

    @dt.jit
    def power(x: dt.Tensor, exponent: int) -> dt.Tensor:
        traces.append(exponent)
        return x**exponent

    assert power(dt.Tensor([3.0]), 2).item() == 9
    assert power(dt.Tensor([4.0]), 2).item() == 16
    assert power(dt.Tensor([3.0]), 3).item() == 27
    assert power(dt.Tensor([3.0, 1.0]), 2).shape == (2,)
    assert power(dt.Tensor(np.array([3.0])), 2).dtype is dt.float64
    assert traces == [2, 3, 2, 2]


def test_structures_and_numbers_pass_through() -> None:
    jitted = dt.jit(lambda data, flag: {"sum": data["a"] + data["b"][0], "rest": (data["b"][1], flag, None)})
    found = jitted({"a": dt.Tensor([1.0]), "b": [dt.Tensor([2.0]), dt.Tensor([3.0])]}, "on")
    assert found["sum"].item() == 3
    assert found["rest"][0].item() == 3
    assert found["rest"][1:] == ("on", None)


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: x if x.sum() > 0 else -x,
        lambda x: x * float(x[0]),
        lambda x: x.asnumpy(),
        lambda x: x[x > 0],
        lambda x: print(x),
    ],
)
def test_asking_for_numbers_names_the_way_out(ask) -> None:
    with pytest.raises(TracingError, match=r"ops\.where") as caught:
        dt.jit(ask)(dt.Tensor([1.0, 2.0]))
    assert __file__ in "".join(caught.value.__notes__)


def test_a_traced_value_does_not_escape() -> None:
    kept = []
    dt.jit(lambda x: kept.append(x) or x + 1)(dt.Tensor([1.0]))
    with pytest.raises(dt.errors.EscapedLevelError):
        kept[0] + 1


def test_an_unhashable_static_argument_is_named() -> None:
    with pytest.raises(TypeError, match="set"):
        dt.jit(lambda x, names: x)(dt.Tensor([1.0]), {"a"})


def test_arrays_are_inputs() -> None:
    double = dt.jit(lambda x: x * 2)
    assert double(np.array([1.0])).item() == 2
    assert double(np.array([5.0])).item() == 10


def test_arrays_among_the_results_are_the_callers_own() -> None:
    kept = np.zeros(2)
    f = dt.jit(lambda x: (x, np.ones(2), {"kept": kept}))
    for expected in (0, 3):
        kept[:] = expected
        _, ones, inside = f(dt.Tensor([1.0]))
        np.testing.assert_array_equal(ones, [1, 1])
        np.testing.assert_array_equal(inside["kept"], expected)
        ones[:] = 5
        inside["kept"][:] = 6


def test_a_jitted_function_inside_a_transformation_may_use_its_values() -> None:
    """It is an ordinary function there, also where none of its arguments is being differentiated."""
    ones = dt.Tensor([1.0, 1.0])
    w = dt.Tensor([2.0, 3.0])
    assert dt.grad(lambda w: dt.jit(lambda x: (x * w).sum())(ones))(w).tolist() == [1.0, 1.0]
    assert dt.vmap(lambda w: dt.jit(lambda x: x.sum() * w)(ones))(w).tolist() == [4.0, 6.0]


@pytest.mark.parametrize("read", [lambda p: p.data, lambda p: p.to("host")], ids=["data", "to"])
def test_a_parameters_tensor_is_an_input_however_it_is_asked_for(read: Callable[[Any], Any]) -> None:
    p = dt.Parameter(dt.Tensor([1.0]), name="p")
    f = dt.jit(lambda x: x * read(p))
    one = dt.Tensor([1.0])
    assert f(one).tolist() == [1]
    p.set_data(dt.Tensor([7.0]))
    assert f(one).tolist() == [7]
    changed = dt.jit(lambda x: (p.set_data(x * 3), read(p))[1])
    assert changed(one).tolist() == [3]
