"""Loss scaling beyond what ``tests/mindspore/losses.md`` records."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape import Parameter, Tensor, amp, optim
from dualtape.devices.device import Device


def test_scaling_keeps_structure_types_and_devices(device: Device) -> None:
    scaler = amp.StaticLossScaler(8.0)
    tree = {"a": (Tensor([1.0]), [Tensor(np.ones(1))]), "b": Tensor([2.0], dt.float16)}
    scaled = scaler.scale(tree)
    assert [scaled["a"][0].item(), scaled["a"][1][0].item(), scaled["b"].item()] == [8.0, 8.0, 16.0]
    assert [scaled["a"][1][0].dtype, scaled["b"].dtype] == [dt.float64, dt.float16]
    assert scaler.unscale(scaled)["b"].item() == 2.0
    assert scaled["b"].device is device


def test_a_half_precision_gradient_survives_by_scaling() -> None:
    w = Parameter(Tensor([1.0], dt.float16), name="w")
    scaler = amp.StaticLossScaler(2.0**14)
    tiny = Tensor([2.0**-20], dt.float16)

    def loss(scale: Callable[[Tensor], Tensor]) -> Tensor:
        return scale((w * tiny) * tiny).astype(dt.float32) * 1.0

    lost = dt.grad(lambda: ((w * tiny) * 2.0**-10).sum(), None, w)()
    assert lost.item() == 0.0
    kept = dt.grad(lambda: scaler.scale((w * tiny).sum()) * 2.0**-10, None, w)()
    assert kept.astype(dt.float32).item() == 2.0**-16


def test_a_dynamic_scale_follows_a_training() -> None:
    w = Parameter(Tensor([1.0]), name="w")
    optimizer = optim.SGD([w], 0.1)
    scaler = amp.DynamicLossScaler(scale_value=2.0**20, scale_factor=2, scale_window=2)
    scales = []
    for factor in (1.0, 1.0, 1e38, 1.0):
        gradients = dt.grad(lambda factor=factor: scaler.scale(w * factor), None, [w])()
        finite = amp.all_finite(gradients)
        if scaler.adjust(finite) and finite:
            optimizer(scaler.unscale(gradients))
        scales.append(scaler.scale_value.item())
    assert [s / 2.0**20 for s in scales] == [1.0, 2.0, 1.0, 1.0]
    assert optimizer.global_step.item() == 3


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: amp.StaticLossScaler(0.5), ValueError, "'scale_value' must be > 1, but got 0.5"),
        (lambda: amp.StaticLossScaler("2"), TypeError, "'scale_value' must be a number"),
        (lambda: amp.DynamicLossScaler(2.0, 0, 1), ValueError, "'scale_factor' must be positive"),
        (lambda: amp.DynamicLossScaler(2.0, 2, 1.5), TypeError, "'scale_window' must be an int"),
        (lambda: amp.DynamicLossScaler(2.0, 2, 1).adjust(True), TypeError, "`grads_finite` must be a Bool Tensor"),
        (lambda: amp.StaticLossScaler(2.0).scale(1.0), TypeError, "must be Tensors, got float"),
        (lambda: amp.all_finite(Tensor([1.0])), TypeError, "must be a tuple of Tensors"),
        (lambda: amp.all_finite(((Tensor([1.0]),),)), TypeError, "must be a tuple of Tensors"),
        (lambda: amp.all_finite(()), ValueError, "is empty"),
    ],
)
def test_misuse_is_named(use: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        use()
