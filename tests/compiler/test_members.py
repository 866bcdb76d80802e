"""Networks of one shape, each with weights of its own, in one kernel: `vmap` over parameters inside of `jit`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops, pytree
from dualtape.compiler.blocks.find.members import find_members
from dualtape.compiler.program.parsing import parse_program
from dualtape.devices.device import Device

Arrays = list[np.ndarray]
WIDTH = 8


def network(weights: Any, x: dt.Tensor) -> dt.Tensor:
    hidden = ops.tanh(x @ weights[0] + weights[1])
    return ops.tanh(hidden @ weights[2] + weights[3]) @ weights[4]


def loss(weights: Any, x: dt.Tensor) -> dt.Tensor:
    u, u_x, u_xx = dt.partials(lambda x: network(weights, x), [(0, 0), (1, 0), (2, 0)])(x)
    return ops.square(u_x - u * u_xx + ops.sin(x[:, :1])).mean()


def adam(weights: Any, moments: Any, x: dt.Tensor) -> Any:
    value, gradients = dt.value_and_grad(loss)(weights, x)
    first = [0.9 * m + 0.1 * g for (m, _), g in zip(moments, gradients, strict=True)]
    second = [0.99 * v + 0.01 * g * g for (_, v), g in zip(moments, gradients, strict=True)]
    moved = [w - 0.01 * m / (ops.sqrt(v) + 1e-3) for w, m, v in zip(weights, first, second, strict=True)]
    return value, moved, list(zip(first, second, strict=True))


def stacked_weights(members: int, dtype: type) -> Arrays:
    rng = np.random.default_rng(members)
    shapes = [(2, WIDTH), (WIDTH,), (WIDTH, WIDTH), (WIDTH,), (WIDTH, 1)]
    return [(0.5 * rng.normal(size=(members, *shape))).astype(dtype) for shape in shapes]


def points(*shape: int, dtype: type) -> np.ndarray:
    return np.random.default_rng(9).uniform(-1, 1, size=shape).astype(dtype)


def zeros_like(weights: Arrays) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(np.zeros_like(w), np.zeros_like(w)) for w in weights]


def on(device: Device, values: Any) -> Any:
    return pytree.map(lambda x: dt.Tensor(x, device=device), values)


def arrays(values: Any) -> Arrays:
    return [np.asarray(x) for x in pytree.flatten(values)[0]]


def of_member(values: Any, i: int) -> Any:
    return pytree.map(lambda x: x[i], values)


def require_equal(found: Any, each: list[Any], tolerance: float) -> None:
    alone = [arrays(one) for one in each]
    for i, array in enumerate(arrays(found)):
        expected = np.stack([one[i] for one in alone])
        assert np.abs(array - expected).max() <= tolerance * np.abs(expected).max()


@pytest.mark.opencl
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-13)])
def test_a_training_step_of_all_members_is_one_kernel_and_what_each_does_alone(
    kind_of_device: Device, dtype: type, tolerance: float
) -> None:
    weights, x = stacked_weights(5, dtype), points(203, 2, dtype=dtype)
    moments = zeros_like(weights)
    chosen = dt.devices()[1] if kind_of_device.name == "host" else kind_of_device
    together = dt.jit(dt.vmap(adam, in_axes=(0, 0, None)), device=chosen)
    given = on(kind_of_device, (weights, moments, x))
    how = together.lower(*given).explanation
    assert "at 203 points for each of 5 members, block by block" in how
    assert how.count("operations at") == 1
    found = together(*given)
    alone = dt.jit(adam, device=chosen)
    each = [alone(*on(kind_of_device, (of_member(weights, i), of_member(moments, i), x))) for i in range(5)]
    require_equal(found, each, tolerance)
    for first, again in zip(arrays(found), arrays(together(*given)), strict=True):
        np.testing.assert_array_equal(first, again)


@pytest.mark.opencl
@pytest.mark.parametrize("second", dt.devices()[2:3], ids=lambda device: device.name)
def test_on_the_other_platform_too(second: Device) -> None:
    weights, x = stacked_weights(3, np.float64), points(3, 150, 2, dtype=np.float64)
    step = dt.value_and_grad(loss)
    found = dt.jit(dt.vmap(step), device=second)(*on(dt.devices()[0], (weights, x)))
    alone = dt.jit(step, device="host")
    require_equal(found, [alone(*on(dt.devices()[0], (of_member(weights, i), x[i]))) for i in range(3)], 1e-13)


def of_own_points(weights: Any, x: dt.Tensor) -> Any:
    return dt.vmap(dt.value_and_grad(loss))(weights, x)


def of_the_mean(weights: Any, x: dt.Tensor) -> Any:
    return dt.value_and_grad(lambda weights: dt.vmap(loss)(weights, x).mean())(weights)


def with_values_at_the_points(weights: Any, x: dt.Tensor) -> Any:
    return dt.vmap(lambda weights, x: (network(weights, x), loss(weights, x)))(weights, x)


def with_a_normalised_loss(weights: Any, x: dt.Tensor) -> Any:
    def normalised(weights: Any, x: dt.Tensor) -> dt.Tensor:
        u = network(weights, x)
        return ops.square(u - u.mean()).mean() / ops.square(u).mean()

    return dt.vmap(dt.value_and_grad(normalised))(weights, x)


def with_members_mixed_at_the_points(weights: Any, x: dt.Tensor) -> Any:
    values = dt.vmap(network)(weights, x)
    return ops.square(values - values.mean(0)).mean(), values.std(0)


@pytest.mark.opencl
@pytest.mark.parametrize(
    "function",
    [of_own_points, of_the_mean, with_values_at_the_points, with_a_normalised_loss, with_members_mixed_at_the_points],
)
@pytest.mark.parametrize("members", [3, 40])
def test_what_members_have_of_their_own_and_what_they_share(function: Callable[..., Any], members: int) -> None:
    given = on(dt.devices()[0], (stacked_weights(members, np.float64), points(members, 40, 2, dtype=np.float64)))
    jitted = dt.jit(function, device=dt.devices()[1])
    assert f"for each of {members} members" in jitted.lower(*given).explanation
    for found, expected in zip(arrays(jitted(*given)), arrays(function(*given)), strict=True):
        assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()


@pytest.mark.opencl
@pytest.mark.parametrize("count", [2, 8])
def test_as_many_members_as_points_or_features(count: int) -> None:
    weights, x = stacked_weights(count, np.float64), points(count, 2, dtype=np.float64)
    function = dt.vmap(dt.value_and_grad(loss), in_axes=(0, None))
    given = on(dt.devices()[0], (weights, x))
    for found, expected in zip(
        arrays(dt.jit(function, device=dt.devices()[1])(*given)), arrays(function(*given)), strict=True
    ):
        assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()


@pytest.mark.opencl
def test_a_member_whose_loss_is_infinite_leaves_the_others_alone() -> None:
    weights, x = stacked_weights(3, np.float64), points(100, 2, dtype=np.float64)
    weights[4][1] = np.inf
    step = dt.vmap(dt.value_and_grad(loss), in_axes=(0, None))
    given = on(dt.devices()[0], (weights, x))
    with np.errstate(all="ignore"):
        expected = arrays(step(*given))
    for found, wanted in zip(arrays(dt.jit(step, device=dt.devices()[1])(*given)), expected, strict=True):
        np.testing.assert_allclose(found[[0, 2]], wanted[[0, 2]], rtol=1e-10)
        assert (np.isfinite(found[1]) == np.isfinite(wanted[1])).all()


def test_what_is_broadcast_along_other_axes_is_the_same_for_all() -> None:
    members = find_members(
        parse_program(
            """
            program(v0: float64[3,4,2], v1: float64[3,2,2], v2: float64[3,2]):
              v3: float64[3,4,2] = matmul(v0, v1)
              v4: float64[3,3,2] = broadcast_to(v2, shape=(3, 3, 2))
              v5: float64[3,3,2] = matmul(v4, v1)
              return v3, v5
            """
        )
    )
    assert members is not None
    assert [x.spec.shape for x in members.program.inputs] == [(4, 2), (2, 2), (3, 2)]
