"""Losses beside NumPy, their gradients beside finite differences, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape import Tensor, nn, ops
from dualtape.devices.device import Device

INPUT = np.array([[1.0, 2.5, -3.0], [0.25, 4.0, 6.0]])
TARGET = np.array([[1.5, 2.0, 1.0], [0.1, 4.5, 3.0]])
D = INPUT - TARGET


def log_softmax(x: np.ndarray) -> np.ndarray:
    return x - np.log(np.exp(x).sum(1, keepdims=True))


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (nn.MSELoss(), (D**2).mean()),
        (nn.MSELoss("sum"), (D**2).sum()),
        (nn.MSELoss("none"), D**2),
        (nn.L1Loss(), np.abs(D).mean()),
        (nn.HuberLoss(), np.where(np.abs(D) <= 1, D**2 / 2, np.abs(D) - 0.5).mean()),
        (nn.HuberLoss("sum", 0.3), np.where(np.abs(D) <= 0.3, D**2 / 2, 0.3 * (np.abs(D) - 0.15)).sum()),
        (nn.SmoothL1Loss(), np.where(np.abs(D) < 1, D**2 / 2, np.abs(D) - 0.5)),
        (nn.SmoothL1Loss(0.5, "mean"), np.where(np.abs(D) < 0.5, D**2, np.abs(D) - 0.25).mean()),
    ],
)
def test_losses_of_differences(loss: nn.Cell, expected: np.ndarray, device: Device) -> None:
    found = loss(Tensor(INPUT), Tensor(TARGET))
    np.testing.assert_allclose(found.asnumpy(), expected, rtol=1e-12)


def test_losses_broadcast_and_are_differentiable() -> None:
    loss = nn.MSELoss("sum")
    assert loss(Tensor(INPUT), Tensor([1.0])).item() == pytest.approx(((INPUT - 1) ** 2).sum())
    gradient = dt.grad(nn.HuberLoss("sum", 0.75), (0, 1))(Tensor(INPUT), Tensor(TARGET))
    np.testing.assert_allclose(gradient[0].asnumpy(), np.clip(D, -0.75, 0.75))
    np.testing.assert_allclose(gradient[1].asnumpy(), -np.clip(D, -0.75, 0.75))


CLASSES = np.array([2, 0])


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy_of_classes(reduction: str) -> None:
    expected = -log_softmax(INPUT)[[0, 1], CLASSES]
    found = nn.CrossEntropyLoss(reduction=reduction)(Tensor(INPUT), Tensor(CLASSES)).asnumpy()
    np.testing.assert_allclose(found, expected if reduction == "none" else getattr(np, reduction)(expected))


def test_cross_entropy_of_probabilities_and_smoothed_ones_agree() -> None:
    probabilities = np.eye(3)[CLASSES] * 0.9 + 0.1 / 3
    expected = -(probabilities * log_softmax(INPUT)).sum(1).mean()
    assert ops.cross_entropy(Tensor(INPUT), Tensor(probabilities)).item() == pytest.approx(expected)
    smoothed = ops.cross_entropy(Tensor(INPUT), Tensor(CLASSES), label_smoothing=0.1)
    assert smoothed.item() == pytest.approx(expected)


def test_cross_entropy_weighs_classes_and_ignores_one() -> None:
    weight = np.array([1.0, 2.0, 3.0])
    each = -log_softmax(INPUT)[[0, 1], CLASSES] * weight[CLASSES]
    found = nn.CrossEntropyLoss(Tensor(weight))(Tensor(INPUT), Tensor(CLASSES))
    assert found.item() == pytest.approx(each.sum() / weight[CLASSES].sum())
    ignoring = nn.CrossEntropyLoss(Tensor(weight), ignore_index=2)(Tensor(INPUT), Tensor(CLASSES))
    assert ignoring.item() == pytest.approx(each[1] / weight[0])


def test_cross_entropy_of_one_element_and_of_images() -> None:
    assert ops.cross_entropy(Tensor(INPUT[0]), Tensor(2)).item() == pytest.approx(-log_softmax(INPUT)[0, 2])
    images = np.stack([INPUT, INPUT[::-1]], axis=2)
    found = ops.cross_entropy(Tensor(images), Tensor(np.stack([CLASSES, CLASSES[::-1]], axis=1)), reduction="none")
    expected = -log_softmax(INPUT)[[0, 1], CLASSES]
    np.testing.assert_allclose(found.asnumpy(), np.stack([expected, expected[::-1]], axis=1))


def test_gradient_of_cross_entropy_is_softmax_less_target() -> None:
    gradient = dt.grad(nn.CrossEntropyLoss(reduction="sum"))(Tensor(INPUT), Tensor(CLASSES))
    np.testing.assert_allclose(gradient.asnumpy(), np.exp(log_softmax(INPUT)) - np.eye(3)[CLASSES], atol=1e-12)


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: nn.L1Loss("avg"), ValueError, r"For 'L1Loss', the 'reduction' must be in .* but got avg"),
        (lambda: nn.L1Loss(1), TypeError, "'reduction' must be str"),
        (lambda: ops.mse_loss(Tensor([1.0]), Tensor([1.0]), "avg"), ValueError, "For 'mse_loss'"),
        (lambda: nn.MSELoss()(Tensor([1.0]), 1.0), TypeError, "`target` of `mse_loss` must be a Tensor, got float"),
        (lambda: nn.MSELoss()(ops.ones(2), ops.ones(3)), ValueError, r"\(2,\) and \(3,\)"),
        (lambda: ops.huber_loss(ops.ones(2), ops.ones(2), delta=0.0), ValueError, "`delta`.*positive"),
        (lambda: ops.smooth_l1_loss(ops.ones(2), ops.ones(2), beta="1"), TypeError, "`beta`.*number"),
        (lambda: ops.cross_entropy(ops.ones((2, 3)), Tensor([0, 1, 2])), ValueError, r"expected shape \(2,\)"),
        (lambda: ops.cross_entropy(ops.ones((2, 3)), ops.ones(2)), ValueError, "holds probabilities"),
        (lambda: ops.cross_entropy(ops.ones((2, 3)), [0, 1]), TypeError, "`target` of `cross_entropy`"),
        (lambda: ops.cross_entropy(Tensor(1.0), Tensor(1)), ValueError, "`input` of `cross_entropy`"),
        (
            lambda: ops.cross_entropy(ops.ones((2, 3)), Tensor([0, 1]), weight=ops.ones(2)),
            ValueError,
            "`weight` of `cross_entropy`",
        ),
        (
            lambda: ops.cross_entropy(ops.ones((2, 3)), Tensor([0, 1]), label_smoothing=2.0),
            ValueError,
            "`label_smoothing`",
        ),
    ],
)
def test_misuse_is_named(use: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        use()
